"""What tables and figures read of the runs, beside the scores: words.parquet and attention.json."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from crisisflow.artifacts import read_json, read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.identity import Identity, of_json, of_parquet
from crisisflow.studies.gnom import STUDY
from crisisflow.studies.gnom.formats import WORDS
from crisisflow.studies.gnom.graph_tables import Words
from crisisflow.studies.gnom.params import GnomParams
from crisisflow.studies.gnom.score import WHOLE


def _is_first(own: Identity, params: GnomParams) -> bool:
    """Whether a run is GNoM's with the most labels and the first seed: one stands for its setting."""
    return (own.row, own.share, own.seed) == (WHOLE, max(params.rows[WHOLE].shares), params.seeds[0])


def read_words(paths: Iterable[Path], params: GnomParams) -> list[Words]:
    """The words of each setting by the first run of GNoM, in the order of params.yaml; none of a confidential set.

    Raises:
        CrisisflowError: a file is absent, damaged or of another study.
    """
    if WHOLE not in params.rows:
        return []
    found = {}
    for path in paths:
        own = of_parquet(path, WORDS, STUDY)
        setting, share = _of_run(own, path)
        sets = [params.settings[setting].source, params.settings[setting].target]
        if _is_first(own, params) and all(params.sets[name].terms == "open" for name in sets):
            found[setting] = Words(setting, own.row, share, own.seed, read_parquet(path, WORDS))
    return [found[name] for name in params.settings if name in found]


def read_attention(paths: Iterable[Path], params: GnomParams) -> list[dict[str, Any]]:
    """The attention of all runs of GNoM that have any, in the order of params.yaml.

    Raises:
        CrisisflowError: a file is absent, damaged or of another study.
    """
    found = []
    for path in paths:
        own = of_json(path, STUDY)
        _of_run(own, path)
        content = read_json(path, "texts")
        if content["texts"] and own.row == WHOLE:
            found.append(content)
    order = [*params.settings]
    return sorted(found, key=lambda one: (order.index(one["setting"]), -one["share"], one["seed"]))


def first_of_setting(attention: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One of each setting: with the most labels and the first seed."""
    return list({own["setting"]: own for own in reversed(attention)}.values())[::-1]


def _of_run(own: Identity, path: Path) -> tuple[str, int]:
    if own.setting is None or own.share is None:
        raise CrisisflowError(f"{path} does not say of which setting and share it is; make it again")
    return own.setting, own.share
