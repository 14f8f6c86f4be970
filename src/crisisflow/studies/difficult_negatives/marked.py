"""What a first tagger marks in the pool: how many spans and words of each text."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from crisisflow.artifacts import read_parquet
from crisisflow.errors import CrisisflowError

# In the order of the pool. `words`: those in spans. No row where no setting asks for it.
MARKED = pa.schema([("text_id", pa.string()), ("spans", pa.int32()), ("words", pa.int32())])


def read_marked(path: Path, text_ids: Sequence[str]) -> list[tuple[int, int]]:
    """The spans and words of each text of the pool; nothing where nothing was marked.

    Raises:
        CrisisflowError: the file is damaged, or of another pool.
    """
    found = read_parquet(path, MARKED).to_pydict()
    if found["text_id"] and found["text_id"] != list(text_ids):
        raise CrisisflowError(f"{path} is of another pool; make it again")
    return list(zip(found["spans"], found["words"], strict=True))
