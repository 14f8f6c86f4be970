"""Chapter 1: from a source to the stratified, split corpus."""
