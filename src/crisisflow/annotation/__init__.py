"""Chapter 2: three annotation stages and the resolution of their overlaps."""
