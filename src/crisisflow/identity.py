"""What an artifact of a study is: of which row and seed, or aligned with which encoder. It says so itself, whatever its
folder is called.

A Parquet file says it in its metadata, JSON by the keys, and CSV by the columns `study`, `row` and `seed` of each line.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from crisisflow.artifacts import ALIGNED, read_json, read_metadata
from crisisflow.errors import CrisisflowError

KEY = "crisisflow"  # of a Parquet schema's metadata, with JSON
CONFIG = "identity"  # of config.json, whose key `row` is the section of params.yaml
OF_ROW = ("study", "row", "seed")


class Identity(NamedTuple):
    """A row of a study with a seed; with `tweets` trained on fewer of them, with `event` trained without it.

    With `task` it was trained on that one of several, with `setting` on those training tweets; with `share` on that
    percentage of them.
    """

    study: str
    row: str
    seed: int
    tweets: int | None = None
    event: str | None = None
    task: str | None = None
    setting: str | None = None
    share: int | None = None

    def facts(self) -> dict[str, str | int]:
        """What is written."""
        return {name: value for name, value in self._asdict().items() if value is not None}

    def __str__(self) -> str:
        task = "" if self.task is None else f", task {self.task}"
        setting = "" if self.setting is None else f", setting {self.setting}"
        share = "" if self.share is None else f", {self.share} % of the labels"
        fewer = "" if self.tweets is None else f" on {self.tweets} tweets"
        without = "" if self.event is None else f" without {self.event}"
        return f"row {self.row}{task}{setting}{share}, seed {self.seed}{fewer}{without}"


class Alignment(NamedTuple):
    """Aligned tweets: the encoder by its bare name, the most subwords of a tweet, and the event that is left out."""

    study: str
    encoder: str
    max_length: int
    event: str | None = None

    def facts(self) -> dict[str, str | int]:
        """What is written."""
        return {name: value for name, value in self._asdict().items() if value is not None}

    def __str__(self) -> str:
        without = "" if self.event is None else f" without {self.event}"
        return f"tweets{without} in at most {self.max_length} subwords of {self.encoder}"


def identified(schema: pa.Schema, identity: Identity | Alignment) -> pa.Schema:
    """The schema by which a Parquet file says who it is; the same bytes for the same identity."""
    facts = json.dumps(identity.facts(), sort_keys=True)
    return schema.with_metadata({**(schema.metadata or {}), KEY: facts})


def identified_lines(
    identity: Identity, header: Sequence[str], lines: Iterable[Sequence[Any]]
) -> tuple[list[str], list[list[Any]]]:
    """Header and lines of a CSV, each line with its study, row and seed first."""
    own = [getattr(identity, name) for name in OF_ROW]
    return [*OF_ROW, *header], [[*own, *line] for line in lines]


def read_identity(facts: Mapping[str, Any], path: Path, study: str | None) -> Identity:
    """The identity among the facts that a file says of itself.

    Args:
        study: whose file it must be; None for any.

    Raises:
        CrisisflowError: it is absent, or of another study.
    """
    own = {name: facts[name] for name in Identity._fields if name in facts}
    if not own.keys() >= {*OF_ROW} or not isinstance(own["row"], str):
        raise CrisisflowError(
            f"{path} does not say of which study, row and seed it is: it was made by another version; make it again"
        )
    if study not in (None, own["study"]):
        raise CrisisflowError(f"{path} is of the study {own['study']}, not of {study}; give that study's files")
    return Identity(**own)


def of_aligned(path: Path, study: str) -> Alignment:
    """What aligned tweets (artifacts.ALIGNED) are.

    Raises:
        CrisisflowError: they do not say it, are of another study, or what `read_parquet` raises.
    """
    facts = read_metadata(path, ALIGNED).get(KEY.encode())
    own = {} if facts is None else json.loads(facts)
    if not {"study", "encoder", "max_length"} <= own.keys() <= {*Alignment._fields}:
        raise CrisisflowError(
            f"{path} does not say with which encoder its tweets are aligned: it was made by another version; "
            "make it again"
        )
    if own["study"] != study:
        raise CrisisflowError(f"{path} is of the study {own['study']}, not of {study}; give that study's files")
    return Alignment(**own)


def of_parquet(path: Path, schema: pa.Schema, study: str) -> Identity:
    """The identity of a Parquet file; raises what `read_identity` and `read_parquet` raise."""
    facts = read_metadata(path, schema).get(KEY.encode())
    return read_identity({} if facts is None else json.loads(facts), path, study)


def of_json(path: Path, study: str) -> Identity:
    """The identity of a JSON file by its keys; raises what `read_identity` and `read_json` raise."""
    return read_identity(read_json(path), path, study)


def of_config(path: Path, study: str | None) -> Identity:
    """The identity of a trained model by its config.json; raises what `read_identity` and `read_json` raise."""
    return read_identity(read_json(path).get(CONFIG, {}), path, study)


def each_once(paths: Iterable[Path], identity_of: Callable[[Path], Identity], *beside: str) -> dict[Path, Identity]:
    """The identity of each file, in their order.

    Args:
        beside: what the trainings have beside a row and seed, `tweets` or `event`; nothing for those of whole rows.

    Raises:
        CrisisflowError: two files have the same, or one is of another kind of training.
    """
    found: dict[Identity, Path] = {}
    for path in paths:
        identity = identity_of(path)
        if identity.facts().keys() != {*OF_ROW, *beside}:
            expected = f"a training with {' and '.join(beside)} of its own" if beside else "a whole row"
            raise CrisisflowError(f"{path} is of {identity}, not of {expected}; give others")
        if identity in found:
            raise CrisisflowError(f"{found[identity]} and {path} are both of {identity}; give one of them")
        found[identity] = path
    return {path: identity for identity, path in found.items()}
