"""The sections that say what the taggers are, and how all of them are trained."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from crisisflow.params import Line, ParamsSection, Positive, refuse

STATIC_PREFIX = "glove:"  # of an embedding
STATIC_TOKENIZER = "embedded:minilm-l6"  # what parts tweets into words where static vectors have no tokenizer

# Written out, not taken from model/taggers.py, which loads PyTorch.
Architecture = Literal["lstm", "cnn", "cnn_lstm", "lstm_cnn"]


def vectors_of(embedding: str) -> Path | None:
    """The folder of static vectors; None of an encoder."""
    return Path(embedding.removeprefix(STATIC_PREFIX)) if embedding.startswith(STATIC_PREFIX) else None


def encoder_of(embedding: str) -> str:
    """The encoder whose tokenizer parts the tweets into words."""
    return embedding if vectors_of(embedding) is None else STATIC_TOKENIZER


class TaggerParams(ParamsSection):
    """A tagger: layers under a CRF, over the states of words."""

    architecture: Annotated[Architecture, Field(description="the layers from below; a linear one and a CRF are on top")]
    embedding: Annotated[
        Line,
        Field(
            description="encoder: embedded:NAME, hub NAME@REVISION, or a folder; or glove:PATH, a folder with one .npy "
            "file of vectors and one .parquet file of their words"
        ),
    ]
    tuned: Annotated[bool, Field(description="whether the encoder is trained; false keeps its states, computed once")]
    learning_rate: Annotated[float, Field(gt=0, description="of the encoder, and of the vector of unknown words")]
    head_learning_rate: Annotated[float, Field(gt=0, description="of the layers above")]
    batch_size: Positive

    @model_validator(mode="after")
    def _tuned_is_an_encoder(self) -> "TaggerParams":
        faults = [(("tuned",), "static vectors are not trained; set it to false")]
        return refuse(self, faults if self.tuned and vectors_of(self.embedding) is not None else [])


def of_batch(tagger: str, size: int) -> str:
    """What a tagger is called where it is trained with another batch size than its own."""
    return f"{tagger}-batch-{size}"


def main_tagger(taggers: Mapping[str, TaggerParams]) -> str:
    """The row that stands beside the paper's LSTM-CRF: the first LSTM, or the first row where there is none."""
    return next((row for row, own in taggers.items() if own.architecture == "lstm"), next(iter(taggers)))


class TaggingParams(ParamsSection):
    """How all taggers are trained: AdamW, linear decay to zero without warm-up, the best epoch kept."""

    folds: Annotated[int, Field(ge=2, le=100, description="of the training tweets, by class and by positive or not")]
    epochs: Annotated[Positive, Field(description="at most")]
    patience: Annotated[Positive, Field(description="epochs without a better span micro-F1 before it stops")]
    stop_on: Annotated[
        Literal["test_split", "validation"],
        Field(
            description="whose F1 stops and chooses the epoch: the fold that is held out and reported (the paper), or "
            "a tenth of the other folds"
        ),
    ]
    max_length: Annotated[int, Field(ge=8, le=512, description="subwords of a tweet, special ones included")]
    hidden: Annotated[Positive, Field(description="size of the LSTM in each direction")]
    dropout: Annotated[float, Field(ge=0, lt=1, description="on the output of the LSTM")]
    kernel: Annotated[int, Field(ge=1, le=99, description="words that a filter of the CNN sees, an odd number")]
    filters: Annotated[Positive, Field(description="of the CNN")]
    weight_decay: Annotated[float, Field(ge=0)]
    clip_norm: Annotated[float, Field(gt=0, description="longest norm of the gradient")]
    device: Literal["cpu", "cuda"]
    threads: Annotated[int, Field(ge=1, le=1024, description="CPU threads; a part of the result's exact bytes")]

    @field_validator("kernel")
    @classmethod
    def _odd(cls, kernel: int) -> int:
        if kernel % 2 == 0:
            raise ValueError(f"a filter has its word in the middle, and {kernel} is even: give an odd number")
        return kernel
