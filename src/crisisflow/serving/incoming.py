"""Lines as they come to `serve --stdin`: JSON records, or bare texts."""

import json
from contextlib import suppress
from typing import Any

from crisisflow.serving.columns import named
from crisisflow.serving.live_schema import Source
from crisisflow.serving.schema import is_blank
from crisisflow.serving.times import moment

ID, AUTHOR = 64, 128  # characters


def source_of(line: str, characters: int) -> Source | None:
    """The tweet of a line, cut to so many characters; None where there is no text."""
    text, own = line.strip(), {}
    with suppress(ValueError, RecursionError):
        record = json.loads(line)
        if isinstance(record, dict):
            found = named(record)
            if isinstance(found["text"], str):
                text, own = found["text"], found
    text = _whole(text)[:characters]
    if is_blank(text):
        return None
    return Source(
        text=text,
        id=_short(own.get("id"), ID),
        created_at=moment(own["created_at"]) if isinstance(own.get("created_at"), str | int | float) else None,
        author=_short(own.get("author"), AUTHOR),
    )


def _short(value: Any, characters: int) -> str | None:
    return _whole(str(value))[:characters] if isinstance(value, str | int) and not isinstance(value, bool) else None


def _whole(text: str) -> str:
    """Without halves of surrogate pairs, which JSON can name, and which are no text."""
    return text.encode("utf-8", "replace").decode()
