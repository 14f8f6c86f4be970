"""The section of params.yaml that is this study's."""

import codecs
from collections.abc import Iterator
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, model_validator

from crisisflow.params import (
    AnnotationParams,
    Count,
    Fault,
    Line,
    Name,
    ParamsSection,
    Positive,
    Rate,
    Seed,
    Text,
    TextsParams,
    refuse,
    repeated,
)
from crisisflow.studies.actionable_help.case_params import MatchParams, RatioParams, ResourcesParams
from crisisflow.studies.actionable_help.labels import HELP, LABELS
from crisisflow.studies.actionable_help.mini_params import BEST, JointParams, MinisParams, TaskDistillationParams
from crisisflow.studies.actionable_help.row_params import (
    AGREED_SET,
    BUILT,
    CORPUS,
    MINI,
    FinetuneParams,
    Other,
    RowParams,
    SplitsParams,
    TaskParams,
    UnseenParams,
)

GENERATED = "generated"  # the set of our own templates
# Its texts without labels, and the tweets of the positive control of distillation.
UNLABELLED, CONTROL = f"{GENERATED}_unlabelled", f"{GENERATED}_control"
OURS = (GENERATED, UNLABELLED, CONTROL)
TABLES = ("csv", "tsv")  # the readers of a table of one's own
GOLD = "disaster_response"  # the reader of the set whose labels professionals reviewed
CONFIDENTIAL = "confidential"


def _encoding(value: str) -> str:
    try:
        codecs.lookup(value)
    except LookupError:
        raise ValueError("Python knows no such encoding; utf-8, latin-1 and cp1252 are some") from None
    return value


class GeneratedParams(ParamsSection):
    """The generated set, whose truth is known."""

    tweets: Annotated[int, Field(ge=200, le=1_000_000, description="number of generated tweets of the pool")]
    unlabelled: Annotated[Count, Field(le=1_000_000, description="texts without labels, for distillation")]
    control: Annotated[Count, Field(le=1_000_000, description="tweets of the positive control of distillation")]
    seed: Annotated[Seed, Field(description="seed of the generator")]


class ColumnsParams(ParamsSection):
    """The columns of a table."""

    text: Text
    tweet_id: Annotated[Text | None, Field(description="null numbers the rows")]
    event: Annotated[Text | None, Field(description="null where the table names none")]


class LabelParams(ParamsSection):
    """Where the labels of a task come from."""

    source: Annotated[Text, Field(description="a column of the table, or a task of the public set")]
    values: Annotated[
        dict[Text, Text] | None, Field(description="the label for each value; null keeps the values as they are")
    ]


class SetParams(ParamsSection):
    """A set that the study reads."""

    reader: Annotated[Line, Field(description="csv, tsv, or a public set (docs/public_sets.md)")]
    path: Annotated[Line, Field(description="of the table, or of the folder of the public set")]
    columns: Annotated[ColumnsParams | None, Field(description="of a table; null for a public set")]
    labels: Annotated[dict[Name, LabelParams], Field(description="by task; a public set keeps its own tasks besides")]
    encoding: Annotated[Annotated[str, AfterValidator(_encoding)] | None, Field(description="of a table; or null")]
    terms: Annotated[
        Literal["open", "confidential"], Field(description="texts of a confidential set are in nothing that is shared")
    ]

    @model_validator(mode="after")
    def _parts_fit(self) -> "SetParams":
        return refuse(self, [*self._faults_of_the_reader(), *self._faults_of_labels()])

    def _faults_of_the_reader(self) -> Iterator[Fault]:
        for key in ("columns", "encoding"):
            is_there = getattr(self, key) is not None
            if is_there != (self.reader in TABLES):
                yield (key,), f"the reader {self.reader} has its own; give null" if is_there else "a table needs it"

    def _faults_of_labels(self) -> Iterator[Fault]:
        label = self.labels.get(HELP)
        if label is not None and label.values is not None:
            unknown = sorted({*label.values.values()} - {*LABELS})
            if unknown:
                there = ", ".join(LABELS)
                yield ("labels", HELP, "values"), f"no label is called {', '.join(unknown)}; there are: {there}"


