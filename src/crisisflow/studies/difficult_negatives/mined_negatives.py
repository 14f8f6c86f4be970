"""Mined negatives: how they are kept, and the embeddings that they were chosen by."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from crisisflow.studies.difficult_negatives.bands import band_of
from crisisflow.studies.difficult_negatives.search_pool import Mined

# `position`: in the order of the search, from 0. `class`: for which the tweet was taken; null of settings that have
# none. `similarity`: to the anchor of that class; `z`: of it, or of what the band goes by. `class_z`: to the anchor of
# each class, in the order of fit.json.
MINED = pa.schema(
    [
        ("setting", pa.string()),
        ("role", pa.string()),
        ("class", pa.string()),
        ("position", pa.int32()),
        ("text_id", pa.string()),
        ("similarity", pa.float64()),
        ("z", pa.float64()),
        ("class_z", pa.list_(pa.float64())),
    ]
)


def embeddings_schema(width: int) -> pa.Schema:
    """Of the positives and of the tweets that were looked at: vectors of length 1."""
    return pa.schema([("text_id", pa.string()), ("positive", pa.bool_()), ("embedding", pa.list_(pa.float32(), width))])


def rows_of(mined: Mined, names: Sequence[str], text_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The picks of a search in the form of MINED.

    Args:
        names: of the classes. text_ids: of the pool.
    """
    place = {int(position): at for at, position in enumerate(mined.positions)}
    rows = []
    for pick in mined.picks:
        at, band = place[pick.position], band_of(pick.name)
        own = pick.class_id
        rows.append(
            {
                "setting": pick.name,
                "role": pick.role,
                "class": None if own is None else names[own],
                "position": pick.position,
                "text_id": text_ids[mined.order[pick.position]],
                "similarity": None if own is None else float(mined.scored.similarities[at, own]),
                "z": None if own is None else float(mined.scored.z[band.scale if band else "anchor"][at, own]),
                "class_z": mined.scored.z["anchor"][at].tolist(),
            }
        )
    return rows
