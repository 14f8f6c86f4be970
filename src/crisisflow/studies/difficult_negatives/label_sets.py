"""Label sets: which entity types the spans of a collection have, said by the files that are made of it.

The spans of the corpus have the types of the shared taxonomy, and their files say nothing. Those of the paper's six
urban types say it in their metadata.
"""

import json
from pathlib import Path

import pyarrow as pa

from crisisflow.artifacts import read_metadata
from crisisflow.labels import Labels
from crisisflow.taxonomy import ENTITY_TYPES

LABELS = Labels(ENTITY_TYPES, ())
KEY = b"entity_types"


def labelled(schema: pa.Schema, labels: Labels) -> pa.Schema:
    """The schema by which a file says its types; that of the shared taxonomy's types is as it was."""
    if labels == LABELS:
        return schema
    return schema.with_metadata({**(schema.metadata or {}), KEY: json.dumps(labels.entities)})


def labels_of(path: Path, schema: pa.Schema) -> Labels:
    """The types of a file's spans; raises what `read_metadata` raises."""
    own = read_metadata(path, schema).get(KEY)
    return LABELS if own is None else Labels(tuple(json.loads(own)), ())
