"""Lines as they come to `serve --stdin`: JSON records, or bare texts."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from importlib import resources
from typing import Any

from crisisflow.serving.live_schema import Source
from crisisflow.serving.schema import is_blank
from crisisflow.serving.times import moment

ID, AUTHOR = 64, 128  # characters


@lru_cache(maxsize=1)
def columns() -> dict[str, list[str]]:
    """Names of columns for what is read, the surest first; the page reads its files by the same."""
    return json.loads(resources.files("crisisflow.serving").joinpath("page", "columns.json").read_bytes())


def source_of(line: str, characters: int) -> Source | None:
    """The tweet of a line, cut to so many characters; None where there is no text."""
    text, own = line.strip(), {}
    with suppress(ValueError, RecursionError):
        record = json.loads(line)
        if isinstance(record, dict):
            named = _named(record)
            if isinstance(named["text"], str):
                text, own = named["text"], named
    text = _whole(text)[:characters]
    if is_blank(text):
        return None
    return Source(
        text=text,
        id=_short(own.get("id"), ID),
        created_at=moment(own["created_at"]) if isinstance(own.get("created_at"), str | int | float) else None,
        author=_short(own.get("author"), AUTHOR),
    )


def _named(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a record has of the columns. An author may be an object with a name of its own."""
    keys = {re.sub(r"[\W_]", "", key).lower(): own for key, own in record.items()}
    found = {
        column: next((keys[name] for name in names if keys.get(name) not in (None, "")), None)
        for column, names in columns().items()
    }
    if isinstance(found["author"], dict):
        found["author"] = _named(found["author"])["author"]
    return found


def _short(value: Any, characters: int) -> str | None:
    return _whole(str(value))[:characters] if isinstance(value, str | int) and not isinstance(value, bool) else None


def _whole(text: str) -> str:
    """Without halves of surrogate pairs, which JSON can name, and which are no text."""
    return text.encode("utf-8", "replace").decode()
