"""Chapter 5: training one ablation row."""
