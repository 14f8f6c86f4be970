"""The first steps of the study on small generated sets, and a row trained with a tiny encoder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from crisisflow.params import ComputeParams
from crisisflow.studies.gnom import generated, graph, overlap, read_set, train_row
from crisisflow.studies.gnom.files import GENERATED_SETS
from crisisflow.studies.gnom.params import GnomParams
from tests.studies.gnom.made_up import params as sample_params

COMPUTE = ComputeParams(device="cpu", processes=1, threads=1, frozen_cache_gb=1.0)
SEED = 13


class Made(NamedTuple):
    """The parameters and the folder with what the steps before a training left."""

    params: GnomParams
    folder: Path

    @property
    def sets(self) -> list[Path]:
        return [self.folder / "sets" / f"{name}.parquet" for name in self.params.sets]

    def overlap(self, setting: str) -> Path:
        return self.folder / "overlaps" / f"{setting}.parquet"

    def graphs(self, setting: str, share: int) -> Path:
        return self.folder / "graphs" / setting / f"share{share}-seed{SEED}"


def params(encoder: Path, **values: Any) -> GnomParams:
    """The section of the sample preset with a tiny encoder, fewer tweets and every kind of row."""
    own = sample_params().model_dump()
    name = {"name": str(encoder), "layers": 2, "freeze_layers": 0}
    own["sets"] = {set_name: found for set_name, found in own["sets"].items() if set_name in GENERATED_SETS}
    own["encoder"] = {"tiny": name, "frozen": {**name, "freeze_layers": 2}}
    own["generated"] = {"tweets": 120, "unlabelled": 40, "control": 40, "seed": SEED}
    own["settings"] = {
        "E_E": {"source": "GeneratedE", "target": "GeneratedE", "encoder": "tiny"},
        "E_S": {"source": "GeneratedE", "target": "GeneratedS", "encoder": "frozen"},
    }
    own["graphs"] = {
        "as_set": {},
        "with_rest": {"rest_of_training": True},
        "words": {"texts": "words"},
        "whole": {"nodes": "word"},
    }
    own["training"] |= {"epochs": 2, "batch_size": 16, "max_length": 32}
    row = {"graph": "as_set", "control": None, "importance": "one", "settings": ["E_E", "E_S"], "shares": [100, 50]}
    own["shares"] = [100, 50]
    own["rows"] = {
        "GNoM": row,
        "TR-GF": row | {"importance": "none"},
        "GNoM-word": row | {"graph": "whole"},
        **{f"GNoM-{control}": row | {"control": control} for control in ("empty", "rewired", "parameters")},
    }
    plain = {"trainings": {"tiny": ["E_E"], "frozen": ["E_S"]}, "shares": [100, 50]}
    own["plain_rows"] = {"TR": {"classifier": "recurrent", **plain}, "CLS": {"classifier": "linear", **plain}}
    own["keep_weights"] = [*own["rows"], *own["plain_rows"]]
    return GnomParams.model_validate(own | values)


def prepare(own: GnomParams, folder: Path) -> Made:
    """Generated sets, the overlaps of all settings, and all graphs."""
    made = Made(own, folder)
    posts = [folder / "generated" / f"{name}.parquet" for name in GENERATED_SETS]
    generated.run(own.generated, posts, [path.with_suffix(".json") for path in posts])
    for name, found in own.sets.items():
        path = folder / "sets" / f"{name}.parquet"
        read_set.run(name, found, own.splits, posts, path, path.with_suffix(".json"))
    for name, setting in own.settings.items():
        path = made.overlap(name)
        overlap.run(name, setting, own.sets, made.sets, path, path.with_suffix(".json"))
        for share in own.shares:
            make_graphs(made, name, share, made.graphs(name, share))
    return made


def make_graphs(made: Made, setting: str, share: int, out: Path) -> None:
    own = made.params
    graph.run(
        setting,
        own.settings[setting],
        own.sets,
        own.splits,
        own.encoder,
        own.word_graph,
        own.graphs,
        share,
        SEED,
        made.sets,
        out,
    )


def arguments(made: Made, row: str, setting: str, share: int, out: Path) -> Mapping[str, Any]:
    """What train_row is called with."""
    own = made.params
    found = own.rows.get(row) or own.plain_rows[row]
    return {
        "name": row,
        "row": found,
        "training_name": setting,
        "settings": {setting: own.settings[setting]},
        "sets_params": own.sets,
        "splits": own.splits,
        "encoder": own.encoder,
        "word_graph": own.word_graph if row in own.rows else None,
        "graphs": own.graphs if row in own.rows else None,
        "network": own.network if row in own.rows else None,
        "classifier": own.classifier,
        "training": own.training,
        "compute": COMPUTE,
        "keep_weights": own.keep_weights,
        "share": share,
        "seed": SEED,
        "sets": made.sets,
        "overlaps": [made.overlap(name) for name in own.settings],
        "graph": made.graphs(setting, share) / found.graph if row in own.rows else None,
        "checkpoint": out / "checkpoint",
        "out": out,
        "speed": out / "speed.csv",
    }


def train(made: Made, row: str, setting: str, share: int, out: Path) -> Path:
    """The folder of the trained run."""
    train_row.run(**arguments(made, row, setting, share, out))
    return out
