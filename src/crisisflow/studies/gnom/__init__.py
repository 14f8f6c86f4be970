"""The study gnom: graph-enhanced classification across events and languages (companion study 5, GNoM)."""

STUDY = "gnom"
