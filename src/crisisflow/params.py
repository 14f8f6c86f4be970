"""Typed parameters of the shared sections, and what the sections of all studies are made of.

A study declares its own section in its params.py; crisisflow.studies composes the whole of params.yaml from them.
`params.yaml` must hold every key and no other: a default would be a value that ran and that DVC never saw.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from unicodedata import category

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from crisisflow.errors import CrisisflowError
from crisisflow.strict_yaml import read_yaml
from crisisflow.taxonomy import EntityType
from crisisflow.validation import explain

# What scikit-learn and NumPy take as a seed.
MOST_SEED = 2**32 - 1
# Beyond any real number of tweets, steps or subwords, and within what every library takes.
MOST = 1_000_000_000


def _seed(value: int) -> int:
    if not 0 <= value <= MOST_SEED:
        raise ValueError(f"a seed is a whole number from 0 to {MOST_SEED}")
    return value


def _line(value: str) -> str:
    if any(category(letter) in ("Cc", "Zl", "Zp") for letter in value):
        raise ValueError("no line break or other control character may stand in it")
    return value


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Text = Annotated[str, Field(min_length=1)]
Line = Annotated[str, Field(min_length=1), AfterValidator(_line)]  # a path, or the name of a model
Count = Annotated[int, Field(strict=True, ge=0, le=MOST)]
Positive = Annotated[int, Field(strict=True, ge=1, le=MOST)]
Seed = Annotated[int, Field(strict=True, json_schema_extra={"minimum": 0, "maximum": MOST_SEED}), AfterValidator(_seed)]
Rate = Annotated[float, Field(gt=0, lt=1)]


class Section(BaseModel):
    """A mapping of a YAML file: immutable, without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class ParamsSection(Section):
    """A section of params.yaml: its values are used in the very form in which they stand there.

    Strict: 13.0 and true are no whole numbers, "yes" is no truth value. DVC, the rules and the steps would each take
    such a value for another one. (An int is a float nevertheless.)
    """

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


Part = TypeVar("Part", bound=Section)


class SampleParams(ParamsSection):
    """The embedded corpus."""

    tweets: Annotated[int, Field(ge=200, le=MOST, description="number of generated tweets")]
    seed: Annotated[Seed, Field(description="seed of the generator")]


class RepairParams(ParamsSection):
    """Text repairs (design section 4); each is counted in data/corpus/repair.json."""

    html_entities: Annotated[bool, Field(description="decode &amp; &gt; &lt; and the like")]
    broken_emoji: Annotated[
        bool, Field(description="restore HumAID's emoji and mathematical letters: U+1F52 and '5' become U+1F525")
    ]


class SplitParams(ParamsSection):
    """Shares of the splits; they sum to one. The paper: 0.72, 0.14, 0.14."""

    train: Rate
    validation: Rate
    test: Rate

    @model_validator(mode="after")
    def _sum_to_one(self) -> "SplitParams":
        if abs(self.train + self.validation + self.test - 1) > 1e-9:
            raise ValueError("train, validation and test must sum to 1")
        return self


class CorpusParams(ParamsSection):
    """The tweets: their source, repairs, sample size and splits."""

    source: Annotated[Line, Field(description="sample, official, or the path of an archive or folder")]
    events: Annotated[
        Line | None,
        Field(description="path of a table (tweet_id, event) for sources that do not name events; or null"),
    ]
    public_sets: Annotated[
        dict[Name, Line],
        Field(description="public sets to read (docs/public_sets.md): name, and path of the folder or archive"),
    ]
    sample: SampleParams
    repair: RepairParams
    size: Annotated[Positive | Literal["all"], Field(description="tweets to draw, stratified by class; or all")]
    split: SplitParams
    seed: Annotated[Seed, Field(description="seed of the draw and of the split")]


class SpacyParams(ParamsSection):
    """Annotation stage 1."""

    model: Annotated[Line, Field(description="embedded:NAME, or an installed spaCy package as NAME==VERSION")]
    types: Annotated[
        dict[str, Annotated[EntityType, Field(strict=False)]],
        Field(description="spaCy label to entity type; a label that is absent is dropped"),
    ]
    lexicon: Annotated[Name, Field(description="which lexicon its names are checked against")]


class LexiconParams(ParamsSection):
    """Annotation stages 2 and 3: which lexicons of annotation/lexicons/ are used."""

    lexicons: Annotated[list[Name], Field(min_length=1)]


class ResolveParams(ParamsSection):
    """Overlap resolution: the longer span wins, then this order, then the leftmost, then the label."""

    priority: list[Literal["spacy", "ruler", "regex"]]

    @model_validator(mode="after")
    def _every_stage_once(self) -> "ResolveParams":
        if sorted(self.priority) != ["regex", "ruler", "spacy"]:
            raise ValueError("name each of spacy, ruler and regex once")
        return self


