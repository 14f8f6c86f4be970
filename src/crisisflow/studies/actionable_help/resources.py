"""Resources: of which kinds of help a text speaks.

The paper has six (money, volunteers, clothing, shelter, medical aid, food), after Purohit et al. 2014; water and
protective equipment are ours, since the paper found masks and gowns under clothing. A text may speak of several.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field

from crisisflow.params import Name, ParamsSection, Text
from crisisflow.strict_yaml import read_yaml

PLURAL = "(?:e?s)?"
LEXICON = Path(__file__).with_name("resources.yaml")


class Words(ParamsSection):
    """Of one resource."""

    words: Annotated[list[Text], Field(min_length=1)]
    weak: list[Text]
    not_: Annotated[list[Text], Field(alias="not")]


class Lexicon(ParamsSection):
    """resources.yaml."""

    source: Text
    licence: Text
    resources: Annotated[dict[Name, Words], Field(min_length=1)]


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The lexicon that is in the package."""
    return Lexicon.model_validate(read_yaml(LEXICON))


class Patterns(NamedTuple):
    """Of one resource; None where there is nothing to look for."""

    words: re.Pattern[str]
    weak: re.Pattern[str] | None
    other: re.Pattern[str] | None


def _compiled(phrases: list[str], ending: str) -> re.Pattern[str] | None:
    """Any of the phrases; the longest first, so that no word hides the phrase that it begins."""
    if not phrases:
        return None
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    escaped = (r"[\s-]+".join(map(re.escape, phrase.split())) for phrase in longest_first)
    return re.compile(rf"\b(?:{'|'.join(escaped)}){ending}\b", re.IGNORECASE)


@lru_cache(maxsize=1)
def _patterns() -> dict[str, Patterns]:
    return {
        name: Patterns(_compiled(own.words, PLURAL), _compiled(own.weak, PLURAL), _compiled(own.not_, ""))
        for name, own in lexicon().resources.items()
    }


def resources_of(text: str) -> list[str]:
    """The resources of which a text speaks, in the order of the lexicon."""
    patterns = _patterns()
    left = {name: own.other.sub(" ", text) if own.other else text for name, own in patterns.items()}
    strong = [name for name, own in patterns.items() if own.words.search(left[name])]
    return strong or [name for name, own in patterns.items() if own.weak and own.weak.search(left[name])]
