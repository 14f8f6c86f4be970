"""The sections of params.yaml that say what is counted of requests and offers, and how they are matched."""

from typing import Annotated, Literal

from pydantic import Field

from crisisflow.params import Count, Line, ParamsSection, Positive

Both = Literal["each", "apart"]
Weight = Annotated[float, Field(ge=0)]


class RatioParams(ParamsSection):
    """What is counted, and how."""

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
    best: Annotated[Positive, Field(description="offers given for a request")]
    encoder: Annotated[Line, Field(description="of the similarity: embedded:NAME, hub NAME@REVISION, or a folder")]
