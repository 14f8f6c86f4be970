"""Posts whose topics are known, and the files that the steps read of them."""

import random
from pathlib import Path
from typing import NamedTuple

from crisisflow.artifacts import write_parquet
from crisisflow.studies.analytics import terms
from crisisflow.studies.analytics.normalise import NORMALISED
from tests.studies.analytics.settings import terms_params

VOCABULARIES = (
    ["fever", "cough", "throat", "symptom", "headache", "chills"],
    ["school", "teacher", "lesson", "class", "pupil", "homework"],
    ["market", "price", "flour", "shelf", "shop", "bread"],
)


class Corpus(NamedTuple):
    """The files of the step terms."""

    terms: Path
    documents: Path


def write_terms(folder: Path, posts: list[list[str]], **own: object) -> Corpus:
    """The step terms on posts, whose ids are their numbers."""
    rows = [{"post_id": f"{at:03}", "words": words} for at, words in enumerate(posts)]
    write_parquet(folder / "normalised.parquet", rows, NORMALISED)
    found = Corpus(folder / "terms.parquet", folder / "documents.parquet")
    terms.run(folder / "normalised.parquet", "own", terms_params(**own), *found, folder / "terms.json")
    return found


def planted(posts: int, seed: int = 5) -> tuple[list[list[str]], list[int]]:
    """Posts of six words, each of one of the three vocabularies, and which."""
    rng = random.Random(seed)
    topics = [at % len(VOCABULARIES) for at in range(posts)]
    return [rng.choices(VOCABULARIES[topic], k=6) for topic in topics], topics
