"""Mentions: which places each text of the pool names.

They are the LOCATION spans of the annotation, looked up in the gazetteer. A storm's name is a DISASTER_TYPE span and
so no place, although Florence is a town.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from crisisflow.annotation.annotator import annotate
from crisisflow.artifacts import read_parquet, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.params import AnnotationParams
from crisisflow.places.coordinates import Gazetteer, gazetteer
from crisisflow.places.mentions import places_of
from crisisflow.spans import Span
from crisisflow.studies.actionable_help.labelled import Key, keys_of
from crisisflow.studies.actionable_help.pool import POOL
from crisisflow.taxonomy import EntityType

PLACE = pa.struct(
    [
        ("name", pa.string()),
        ("country", pa.string()),
        ("kind", pa.string()),
        ("latitude", pa.float64()),
        ("longitude", pa.float64()),
    ]
)
# In the order of the pool. Places are in the order of the text; `country` is empty of what lies in several countries.
MENTIONS = pa.schema(
    [
        ("set", pa.string()),
        ("tweet_id", pa.string()),
        ("places", pa.list_(PLACE)),
    ]
)


def places_in(text: str, spans: list[Span], known: Gazetteer) -> list[dict[str, object]]:
    """The places of a text as lines of MENTIONS; names that the gazetteer does not have are left out."""
    locations = sorted((span.start, span.end) for span in spans if span.label == EntityType.LOCATION)
    return [place._asdict() for place in places_of(text, locations, known) if place]


def read_mentions(path: Path, keys: Sequence[Key]) -> list[list[dict[str, Any]]]:
    """The places that each tweet of the pool names.

    Args:
        keys: of the pool's tweets, in their order.

    Raises:
        CrisisflowError: the file is absent or broken, or of other tweets.
    """
    table = read_parquet(path, MENTIONS)
    if keys_of(table) != list(keys):
        raise CrisisflowError(f"{path} is of other tweets than the pool; make it again")
    return table["places"].to_pylist()


def run(pool: Path, annotation: AnnotationParams, out: Path) -> None:
    """Write the places of each text of the pool, in its order.

    Raises:
        CrisisflowError: the pool is absent, or a model or lexicon is absent or broken.
    """
    table = read_parquet(pool, POOL)
    texts = table["text"].to_pylist()
    found = annotate([(str(number), text) for number, text in enumerate(texts)], annotation, "places")
    known = gazetteer()
    columns = [
        table["set"],
        table["tweet_id"],
        pa.array([places_in(text, own.kept, known) for text, own in zip(texts, found, strict=True)], pa.list_(PLACE)),
    ]
    write_parquet(out, pa.Table.from_arrays(columns, schema=MENTIONS), MENTIONS)
