"""`crisisflow <step>`: one command per step, each with explicit inputs, outputs and values.

Thin on purpose, and light: a step's module is imported inside its command. Values are given as in params.yaml (YAML or
JSON), sections as mappings.
"""

import gc
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import TypeAdapter, ValidationError
from typer.exceptions import TyperException

from crisisflow.errors import CrisisflowError
from crisisflow.params import (
    MOST_SEED,
    AlignmentParams,
    AnnotationParams,
    LexiconParams,
    ModelParams,
    Params,
    Positive,
    RepairParams,
    ResolveParams,
    RowParams,
    SampleParams,
    Seed,
    SpacyParams,
    SplitParams,
    TrainingParams,
)
from crisisflow.strict_yaml import YamlFault, parse_value
from crisisflow.validation import explain

EXPLAINED = 1_000_000  # characters of a text that spaCy takes
INTERRUPTED = 130  # what typer returns for Ctrl-C, which it keeps to itself

app = typer.Typer(
    help="Crisis tweets to a labelled dataset, trained joint models and tables.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def value(kind: Any, description: str) -> Any:
    """An option that is read as JSON or YAML and checked as `kind`."""

    def parse(text: Any) -> Any:
        try:
            return TypeAdapter(kind).validate_python(parse_value(text) if isinstance(text, str) else text)
        except ValidationError as error:
            raise typer.BadParameter(explain(error, kind)) from None
        except YamlFault as fault:
            raise typer.BadParameter(f"is {fault}") from None

    return typer.Option(parser=parse, metavar="VALUE", help=description)


Rows = dict[str, RowParams]
SEED_VALUE = typer.Option(min=0, max=MOST_SEED)


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Read by `main`, which must know it before anything can fail."""


@app.command("preset")
def preset_command(
    name: Annotated[str, typer.Argument(help="sample, laptop or paper")],
    out: Annotated[Path, typer.Option(help="where to write")] = Path("params.yaml"),
) -> None:
    """Write a preset to params.yaml."""
    from crisisflow.params import write_preset

    write_preset(name, Path("presets"), out)


@app.command("schema")
def schema_command(out: Annotated[Path, typer.Option(help="where to write")]) -> None:
    """Write the JSON schema of params.yaml."""
    from crisisflow.artifacts import write_json
    from crisisflow.params import Params

    write_json(out, Params.model_json_schema())


@app.command("fetch")
def fetch_command(
    source: Annotated[str, typer.Option(help="sample, official, or the path of an archive or folder")],
    sample: Annotated[Any, value(SampleParams, "section corpus.sample")],
    out: Annotated[Path, typer.Option()],
    gold: Annotated[Path, typer.Option()],
    manifest: Annotated[Path, typer.Option()],
    events: Annotated[Any, value(str | None, "table of tweet_id and event, or null")] = None,
) -> None:
    """Read and check a source: tweets, gold spans where known, manifest."""
    from crisisflow.corpus.fetch import run

    run(source, events, sample, out, gold, manifest)


@app.command("repair")
def repair_command(
    raw: Annotated[Path, typer.Option()],
    params: Annotated[Any, value(RepairParams, "section corpus.repair")],
    out: Annotated[Path, typer.Option()],
    counts: Annotated[Path, typer.Option()],
) -> None:
    """Undo the known damage of HumAID's text."""
    from crisisflow.corpus.repair import run

    run(raw, params, out, counts)


@app.command("subset")
def subset_command(
    repaired: Annotated[Path, typer.Option()],
    size: Annotated[Any, value(Positive | Literal["all"], "tweets to draw, or all")],
    split: Annotated[Any, value(SplitParams, "section corpus.split")],
    seed: Annotated[int, SEED_VALUE],
    out: Annotated[Path, typer.Option()],
    statistics: Annotated[Path, typer.Option()],
) -> None:
    """Draw the stratified subset and split it."""
    from crisisflow.corpus.subset import run

    run(repaired, size, split, seed, out, statistics)


@app.command("spacy_stage")
def spacy_stage_command(
    tweets: Annotated[Path, typer.Option()],
    params: Annotated[Any, value(SpacyParams, "section annotation.spacy")],
    out: Annotated[Path, typer.Option()],
    shard: Annotated[str, typer.Option(help="K-of-N: only the K-th of N parts of the tweets")] = "1-of-1",
) -> None:
    """Annotation stage 1: spaCy."""
    from crisisflow.annotation.spacy_stage import run

    run(tweets, params, out, shard)


@app.command("gather")
def gather_command(
    shards: Annotated[list[Path], typer.Option("--shard", help="span file of a shard; repeat, in their order")],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Join the shards of an annotation stage."""
    from crisisflow.annotation.span import gather

    gather(shards, out)


@app.command("ruler_stage")
def ruler_stage_command(
    tweets: Annotated[Path, typer.Option()],
    params: Annotated[Any, value(LexiconParams, "section annotation.ruler")],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Annotation stage 2: EntityRuler patterns."""
    from crisisflow.annotation.ruler_stage import run

    run(tweets, params, out)


@app.command("regex_stage")
def regex_stage_command(
    tweets: Annotated[Path, typer.Option()],
    params: Annotated[Any, value(LexiconParams, "section annotation.regex")],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Annotation stage 3: regular expressions."""
    from crisisflow.annotation.regex_stage import run

    run(tweets, params, out)


@app.command("resolve")
def resolve_command(
    stages: Annotated[list[Path], typer.Option("--stage", help="span file of a stage; repeat")],
    params: Annotated[Any, value(ResolveParams, "section annotation.resolve")],
    out: Annotated[Path, typer.Option()],
    conflicts: Annotated[Path, typer.Option()],
    statistics: Annotated[Path, typer.Option()],
) -> None:
    """Keep one of the spans that compete for the same text."""
    from crisisflow.annotation.resolve import run

    run(stages, params, out, conflicts, statistics)


@app.command("quality")
def quality_command(
    repaired: Annotated[Path, typer.Option(help="tweets of the whole source, repaired")],
    generated: Annotated[Path, typer.Option(help="gold spans of the embedded corpus")],
    reference: Annotated[Path, typer.Option(help="folder of the reference annotations")],
    params: Annotated[Any, value(AnnotationParams, "section annotation")],
    scores: Annotated[Path, typer.Option()],
    patterns: Annotated[Path, typer.Option()],
    errors: Annotated[Path, typer.Option()],
    metrics: Annotated[Path, typer.Option()],
) -> None:
    """Score every annotation stage against gold spans."""
    from crisisflow.annotation.quality import run

    run(repaired, generated, reference, params, scores, patterns, errors, metrics)


@app.command("explain")
def explain_command(
    text: Annotated[str, typer.Argument(help="the text of a tweet, or - for standard input")],
    params: Annotated[Path, typer.Option(help="whose section annotation is used")] = Path("params.yaml"),
) -> None:
    """Tell why a text gets the spans that it gets."""
    from crisisflow.params import read_params
    from crisisflow.text_input import text_of

    own, annotation = text_of(text, EXPLAINED), read_params(params)[0].annotation
    from crisisflow.annotation.explain import explain

    for line in explain(own, annotation):
        print(line)


@app.command("sample-for-review")
def sample_for_review_command(
    n: Annotated[int, typer.Option(help="tweets to draw, stratified by class and spread over the events")] = 200,
    seed: Annotated[int, SEED_VALUE] = 1,
    tweets: Annotated[Path, typer.Option()] = Path("data/corpus/tweets.parquet"),
    resolved: Annotated[Path, typer.Option()] = Path("data/annotations/resolved.parquet"),
    out: Annotated[Path, typer.Option(help="folder of the sheet")] = Path("data/review"),
) -> None:
    """Draw tweets to be reviewed in Label Studio; say the margin of error."""
    from crisisflow.annotation.review import run

    run(tweets, resolved, n, seed, out)


@app.command("agreement")
def agreement_command(
    file: Annotated[Path, typer.Argument(help="JSON export of Label Studio, or a CSV of passes without text")],
    tweets: Annotated[Path, typer.Option(help="texts for a CSV of passes")] = Path("data/corpus/repaired.parquet"),
    out: Annotated[Path | None, typer.Option(help="where to write the table as CSV")] = None,
) -> None:
    """Compare annotators of the same tweets: precision, recall, span F1 and Cohen's kappa per type."""
    from crisisflow.annotation.agreement import run

    run(file, tweets, out)


@app.command("source_report")
def source_report_command(
    tweets: Annotated[Path, typer.Option()],
    stages: Annotated[list[Path], typer.Option("--stage", help="span file of a stage; repeat")],
    resolved: Annotated[Path, typer.Option()],
    conflicts: Annotated[Path, typer.Option()],
    quality: Annotated[Path, typer.Option(help="patterns.csv of the step quality")],
    ruler: Annotated[Any, value(LexiconParams, "section annotation.ruler")],
    regex: Annotated[Any, value(LexiconParams, "section annotation.regex")],
    sources: Annotated[Path, typer.Option(help="CSV of the stages")],
    report: Annotated[Path, typer.Option(help="Markdown of the stages")],
    patterns: Annotated[Path, typer.Option(help="CSV of the patterns")],
    figure: Annotated[Path, typer.Option(help="SVG of the stages")],
) -> None:
    """Report what each annotation stage and pattern brings to the corpus."""
    from crisisflow.annotation.source_report import run

    run(tweets, stages, resolved, conflicts, quality, ruler, regex, sources, report, patterns, figure)


@app.command("bio")
def bio_command(
    tweets: Annotated[Path, typer.Option()],
    resolved: Annotated[Path, typer.Option()],
    encoder: Annotated[str, typer.Option(help="whose tokenizer: embedded:NAME, NAME@REVISION, or a folder")],
    params: Annotated[Any, value(AlignmentParams, "section alignment")],
    out: Annotated[Path, typer.Option()],
    statistics: Annotated[Path, typer.Option()],
) -> None:
    """Align the resolved spans with a row's subwords."""
    from crisisflow.alignment.bio import run

    run(tweets, resolved, encoder, params, out, statistics)


@app.command("train")
def train_command(
    name: Annotated[str, typer.Option(help="name of the row")],
    aligned: Annotated[Path, typer.Option()],
    row: Annotated[Any, value(RowParams, "section rows.NAME")],
    training: Annotated[Any, value(TrainingParams, "section training")],
    model: Annotated[Any, value(ModelParams, "section model")],
    alignment: Annotated[Any, value(AlignmentParams, "section alignment")],
    seed: Annotated[int, SEED_VALUE],
    checkpoint: Annotated[Path, typer.Option(help="folder of the checkpoints, removed at the end")],
    out: Annotated[Path, typer.Option(help="the best epoch's weights (safetensors)")],
    config: Annotated[Path, typer.Option()],
    history: Annotated[Path, typer.Option(help="a line per epoch")],
    scores: Annotated[Path, typer.Option(help="a line per epoch, task and type or class")],
    gradients: Annotated[Path, typer.Option(help="cosines of the two tasks' gradients, where they are asked for")],
    predictions: Annotated[Path, typer.Option()],
    speed: Annotated[Path, typer.Option(help="seconds and memory per epoch; differs from run to run")],
) -> None:
    """Train one ablation row with one seed."""
    from crisisflow.training import launch

    if launch.needed(training.processes):
        launch.run(training.processes)
        return
    from crisisflow.training.train import run

    run(
        name, aligned, row, training, model, alignment, seed, checkpoint, out, config, history, scores, gradients,
        predictions, speed
    )  # fmt: skip


@app.command("evaluate")
def evaluate_command(
    predictions: Annotated[Path, typer.Option()],
    config: Annotated[Path, typer.Option()],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Score one row and seed on the validation split."""
    from crisisflow.evaluation.evaluate import run

    run(predictions, config, out)


@app.command("floor")
def floor_command(
    tweets: Annotated[Path, typer.Option()],
    size: Annotated[Any, value(Positive | Literal["all"], "training tweets used, or all: training.tweets")],
    seed: Annotated[int, SEED_VALUE],
    predictions: Annotated[Path, typer.Option()],
    out: Annotated[Path, typer.Option(help="the metrics")],
) -> None:
    """Train and score a linear SVM, the floor of classification."""
    from crisisflow.evaluation.floor import run

    run(tweets, size, seed, predictions, out)


@app.command("bootstrap")
def bootstrap_command(
    predictions: Annotated[list[Path], typer.Option("--predictions", help="of a row and seed; repeat")],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Compare every pair of rows on resampled validation tweets."""
    from crisisflow.evaluation.bootstrap import run

    run(predictions, out)


@app.command("hold_out")
def hold_out_command(
    tweets: Annotated[Path, typer.Option()],
    aligned: Annotated[Path, typer.Option()],
    event: Annotated[str, typer.Option(help="the event that is left out")],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Leave an event out of the aligned tweets."""
    from crisisflow.evaluation.hold_out import run

    run(tweets, aligned, event, out)


@app.command("predict_event")
def predict_event_command(
    weights: Annotated[Path, typer.Option(help="of a row that was trained without the event")],
    config: Annotated[Path, typer.Option()],
    tweets: Annotated[Path, typer.Option()],
    aligned: Annotated[Path, typer.Option()],
    event: Annotated[str, typer.Option()],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Predict an event's validation tweets by a row that was trained without it."""
    from crisisflow.evaluation.predict_event import run

    run(weights, config, tweets, aligned, event, out)


@app.command("learning_curve")
def learning_curve_command(
    tweets: Annotated[Path, typer.Option()],
    out: Annotated[Path, typer.Option()],
    predictions: Annotated[list[Path] | None, typer.Option(help="of a row on fewer tweets; repeat")] = None,
    metrics: Annotated[list[Path] | None, typer.Option(help="of a whole row and seed; repeat")] = None,
) -> None:
    """Score the rows, and the floor, by the number of training tweets."""
    from crisisflow.evaluation.learning_curve import run

    run(tweets, predictions or [], metrics or [], out)


@app.command("leave_one_event_out")
def leave_one_event_out_command(
    tweets: Annotated[Path, typer.Option()],
    size: Annotated[Any, value(Positive | Literal["all"], "training.tweets")],
    out: Annotated[Path, typer.Option()],
    seen: Annotated[list[Path] | None, typer.Option(help="predictions of a row and seed; repeat")] = None,
    unseen: Annotated[list[Path] | None, typer.Option(help="the same without an event; repeat")] = None,
) -> None:
    """Score the rows on events that they have not seen."""
    from crisisflow.evaluation.leave_one_event_out import run

    run(tweets, size, seen or [], unseen or [], out)


@app.command("against_gold")
def against_gold_command(
    rows: Annotated[Any, value(Rows, "section rows")],
    seeds: Annotated[Any, value(list[Seed], "list of seeds")],
    size: Annotated[Any, value(Positive | Literal["all"], "training tweets used, or all: training.tweets")],
    annotation: Annotated[Any, value(AnnotationParams, "section annotation")],
    repaired: Annotated[Path, typer.Option(help="tweets of the whole source, repaired")],
    generated: Annotated[Path, typer.Option(help="gold spans of the embedded corpus")],
    reference: Annotated[Path, typer.Option(help="folder of the reference annotations")],
    tweets: Annotated[Path, typer.Option()],
    resolved: Annotated[Path, typer.Option()],
    weights: Annotated[list[Path], typer.Option("--weights", help="of a row and seed, its config beside it; repeat")],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Score the rows against gold spans, and against the rules on the same tweets."""
    from crisisflow.evaluation.against_gold import run

    run(rows, seeds, size, annotation, repaired, generated, reference, tweets, resolved, weights, out)


@app.command("errors")
def errors_command(
    metrics: Annotated[Path, typer.Option(help="what the step tables found")],
    tweets: Annotated[Path, typer.Option()],
    predictions: Annotated[list[Path], typer.Option("--predictions", help="of a row and seed; repeat")],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Find where the chosen row is surest and wrong, by place and without text."""
    from crisisflow.evaluation.errors import run

    run(metrics, tweets, predictions, out)


@app.command("show-errors")
def show_errors_command(
    task: Annotated[Literal["ner", "cls"] | None, typer.Option(help="both when left out")] = None,
    n: Annotated[int, typer.Option(min=1, help="of each task")] = 20,
    errors: Annotated[Path, typer.Option()] = Path("results/errors.csv"),
    tweets: Annotated[Path, typer.Option()] = Path("data/corpus/tweets.parquet"),
) -> None:
    """Print these errors with their texts, handles and numbers masked: [found], {expected}."""
    from crisisflow.evaluation.errors import show

    for line in show(errors, tweets, task, n):
        print(line)


@app.command("tables")
def tables_command(
    params: Annotated[Any, value(Params, "the whole of params.yaml")],
    paper: Annotated[Path, typer.Option(help="the preset of the paper's settings")],
    tweets: Annotated[Path, typer.Option()],
    resolved: Annotated[Path, typer.Option()],
    manifest: Annotated[Path, typer.Option()],
    metrics: Annotated[list[Path], typer.Option("--metrics", help="metrics of a row and seed; repeat")],
    histories: Annotated[list[Path], typer.Option("--history", help="history.csv of a row and seed; repeat")],
    differences: Annotated[Path, typer.Option(help="what the step bootstrap found")],
    against_gold: Annotated[Path, typer.Option(help="what the step against_gold found")],
    folder: Annotated[Path, typer.Option()],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Make the paper's tables, the paper beside this run, and what else was measured."""
    from crisisflow.evaluation.tables import run
    from crisisflow.params import read_params

    run(
        params,
        read_params(paper)[0],
        tweets,
        resolved,
        manifest,
        metrics,
        histories,
        differences,
        against_gold,
        folder,
        out,
    )


@app.command("figures")
def figures_command(
    rows: Annotated[Any, value(Rows, "section rows")],
    metrics: Annotated[list[Path], typer.Option("--metrics", help="metrics of a row and seed; repeat")],
    histories: Annotated[list[Path], typer.Option("--history", help="history.csv of a row and seed; repeat")],
    gradients: Annotated[list[Path], typer.Option("--gradients", help="gradients.csv of a row and seed; repeat")],
    learning_curve: Annotated[Path, typer.Option()],
    unseen: Annotated[Path, typer.Option(help="what the step leave_one_event_out wrote")],
    folder: Annotated[Path, typer.Option()],
) -> None:
    """Draw Figures 4 to 7 of this run and further ones, with the numbers behind them."""
    from crisisflow.evaluation.figures import run

    run(rows, metrics, histories, gradients, learning_curve, unseen, folder)


@app.command("final_test")
def final_test_command(
    params: Annotated[Path, typer.Option(help="whose seeds are tested")] = Path("params.yaml"),
) -> None:
    """Open the test split, once per commit: score the chosen row on it and record that. No other step does."""
    from crisisflow.evaluation.final_test import run
    from crisisflow.params import read_params

    run(read_params(params)[0].seeds)


@app.command("report")
def report_command(
    params: Annotated[Any, value(Params, "the whole of params.yaml")],
    manifest: Annotated[Path, typer.Option()],
    repair: Annotated[Path, typer.Option()],
    corpus: Annotated[Path, typer.Option()],
    annotation: Annotated[Path, typer.Option()],
    quality: Annotated[Path, typer.Option()],
    metrics: Annotated[Path, typer.Option()],
    tables: Annotated[Path, typer.Option(help="captions.json of the tables, which lie beside it")],
    figures: Annotated[Path, typer.Option(help="captions.json of the figures, which lie beside it")],
    sources: Annotated[Path, typer.Option(help="CSV of the annotation stages")],
    stages: Annotated[Path, typer.Option(help="SVG of the annotation stages")],
    errors: Annotated[Path, typer.Option(help="what the step errors found")],
    final_test: Annotated[Path, typer.Option(help="the record of crisisflow final_test")],
    ledger: Annotated[Path, typer.Option(help="where the ledger stands")],
    citation: Annotated[Path, typer.Option()],
    benchmarks: Annotated[list[Path], typer.Option("--benchmark", help="of a job, if it is there; repeat")],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Write the HTML report."""
    from crisisflow.evaluation.report import run

    run(
        params, manifest, repair, corpus, annotation, quality, metrics, tables, figures, sources, stages, errors,
        final_test, ledger, citation, benchmarks, out
    )  # fmt: skip


@app.command("cards")
def cards_command(
    params: Annotated[Any, value(Params, "the whole of params.yaml")],
    tweets: Annotated[Path, typer.Option()],
    resolved: Annotated[Path, typer.Option()],
    manifest: Annotated[Path, typer.Option()],
    corpus: Annotated[Path, typer.Option()],
    quality: Annotated[Path, typer.Option()],
    metrics: Annotated[list[Path], typer.Option("--metrics", help="metrics of a row and seed; repeat")],
    differences: Annotated[Path, typer.Option(help="what the step bootstrap found")],
    unseen: Annotated[Path, typer.Option(help="what the step leave_one_event_out wrote")],
    against_gold: Annotated[Path, typer.Option(help="what the step against_gold wrote")],
    model: Annotated[Path, typer.Option(help="the model card")],
    dataset: Annotated[Path, typer.Option(help="the dataset card")],
) -> None:
    """Write the model card of the chosen row and the dataset card."""
    from crisisflow.evaluation.cards import run

    run(
        params, tweets, resolved, manifest, corpus, quality, metrics, differences, unseen, against_gold, model, dataset
    )  # fmt: skip


@app.command("export")
def export_command(
    out: Annotated[Path, typer.Option(help="a new folder")],
    formats: Annotated[
        list[str] | None, typer.Option("--format", help="parquet, conll, docbin or jsonl; repeat, or leave out for all")
    ] = None,
    without_text: Annotated[
        bool, typer.Option("--without-text", help="ids, offsets and the sha256 of each text, for sharing")
    ] = False,
    tweets: Annotated[Path, typer.Option()] = Path("data/corpus/tweets.parquet"),
    resolved: Annotated[Path, typer.Option()] = Path("data/annotations/resolved.parquet"),
    manifest: Annotated[Path, typer.Option()] = Path("data/raw/manifest.json"),
    corpus: Annotated[Path, typer.Option()] = Path("data/corpus/statistics.json"),
    quality: Annotated[Path, typer.Option()] = Path("results/quality.json"),
) -> None:
    """Write the dataset in the formats of other tools, with a card."""
    from crisisflow.dataset.export import run

    run(tweets, resolved, manifest, corpus, quality, formats or [], without_text, out)


RESULTS = typer.Option(help="folder of the results")
ROW = typer.Option(help="row to use; without it, the one that metrics.json chose")
SEED = typer.Option(help="its seed; without it, the first")
RUNTIME = typer.Option(help="what computes: onnx, onnx-int8 (smaller and less exact), or torch")
THREADS = typer.Option(min=1, help="CPU threads of the model")
SHA256 = typer.Option(help="refuse weights with another sha256 than this")


@app.command("predict")
def predict_command(
    file: Annotated[str, typer.Argument(help='JSON Lines with a "text" in each, or - for standard input')],
    results: Annotated[Path, RESULTS] = Path("results"),
    row: Annotated[str | None, ROW] = None,
    seed: Annotated[int | None, SEED] = None,
    runtime: Annotated[Literal["onnx", "onnx-int8", "torch"], RUNTIME] = "onnx",
    threads: Annotated[int, THREADS] = 1,
    sha256: Annotated[str | None, SHA256] = None,
    masking: Annotated[
        bool,
        typer.Option(
            "--mask",
            help="cover handles, e-mail addresses and phone numbers, and keep no other keys than the text's and the "
            "id's; without it, lines are written as they came: they are the user's own",
        ),
    ] = False,
    params: Annotated[Path, typer.Option(help="the params.yaml that was run")] = Path("params.yaml"),
) -> None:
    """Find entities and event in lines of text, as they come: JSON Lines in and out."""
    from crisisflow.serving.choice import Choice, choose
    from crisisflow.text_input import name_of, open_input

    stream = open_input(file, "a file of JSON Lines")
    chosen = choose(Choice(results, row, seed), params, sha256)
    from crisisflow.serving.lines import run
    from crisisflow.serving.served import open_served

    run(open_served(chosen, runtime, threads).predict, stream, name_of(file), sys.stdout, masking)


@app.command("serve")
def serve_command(
    host: Annotated[str, typer.Option(help="address; one that the network reaches needs a token")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    results: Annotated[Path, RESULTS] = Path("results"),
    row: Annotated[str | None, ROW] = None,
    seed: Annotated[int | None, SEED] = None,
    runtime: Annotated[Literal["onnx", "onnx-int8", "torch"], RUNTIME] = "onnx",
    workers: Annotated[
        int | None, typer.Option(min=1, help="batches computed side by side, each by one thread; as many as cores")
    ] = None,
    sha256: Annotated[str | None, SHA256] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="file with the bearer token that /v1 and /metrics ask for")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="name under which the server is reached, besides localhost; repeat")
    ] = None,
    allow_origin: Annotated[
        list[str] | None, typer.Option(help="another site whose pages may ask (CORS), such as https://a.org; repeat")
    ] = None,
    waiting: Annotated[int, typer.Option(min=1, help="texts that may wait for the model; then it answers 503")] = 512,
    stdin: Annotated[bool, typer.Option("--stdin", help="feed `stdin` of the live view: a tweet in each line")] = False,
    allow_root: Annotated[bool, typer.Option("--allow-root", help="run although the user is root")] = False,
    params: Annotated[Path, typer.Option(help="the params.yaml that was run")] = Path("params.yaml"),
) -> None:
    """Serve the dashboard and the REST API of a trained row."""
    from crisisflow.serving.access import check_access, check_stdin, check_user, listen, read_token
    from crisisflow.serving.choice import Choice, choose
    from crisisflow.serving.settings import HOSTS, Access, Limits, Settings

    access = Access(read_token(token_file), tuple(allow_origin or ()), (*HOSTS, *(allow_host or ())))
    check_access(host, access)
    check_user(allow_root)
    check_stdin(stdin)
    chosen = choose(Choice(results, row, seed), params, sha256)
    workers = workers or len(os.sched_getaffinity(0))
    settings = Settings(access, Limits(waiting=waiting), results, workers, stdin, warm_rules=True)
    with listen(host, port) as listening:
        from crisisflow.serving.serve import run
        from crisisflow.serving.served import open_served

        run(open_served(chosen, runtime, 1), settings, listening)


@app.command("costs")
def costs_command(benchmark: Annotated[list[Path], typer.Option(help="Snakemake's benchmark of a job")]) -> None:
    """Show what each step of a run cost: wall time, processor time, peak memory."""
    from tabulate import tabulate

    from crisisflow.evaluation.provenance import costs, steps
    from crisisflow.progress import say

    table = costs(steps(benchmark))
    say(tabulate(table.rows, table.columns, disable_numparse=True))


@app.command("dvcyaml")
def dvcyaml_command(
    check: Annotated[bool, typer.Option("--check", help="write nothing; fail when dvc.yaml is out of date")] = False,
) -> None:
    """Write dvc.yaml from the Snakefile's rules."""
    from crisisflow.versioning.dvcyaml import run

    run(only_check=check)


@app.command("record")
def record_command(
    shards: Annotated[int | None, typer.Option(help="what --set-scatter shards=N said, if anything")] = None,
) -> None:
    """Record in DVC what Snakemake has made, once all of it is up to date."""
    from crisisflow.versioning.record import run

    run(shards)


@app.command("sync")
def sync_command(
    shards: Annotated[int | None, typer.Option(help="what --set-scatter shards=N said, if anything")] = None,
) -> None:
    """Make Snakemake accept what DVC has checked out, pulled or restored."""
    from crisisflow.versioning.sync import run

    run(shards)


@app.command("install-hook")
def install_hook_command() -> None:
    """Let git run `dvc checkout` and `crisisflow sync` after each checkout."""
    from crisisflow.versioning.hook import run

    run()


@app.command("unlock")
def unlock_command() -> None:
    """Clear the lock that a killed run left; refuse while a run is at work."""
    from crisisflow.versioning.unlock import run

    run()


def run_command() -> None:
    """Run the command of this process's arguments; what goes wrong is the caller's."""
    # Lists of tweets, spans and names only grow here: to look for garbage in them again and again finds none, and took
    # a fifth of the time in which the gazetteers load.
    gc.set_threshold(100_000, 50, 1000)
    code = app(standalone_mode=False)
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    sys.exit(code)


def main() -> None:
    """Run a command; what goes wrong is one line on stderr and exit code 2."""
    try:
        run_command()
    except (CrisisflowError, OSError) as error:
        if "--debug" in sys.argv:
            raise
        print(f"crisisflow: {error}", file=sys.stderr)
        sys.exit(2)
    except TyperException as error:
        print(f"crisisflow: {error.format_message()}", file=sys.stderr)
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        print("crisisflow: interrupted; run again to go on", file=sys.stderr)
        sys.exit(INTERRUPTED)
