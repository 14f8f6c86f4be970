"""The sections of params.yaml that say what is counted of requests and offers, and how they are matched."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crisisflow.params import Count, Line, Name, ParamsSection, Positive, Seed, refuse, repeated

Both = Literal["each", "apart"]
LEXICON, TRAINED = "lexicon", "trained"
FinderOfResources = Literal["lexicon", "trained"]
Weight = Annotated[float, Field(ge=0)]


class ResourcesParams(ParamsSection):
    """The trained classifier of resources, cross-fitted over groups of near duplicates."""

    learns_from: Annotated[
        list[Name],
        Field(
            min_length=1,
            description="sets with the task `resource`; of one that disaster_response reads, all but the test part",
        ),
    ]
    folds: Annotated[
        int,
        Field(ge=2, le=100, description="no text is judged by a model that learnt from it or from a near duplicate"),
    ]
    seed: Seed

    @model_validator(mode="after")
    def _each_once(self) -> "ResourcesParams":
        return refuse(self, repeated(self, "learns_from"))


class RatioParams(ParamsSection):
    """What is counted, and how."""

    resources: Annotated[
        FinderOfResources, Field(description="what finds the resources of a text: the lexicon, or the classifier")
    ]

    both: Annotated[Both, Field(description="tweets that request and offer count on each side, or apart, on none")]
    several_countries: Annotated[
        Literal["first", "all"], Field(description="which of the places that a tweet names count")
    ]
    least: Annotated[Count, Field(description="requests and offers that a group must have to be given a ratio")]
    countries: Annotated[Positive, Field(description="countries with most tweets that are shown")]
    cities: Annotated[Positive, Field(description="cities with most tweets that are shown")]
    corrected: Annotated[bool, Field(description="correct the counts for the classifier's errors too")]


class MatchParams(ParamsSection):
    """The weights of the parts, and how many offers are given."""

    resource: Weight
    distance: Weight
    days: Weight
    similarity: Weight
    best: Annotated[Positive, Field(description="offers given for a request, at most")]
    least: Annotated[float, Field(ge=0, le=1, description="score below which two do not fit")]
    encoder: Annotated[Line, Field(description="of the similarity: embedded:NAME, hub NAME@REVISION, or a folder")]
