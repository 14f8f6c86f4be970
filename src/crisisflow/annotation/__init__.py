"""Three annotation stages and the resolution of their overlaps."""
