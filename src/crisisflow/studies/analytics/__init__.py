"""The study analytics: topics, their labels, clusters and classes of posts about a crisis (Khatoon et al. 2021)."""

from pathlib import Path

STUDY = "analytics"
FOLDER = Path("data", STUDY)  # of a run
