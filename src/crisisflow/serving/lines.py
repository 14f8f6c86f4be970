"""Predictions without a server: JSON Lines in, JSON Lines out, as they come."""

import json
import math
import queue
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, NoReturn, TextIO

from crisisflow.errors import CrisisflowError
from crisisflow.inference import Findings
from crisisflow.masking import AT, mask
from crisisflow.serving.output import write
from crisisflow.serving.private import cover, hidden
from crisisflow.serving.schema import is_blank, prediction
from crisisflow.text_input import lines_of

BATCH, AHEAD = 64, 1024  # lines that are predicted together, and that are read ahead
NOTHING = Findings(None, None, False, None)  # of a text that says nothing
IDS = ("id", "tweet_id")  # keys that the live view's files may have for it


class UnwritableError(ValueError):
    """Says what of a line cannot be written back as it came."""


def _constant(name: str) -> NoReturn:
    raise UnwritableError(f"holds {name}, which is no JSON")


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise UnwritableError(f"holds a number that is too large: {digits[:40]}")
    if number == 0 and re.match(r"[-0.]*[1-9]", digits):
        raise UnwritableError(f"holds a number that is too small: {digits[:40]}")
    return number


def _int(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:  # Python reads up to 4,300 digits
        raise UnwritableError(f"holds a number of {len(digits):,} digits, which is too large") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise UnwritableError(f"has the key {ascii(twice)[:40]} twice")
    return found


def records(lines: Iterable[str], where: str) -> Iterator[dict[str, Any]]:
    """The records of JSON Lines (`numbered_records`)."""
    return (record for _, record in numbered_records(lines, where))


def numbered_records(lines: Iterable[str], where: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The records of JSON Lines with the numbers of their lines; empty lines are passed over, and so is the mark that a
    file may begin with (a BOM).

    Raises:
        CrisisflowError: a line is no JSON object with a string `text`, or cannot be written back as it came; its number
            is told.
    """
    for number, line in enumerate(lines, 1):
        line = line.removeprefix("\ufeff")  # also of files that were joined to one
        if not line.strip():
            continue
        try:
            line.encode()
        except UnicodeEncodeError:  # what was read for bytes that are no text
            raise CrisisflowError(f"{where}, line {number}: is not UTF-8; convert it, as by iconv -t UTF-8") from None
        try:
            record = json.loads(
                line, parse_constant=_constant, parse_float=_float, parse_int=_int, object_pairs_hook=_object
            )
            record["text"].encode()  # half of a surrogate pair is no text
        except UnwritableError as error:
            raise CrisisflowError(f"{where}, line {number}: {error}") from None
        except UnicodeEncodeError:
            raise CrisisflowError(f"{where}, line {number}: its text holds half of a surrogate pair") from None
        except RecursionError:
            raise CrisisflowError(f"{where}, line {number}: is nested too deeply") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            array = (
                "; of a JSON array, write each object on a line, as by jq -c '.[]'" if line.lstrip()[0] == "[" else ""
            )
            raise CrisisflowError(f'{where}, line {number}: is no JSON object with a string "text"{array}') from None
        try:
            json.dumps(record, ensure_ascii=False).encode()
        except (UnicodeEncodeError, RecursionError):
            raise CrisisflowError(f"{where}, line {number}: holds what cannot be written back as UTF-8") from None
        yield number, record


def together(items: Iterable[Any]) -> Iterator[list[Any]]:
    """Lists of what has come meanwhile: one item where they come slowly, BATCH where they wait.

    What `items` raises is raised here, behind the items before it.
    """
    waiting: queue.Queue[tuple[Any, Exception | None]] = queue.Queue(AHEAD)
    end = object()

    def read() -> None:
        error = None
        try:
            for item in items:
                waiting.put((item, None))
        except Exception as raised:
            error = raised
        waiting.put((end, error))

    threading.Thread(target=read, daemon=True, name="reader").start()
    while True:
        taken = [waiting.get()]
        while taken[-1][0] is not end and len(taken) < BATCH and not waiting.empty():
            taken.append(waiting.get())
        last, error = taken[-1]
        if found := [item for item, _ in taken if item is not end]:
            yield found
        if error is not None:
            raise error
        if last is end:
            return


def masked(record: dict[str, Any]) -> dict[str, Any]:
    """The id, unless it is a handle or an e-mail address, and the masked text, as in the exports of the live view.

    Without the other keys: a name in them may look like any word, and a date like a phone number.
    """
    named = {key: record.get(key) for key in IDS}
    ids = {key: own for key, own in named.items() if isinstance(own, str | int) and not {*AT} & {*str(own)}}
    return {**ids, "text": mask(record["text"])}


def predicted(
    predict: Callable[[list[str]], list[Findings]],
    lines: Iterable[str],
    where: str,
    masking: bool = False,
    names: bool = False,
) -> Iterator[dict[str, Any]]:
    """Each record, `masked` where wished, with the `entities`, `class` and `truncated` of its text as it came.

    With `names` it is masked, and people and streets are covered too.

    Of a blank text the model is not asked, as the API does not ask it: its line has null for both.
    """
    for batch in together(records(lines, where)):
        found = iter(predict([record["text"] for record in batch if not is_blank(record["text"])]))
        for record in batch:
            own = NOTHING if is_blank(record["text"]) else next(found)
            shown = masked(record) if masking or names else record
            if names:
                found_here = [(start, end, label) for start, end, label, _ in own.spans or []]
                shown["text"] = cover(shown["text"], hidden(record["text"], found_here))
            yield {**shown, **prediction(shown["text"], own).model_dump()}


def run(
    predict: Callable[[list[str]], list[Findings]],
    stream: BinaryIO,
    where: str,
    out: TextIO,
    masking: bool = False,
    names: bool = False,
) -> None:
    """Predict the lines of a stream (`text_input.open_input`), and write each to `out` when it is done.

    Args:
        where: the stream's name, for messages.

    Raises:
        CrisisflowError: a line is not as it should be; those before it are written.
    """
    write(predicted(predict, lines_of(stream, where), where, masking, names), out)
