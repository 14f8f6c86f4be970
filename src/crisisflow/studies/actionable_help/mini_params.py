"""The sections of params.yaml that say what the mini models are and how they learn."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from crisisflow.params import Count, Fault, Line, Name, ParamsSection, Positive, Rate, Seed, refuse, repeated

SPECIAL_SUBWORDS = ("[PAD]", "[CLS]", "[SEP]", "[MASK]")
BEST = "best"  # teacher: the row and seed with the highest macro F1 on the validation texts
BYTES = 256  # the byte alphabet: with it any text is a sequence of subwords
LEAST_VOCABULARY = BYTES + len(SPECIAL_SUBWORDS)


class ShapeParams(ParamsSection):
    """The shape of a BERT encoder: width, layers, attention heads, and the width within the feed-forward layers."""

    hidden: Positive
    layers: Positive
    heads: Positive
    intermediate: Positive

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> "ShapeParams":
        if self.hidden % self.heads:
            raise ValueError(f"{self.heads} heads do not divide the width (hidden), which is {self.hidden}")
        return self


class VocabularyParams(ParamsSection):
    """A vocabulary of byte-level BPE, learnt from the corpus of the minis."""

    size: Annotated[
        Positive,
        Field(ge=LEAST_VOCABULARY, description="entries; the 256 bytes and the special subwords are among them"),
    ]
    lower_case: bool


class DistillationParams(ParamsSection):
    """How a mini learns from its teacher (paper, section 3.3)."""

    projection: Annotated[
        Literal["pca", "random", "learned_down", "learned_up"],
        Field(
            description="the linear layer D between the widths: pca and random are fixed; learned_down is learnt over "
            "the teacher's embeddings by the loss alone, learned_up over the student's"
        ),
    ]
    updates: Annotated[
        list[Literal["mean", "cls"]],
        Field(
            min_length=1,
            description="which state of the student is compared; the first makes the mini, the others only curves",
        ),
    ]
    start: Annotated[
        Literal["random", "teacher"], Field(description="teacher: word vectors from the teacher's, projected")
    ]
    epochs: Positive
    batch_size: Positive
    learning_rate: Annotated[float, Field(gt=0)]
    warmup_steps: Count
    dropout: Annotated[float, Field(ge=0, lt=1)]
    max_length: Annotated[Positive, Field(ge=8, description="subwords of a text in distillation, specials included")]
    positions: Annotated[Positive, Field(description="subwords that a mini takes at most")]
    precision: Literal["float32", "bfloat16"]
    seed: Seed

    @model_validator(mode="after")
    def _positions_suffice(self) -> "DistillationParams":
        return refuse(self, [*repeated(self, "updates"), *self._faults_of_length()])

    def _faults_of_length(self) -> Iterator[Fault]:
        if self.max_length > self.positions:
            yield ("max_length",), f"{self.max_length} subwords, but a mini has {self.positions} positions; lower it"


class MinisParams(DistillationParams):
    """The mini models: small encoders that approximate a teacher's sentence embeddings."""

    shapes: Annotated[dict[Name, ShapeParams], Field(min_length=1)]
    vocabulary: Annotated[VocabularyParams | Literal["teacher"], Field(description="learnt, or the teacher's own")]
    teacher: Annotated[Line, Field(description="embedded:NAME, hub NAME@REVISION, or a local folder")]
    corpus: Annotated[
        list[Name],
        Field(min_length=1, description="the corpus, generated_unlabelled, and sets of actionable_help.sets"),
    ]
    size: Annotated[Positive | Literal["all"], Field(description="texts of the corpus to draw; or all")]
    held_out: Annotated[
        Rate, Field(description="share of the texts that no mini learns from; near duplicates are gone")
    ]


class TaskDistillationParams(ParamsSection):
    """How minis learn the built task from a fine-tuned classifier (paper, section 3.3)."""

    teacher: Annotated[Name, Field(description="best, by the validation texts, or a row; its weights must be kept")]
    losses: Annotated[
        list[Literal["soft", "hard"]],
        Field(min_length=1, description="the teacher's probabilities by KL divergence; its classes by cross-entropy"),
    ]
    temperature: Annotated[float, Field(gt=0, description="of the soft labels; the paper is silent: 1")]
    learning_rate: Annotated[float, Field(gt=0)]
    epochs: Annotated[Positive, Field(description="at most; early stopping is that of the fine-tuning")]

    @model_validator(mode="after")
    def _each_once(self) -> "TaskDistillationParams":
        return refuse(self, repeated(self, "losses"))


class JointTrainingParams(ParamsSection):
    """How a joint mini learns from its teacher."""

    temperature: Annotated[float, Field(gt=0, description="of the soft labels")]
    soft_weight: Annotated[
        float, Field(ge=0, le=1, description="w: w KL(teacher || student) + (1 - w) cross-entropy with the labels")
    ]
    weighting: Annotated[
        Literal["fixed", "kendall_optimal"], Field(description="of the two tasks' losses (docs/training.md)")
    ]
    epochs: Positive
    batch_size: Positive
    learning_rate: Annotated[float, Field(gt=0)]
    warmup_steps: Count


class JointParams(JointTrainingParams):
    """A joint model of entities and classes on a mini, learnt from a trained row of the leading study."""

    teacher: Annotated[Name, Field(description="chosen, by that study's metrics.json, or a row of it; its first seed")]
    shapes: Annotated[list[Name], Field(min_length=1, description="the minis of minis.shapes that learn it")]
    tweets: Annotated[
        Positive | Literal["all"], Field(description="of the teacher's training tweets, drawn by class; or all")
    ]
    unlabelled: Annotated[
        Count | Literal["all"], Field(description="texts of the minis' corpus on which only the teacher speaks")
    ]

    @model_validator(mode="after")
    def _each_once(self) -> "JointParams":
        return refuse(self, repeated(self, "shapes"))
