"""Typed parameters: the only place where a knob is declared.

`params.yaml` must hold every key and no other: a default would be a value that ran and that DVC never saw.
"""

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from unicodedata import category

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from crisisflow.artifacts import write_text
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

    model_config = ConfigDict(extra="forbid", frozen=True)


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
    """Chapter 1."""

    source: Annotated[Line, Field(description="sample, official, or the path of an archive or folder")]
    events: Annotated[
        Line | None,
        Field(description="path of a table (tweet_id, event) for sources that do not name events; or null"),
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
    """Chapter 2."""

    spacy: SpacyParams
    ruler: LexiconParams
    regex: LexiconParams
    resolve: ResolveParams
    quality: QualityParams


class AlignmentParams(ParamsSection):
    """Chapter 3."""

    max_length: Annotated[int, Field(ge=8, le=MOST, description="longest sequence in subwords, specials included")]


class ModelParams(ParamsSection):
    """Chapter 4: the heads. The encoder and the weighting are a row's."""

    dropout: Annotated[float, Field(ge=0, lt=1, description="before the linear layer of the classification head")]


class StageParams(ParamsSection):
    """One stage of a schedule: linear warm-up, then linear decay to zero."""

    epochs: Positive
    warmup_steps: Count


class TwoStageParams(ParamsSection):
    """Stage 1 trains all layers, stage 2 freezes a row's lower layers; each has its own optimizer and warm-up."""

    stage1: StageParams
    stage2: StageParams


class TrainingParams(ParamsSection):
    """Chapter 5: what all rows share."""

    tweets: Annotated[Positive | Literal["all"], Field(description="training tweets used, stratified by class; or all")]
    single: StageParams
    two_stage: TwoStageParams
    batch_size: Positive
    learning_rate: Annotated[float, Field(gt=0)]
    log_variance_learning_rate: Annotated[
        float, Field(gt=0, description="learning rate of s; the paper names none of its own")
    ]
    betas: Annotated[tuple[Rate, Rate], Field(strict=False)]  # YAML has no tuples
    weight_decay: Annotated[float, Field(ge=0)]
    clip_norm: Annotated[float, Field(gt=0)]
    gradient_cosine_every: Annotated[
        Count, Field(description="steps between looks at the cosine of the two tasks' gradients; 0 never looks")
    ]
    frozen_cache_gb: Annotated[
        float,
        Field(ge=0, description="disk for the constant output of frozen layers, where a row allows it; 0 keeps none"),
    ]
    device: Literal["cpu", "cuda", "xla"]
    processes: Annotated[
        int,
        Field(ge=1, le=1024, description="processes that share each batch, one for each GPU"),
    ]
    threads: Annotated[
        int, Field(ge=1, le=1024, description="CPU threads of one process; a part of the result's exact bytes")
    ]

    @model_validator(mode="after")
    def _xla_is_one_process(self) -> "TrainingParams":
        if self.device == "xla" and self.processes > 1:
            raise ValueError(f"device xla is one process on one core, and processes is {self.processes}: set it to 1")
        return self


class RowParams(ParamsSection):
    """One row of the ablation."""

    encoder: Annotated[Line, Field(description="embedded:NAME, hub NAME@REVISION, or a local folder")]
    layers: Annotated[Positive | None, Field(description="keep this many lower encoder layers; null keeps all")]
    tasks: Annotated[
        Literal["joint", "ner", "cls"], Field(description="joint trains both; a task left out has no loss and no s")
    ]
    weighting: Annotated[
        Literal["fixed", "kendall", "kendall_classification", "dwa", "gradnorm", "pcgrad"],
        Field(description="kendall is the paper's Eq. 4; kendall_classification does not halve the losses"),
    ]
    schedule: Literal["single", "two_stage"]
    freeze_layers: Annotated[Count, Field(description="lower layers frozen in stage 2")]
    freeze_embeddings: Annotated[bool, Field(description="whether stage 2 freezes the embeddings too")]
    frozen_dropout: Annotated[
        bool,
        Field(description="whether dropout goes on in frozen layers (the paper's form); false makes them constant"),
    ]

    @model_validator(mode="after")
    def _frozen_layers_are_there(self) -> "RowParams":
        if self.layers is not None and self.freeze_layers > self.layers:
            raise ValueError(f"freeze_layers is {self.freeze_layers} but layers keeps {self.layers}")
        return self

    @model_validator(mode="after")
    def _weighting_needs_two_tasks(self) -> "RowParams":
        if self.tasks != "joint" and self.weighting in ("dwa", "gradnorm", "pcgrad"):
            raise ValueError(f"weighting {self.weighting} balances two tasks, and tasks is {self.tasks}: use fixed")
        return self

    @model_validator(mode="after")
    def _freezing_needs_a_second_stage(self) -> "RowParams":
        if self.schedule == "single" and (self.freeze_layers or self.freeze_embeddings or not self.frozen_dropout):
            raise ValueError(
                "freeze_layers, freeze_embeddings and frozen_dropout act in stage 2: use schedule two_stage, "
                "or 0, false and true"
            )
        return self


class LearningCurveParams(ParamsSection):
    """Rows trained again on fewer tweets."""

    rows: list[Name]
    tweets: Annotated[list[Positive], Field(description="training tweets of each point, all below training.tweets")]

    @model_validator(mode="after")
    def _each_once(self) -> "LearningCurveParams":
        return _without_repeats(self, "rows", "tweets")


class LeaveOneEventOutParams(ParamsSection):
    """Rows trained again without an event, and scored on that event."""

    rows: list[Name]
    events: Annotated[list[Name], Field(description="events of the corpus; each is left out in turn")]

    @model_validator(mode="after")
    def _each_once(self) -> "LeaveOneEventOutParams":
        return _without_repeats(self, "rows", "events")


class EvaluationParams(ParamsSection):
    """Chapter 6: what is trained besides the rows, to learn how far their scores carry; an empty list leaves it out."""

    learning_curve: LearningCurveParams
    leave_one_event_out: LeaveOneEventOutParams


def _repeated(section: ParamsSection, *fields: str) -> Iterator[str]:
    """What is said of each of these lists that has a value twice."""
    for field in fields:
        values = getattr(section, field)
        if len(set(values)) < len(values):
            yield f"{field}: each may stand there once"


def _without_repeats(section: Part, *fields: str) -> Part:
    """The section, once each of these lists has no value twice."""
    if faults := "; ".join(_repeated(section, *fields)):
        raise ValueError(faults)
    return section


class Params(ParamsSection):
    """The whole of params.yaml."""

    preset: Annotated[Name, Field(description="name shown in tables; edit it when you leave a preset")]
    corpus: CorpusParams
    annotation: AnnotationParams
    alignment: AlignmentParams
    model: ModelParams
    training: TrainingParams
    rows: Annotated[dict[Name, RowParams], Field(min_length=1)]
    seeds: Annotated[list[Seed], Field(min_length=1)]
    evaluation: EvaluationParams

    @model_validator(mode="after")
    def _parts_fit(self) -> "Params":
        faults = [*_repeated(self, "seeds"), *self._faults_of_rows(), *self._faults_of_the_curve()]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults_of_rows(self) -> Iterator[str]:
        if "floor" in self.rows:
            yield "rows.floor: the tables have a floor of their own; give the row another name"
        for name, study in self.evaluation:
            for row in study.rows:
                if row not in self.rows:
                    yield f"evaluation.{name}.rows: no row is called {row}; there are: {', '.join(self.rows)}"

    def _faults_of_the_curve(self) -> Iterator[str]:
        most = self.training.tweets
        for tweets in self.evaluation.learning_curve.tweets:
            if most != "all" and tweets >= most:
                yield f"evaluation.learning_curve.tweets: {tweets} is not below training.tweets, which is {most}"


def read_params(path: Path) -> tuple[Params, dict[str, Any]]:
    """Read and check params.yaml; returns the typed and the plain form.

    Raises:
        CrisisflowError: the file is absent, is no YAML mapping, or breaks the schema; the offending key is named.
    """
    if not path.exists():
        raise CrisisflowError(f"{path} does not exist; write it with: crisisflow preset sample")
    plain = read_yaml(path)
    if not isinstance(plain, dict):
        raise CrisisflowError(f"{path} holds no mapping; write it anew with: crisisflow preset sample")
    try:
        return Params.model_validate(plain), plain
    except ValidationError as error:
        raise CrisisflowError(f"{path}: {explain(error, Params)}") from None


def write_preset(name: str, presets: Path, out: Path) -> None:
    """Copy the preset `name` of the folder `presets` to `out`, once it is known to be whole.

    Raises:
        CrisisflowError: there is no such preset, it breaks the schema, or `out` holds edits that would be lost.
    """
    path = presets / f"{name}.yaml"
    known = sorted(preset.stem for preset in presets.glob("*.yaml"))
    if name not in known:
        there = ", ".join(known) or "none (wrong folder?)"
        raise CrisisflowError(f"no preset {name!r} in {presets}/; there are: {there}")
    read_params(path)
    if out.exists():
        there = out.read_bytes()
        if all(there != preset.read_bytes() for preset in presets.glob("*.yaml")) and not _committed(out):
            raise CrisisflowError(
                f"{out} was edited and is in no commit, and the edits would be lost; git commit it, or keep a copy: "
                f"mv {shlex.quote(str(out))} {shlex.quote(str(out.with_name(f'mine-{out.name}')))}"
            )
    write_text(out, path.read_text(encoding="utf-8"))


def _committed(path: Path) -> bool:
    """Whether a file is in git's last commit as it lies there."""

    def git(*arguments: str) -> str | None:
        command = ["git", "-C", str(path.absolute().parent), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    try:
        recorded = git("rev-parse", f"HEAD:./{path.name}")
        return recorded is not None and recorded == git("hash-object", "--", path.name)
    except OSError:  # no git
        return False
