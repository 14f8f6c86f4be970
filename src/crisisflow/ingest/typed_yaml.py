"""Typed YAML files of the service: each fault is one line with file and line."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from crisisflow.errors import CrisisflowError
from crisisflow.params import Name
from crisisflow.strict_yaml import read_yaml, yaml_line
from crisisflow.validation import explain, in_order, keys_of

Model = TypeVar("Model", bound=BaseModel)

# A key that is a word of Python has an underscore behind it in code only.
_PYTHON_WORD = re.compile(r"\b(class|not|any|all|from)_\b")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _seconds(value: object) -> object:
    """A duration in seconds."""
    found = re.fullmatch(r"(\d{1,6})([smhd])", value) if isinstance(value, str) else None
    if not found:
        raise ValueError("a duration is a number with its unit: 30s, 15m, 2h, 7d")
    return int(found[1]) * _UNITS[found[2]]


Duration = Annotated[int, BeforeValidator(_seconds, json_schema_input_type=str)]
OneOrMore = Annotated[
    tuple[Name, ...],
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    Field(min_length=1),
]


def read(path: Path, kind: type[Model]) -> Model:
    """Read a YAML file as a model.

    Raises:
        CrisisflowError: it cannot be read, or does not fit; the message names file, line and key.
    """
    plain = read_yaml(path)
    try:
        return kind.model_validate(plain)
    except ValidationError as error:
        keys = keys_of(kind, in_order(error)[0]["loc"])
        raise fault(path, keys, _PYTHON_WORD.sub(r"\1", explain(error, kind))) from None


def fault(path: Path, keys: Sequence[str | int], reason: str) -> CrisisflowError:
    """The error of an entry of a file, with its line."""
    return CrisisflowError(f"{path}, line {yaml_line(path, keys)}: {reason}")
