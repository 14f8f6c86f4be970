"""Chapter 4: the joint model, its loss weighting and its frozen layers."""