class PoolParams(ParamsSection):
    """The tweets to be labelled."""

    sets: Annotated[list[Name], Field(min_length=1, description="the sets that the tweets come from")]
    deduplicate: Annotated[
        Literal["none", "exact", "near"],
        Field(description="keep all tweets, one of those with equal prepared texts, or one of each group"),
    ]
    size: Annotated[
        Positive | Literal["all"] | dict[Name, Positive],
        Field(description="tweets to draw; or of each set that is named, the others being whole; or all"),
    ]
    seed: Annotated[Seed, Field(description="seed of the draw")]

    @model_validator(mode="after")
    def _parts_fit(self) -> "PoolParams":
        known = ", ".join(self.sets)
        odd = [name for name in self.sizes if name not in self.sets]
        unknown = [(("size", name), f"the pool has no set of this name; there are: {known}") for name in odd]
        return refuse(self, [*repeated(self, "sets"), *unknown])

    @property
    def sizes(self) -> dict[str, int]:
        """Tweets to draw of single sets."""
        return self.size if isinstance(self.size, dict) else {}


class RulesParams(ParamsSection):
    """A labeller: the lexicons of labellers/lexicons/."""

    kind: Literal["rules"]
    lexicons: Annotated[list[Name], Field(min_length=1)]


class ZeroShotParams(ParamsSection):
    """A labeller: the label of the nearest sentence."""

    kind: Literal["zero_shot"]
    encoder: Annotated[Line, Field(description="embedded:NAME, hub NAME@REVISION, or a local folder")]
    prompts: Annotated[Name, Field(description="which of labellers/prompts/")]
    margin: Annotated[
        float, Field(ge=0, le=2, description="by which cosine the nearest label must lead; else irrelevant")
    ]


class TrainedParams(ParamsSection):
    """A labeller that learns, cross-fitted over groups of near duplicates."""

    kind: Literal["trained"]
    features: Annotated[Line, Field(description="tfidf, or an encoder, whose sentence embeddings are used")]
    learns_from: Annotated[list[Name], Field(min_length=1, description="sets with labels")]
    folds: Annotated[
        int,
        Field(ge=2, le=100, description="no tweet is labelled by a model that learnt from it or from a near duplicate"),
    ]


class FileParams(ParamsSection):
    """A labeller whose labels were made elsewhere."""

    kind: Literal["file"]
    path: Annotated[Line, Field(description="a CSV with the columns tweet_id and label; an empty label is unusable")]


class EndpointParams(ParamsSection):
    """A labeller: a language model behind an OpenAI-compatible API."""

    kind: Literal["endpoint"]
    url: Annotated[Line, Field(description="what stands before /chat/completions: http://127.0.0.1:8080/v1")]
    model: Line
    prompt: Annotated[Name, Field(description="which of labellers/prompts/")]
    key: Annotated[Line | None, Field(description="environment variable that has the key; or null")]
    allow_remote: Annotated[bool, Field(description="whether masked texts may leave this machine")]
    concurrency: Annotated[int, Field(ge=1, le=1_000, description="questions at a time")]
    timeout: Annotated[float, Field(gt=0, description="seconds without a byte, after which a question is asked again")]
    attempts: Annotated[int, Field(ge=1, le=100, description="how often a question is asked at most")]
    seed: Seed
    max_tokens: Annotated[Positive, Field(description="of an answer")]


LabellerParams = Annotated[
    RulesParams | ZeroShotParams | TrainedParams | FileParams | EndpointParams, Field(discriminator="kind")
]


