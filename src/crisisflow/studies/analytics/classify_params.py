"""The part analytics.classify of params.yaml: what is classified, how it is split, and the rows of Table 5."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from crisisflow.params import Fault, Line, Name, ParamsSection, Positive, Rate, Seed, Text, refuse, repeated

Dropout = Annotated[float, Field(ge=0, lt=1)]
LearningRate = Annotated[float, Field(gt=0, le=1)]


class TrainedRow(ParamsSection):
    """What all trained rows have."""

    epochs: Annotated[int, Field(ge=1, le=1_000, description="the best one on the validation posts counts (paper: 5)")]
    learning_rate: Annotated[LearningRate, Field(description="falls to zero over the epochs (paper: 2e-5)")]
    batch_size: Annotated[Positive, Field(description="paper: 32")]
    dropout: Annotated[Dropout, Field(description="of all layers (paper: 0.2)")]
    max_length: Annotated[
        int, Field(ge=4, le=4_096, description="subwords, or words, of a post at most (paper: 100); the rest is cut")
    ]


class EncoderRow(TrainedRow):
    """A pretrained encoder, fine-tuned with a linear layer."""

    kind: Literal["encoder"]
    encoder: Annotated[
        Line, Field(description="embedded:NAME, hub NAME@REVISION, or a folder; paper: BERT-base-uncased")
    ]
    layers: Annotated[Positive | None, Field(description="lower layers that are kept; null for all")]
    pooling: Annotated[Literal["mean", "cls"], Field(description="of the states, before the linear layer")]


class NetworkRow(TrainedRow):
    """A small network over the vectors of words; the paper gives no size."""

    width: Annotated[Positive, Field(description="dimensions of a word's vector")]
    least_count: Annotated[Positive, Field(description="occurrences in the training posts of a word with a vector")]
    vectors: Annotated[
        Line | None,
        Field(description="folder of static vectors to begin with, as wide as width; null begins at random"),
    ]


class GruRow(NetworkRow):
    """A GRU."""

    kind: Literal["gru"]
    hidden: Annotated[Positive, Field(description="units")]


class CnnRow(NetworkRow):
    """A convolution with global max-pooling."""

    kind: Literal["cnn"]
    filters: Positive
    kernel: Annotated[Positive, Field(description="words that a filter sees")]


class CnnGruRow(NetworkRow):
    """A convolution, a GRU, and global max-pooling."""

    kind: Literal["cnn_gru"]
    filters: Positive
    kernel: Annotated[Positive, Field(description="words that a filter sees")]
    hidden: Annotated[Positive, Field(description="units of the GRU")]


class DpcnnRow(NetworkRow):
    """A deep pyramid of convolutions."""

    kind: Literal["dpcnn"]
    filters: Annotated[Positive, Field(description="of each convolution (Johnson and Zhang: 250)")]
    blocks: Annotated[int, Field(ge=1, le=10, description="of two convolutions; each halves the length of a text")]


class AttentionRow(NetworkRow):
    """A GRU in both directions, attention and a dense layer."""

    kind: Literal["rnn_attention"]
    hidden: Annotated[Positive, Field(description="units in each direction")]
    dense: Annotated[Positive, Field(description="units of the dense layer")]


class SvmRow(ParamsSection):
    """A linear SVM over TF-IDF, our floor."""

    kind: Literal["svm"]


Row = Annotated[
    EncoderRow | GruRow | CnnRow | CnnGruRow | DpcnnRow | AttentionRow | SvmRow, Field(discriminator="kind")
]
STRATIFIED = "stratified"  # the test that every run has


class ClassifyParams(ParamsSection):
    """How posts are classified; section 5.4 of the paper."""

    corpus: Annotated[Name, Field(description="of analytics.corpora; its labels are the classes")]
    tests: Annotated[
        dict[Name, Text | None],
        Field(
            description="by name: null splits all posts, stratified by class; the name of a group trains on the other "
            "groups and tests on that one. One is `stratified: null`"
        ),
    ]
    test: Annotated[Rate, Field(description="share of the posts that are tested on (paper: 0.1)")]
    validation: Annotated[Rate, Field(description="share of the others that choose the epoch (paper: 0.2)")]
    seed: Annotated[Seed, Field(description="of the splits")]
    seeds: Annotated[list[Seed], Field(min_length=1, description="of the trainings")]
    rows: Annotated[dict[Name, Row], Field(min_length=1)]

    @model_validator(mode="after")
    def _parts_fit(self) -> "ClassifyParams":
        return refuse(self, [*repeated(self, "seeds"), *self._unfit()])

    def _unfit(self) -> Iterator[Fault]:
        if STRATIFIED not in self.tests or self.tests[STRATIFIED] is not None:
            yield ("tests",), f"{STRATIFIED}: null is missing, the split of Table 5"
        for name, group in self.tests.items():
            if group is None and name != STRATIFIED:
                yield ("tests", name), f"only {STRATIFIED} has no group"
