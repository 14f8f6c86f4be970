"""Rules: a lexicon of what requests and offers say, and of what only looks like it."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field

from crisisflow.annotation.lexicon_files import EntryPath, PatternEntry, claim, read_lexicon
from crisisflow.annotation.matching import Patterns
from crisisflow.annotation.patterns import Rule, word_rule
from crisisflow.errors import CrisisflowError
from crisisflow.params import Name, Section, Text
from crisisflow.spans import Span
from crisisflow.studies.actionable_help.labelled import Labelled
from crisisflow.studies.actionable_help.labels import BOTH, IRRELEVANT, OFFER, REQUEST, TRAPS

LEXICONS = Path(__file__).parent / "lexicons"
PatternEntries = Annotated[dict[Name, PatternEntry], Field(min_length=1)]


class Veto(PatternEntry):
    """A pattern of a trap. What it finds is no request or offer; with `whole`, nor is anything else in the text."""

    whole: bool


class LexiconFile(Section):
    """A lexicon: its patterns are of the form of the annotation's regex files (crisisflow.annotation.lexicon_files)."""

    source: Text
    licence: Text
    fragments: dict[Name, Text]
    request: PatternEntries
    offer: PatternEntries
    vetoes: dict[Name, Annotated[dict[Name, Veto], Field(min_length=1)]]


class Lexicon(NamedTuple):
    """Compiled patterns; `label` of each is request, offer or a trap. `whole`: ids that speak for a whole text."""

    patterns: Patterns
    whole: frozenset[str]


@lru_cache(maxsize=4)
def load(names: tuple[str, ...], folder: Path = LEXICONS) -> Lexicon:
    """Read, check and join lexicons.

    Raises:
        CrisisflowError: one is unknown or no YAML of its form, names an unknown trap, has an id twice, or a pattern is
            refused as in `annotation.patterns.word_rule`.
    """
    owners: dict[str, str] = {}
    rules: list[Rule] = []
    whole: set[str] = set()
    for name in names:
        file, path = read_lexicon(name, LexiconFile, folder), folder / f"{name}.yaml"
        groups = {(REQUEST,): file.request, (OFFER,): file.offer}
        groups |= {("vetoes", trap): vetoes for trap, vetoes in file.vetoes.items()}
        for keys, patterns in groups.items():
            if keys[0] == "vetoes" and keys[1] not in TRAPS:
                raise CrisisflowError(f"{EntryPath(path, keys)}: no trap has this name; there are {', '.join(TRAPS)}")
            for rule, entry in patterns.items():
                place = EntryPath(path, (*keys, rule))
                claim(place, rule, owners)
                rules.append(word_rule(rule, keys[-1], entry, file.fragments, place))
                if isinstance(entry, Veto) and entry.whole:
                    whole.add(rule)
    return Lexicon(Patterns(rules), frozenset(whole))


def label(texts: Sequence[str], lexicons: Sequence[str]) -> list[Labelled]:
    """The labels of texts; the evidence are the ids of the patterns that counted, and of the vetoes.

    Raises:
        CrisisflowError: a lexicon is unknown or broken.
    """
    lexicon = load(tuple(lexicons))
    return [_label(list(lexicon.patterns.spans(text, "", "rules")), lexicon.whole) for text in texts]


def _label(found: Sequence[Span], whole: frozenset[str]) -> Labelled:
    vetoes = [span for span in found if span.label in TRAPS]
    others = [span for span in found if span.label not in TRAPS]
    said: dict[str, set[str]] = {}
    if not any(veto.rule in whole for veto in vetoes):
        for span in others:
            vetoed = any(veto.start < span.end and span.start < veto.end for veto in vetoes)
            # "Anyone short of water? Call us": what an offer says of a need is no request.
            if not vetoed and not any(_is_within(span, other) for other in others):
                said.setdefault(span.label, set()).add(span.rule)
    name = BOTH if len(said) == 2 else next(iter(said), IRRELEVANT)
    return Labelled(name, None, tuple(sorted(set().union(*said.values(), (veto.rule for veto in vetoes)))))


def _is_within(span: Span, other: Span) -> bool:
    """Whether a longer match of the other side holds a match."""
    longer = other.end - other.start > span.end - span.start
    return longer and other.label != span.label and other.start <= span.start and span.end <= other.end
