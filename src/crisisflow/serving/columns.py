"""Names of columns for what is read of a tweet: the same on the page, in streams and in files."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any


@lru_cache(maxsize=1)
def columns() -> dict[str, list[str]]:
    """Names of columns for what is read, the surest first; the page reads its files by the same."""
    return json.loads(resources.files("crisisflow.serving").joinpath("page", "columns.json").read_bytes())


def named(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a record has of the columns. An author may be an object with a name of its own."""
    keys = {re.sub(r"[\W_]", "", key).lower(): own for key, own in record.items()}
    found = {
        column: next((keys[name] for name in names if keys.get(name) not in (None, "")), None)
        for column, names in columns().items()
    }
    if isinstance(found["author"], dict):
        found["author"] = named(found["author"])["author"]
    return found