class AgreementParams(ParamsSection):
    """Whose labels are compared, and when a tweet has a label."""

    labellers: Annotated[list[Name], Field(min_length=2)]
    at_least: Annotated[
        Positive | Literal["all"], Field(description="labellers that must agree, more than half; the paper: all")
    ]

    @model_validator(mode="after")
    def _a_majority(self) -> "AgreementParams":
        number = len(self.labellers)
        few = self.at_least != "all" and not number < 2 * self.at_least <= 2 * number
        faults = [(("at_least",), f"say {number // 2 + 1} to {number}, or all: two labels could be agreed, or none")]
        return refuse(self, [*repeated(self, "labellers"), *(faults if few else ())])


class ValidationParams(ParamsSection):
    """The sample that people label."""

    confidence: Rate
    margin: Annotated[Rate, Field(description="half the width of the interval of a share of the agreed tweets")]
    whole_classes: Annotated[list[Literal[LABELS]], Field(description="labels of which every agreed tweet is taken")]
    disagreed: Annotated[Count, Field(description="tweets without an agreed label")]
    seed: Seed

    @model_validator(mode="after")
    def _each_once(self) -> "ValidationParams":
        return refuse(self, repeated(self, "whole_classes"))


class ActionableHelpParams(ParamsSection):
    """Requests and offers of help, and mini models; paper 3."""

    texts: TextsParams
    generated: GeneratedParams
    sets: Annotated[dict[Name, SetParams], Field(description="the sets that the study reads besides the generated one")]
    pool: PoolParams
    labellers: Annotated[dict[Name, LabellerParams], Field(min_length=2)]
    agreement: AgreementParams
    validation: ValidationParams
    minis: MinisParams
    tasks: Annotated[dict[Name, TaskParams], Field(min_length=1)]
    splits: SplitsParams
    least_support: Annotated[
        Positive, Field(description="test tweets of a class; one macro F1 leaves out the classes that have fewer")
    ]
    finetune: FinetuneParams
    rows: Annotated[dict[Name, RowParams], Field(min_length=1)]
    others: Annotated[list[Other], Field(min_length=1, description="rows that are no fine-tuned encoders")]
    baseline: Annotated[Name, Field(description="the row that all others are compared with; the paper's is BERT")]
    unseen_event: Annotated[UnseenParams | None, Field(description="null trains nothing without an event")]
    keep_weights: Annotated[list[Name], Field(min_length=1, description="rows whose weights are kept")]
    task_distillation: TaskDistillationParams
    resources: ResourcesParams
    joint: JointParams
    ratios: RatioParams
    match: MatchParams
    seeds: Annotated[list[Seed], Field(min_length=1)]

    @model_validator(mode="after")
    def _parts_fit(self) -> "ActionableHelpParams":
        faults = [*self._faults_of_sets(), *self._unknown_labellers(), *self._shared_texts(), *self._faults_of_rows()]
        return refuse(self, [*faults, *repeated(self, "seeds", "others", "keep_weights")])

    def _faults_of_sets(self) -> Iterator[Fault]:
        taken = dict.fromkeys(OURS, "a generated set")
        taken |= {CORPUS: "the shared corpus", AGREED_SET: "what the labellers agree on"}
        for name, has_it in taken.items():
            if name in self.sets:
                yield ("sets", name), f"{has_it} has this name; give the set another one"
        known = [*OURS, *self.sets]
        asked = {
            ("pool", "sets"): self.pool.sets,
            ("minis", "corpus"): [name for name in self.minis.corpus if name != CORPUS],
        }
        for name, labeller in self.labellers.items():
            if isinstance(labeller, TrainedParams):
                asked["labellers", name, "learns_from"] = labeller.learns_from
        asked["resources", "learns_from"] = self.resources.learns_from
        for keys, names in asked.items():
            for name in names:
                if name not in known:
                    yield keys, f"no set is called {name}; there are: {', '.join(known)}"
                # The classifier of resources may learn from the parts of a gold set that are not scored.
                elif name in self.gold and keys[0] != "resources":
                    yield keys, f"{name} is for scoring the labellers only"

    def _shared_texts(self) -> Iterator[Fault]:
        hidden = [name for name in (*self.pool.sets, *self.gold) if name in self.confidential]
        for name, labeller in self.labellers.items():
            if hidden and isinstance(labeller, EndpointParams) and labeller.allow_remote:
                yield ("labellers", name, "allow_remote"), f"the texts of {hidden[0]} are confidential; say false"
        for name in filter(self.confidential.__contains__, self.minis.corpus):
            fault = f"the texts of {name} are confidential, and a mini is made to be given away; take it out"
            yield ("minis", "corpus"), fault

    @property
    def gold(self) -> list[str]:
        """The sets against which labellers are scored, and which are in no pool."""
        return [name for name, own in self.sets.items() if own.reader == GOLD]

    @property
    def confidential(self) -> list[str]:
        """The sets whose texts are in nothing that is shared."""
        return [name for name, own in self.sets.items() if own.terms == CONFIDENTIAL]

    def _unknown_labellers(self) -> Iterator[Fault]:
        for name in self.agreement.labellers:
            if name not in self.labellers:
                known = ", ".join(self.labellers)
                yield ("agreement", "labellers"), f"no labeller is called {name}; there are: {known}"

    def _faults_of_rows(self) -> Iterator[Fault]:
        known = [AGREED_SET, CORPUS, *OURS, *self.sets]
        for name, task in self.tasks.items():
            if task.set not in known:
                yield ("tasks", name, "set"), f"no set is called {task.set}; there are: {', '.join(known)}"
        if BUILT not in {task.kind for task in self.tasks.values()}:
            yield ("tasks",), "none is of the kind built, which the minis of task_distillation learn"
        for name, row in self.rows.items():
            if name in get_args(Other):
                yield ("rows", name), "a row that is no encoder has this name; give the row another one"
            kind, mini = row.mini
            if kind and mini not in self.minis.shapes:
                known_shapes = ", ".join(self.minis.shapes)
                yield ("rows", name, "encoder"), f"no mini is called {mini}; minis.shapes has: {known_shapes}"
        for name in self.joint.shapes:
            if name not in self.minis.shapes:
                known_shapes = ", ".join(self.minis.shapes)
                yield ("joint", "shapes"), f"no mini is called {name}; minis.shapes has: {known_shapes}"
        unseen = [self.unseen_event.row] if self.unseen_event else []
        asked = {("baseline",): [self.baseline], ("keep_weights",): self.keep_weights, ("unseen_event", "row"): unseen}
        for keys, names in asked.items():
            for name in names:
                if name not in self.rows:
                    yield keys, f"no row is called {name}; there are: {', '.join(self.rows)}"
        for name in unseen:
            if name in self.rows and self.rows[name].mini[0] == MINI:
                fault = f"the row {name} begins with a mini, which may have learnt from the event; give another row"
                yield ("unseen_event", "row"), fault
        teachers = [BEST, *self.keep_weights]
        if self.task_distillation.teacher not in teachers:
            fault = f"the weights of {self.task_distillation.teacher} are not kept; give one of: {', '.join(teachers)}"
            yield ("task_distillation", "teacher"), fault


class UnseenSections(ParamsSection):
    """The sections that a training without one event needs."""

    unseen_event: UnseenParams | None
    texts: TextsParams
    sets: dict[Name, SetParams]
    labellers: dict[Name, LabellerParams]
    agreement: AgreementParams
    tasks: dict[Name, TaskParams]
    splits: SplitsParams
    rows: dict[Name, RowParams]
    finetune: FinetuneParams
    least_support: Positive


class Own(ParamsSection):
    """The part of params.yaml that is this study's alone."""

    actionable_help: ActionableHelpParams


class Matching(Own):
    """The part of params.yaml by which tweets of a file are matched."""

    annotation: AnnotationParams


class ReportParams(Own):
    """The part of params.yaml that the report shows."""

    preset: Name
