"""The section of params.yaml that is this study's."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from crisisflow.params import (
    Count,
    Fault,
    Line,
    Name,
    ParamsSection,
    Positive,
    Rate,
    Seed,
    TextsParams,
    refuse,
    repeated,
)
from crisisflow.studies.actionable_help.labels import LABELS

GENERATED = "generated"  # the set of our own templates


class GeneratedParams(ParamsSection):
    """The generated set, whose truth is known."""

    tweets: Annotated[int, Field(ge=200, le=1_000_000, description="number of generated tweets of the pool")]
    seed: Annotated[Seed, Field(description="seed of the generator")]


class PoolParams(ParamsSection):
    """The tweets to be labelled."""

    sets: Annotated[list[Name], Field(min_length=1, description="the sets that the tweets come from")]
    deduplicate: Annotated[
        Literal["none", "exact", "near"],
        Field(description="keep all tweets, one of those with equal prepared texts, or one of each group"),
    ]
    size: Annotated[Positive | Literal["all"], Field(description="tweets to draw; or all")]
    seed: Annotated[Seed, Field(description="seed of the draw")]

    @model_validator(mode="after")
    def _each_once(self) -> "PoolParams":
        return refuse(self, repeated(self, "sets"))


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
    pool: PoolParams
    labellers: Annotated[dict[Name, LabellerParams], Field(min_length=2)]
    agreement: AgreementParams
    validation: ValidationParams

    @model_validator(mode="after")
    def _parts_fit(self) -> "ActionableHelpParams":
        return refuse(self, [*self._unknown_sets(), *self._unknown_labellers()])

    def _unknown_sets(self) -> Iterator[Fault]:
        known = [GENERATED]
        asked = {("pool", "sets"): self.pool.sets}
        for name, labeller in self.labellers.items():
            if isinstance(labeller, TrainedParams):
                asked["labellers", name, "learns_from"] = labeller.learns_from
        for keys, names in asked.items():
            for name in names:
                if name not in known:
                    yield keys, f"no set is called {name}; there are: {', '.join(known)}"

    def _unknown_labellers(self) -> Iterator[Fault]:
        for name in self.agreement.labellers:
            if name not in self.labellers:
                known = ", ".join(self.labellers)
                yield ("agreement", "labellers"), f"no labeller is called {name}; there are: {known}"
