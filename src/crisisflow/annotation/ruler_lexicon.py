"""The lexicons of the ruler stage, read, checked and joined (lexicon_files.py)."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from crisisflow.annotation.lexicon_files import (
    GROUPS,
    RULER,
    EntryPath,
    RulerFile,
    Sites,
    Tools,
    claim,
    claim_all,
    read_lexicon,
)
from crisisflow.annotation.patterns import Rule, compiled, unbroken, word_rule
from crisisflow.annotation.people import FULL, ONE, STORM, People, Storms, load_people
from crisisflow.annotation.phrases import LONG, unaccented
from crisisflow.errors import CrisisflowError
from crisisflow.places.gazetteer import STATE_CODE, TOWN, Gazetteer, Towns, place_names, state_codes, town_names


class Tag(NamedTuple):
    """What a hashtag or a part of it stands for."""

    label: str
    rule: str


class SmallPlace(NamedTuple):
    """A town or the code of a state, which counts where a place is spoken of, or everywhere."""

    tag: Tag
    in_context: bool  # False: only before the name of a state
    everywhere: bool


class Ruler(NamedTuple):
    """What the ruler stage needs of its lexicons."""

    phrases: list[tuple[str, str, str]]  # (phrase, label, rule), to be matched without regard to case
    exact: list[tuple[str, str, str]]  # likewise, with regard to it
    tokens: list[tuple[list[dict[str, Any]], str, str]]  # (spaCy's token pattern, label, rule)
    regexes: list[Rule]
    cased: frozenset[str]  # rules whose one-word names do not count in lower case outside a hashtag
    words: frozenset[str]  # names of which that is true whatever their rule
    tags: dict[str, Tag]  # of written phrases, lower-case and without spaces and dots
    place_tags: dict[str, Tag]  # of gazetteers, likewise
    hashtags: list[tuple[re.Pattern[str], Tag]]
    hashtag_openers: frozenset[str]
    after_place: dict[str, Tag]  # lower-case words that make a name together with a place before them
    small_place: Callable[[str], SmallPlace | None]  # what a name of one word says; towns lower-case, codes in capitals
    context: frozenset[str]  # the words after which a place is named
    people: People | None
    storms: Storms | None
    sites: list[Sites]
    tools: list[Tools]


def load_ruler(names: Sequence[str], folder: Path = RULER) -> Ruler:
    """Read, check and join the lexicons of the ruler stage, gazetteers included.

    Raises:
        CrisisflowError: a lexicon is unknown, is no YAML of its form, has a pattern id or a phrase twice, a
            token pattern that spaCy refuses, or a pattern that matches the empty string or backtracks without bound.
    """
    phrases: list[tuple[str, str, str]] = []
    exact: list[tuple[str, str, str]] = []
    tokens: list[tuple[list[dict[str, Any]], str, str]] = []
    regexes: list[Rule] = []
    hashtags: list[tuple[re.Pattern[str], Tag]] = []
    tags: dict[str, Tag] = {}
    place_tags: dict[str, Tag] = {}
    after_place: dict[str, Tag] = {}
    cased: set[str] = set()
    words: set[str] = set()
    openers: set[str] = set()
    context: set[str] = set()
    small_place: Callable[[str], SmallPlace | None] = dict[str, SmallPlace]().get
    owners: dict[str, str] = {}
    written: dict[str, str] = {}
    files = [(folder / f"{name}.yaml", read_lexicon(name, RulerFile, folder)) for name in names]
    for path, file in files:
        label = file.label.value
        claim_all(file, path, GROUPS, owners)
        written_here = [(rule, phrase) for rule, listed in file.phrases.items() for phrase in listed]
        for rule, parts in file.combine.items():
            written_here += [(rule, f"{one} {two}") for one in parts.first for two in parts.second]
            # The sign is a token of its own: "Hurricane #Irma".
            signed = [f"{one} # {two}" for one in parts.first for two in parts.second]
            phrases.extend((phrase, label, rule) for phrase in signed)
        for rule, phrase in written_here:
            key = phrase.lower()
            if not phrase.strip() or key in written:
                fault = f"is in {written[key]} already" if key in written else "is empty"
                group = "phrases" if rule in file.phrases else "combine"
                raise CrisisflowError(f"{EntryPath(path, (group, rule))}: the phrase {phrase!r} {fault}")
            written[key] = rule
            phrases.extend((form, label, rule) for form in _with_possessive([phrase], rule, file))
            tags.update((form, Tag(label, rule)) for form in _as_hashtags(key))
        for rule, listed in file.exact.items():
            exact.extend((form, label, rule) for form in _with_possessive(listed, rule, file))
        for rule, listed in file.after_place.items():
            after_place.update({word.lower(): Tag(label, rule) for word in listed})
        for rule, token_patterns in file.tokens.items():
            _check_tokens(token_patterns, EntryPath(path, ("tokens", rule)))
            tokens.extend((pattern, label, rule) for pattern in token_patterns)
        for rule, entry in file.regexes.items():
            regexes.append(word_rule(rule, label, entry, file.fragments, EntryPath(path, ("regexes", rule))))
        for rule, source in file.hashtags.items():
            place = EntryPath(path, ("hashtags", rule))
            hashtags.append((compiled(unbroken(source), place).regex, Tag(label, rule)))
    # After all files: a phrase that somebody wrote down goes before a gazetteer, whatever their order.
    for path, file in files:
        if file.gazetteer is None:
            continue
        label = file.label.value
        # One object a kind: a hundred thousand would take their time, also to be freed.
        tag_of = {kind: Tag(label, kind) for kind in (*file.gazetteer.kinds, TOWN, STATE_CODE)}
        for kind in tag_of:
            claim(EntryPath(path, ("gazetteer",)), kind, owners)
        towns = ((name, TOWN) for name in town_names(file.gazetteer))
        for name, kind in chain(place_names(file.gazetteer), towns):
            if name not in written:
                written[name] = kind
                for form in _as_hashtags(name):
                    place_tags.setdefault(form, tag_of[kind])
                phrases.append((name, label, kind))
        small_place = _small_places(file.gazetteer, label, written)
        context |= set(file.gazetteer.context.before)
        cased |= set(file.gazetteer.kinds) - set(file.gazetteer.lower_case)
        words |= set(file.gazetteer.words)
        openers |= {_as_hashtag(opener) for opener in file.gazetteer.hashtag_openers}
    cased.update(*(file.cased for _, file in files))
    return Ruler(
        phrases=phrases,
        exact=exact,
        tokens=tokens,
        regexes=regexes,
        cased=frozenset(cased),
        words=frozenset(words),
        tags=tags,
        place_tags=place_tags,
        hashtags=hashtags,
        hashtag_openers=frozenset(openers),
        after_place=after_place,
        small_place=small_place,
        context=frozenset(context),
        people=_people(files, owners),
        storms=_storms(files, owners),
        sites=[file.sites for _, file in files if file.sites],
        tools=[file.tools for _, file in files if file.tools],
    )


def _small_places(gazetteer: Gazetteer, label: str, written: Mapping[str, str]) -> Callable[[str], SmallPlace | None]:
    """A function from a name of one word to the small town or the state of a code that it names.

    Args:
        written: the phrases that stand for something already
    """
    towns = Towns(gazetteer)
    town, code = Tag(label, TOWN), SmallPlace(Tag(label, STATE_CODE), in_context=True, everywhere=False)
    codes = dict.fromkeys(state_codes(), code)

    @lru_cache(maxsize=100_000)
    def small_place(name: str) -> SmallPlace | None:
        if name in written:
            return None
        return SmallPlace(town, *towns.count(name)) if towns.is_one(name) else codes.get(name)

    return small_place


def load_forms(name: str, folder: Path = RULER) -> list[Rule]:
    """The regular expressions of a lexicon of the ruler stage alone, without its phrases and gazetteers.

    Raises:
        CrisisflowError: the lexicon is unknown or no YAML of its form, or a pattern is refused as in `load_ruler`.
    """
    file, path = read_lexicon(name, RulerFile, folder), folder / f"{name}.yaml"
    return [
        word_rule(rule, file.label.value, entry, file.fragments, EntryPath(path, ("regexes", rule)))
        for rule, entry in file.regexes.items()
    ]


def _people(files: Sequence[tuple[Path, RulerFile]], owners: dict[str, str]) -> People | None:
    """The names of people, of the lexicon that has them; two would find the same."""
    people = None
    for path, file in files:
        if file.people:
            for rule in (FULL, ONE):
                claim(EntryPath(path, ("people",)), rule, owners)
            people = load_people(file.people)
    return people


def _storms(files: Sequence[tuple[Path, RulerFile]], owners: dict[str, str]) -> Storms | None:
    """The names of storms, likewise."""
    storms = None
    for path, file in files:
        if file.storms:
            place = EntryPath(path, ("storms", "names"))
            claim(place, STORM, owners)
            if file.storms.names not in file.combine:
                raise CrisisflowError(f"{place}: there is no combination {file.storms.names}")
            storms = Storms(file.storms, frozenset(file.combine[file.storms.names].second))
    return storms


def _with_possessive(phrases: Sequence[str], rule: str, file: RulerFile) -> list[str]:
    with_s = [f"{phrase}s" for phrase in phrases if phrase[-1].isalnum() and phrase[-1].lower() != "s"]
    return [*phrases, *(with_s if rule in file.possessive else ())]


def _as_hashtags(phrase: str) -> set[str]:
    """A phrase as a hashtag's word, its words in full and in short: #FortWorth, #FtWorth."""
    if phrase.isalpha() and phrase not in LONG:
        return {unaccented(phrase)}
    forms, words = {_as_hashtag(phrase)}, phrase.split()
    if not LONG.keys().isdisjoint(words):
        forms.add(_as_hashtag(" ".join(LONG.get(word, word) for word in words)))
    return forms


