"""Metrics of predictions, their calibration and their bootstrap intervals."""
