"""Labellers, a module a kind: each takes prepared texts and returns a label, a confidence and evidence for each."""
