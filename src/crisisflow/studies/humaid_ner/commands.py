"""Commands of the study that are no steps."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from crisisflow.options import LOOK, SHARE, App, artifact
from crisisflow.studies.humaid_ner import STUDY

app = App()


@app.command("summary", rich_help_panel=LOOK)
def summary_command(
    results: Annotated[Path, typer.Option(help="folder of the results")] = Path("results/humaid_ner"),
    manifest: Annotated[Path, artifact()] = Path("data/raw/manifest.json"),
) -> None:
    """Say in four lines what the last run found."""
    from crisisflow.studies.humaid_ner.summary import summary

    for line in summary(results, manifest):
        print(line)


@app.command("show_errors", rich_help_panel=LOOK)
def show_errors_command(
    task: Annotated[Literal["ner", "cls"] | None, typer.Option(help="both when left out")] = None,
    n: Annotated[int, typer.Option(min=1, help="of each task")] = 20,
    errors: Annotated[Path, typer.Option()] = Path("results/humaid_ner/errors.csv"),
    tweets: Annotated[Path, typer.Option()] = Path("data/corpus/tweets.parquet"),
) -> None:
    """Print the most confident errors with their masked texts.

    Handles, addresses and numbers are covered. [found], {expected}.
    """
    from crisisflow.studies.humaid_ner.confident_errors import show

    for line in show(errors, tweets, task, n):
        print(line)


@app.command("final_test", rich_help_panel=LOOK)
def final_test_command(
    params: Annotated[Path, typer.Option(help="whose seeds are tested")] = Path("params.yaml"),
) -> None:
    """Score the chosen row on the test split.

    Once per commit, and recorded. No other step reads that split.
    """
    from crisisflow.params import read_own
    from crisisflow.studies.humaid_ner.final_test import run
    from crisisflow.studies.humaid_ner.params import StudyParams

    run(read_own(params, StudyParams).humaid_ner.seeds)


@app.command("export", rich_help_panel=SHARE)
def export_command(
    out: Annotated[Path, typer.Option(help="a new folder")],
    formats: Annotated[
        list[str] | None, typer.Option("--format", help="parquet, conll, docbin or jsonl; repeat, or leave out for all")
    ] = None,
    without_text: Annotated[
        bool, typer.Option("--without-text", help="ids, offsets and the sha256 of each text, for sharing")
    ] = False,
    tweets: Annotated[Path, artifact()] = Path("data/corpus/tweets.parquet"),
    resolved: Annotated[Path, artifact()] = Path("data/annotations/resolved.parquet"),
    manifest: Annotated[Path, artifact()] = Path("data/raw/manifest.json"),
    corpus: Annotated[Path, artifact()] = Path("data/corpus/statistics.json"),
    quality: Annotated[Path, artifact()] = Path("results/annotation/quality.json"),
) -> None:
    """Write the dataset for other tools, with a card."""
    from crisisflow.studies.humaid_ner.dataset.export import run

    run(tweets, resolved, manifest, corpus, quality, formats or [], without_text, out)


@app.command("export_model", rich_help_panel=SHARE)
def export_model_command(
    out: Annotated[Path, typer.Option(help="folder of the model; one that export_model wrote is replaced")],
    name: Annotated[str, typer.Option(help="of the model, shown on the page")] = "humaid_mini",
    results: Annotated[Path, typer.Option(help="folder of the results")] = Path("results", STUDY),
    row: Annotated[str | None, typer.Option(help="without it, the one that metrics.json chose")] = None,
    seed: Annotated[int | None, typer.Option(help="its seed; without it, the first")] = None,
    aligned: Annotated[
        Path | None, typer.Option(help=f"its aligned tweets; data/{STUDY}/aligned/ROW.parquet without it")
    ] = None,
    manifest: Annotated[Path, artifact()] = Path("data/raw/manifest.json"),
    statistics: Annotated[Path, typer.Option(help="of the annotation")] = Path("data/annotations/statistics.json"),
    quality: Annotated[Path, typer.Option(help="of the annotation")] = Path("results/annotation/quality.json"),
    against_gold: Annotated[Path, typer.Option(help="scores on gold spans, for the card")] = Path(
        "results", STUDY, "against_gold.csv"
    ),
    final_test: Annotated[Path, typer.Option(help="scores on the test split, for the card")] = Path(
        "results", STUDY, "final_test.json"
    ),
    speed: Annotated[
        str | None, typer.Option(help="what benchmarks/serving.py measured, as a sentence for the card")
    ] = None,
    params: Annotated[Path, typer.Option(help="the params.yaml that was run")] = Path("params.yaml"),
) -> None:
    """Write a trained row as a model that serves without a run.

    An int8 ONNX graph, tokenizer, checksums, and a model card with the scores of float32 and int8.
    """
    from crisisflow.params import read_own
    from crisisflow.serving.choice import Choice
    from crisisflow.studies.humaid_ner.export_model import Origin, run
    from crisisflow.studies.humaid_ner.params import StudyParams

    origin = Origin(manifest, statistics, quality, against_gold, final_test)
    run(name, Choice(results, row, seed), aligned, origin, read_own(params, StudyParams), speed, out)
