"""Tweets with gold spans: how they are kept, and what a tagger is held against in them."""

from collections.abc import Collection

import numpy as np
import pyarrow as pa

from crisisflow.labels import Labels

ROLE = "gold"  # among those of the datasets and predictions

# `types`: of which all spans are known. `text` is normalised, and `spans` are those of it.
GOLD = pa.schema(
    [
        ("text_id", pa.string()),
        ("gold_set", pa.string()),
        ("types", pa.list_(pa.string())),
        ("class", pa.string()),
        ("event", pa.string()),
        ("text", pa.string()),
        ("spans", pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())]))),
    ]
)


def of_types(predictions: pa.Table, types: Collection[str], labels: Labels) -> pa.Table:
    """Predictions in which each label of another type is O, true and predicted ones.

    Args:
        predictions: with the columns `labels` and `predicted_labels`, a number for each word.
    """
    outside = labels.bio.index("O")
    kept = np.array([label if name[2:] in types else outside for label, name in enumerate(labels.bio)])
    for name in ("labels", "predicted_labels"):
        column = predictions[name].combine_chunks()
        values = pa.array(kept[column.flatten().to_numpy()], column.type.value_type)
        lists = pa.ListArray.from_arrays(_offsets(column), values)
        predictions = predictions.set_column(predictions.schema.get_field_index(name), name, lists)
    return predictions


def _offsets(column: pa.ListArray) -> pa.Array:
    """Where each list begins, from 0, and where the last one ends."""
    lengths = column.value_lengths().to_numpy()
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
