"""The section of params.yaml that is this study's."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from crisisflow.params import Fault, Name, ParamsSection, Positive, Seed, TextsParams, refuse, repeated

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


class ActionableHelpParams(ParamsSection):
    """Requests and offers of help, and mini models; paper 3."""

    texts: TextsParams
    generated: GeneratedParams
    pool: PoolParams

    @model_validator(mode="after")
    def _parts_fit(self) -> "ActionableHelpParams":
        return refuse(self, self._unknown_sets())

    def _unknown_sets(self) -> Iterator[Fault]:
        known = [GENERATED]
        for name in self.pool.sets:
            if name not in known:
                yield ("pool", "sets"), f"no set is called {name}; there are: {', '.join(known)}"
