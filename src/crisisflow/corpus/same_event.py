"""Whether two names are of one event: public sets write the same event in ways of their own.

`2016_Italy_Earthquake` and `italy_earthquake_aug_2016` are one, so are `2015_Nepal_Earthquake` and
`nepal_earthquake_2015`, and `2014_Chile_Earthquake_cl` and `2014_Chile_Earthquake_en`.
"""

import re

_PARTS = re.compile(r"[0-9]+|[^\W\d_]+")
_YEAR = re.compile("(?:19|20)[0-9]{2}")
_SAME = {"eq": "earthquake"}
# Languages and the labelling service that CrisisNLP puts at the end of its events.
_TAGS = frozenset(("en", "es", "cl", "cf"))


def _words(name: str) -> frozenset[str]:
    """The words and numbers of a name, whatever their case, order and plural."""
    parts = _PARTS.findall(name.casefold())
    if parts[1:] and parts[-1] in _TAGS:
        parts.pop()
    return frozenset(_SAME.get(own, own.removesuffix("s")) for own in parts)


def same_event(one: str | None, other: str | None) -> bool:
    """Whether two names are of one event.

    Case, order, plural and a language at the end count for nothing. Of one year, a name may leave words of the other
    out: a month, say. Names that have other words (`2013_Typhoon_Yolanda`, `haiyan_2013`) are two events.

    Args:
        one, other: None is no event.
    """
    if one is None or other is None:
        return False
    mine, theirs = _words(one), _words(other)
    if mine == theirs:
        return one == other or bool(mine)
    years = {word for word in mine if _YEAR.fullmatch(word)}
    if not years or years != {word for word in theirs if _YEAR.fullmatch(word)}:
        return False
    least = min(mine, theirs, key=len)
    return len(least) > len(years) and least == mine & theirs
