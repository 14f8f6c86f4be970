"""Times as exports of tweets write them, and the pace of a replay."""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

YEARS = range(1990, 2101)  # others are no time of a message
FORMS = ("%a %b %d %H:%M:%S %z %Y", "%Y%m%d%H%M%S")  # Twitter's, and digits alone
UNITS = (1, 1_000, 1_000_000)  # of a second, in which one may have counted since 1970
NUMBER = re.compile(r"\d{1,17}(\.\d{1,9})?")
# What ISO 8601 writes otherwise: a zone behind a blank, and slashes in the date.
ZONE = re.compile(r"\s*(?:(UTC|GMT|Z)|([+-]\d\d):?(\d\d))$", re.IGNORECASE)
SLASHES = re.compile(r"^(\d{4})/(\d\d)/(\d\d)")


def moment(value: str | int | float | None) -> datetime | None:
    """The time in UTC; None where there is none, or none that can be read without a guess.

    A time without a zone is UTC. `03/04/2017` is not read: it is one day here and another there.
    """
    if value is None or isinstance(value, bool):
        return None
    text = str(value).strip()
    found = _counted(text) or _written(text)
    return found if found and found.year in YEARS else None


def _counted(text: str) -> datetime | None:
    if NUMBER.fullmatch(text):
        for unit in UNITS:
            with suppress(OverflowError, OSError, ValueError):
                found = datetime.fromtimestamp(float(text) / unit, UTC)
                if found.year in YEARS:
                    return found
    return None


def _written(text: str) -> datetime | None:
    iso = SLASHES.sub(r"\1-\2-\3", ZONE.sub(lambda own: "+00:00" if own[1] else f"{own[2]}:{own[3]}", text))
    # A date alone has hyphens which are no zone's: `2017-09-19` ends like one.
    forms = [lambda: datetime.fromisoformat(text), lambda: datetime.fromisoformat(iso)]
    forms += [lambda form=form: datetime.strptime(text, form) for form in FORMS]
    for form in [*forms, lambda: parsedate_to_datetime(text)]:
        with suppress(ValueError, OverflowError, TypeError, IndexError):
            found = form()
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    return None


def written(time: datetime | None) -> str | None:
    """The time as ISO 8601."""
    return None if time is None else time.isoformat(timespec="milliseconds")


def recorded(times: Sequence[datetime | None], speed: float) -> tuple[list[int], list[float]]:
    """The order in which tweets of these times come, and in how many seconds from the first each is due.

    One without a time comes with the one that stands before it.

    Raises:
        ValueError: none has a time.
    """
    known = next((time for time in times if time is not None), None)
    if known is None:
        raise ValueError("no tweet has a time that can be read; replay them at a rate")
    filled = []
    for time in times:
        known = time or known
        filled.append(known)
    order = sorted(range(len(times)), key=filled.__getitem__)
    begin = filled[order[0]]
    return order, [(filled[at] - begin).total_seconds() / speed for at in order]
