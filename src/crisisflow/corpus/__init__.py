"""From a source to the stratified, split corpus."""