class QualityParams(ParamsSection):
    """What the annotation is scored against, besides the gold spans that the repository itself holds."""

    idrisi: Annotated[
        Line | None, Field(description="path of a folder with IDRISI-R's train and dev as jsonl.gz; null leaves it out")
    ]
    outside: Annotated[
        Line | None,
        Field(
            description="path of a folder with tweets outside of HumAID in which people marked names, as jsonl.gz of "
            "words with BIO labels; null leaves them out"
        ),
    ]


class AnnotationParams(ParamsSection):
    """The annotation: its three stages, the resolution of overlaps and the gold spans."""

    spacy: SpacyParams
    ruler: LexiconParams
    regex: LexiconParams
    resolve: ResolveParams
    quality: QualityParams


class ComputeParams(ParamsSection):
    """What trains, for all studies."""

    device: Literal["cpu", "cuda", "xla"]
    processes: Annotated[
        int,
        Field(ge=1, le=1024, description="processes that share each batch, one for each GPU"),
    ]
    threads: Annotated[
        int, Field(ge=1, le=1024, description="CPU threads of one process; a part of the result's exact bytes")
    ]
    frozen_cache_gb: Annotated[
        float,
        Field(ge=0, description="disk for the constant output of frozen layers, where a row allows it; 0 keeps none"),
    ]

    @model_validator(mode="after")
    def _xla_is_one_process(self) -> "ComputeParams":
        if self.device == "xla" and self.processes > 1:
            raise ValueError(f"device xla is one process on one core, and processes is {self.processes}: set it to 1")
        return self


class SharedParams(ParamsSection):
    """The sections of params.yaml that all studies share."""

    preset: Annotated[Name, Field(description="name shown in tables; edit it when you leave a preset")]
    corpus: CorpusParams
    annotation: AnnotationParams
    compute: ComputeParams


class AlignmentParams(ParamsSection):
    """How spans become labels of subwords. A part of a study's section."""

    max_length: Annotated[int, Field(ge=8, le=MOST, description="longest sequence in subwords, specials included")]


class TextsParams(ParamsSection):
    """Which steps prepare a text for a model (crisisflow.corpus.texts), in this order. A part of a study's section."""

    repair: Annotated[bool, Field(description="restore HumAID's broken emoji (corpus.repair.broken_emoji)")]
    entities: Annotated[bool, Field(description="decode HTML entities")]
    urls: Annotated[bool, Field(description="write each URL as HTTPURL")]
    mentions: Annotated[bool, Field(description="write each mention as @USER")]
    emoji: Annotated[bool, Field(description="write each emoji as its English name")]
    white_space: Annotated[bool, Field(description="write line breaks and repeated white space as one space")]


Fault = tuple[tuple[str | int, ...], str]  # the keys below a section, and what is wrong there


def refuse(section: Part, faults: Iterable[Fault]) -> Part:
    """The section, unless there are faults: those of values that do not fit together, each with its own key.

    Raises:
        ValidationError: with all of them.
    """
    details = [
        InitErrorDetails(type=PydanticCustomError("unfit", "{fault}", {"fault": text}), loc=keys, input=None)
        for keys, text in faults
    ]
    if details:
        raise ValidationError.from_exception_data(type(section).__name__, details)
    return section


def repeated(section: ParamsSection, *fields: str) -> Iterator[Fault]:
    """The faults of these lists that have a value twice."""
    for field in fields:
        values = getattr(section, field)
        if len(set(values)) < len(values):
            yield (field,), "each may stand there once"


def read_sections(paths: Sequence[Path], kind: type[Part]) -> tuple[Part, dict[str, Any]]:
    """Read and check YAML files that together hold the sections of `kind`; returns the typed and the plain form.

    Raises:
        CrisisflowError: a file is absent or is no YAML mapping, or they break the schema; the offending key is named.
    """
    plain: dict[str, Any] = {}
    for path in paths:
        plain |= read_plain(path)
    return check(plain, kind, " and ".join(map(str, paths))), plain


def read_own(path: Path, kind: type[Part]) -> Part:
    """The sections of a params.yaml that `kind` has; the others, such as those of other studies, are not looked at.

    Raises:
        CrisisflowError: as read_sections.
    """
    plain = read_plain(path)
    return check({key: own for key, own in plain.items() if key in kind.model_fields}, kind, str(path))


def check(plain: dict[str, Any], kind: type[Part], place: str) -> Part:
    """The typed form of plain values.

    Raises:
        CrisisflowError: they break the schema; it begins with `place` and names the offending key.
    """
    try:
        return kind.model_validate(plain)
    except ValidationError as error:
        raise CrisisflowError(f"{place}: {explain(error, kind)}") from None


def read_plain(path: Path) -> dict[str, Any]:
    """The plain form of a YAML file with sections.

    Raises:
        CrisisflowError: it is absent, or is no YAML mapping.
    """
    if not path.exists():
        raise CrisisflowError(f"{path} does not exist; write it with: crisisflow preset sample")
    plain = read_yaml(path)
    if not isinstance(plain, dict):
        raise CrisisflowError(f"{path} holds no mapping; write it anew with: crisisflow preset sample")
    return plain
