"""The names of the steps of normalise, without what they import: params.yaml is checked by every command."""

from typing import Literal

Step = Literal[
    "entities",
    "emoji_repair",
    "paper",
    "urls",
    "handles",
    "retweet",
    "quotes",
    "place_tail",
    "ellipsis",
    "emoji",
    "hashtags",
    "punctuation",
    "case",
]
