"""Transfer: labels of one set, unlabelled texts of another event or language; a row's answers on these texts."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from crisisflow.artifacts import write_text
from crisisflow.errors import CrisisflowError
from crisisflow.new_folder import new_folder
from crisisflow.params import ComputeParams, ParamsSection
from crisisflow.serving.lines import records
from crisisflow.studies.gnom import generated, graph, overlap, read_set, train_row
from crisisflow.studies.gnom.answering import answered, open_run
from crisisflow.studies.gnom.files import GENERATED_SETS
from crisisflow.studies.gnom.params import EncoderParams, GnomParams, RowParams, SettingParams
from crisisflow.studies.gnom.sets import write_tweets
from crisisflow.versioning.named import absent

TEXTS, SETTING, ENCODER = "texts", "transfer", "transfer"  # the set of the texts, the setting, its encoder
PREDICTIONS = "predictions.jsonl"


class Own(ParamsSection):
    """The parts of params.yaml that are read."""

    gnom: GnomParams
    compute: ComputeParams


def run(
    params: Own, source: str, row: str, encoder: str, language: str, lines: Iterable[str], where: str, out: Path
) -> None:
    """Train a row on the labels of a set, with the texts in its word graph, and write its answers on the texts.

    Of the labels at most gnom.splits.training_tweets are used.

    Args:
        source: one of gnom.sets. row: one of gnom.rows or gnom.plain_rows.
        encoder: `embedded:NAME`, `NAME@REVISION` of the model hub, or a folder; all of its layers are trained.
        language: of the texts. lines: JSON Lines with a `text`. where: they are from, for messages.
        out: a new folder: predictions.jsonl, the run, which gnom_predict reads, and what it was made of.

    Raises:
        CrisisflowError: there is no such set or row, a line is no JSON object with a string `text`, `out` is there
            already, or what the steps raise.
    """
    own = params.gnom
    if source not in own.sets or own.sets[source].classes is None:
        raise CrisisflowError(absent("gnom.sets", "set with labels", source, [*_labelled(own)]))
    rows = {**own.plain_rows, **own.rows}
    if row not in rows:
        raise CrisisflowError(absent("gnom.rows", "row", row, [*rows]))
    read = list(records(lines, where))
    if not read:
        raise CrisisflowError(f"{where} has no text")
    with new_folder(out) as folder:
        run_folder = _trained(params, source, rows[row], row, encoder, language, [one["text"] for one in read], folder)
        given = (json.dumps(one) for one in read)
        answers = answered(open_run("gnom_transfer", run_folder), given, where, masking=False)
        found = "".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in answers)
        write_text(folder / PREDICTIONS, found)


def _labelled(own: GnomParams) -> Iterator[str]:
    return (name for name, found in own.sets.items() if found.classes is not None)


def _trained(
    params: Own, source: str, row: Any, row_name: str, encoder: str, language: str, texts: list[str], folder: Path
) -> Path:
    """The folder of the trained run."""
    own, paths = params.gnom, {}
    posts = [folder / "generated" / f"{name}.parquet" for name in GENERATED_SETS]
    generated.run(own.generated, posts, [path.with_suffix(".json") for path in posts])
    for name in (source, *own.sets[source].unlabelled):
        paths[name] = folder / "sets" / f"{name}.parquet"
        read_set.run(name, own.sets[name], own.splits, posts, paths[name], paths[name].with_suffix(".json"))
    paths[TEXTS] = folder / "sets" / f"{TEXTS}.parquet"
    rest = {"language": language, "labels": [], "split": None, "group": 0}
    write_tweets(paths[TEXTS], TEXTS, [{"tweet_id": str(at), "text": one, **rest} for at, one in enumerate(texts, 1)])
    known = own.sets[source]
    with_texts = {
        "languages": list(dict.fromkeys([*known.languages, language])),
        "unlabelled": [*known.unlabelled, TEXTS],
    }
    about = {**own.sets, source: known.model_copy(update=with_texts)}
    setting = SettingParams(source=source, target=source, encoder=ENCODER)
    encoders = {ENCODER: EncoderParams(name=encoder, layers=None, freeze_layers=0)}
    sets, seed, near = list(paths.values()), own.seeds[0], folder / "overlap.parquet"
    overlap.run(SETTING, setting, about, sets, near, near.with_suffix(".json"))
    graphs = folder / "graphs"
    if isinstance(row, RowParams):
        used = {row.graph: own.graphs[row.graph]}
        graph.run(SETTING, setting, about, own.splits, encoders, own.word_graph, used, 100, seed, sets, graphs)
    found = folder / "run"
    train_row.run(
        name=row_name,
        row=row,
        training_name=SETTING,
        settings={SETTING: setting},
        sets_params=about,
        splits=own.splits,
        encoder=encoders,
        word_graph=own.word_graph,
        graphs=own.graphs,
        network=own.network,
        classifier=own.classifier,
        training=own.training,
        compute=params.compute,
        keep_weights=[row_name],
        share=100,
        seed=seed,
        sets=sets,
        overlaps=[near],
        graph=graphs / row.graph if isinstance(row, RowParams) else None,
        checkpoint=folder / "checkpoint",
        out=found,
        speed=folder / "speed.csv",
    )
    return found
