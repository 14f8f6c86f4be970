"""Export model: a trained joint row as a shipped model, which answers without a run, with its scores and its card."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from crisisflow import inference
from crisisflow.artifacts import ALIGNED, read_json, read_parquet
from crisisflow.checksums import file_sha256
from crisisflow.corpus.repair import REPAIRS
from crisisflow.corpus.sample import generate
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.counts import scores_of
from crisisflow.evaluation.metrics import class_scores
from crisisflow.identity import Identity, of_config
from crisisflow.inference import Findings, Forward, Reader, TrainedRow
from crisisflow.progress import say
from crisisflow.reporting.exhibits import read_frame
from crisisflow.serving import shipped
from crisisflow.serving.choice import FILES, Choice, folder_of
from crisisflow.serving.runtime import onnx_forward, to_int8, to_onnx
from crisisflow.studies.humaid_ner import STUDY, exported_card
from crisisflow.studies.humaid_ner.aligned import check_aligned
from crisisflow.studies.humaid_ner.dataset.card import whole_scores
from crisisflow.studies.humaid_ner.params import RowParams, StudyParams
from crisisflow.taxonomy import CLASSES, LABELS

LICENCE, LICENCE_OF_GENERATED = "CC-BY-NC-SA-4.0", "Apache-2.0"
GENERATED_TWEETS, GENERATED_SEED = 200, 13
DIGITS = 4


class Origin(NamedTuple):
    """Files of the run that trained the row; one that is absent is said to be unknown in the card.

    Args:
        manifest: of the source; it must be there. statistics, quality: of the annotation, and its scores on gold.
        against_gold, final_test: scores of the study's rows on gold spans, and on the test tweets.
    """

    manifest: Path
    statistics: Path
    quality: Path
    against_gold: Path
    final_test: Path


def scores_on(row: Reader, forwards: Mapping[str, Forward], aligned: pa.Table) -> dict[str, Any]:
    """The scores of several forward passes of a row on the same tweets, and how often they agree with the first.

    Args:
        aligned: tweets in the row's subwords (artifacts.ALIGNED).
    """
    found = {name: inference.predict_by(row, forward, aligned) for name, forward in forwards.items()}
    first, *others = found
    scores: dict[str, Any] = {"tweets": aligned.num_rows}
    for name, table in found.items():
        scores[name] = {score: round(value, DIGITS) for score, value in scores_of(table, LABELS).items()}
    for name in others:
        same = pc.equal(found[name]["predicted_class_id"], found[first]["predicted_class_id"])
        scores[name][f"classes_as_{first}"] = round(pc.mean(same).as_py(), DIGITS)
    return scores


def scores_on_generated(row: Reader, forward: Forward) -> dict[str, Any]:
    """Scores on the embedded corpus: they say whether a graph computes what it should, and nothing of its quality.

    Returns:
        Macro F1 of the classes, and strict micro F1 of the spans against those that the generator wrote.
    """
    tweets, texts, spans = [], [], []
    for tweet, own in generate(GENERATED_TWEETS, GENERATED_SEED):
        text = tweet["text"]
        for repair in REPAIRS.values():
            text, _ = repair(text)
        tweets.append(CLASSES.index(tweet["class_label"]))
        texts.append(text)
        spans.append({(span.start, span.end, span.label) for span in own})
    found = inference.find(row, forward, texts)
    predicted = [CLASSES.index(_class_of(own)) for own in found]
    marked = [{span[:3] for span in own.spans or ()} for own in found]
    hits = sum(len(own & other) for own, other in zip(marked, spans, strict=True))
    return {
        "tweets": len(texts),
        "cls_macro_f1": round(class_scores(tweets, predicted, CLASSES)["macro_f1"], DIGITS),
        "ner_micro_f1": round(2 * hits / max(1, sum(map(len, (*marked, *spans)))), DIGITS),
    }


def _class_of(found: Findings) -> str:
    """The most probable class."""
    return max(found.probabilities, key=found.probabilities.__getitem__)


def scores_on_test(opened: Sequence[Mapping[str, Any]], digest: str) -> dict[str, Any] | None:
    """What results/humaid_ner/final_test.json says of these weights; None where the test split was not opened for them.

    Args:
        digest: sha256 of the weights.
    """
    for entry in opened:
        if digest in entry["weights"].values():
            return {"tweets": entry["test_tweets"], "seeds": entry["seeds"], "scores": entry["scores"]}
    return None


def trained_on(tweets: int, generated: bool) -> str:
    """The training tweets in words, for the page."""
    if generated:
        return f"{tweets:,} generated tweets"
    return f"{tweets:,} English tweets of HumAID (disasters of 2016–2019), whose entity labels are by rules"


def _known(path: Path, *keys: str) -> Any:
    """A JSON file, or None where it is absent."""
    return read_json(path, *keys) if path.exists() else None


def _validation(aligned: Path, row: TrainedRow, encoder: str) -> pa.Table:
    """The aligned validation tweets of the row.

    Raises:
        CrisisflowError: they are of another encoder, or there are none.
    """
    check_aligned(aligned, encoder, row.max_length)
    table = read_parquet(aligned, ALIGNED)
    table = table.filter(pc.equal(table["split"], "validation"))
    if table.num_rows == 0:
        raise CrisisflowError(f"{aligned} has no tweet in the validation split")
    return table


def _check_params(params: StudyParams, identity: Identity, trained: Mapping[str, Any]) -> None:
    """Refuse another params.yaml than the row's: the card shows it.

    Args:
        trained: config.json of the row.
    """
    own, tweets = params.humaid_ner.rows.get(identity.row), params.humaid_ner.training.tweets
    if own != RowParams.of_facts(trained["row"]):
        differs = "has no row" if own is None else "has other values of row"
        raise CrisisflowError(f"--params {differs} {identity.row} than was trained; give the params.yaml that was run")
    if tweets not in ("all", trained["training_tweets"]):
        raise CrisisflowError(
            f"--params has humaid_ner.training.tweets {tweets}, and the row learnt from {trained['training_tweets']}; "
            "give the params.yaml that was run"
        )


def _quality(origin: Origin, generated: bool) -> dict[str, Any]:
    """The scores of the annotation; empty where they are not known.

    Raises:
        CrisisflowError: they are of the generated corpus, and the row is not. (Git has those of the sample.)
    """
    quality = _known(origin.quality) or {}
    if not generated and "generated" in quality:
        raise CrisisflowError(
            f"{origin.quality} is of the generated corpus and not of this run; run: snakemake --cores all "
            "results/annotation/quality.json"
        )
    return quality


def _annotation(origin: Origin, quality: Mapping[str, Any]) -> dict[str, Any]:
    """How many spans the rules found, and how good they are on each gold set."""
    statistics = _known(origin.statistics, "spans")
    return {
        "spans": statistics and statistics["spans"],
        "f1_on_gold": {name: whole_scores(stages)[1]["f1"] for name, stages in sorted(quality.items())},
    }


def run(
    name: str, choice: Choice, aligned: Path | None, origin: Origin, params: StudyParams, speed: str | None, out: Path
) -> None:
    """Write the shipped model: int8 graph, tokenizer, config.json, card and checksums. Same input, same bytes.

    Args:
        name: of the model. choice: the row and seed.
        aligned: its aligned tweets; None for data/humaid_ner/aligned/<row>.parquet.
        params: the params.yaml that was run.
        speed: what benchmarks/serving.py measured, in one line for the card; None for not measured.
        out: folder of the model.

    Raises:
        CrisisflowError: the row is of one task, a file is absent or of another run, or `out` holds something else.
    """
    folder = folder_of(choice)
    weights, config = (folder / file for file in FILES)
    identity, facts = of_config(config, STUDY), read_json(config, "row", "training_tweets", "best_epoch", "epochs")
    row = inference.load(weights, config, LABELS)
    if row.model.tasks != ("ner", "cls"):
        raise CrisisflowError(f"{folder} is of {identity}, which has one task; export a row of both")
    _check_params(params, identity, facts)
    manifest = read_json(origin.manifest, "source", "sha256", "rows")
    generated = manifest["source"] == "sample"
    quality = _quality(origin, generated)
    annotation = _annotation(origin, quality)
    path = aligned or Path(f"data/{STUDY}/aligned/{identity.row}.parquet")
    validation = _validation(path, row, facts["row"]["encoder"])
    say(f"export_model: {identity}, to int8")
    exact = to_onnx(row)
    graph = to_int8(exact)
    forwards = {"float32": onnx_forward(exact, 1), "int8": onnx_forward(graph, 1)}
    say(f"export_model: scoring both on {validation.num_rows:,} validation tweets")
    scores = {
        "validation": scores_on(row, forwards, validation),
        "test": scores_on_test(_known(origin.final_test) or [], file_sha256(weights)),
        "generated": scores_on_generated(row, forwards["int8"]),
    }
    known = {
        "format": 1,
        "name": name,
        "trained_on": trained_on(facts["training_tweets"], generated),
        "generated": generated,
        "licence": LICENCE_OF_GENERATED if generated else LICENCE,
        "entities": list(LABELS.entities),
        "classes": list(LABELS.classes),
        "max_length": row.max_length,
        "study": STUDY,
        "row": identity.row,
        "seed": identity.seed,
        "preset": params.preset,
        "weights": file_sha256(weights),
        "corpus": {**{key: manifest[key] for key in ("source", "sha256")}, "tweets": manifest["rows"]},
        "annotation": annotation,
        "scores": scores,
    }
    card = exported_card.render(known, facts, params, _gold(origin, identity), quality, speed)
    sizes = shipped.write(out, graph, row.tokenizer, known, card)
    whole = sum(sizes.values()) / 1e6
    both = [scores["validation"][own] for own in ("float32", "int8")]
    for score in ("ner_micro_f1", "cls_macro_f1"):
        say(f"export_model: {score} {both[0][score]:.4f} in float32, {both[1][score]:.4f} in int8")
    say(f"export_model: {out}, {whole:.1f} MB")


def _gold(origin: Origin, identity: Identity) -> Any:
    """The lines of against_gold.csv that are of this row and seed, of all types together."""
    if not origin.against_gold.exists():
        return None
    lines = read_frame(origin.against_gold)
    return lines[(lines["row"] == identity.row) & (lines["seed"] == identity.seed) & (lines["label"] == "all")]
