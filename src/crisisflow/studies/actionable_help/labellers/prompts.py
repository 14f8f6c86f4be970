"""Prompts and definitions of the labels, which stand in data."""

from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from crisisflow.annotation.lexicon_files import read_lexicon
from crisisflow.params import Name, Section, Text
from crisisflow.studies.actionable_help.labels import LABELS, TRAPS

HERE = Path(__file__).parent
Sentences = dict[Name, Text]


class Definitions(Section):
    """The labels and traps, in one sentence or two each."""

    labels: dict[Name, Text]
    traps: dict[Name, Text]

    @model_validator(mode="after")
    def _of_all(self) -> "Definitions":
        if tuple(self.labels) != LABELS or tuple(self.traps) != TRAPS:
            raise ValueError(f"there must be {', '.join(LABELS)} and {', '.join(TRAPS)}, in this order")
        return self


class Prompts(Section):
    """Sentences of each label by their ids, and the instruction of a language model."""

    source: Text
    licence: Text
    sentences: dict[Name, Annotated[Sentences, Field(min_length=1)]]
    instruction: Text

    @model_validator(mode="after")
    def _of_all(self) -> "Prompts":
        if tuple(self.sentences) != LABELS:
            raise ValueError(f"there must be sentences of {', '.join(LABELS)}, in this order")
        return self


@cache
def definitions() -> Definitions:
    """The definitions of the labels.

    Raises:
        CrisisflowError: the file is broken.
    """
    return read_lexicon("definitions", Definitions, HERE)


def load_prompts(name: str) -> Prompts:
    """The prompts of this name.

    Raises:
        CrisisflowError: there are none, or the file is broken.
    """
    return read_lexicon(name, Prompts, HERE / "prompts")


def instruction(prompts: Prompts) -> str:
    """The instruction of a language model, definitions included."""
    known = definitions()
    listed = ("\n".join(f"- {name}: {text}" for name, text in part.items()) for part in (known.labels, known.traps))
    return prompts.instruction.format(**dict(zip(("labels", "traps"), listed, strict=True)))
