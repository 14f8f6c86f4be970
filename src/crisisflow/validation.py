"""Validation errors in words: every fault with its key, and for an unknown key the one that may have been meant."""

from collections.abc import Sequence
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

UNKNOWN = "extra_forbidden"


def in_order(error: ValidationError) -> list[ErrorDetails]:
    """The faults of a validation error, unknown keys first.

    The key that such a one was meant to be is then missing too, and says less.
    """
    return sorted(error.errors(include_url=False), key=lambda fault: fault["type"] != UNKNOWN)


def explain(error: ValidationError, kind: Any) -> str:
    """All faults of a validation error, each with its key, in one line.

    Args:
        kind: the type that was asked for: a model, or what a TypeAdapter takes.
    """
    faults = in_order(error)
    missing = {tuple(fault["loc"]) for fault in faults if fault["type"] == "missing"}
    said: dict[str, list[str]] = {}
    for fault in faults:
        place = tuple(fault["loc"])
        if fault["type"] == UNKNOWN:
            beside = _keys(_at(kind, place[:-1])[1])
            absent = [key for key in beside if (*place[:-1], key) in missing]
            meant = _meant(str(place[-1]), absent) or _meant(str(place[-1]), beside)
            missing.discard((*place[:-1], meant))
            hint = f"did you mean {meant}?" if meant else f"there are: {', '.join(beside)}"
            reason = f"is not a known key ({hint})"
        elif fault["type"] == "missing" and place not in missing:
            continue
        else:
            message = fault["msg"].removeprefix("Value error, ")
            reason = message[:1].lower() + message[1:]
        said.setdefault(".".join(map(str, _at(kind, place)[0])), []).append(reason)
    # a union has a fault for each of its members
    lines = [(key, " or ".join(dict.fromkeys(reasons))) for key, reasons in said.items()]
    return "; ".join(f"{key}: {reason}" if key else reason for key, reason in lines)


def keys_of(kind: Any, place: Sequence[str | int]) -> list[str | int]:
    """The keys of a fault's place as they stand in a file: without what pydantic adds for members of unions."""
    return _at(kind, place)[0]


def _meant(name: str, keys: Sequence[str]) -> str | None:
    return next(iter(get_close_matches(name, keys, 1)), None)


def _bare(kind: Any) -> Any:
    """A type without its annotations, and without None where that is the only other choice."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, UnionType):
        members = [member for member in get_args(kind) if member is not NoneType]
        return _bare(members[0]) if len(members) == 1 else kind
    return kind


def _keys(kind: Any) -> list[str]:
    kind = _bare(kind)
    return list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else []


def _members(kind: Any) -> list[type[BaseModel]]:
    """The models of a union."""
    if get_origin(kind) not in (Union, UnionType):
        return []
    return [
        member for member in map(_bare, get_args(kind)) if isinstance(member, type) and issubclass(member, BaseModel)
    ]


def _tagged(kind: Any, part: str | int) -> type[BaseModel] | None:
    """The member of a union with a discriminator that has this tag, which pydantic puts into a place."""
    for member in _members(kind):
        for field in member.model_fields.values():
            if get_origin(field.annotation) is Literal and get_args(field.annotation) == (part,):
                return member
    return None


def _member_with(kind: Any, part: str | int) -> Any:
    """Of a union of models the first that has this key, for a place without a tag; any other type as it is."""
    return next((member for member in _members(kind) if part in member.model_fields), kind)


def _at(kind: Any, place: Sequence[str | int]) -> tuple[list[str | int], Any]:
    """The keys of a fault's place, and the type there.

    Pydantic ends a place with the member of a union that did not fit, or with the note that it is a key that did not.
    """
    keys: list[str | int] = []
    for part in place:
        kind = _bare(kind)
        if (member := _tagged(kind, part)) is not None:
            kind = member
            continue
        kind = _member_with(kind, part)
        inside = get_args(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            if part == "[key]":
                break
            field = kind.model_fields.get(str(part))
            kind = field.annotation if field else None
        elif get_origin(kind) is dict:
            kind = inside[1]
        elif get_origin(kind) in (list, tuple, frozenset):
            kind = inside[0]
        else:
            break
        keys.append(part)
    return keys, kind
