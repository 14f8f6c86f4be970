"""What the study's section names must be there: the sources of its corpora, and their search terms."""

from collections.abc import Iterator
from pathlib import Path

from crisisflow.params import SharedParams
from crisisflow.studies.analytics import STUDY
from crisisflow.studies.analytics.params import PAPER, AnalyticsParams


class Settings(SharedParams):
    """The sections that are looked at."""

    analytics: AnalyticsParams


def absent(params: Settings) -> Iterator[str]:
    """What is named and is not there, each with its key."""
    for name, own in params.analytics.corpora.items():
        for key, path in (("source", own.source), ("query", own.query)):
            if path not in (None, PAPER) and not Path(path).exists():
                yield f"{STUDY}.corpora.{name}.{key}: {path} does not exist"
