"""The sections of params.yaml that say what the tasks and rows are, and how rows are trained."""

from typing import Annotated, Literal

from pydantic import Field

from crisisflow.params import MOST, Count, Line, Name, ParamsSection, Positive, Seed, SplitParams

# Sets of tasks that the workflow labels itself; all others are read.
AGREED_SET = "agreed"  # the pool's tweets on which the labellers agree
CORPUS = "corpus"  # the shared corpus
BUILT = "built"  # the kind of a task that this study labels

# An encoder of this study: the mini of that name, or its shape with random weights.
MINI, SCRATCH = "mini:", "scratch:"

WARMUP = "actionable_help.finetune.warmup_steps"  # as errors name it

Other = Literal["linear", "static", "purohit"]


class TaskParams(ParamsSection):
    """A classification task."""

    set: Annotated[Name, Field(description=f"{AGREED_SET}, {CORPUS}, or the name of a set that is read")]
    label: Annotated[Name, Field(description="which of the set's labels")]
    stands_for: Annotated[Line | None, Field(description="the paper's task beside which it is shown; or null")]
    kind: Annotated[
        Literal["real", "built", "stand_in"],
        Field(description="the paper's data, labels of this study, or other data; a stand-in has no paper's number"),
    ]
    limit: Annotated[
        Positive | Literal["all"],
        Field(description="training tweets used, stratified by class, and no more validation tweets; or all"),
    ]


class SplitsParams(SplitParams):
    """The splits of all tasks, stratified by class."""

    by: Annotated[
        Literal["group", "row"],
        Field(
            description="group keeps near duplicates in one split; row is scikit-learn's train_test_split, test first"
        ),
    ]
    seed: Seed


class FinetuneParams(ParamsSection):
    """The fine-tuning of all rows: AdamW, linear warm-up, then linear decay to zero over all epochs."""

    epochs: Annotated[Positive, Field(description="at most")]
    batch_size: Positive
    learning_rate: Annotated[float, Field(gt=0, description="of a row that names none of its own")]
    patience: Annotated[Positive, Field(description="epochs without a better validation macro F1 before it stops")]
    threshold: Annotated[float, Field(ge=0, description="what counts as better")]
    class_weights: Annotated[
        Literal["balanced"] | None, Field(description="n / (k n_c) of a class; null weighs each tweet the same")
    ]
    warmup_steps: Count
    weight_decay: Annotated[float, Field(ge=0)]
    clip_norm: Annotated[float, Field(gt=0)]
    max_length: Annotated[int, Field(ge=8, le=MOST, description="longest text in subwords, specials included")]
    pooling: Annotated[Literal["mean", "cls"], Field(description="mean of the token states, or the first one")]


class RowParams(ParamsSection):
    """A row: an encoder that is fine-tuned on each task."""

    encoder: Annotated[
        Line,
        Field(
            description="embedded:NAME, hub NAME@REVISION, a local folder, mini:NAME of minis.shapes, or scratch:NAME: "
            "the shape of that mini, with random weights"
        ),
    ]
    layers: Annotated[Positive | None, Field(description="keep this many lower encoder layers; null keeps all")]
    learning_rate: Annotated[
        Annotated[float, Field(gt=0)] | None, Field(description="null: that of actionable_help.finetune")
    ]

    @property
    def mini(self) -> tuple[str, str]:
        """MINI or SCRATCH, and the name of the mini; two empty texts of an encoder of elsewhere."""
        kind, colon, name = self.encoder.partition(":")
        return (kind + colon, name) if kind + colon in (MINI, SCRATCH) else ("", "")


class UnseenParams(ParamsSection):
    """The built task again without one event, and the predicted tweets of that event which people label."""

    event: Annotated[Line, Field(description="of which no labeller and no row learns, however a set writes its name")]
    row: Annotated[Name, Field(description="the row that is trained without it")]
    requests: Annotated[Count, Field(description="predicted requests of the event to label; the paper: 50")]
    offers: Annotated[Count, Field(description="predicted offers; the paper: 50")]
    irrelevant: Annotated[Count, Field(description="tweets predicted to be irrelevant; the paper: 100")]
    seed: Annotated[Seed, Field(description="of the training and of the draw")]
