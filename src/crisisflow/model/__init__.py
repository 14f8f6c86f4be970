"""The joint model, its loss weighting and its frozen layers."""
