"""The study actionable_help: requests and offers of help, and mini models (Lamsal et al. 2025, arXiv 2502.16839)."""

STUDY = "actionable_help"  # in all that it makes
