"""Records as lines of JSON, for any terminal."""

import codecs
import json
from collections.abc import Iterable
from typing import Any, TextIO


def write(found: Iterable[dict[str, Any]], out: TextIO) -> None:
    """Write each record as a line of JSON when it is done.

    Where `out` is not UTF-8, what is not ASCII is written as JSON's escapes, which every reader knows.
    """
    escaped = codecs.lookup(out.encoding or "utf-8").name != "utf-8"
    for record in found:
        print(json.dumps(record, ensure_ascii=escaped), file=out, flush=True)