_NOT_IN_HASHTAGS = str.maketrans("", "", ".'-")


def _as_hashtag(phrase: str) -> str:
    return "".join(unaccented(phrase).translate(_NOT_IN_HASHTAGS).split())


def _check_tokens(token_patterns: list[list[dict[str, Any]]], place: EntryPath) -> None:
    """Let spaCy compile token patterns; its complaint becomes one line."""
    from spacy.errors import MatchPatternError
    from spacy.matcher import Matcher
    from spacy.vocab import Vocab

    for tokens in token_patterns:
        if all(token.get("OP", "1") in ("?", "*") for token in tokens):
            raise CrisisflowError(f"{place}: a token pattern matches the empty string")
        for token in tokens:
            for expression in _expressions(token):
                compiled(expression, place)
        try:
            Matcher(Vocab(), validate=True).add("pattern", [tokens])
        except (MatchPatternError, ValueError, TypeError, re.error) as error:
            reason = " ".join(str(error).split())
            raise CrisisflowError(f"{place}: spaCy refuses a token pattern: {reason}") from None


def _expressions(attributes: Any) -> Iterator[str]:
    """The regular expressions within a token of a token pattern."""
    if isinstance(attributes, dict):
        for name, value in attributes.items():
            yield from [value] if name == "REGEX" and isinstance(value, str) else _expressions(value)
