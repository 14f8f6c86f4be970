"""`crisisflow <step>`: one command per step, each with explicit inputs, outputs and values.

Thin on purpose, and light: a step's module is imported inside its command. Values are given as in params.yaml (YAML or
JSON), sections as mappings.
"""

import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from traceback import extract_tb
from typing import Annotated, Any, Literal

import pyarrow as pa
import typer
from pydantic import TypeAdapter, ValidationError
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from crisisflow.artifacts import check_file, check_folder
from crisisflow.errors import CrisisflowError
from crisisflow.imports import left_out
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

EXPLAINED = 10_000  # characters of a text, as in a request to the server; its time and memory grow with them
INTERRUPTED = 130  # what typer returns for Ctrl-C, which it keeps to itself

CHECKS = "crisisflow.checks"  # of the inputs, in the context of a command
USE, LOOK, SHARE, DEVELOP = "Use", "Look at a run", "Share and version", "Develop"
STEPS = "Steps of the workflow, which Snakemake runs"


class Commands(TyperGroup):
    """Commands by group. Their names have underscores, as rules and modules have; a hyphen is as good."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name."""
        return super().get_command(ctx, cmd_name.replace("-", "_"))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List them, each with the whole first sentence of its help."""
        commands = [self.commands[name] for name in self.list_commands(ctx)]
        for group in (USE, LOOK, SHARE, STEPS, DEVELOP):
            own = [command for command in commands if (command.rich_help_panel or STEPS) == group]
            with formatter.section(group):
                formatter.write_dl([(command.name, command.get_short_help_str(limit=1000)) for command in own])


class Command(TyperCommand):
    """A command that checks its inputs before it imports what takes seconds."""

    def invoke(self, ctx: Any) -> Any:
        """Check, then run."""
        for check in ctx.meta.get(CHECKS, ()):
            check()
        return super().invoke(ctx)


class App(typer.Typer):
    """Commands of that kind."""

    def command(self, *arguments: Any, **options: Any) -> Any:
        """Register one."""
        return super().command(*arguments, cls=Command, **options)


app = App(
    cls=Commands,
    help="Crisis tweets to a labelled dataset, trained joint models and tables.",
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


def _before_the_step(check: Callable[[Path], None]) -> Callable[..., Any]:
    """A callback of an option: its path, or paths, are checked once all options are known to be right."""

    def note(ctx: typer.Context, given: Any) -> Any:
        paths = given if isinstance(given, list) else [given]
        ctx.meta.setdefault(CHECKS, []).extend(partial(check, path) for path in paths if path is not None)
        return given

    return note


present, folder = _before_the_step(check_file), _before_the_step(check_folder)
exported = _before_the_step(partial(check_file, advice="name what Label Studio exported as JSON, or a CSV of passes"))


def artifact(*names: str, help: str | None = None) -> Any:
    """An option that names a file, or files, that a step reads."""
    return typer.Option(*names, help=help, callback=present)


Rows = dict[str, RowParams]
SEED_VALUE = typer.Option(min=0, max=MOST_SEED)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"crisisflow {version('crisisflow')}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Read by `main`, which must know it before anything can fail."""


@app.command("preset", rich_help_panel=USE)
def preset_command(
    name: Annotated[str, typer.Argument(help="sample, laptop or paper")],
    out: Annotated[Path, typer.Option(help="where to write")] = Path("params.yaml"),
) -> None:
    """Write a preset to params.yaml."""
    from crisisflow.params import write_preset

    write_preset(name, Path("presets"), out)


@app.command("schema", rich_help_panel=DEVELOP)
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
    events: Annotated[str | None, typer.Option(help="table of tweet_id and event, where there is one")] = None,
) -> None:
    """Read and check a source of tweets.

    It writes the tweets, gold spans where they are known, and a manifest.
    """
    from crisisflow.corpus.fetch import run

    run(source, events, sample, out, gold, manifest)


@app.command("repair")
def repair_command(
    raw: Annotated[Path, artifact()],
    params: Annotated[Any, value(RepairParams, "section corpus.repair")],
    out: Annotated[Path, typer.Option()],
    counts: Annotated[Path, typer.Option()],
) -> None:
    """Undo the known damage of HumAID's text."""
    from crisisflow.corpus.repair import run

    run(raw, params, out, counts)


@app.command("subset")
def subset_command(
    repaired: Annotated[Path, artifact()],
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
    tweets: Annotated[Path, artifact()],
    params: Annotated[Any, value(SpacyParams, "section annotation.spacy")],
    out: Annotated[Path, typer.Option()],
    shard: Annotated[str, typer.Option(help="K-of-N: only the K-th of N parts of the tweets")] = "1-of-1",
) -> None:
    """Annotation stage 1: spaCy."""
    from crisisflow.annotation.spacy_stage import run

    run(tweets, params, out, shard)


@app.command("gather")
def gather_command(
    shards: Annotated[list[Path], artifact("--shard", help="span file of a shard; repeat, in their order")],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Join the shards of an annotation stage."""
    from crisisflow.spans import gather

    gather(shards, out)


@app.command("ruler_stage")
def ruler_stage_command(
    tweets: Annotated[Path, artifact()],
    params: Annotated[Any, value(LexiconParams, "section annotation.ruler")],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Annotation stage 2: EntityRuler patterns."""
    from crisisflow.annotation.ruler_stage import run

    run(tweets, params, out)


@app.command("regex_stage")
def regex_stage_command(
    tweets: Annotated[Path, artifact()],
    params: Annotated[Any, value(LexiconParams, "section annotation.regex")],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Annotation stage 3: regular expressions."""
    from crisisflow.annotation.regex_stage import run

    run(tweets, params, out)


@app.command("resolve")
def resolve_command(
    stages: Annotated[list[Path], artifact("--stage", help="span file of a stage; repeat")],
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
    repaired: Annotated[Path, artifact(help="tweets of the whole source, repaired")],
    generated: Annotated[Path, artifact(help="gold spans of the embedded corpus")],
    reference: Annotated[Path, typer.Option(help="folder of the reference annotations", callback=folder)],
    params: Annotated[Any, value(AnnotationParams, "section annotation")],
    scores: Annotated[Path, typer.Option()],
    patterns: Annotated[Path, typer.Option()],
    errors: Annotated[Path, typer.Option()],
    metrics: Annotated[Path, typer.Option()],
) -> None:
    """Score every annotation stage against gold spans."""
    from crisisflow.annotation.quality import run

    run(repaired, generated, reference, params, scores, patterns, errors, metrics)


@app.command("public_set", rich_help_panel=USE)
def public_set_command(
    name: Annotated[str, typer.Argument(help="one of the sets of docs/public_sets.md")],
    files: Annotated[Path, typer.Argument(help="the folder with its files", metavar="FOLDER", callback=folder)],
    out: Annotated[Path, typer.Option(help="the table of posts, as Parquet")],
    manifest: Annotated[Path, typer.Option(help="what was read and dropped, as JSON")],
) -> None:
    """Read a public set of crisis posts into one table."""
    from crisisflow.corpus.public_set import run

    run(name, files, out, manifest)


@app.command("explain", rich_help_panel=USE)
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


@app.command("sample_for_review", rich_help_panel=LOOK)
def sample_for_review_command(
    n: Annotated[int, typer.Option(help="tweets to draw, stratified by class and spread over the events")] = 200,
    seed: Annotated[int, SEED_VALUE] = 1,
    tweets: Annotated[Path, artifact()] = Path("data/corpus/tweets.parquet"),
    resolved: Annotated[Path, artifact()] = Path("data/annotations/resolved.parquet"),
    out: Annotated[Path, typer.Option(help="folder of the sheet")] = Path("data/review"),
) -> None:
    """Draw tweets to be reviewed in Label Studio.

    It says the margin of error.
    """
    from crisisflow.annotation.review import run

    run(tweets, resolved, n, seed, out)


@app.command("agreement", rich_help_panel=LOOK)
def agreement_command(
    file: Annotated[
        Path, typer.Argument(callback=exported, help="JSON export of Label Studio, or CSV of passes without text")
    ],
    tweets: Annotated[Path, typer.Option(help="texts for a CSV of passes")] = Path("data/corpus/repaired.parquet"),
    out: Annotated[Path | None, typer.Option(help="where to write the table as CSV")] = None,
) -> None:
    """Compare annotators of the same tweets.

    Precision, recall, span F1 and Cohen's kappa per type.
    """
    from crisisflow.annotation.agreement import run

    run(file, tweets, out)


@app.command("source_report")
def source_report_command(
    tweets: Annotated[Path, artifact()],
    stages: Annotated[list[Path], artifact("--stage", help="span file of a stage; repeat")],
    resolved: Annotated[Path, artifact()],
    conflicts: Annotated[Path, artifact()],
    quality: Annotated[Path, artifact(help="patterns.csv of the step quality")],
    ruler: Annotated[Any, value(LexiconParams, "section annotation.ruler")],
    regex: Annotated[Any, value(LexiconParams, "section annotation.regex")],
    sources: Annotated[Path, typer.Option(help="CSV of the stages")],
    report: Annotated[Path, typer.Option(help="Markdown of the stages")],
    patterns: Annotated[Path, typer.Option(help="CSV of the patterns")],
    figure: Annotated[Path, typer.Option(help="SVG of the stages")],
) -> None:
    """Report what each stage and pattern brings."""
    from crisisflow.annotation.source_report import run

    run(tweets, stages, resolved, conflicts, quality, ruler, regex, sources, report, patterns, figure)


@app.command("bio")
def bio_command(
    tweets: Annotated[Path, artifact()],
    resolved: Annotated[Path, artifact()],
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
    aligned: Annotated[Path, artifact()],
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
    from crisisflow.studies.humaid_ner.train import run

    run(
        name, aligned, row, training, model, alignment, seed, checkpoint, out, config, history, scores, gradients,
        predictions, speed
    )  # fmt: skip


@app.command("evaluate")
def evaluate_command(
    predictions: Annotated[Path, artifact()],
    config: Annotated[Path, artifact()],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Score one row and seed on the validation split."""
    from crisisflow.studies.humaid_ner.evaluate import run

    run(predictions, config, out)


@app.command("floor")
def floor_command(
    tweets: Annotated[Path, artifact()],
    size: Annotated[Any, value(Positive | Literal["all"], "training tweets used, or all: training.tweets")],
    seed: Annotated[int, SEED_VALUE],
    predictions: Annotated[Path, typer.Option()],
    out: Annotated[Path, typer.Option(help="the metrics")],
) -> None:
    """Train and score a linear SVM, the floor."""
    from crisisflow.studies.humaid_ner.floor import run

    run(tweets, size, seed, predictions, out)


@app.command("bootstrap")
def bootstrap_command(
    predictions: Annotated[list[Path], artifact("--predictions", help="of a row and seed; repeat")],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Compare the rows on resampled tweets.

    Every pair, on the validation split.
    """
    from crisisflow.evaluation.bootstrap import run

    run(predictions, out)


@app.command("hold_out")
def hold_out_command(
    tweets: Annotated[Path, artifact()],
    aligned: Annotated[Path, artifact()],
    event: Annotated[str, typer.Option(help="the event that is left out")],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Leave an event out of the aligned tweets."""
    from crisisflow.studies.humaid_ner.hold_out import run

    run(tweets, aligned, event, out)


@app.command("predict_event")
def predict_event_command(
    weights: Annotated[Path, artifact(help="of a row that was trained without the event")],
    config: Annotated[Path, artifact()],
    tweets: Annotated[Path, artifact()],
    aligned: Annotated[Path, artifact()],
    event: Annotated[str, typer.Option()],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Predict an event by a row trained without it.

    Of its validation tweets.
    """
    from crisisflow.studies.humaid_ner.predict_event import run

    run(weights, config, tweets, aligned, event, out)


@app.command("learning_curve")
def learning_curve_command(
    tweets: Annotated[Path, artifact()],
    out: Annotated[Path, typer.Option()],
    predictions: Annotated[list[Path] | None, artifact(help="of a row on fewer tweets; repeat")] = None,
    metrics: Annotated[list[Path] | None, artifact(help="of a whole row and seed; repeat")] = None,
) -> None:
    """Score the rows by number of training tweets.

    And the floor.
    """
    from crisisflow.studies.humaid_ner.learning_curve import run

    run(tweets, predictions or [], metrics or [], out)


@app.command("leave_one_event_out")
def leave_one_event_out_command(
    tweets: Annotated[Path, artifact()],
    size: Annotated[Any, value(Positive | Literal["all"], "training.tweets")],
    out: Annotated[Path, typer.Option()],
    seen: Annotated[list[Path] | None, artifact(help="predictions of a row and seed; repeat")] = None,
    unseen: Annotated[list[Path] | None, artifact(help="the same without an event; repeat")] = None,
) -> None:
    """Score the rows on events that they have not seen."""
    from crisisflow.studies.humaid_ner.leave_one_event_out import run

    run(tweets, size, seen or [], unseen or [], out)


@app.command("against_gold")
def against_gold_command(
    rows: Annotated[Any, value(Rows, "section rows")],
    seeds: Annotated[Any, value(list[Seed], "list of seeds")],
    size: Annotated[Any, value(Positive | Literal["all"], "training tweets used, or all: training.tweets")],
    annotation: Annotated[Any, value(AnnotationParams, "section annotation")],
    repaired: Annotated[Path, artifact(help="tweets of the whole source, repaired")],
    generated: Annotated[Path, artifact(help="gold spans of the embedded corpus")],
    reference: Annotated[Path, typer.Option(help="folder of the reference annotations", callback=folder)],
    tweets: Annotated[Path, artifact()],
    resolved: Annotated[Path, artifact()],
    weights: Annotated[list[Path], artifact("--weights", help="of a row and seed, its config beside it; repeat")],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Score the rows and the rules against gold spans."""
    from crisisflow.studies.humaid_ner.against_gold import run

    run(rows, seeds, size, annotation, repaired, generated, reference, tweets, resolved, weights, out)


@app.command("confident_errors")
def confident_errors_command(
    metrics: Annotated[Path, artifact(help="what the step tables found")],
    tweets: Annotated[Path, artifact()],
    predictions: Annotated[list[Path], artifact("--predictions", help="of a row and seed; repeat")],
    manifest: Annotated[Path, artifact(help="of the source: texts are written where it is the generated corpus")],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Find where the chosen row is surest and wrong.

    By place; with the texts of the generated corpus, and without those of any other.
    """
    from crisisflow.studies.humaid_ner.confident_errors import run

    run(metrics, tweets, predictions, out, manifest)


@app.command("show_errors", rich_help_panel=LOOK)
def show_errors_command(
    task: Annotated[Literal["ner", "cls"] | None, typer.Option(help="both when left out")] = None,
    n: Annotated[int, typer.Option(min=1, help="of each task")] = 20,
    errors: Annotated[Path, typer.Option()] = Path("results/errors.csv"),
    tweets: Annotated[Path, typer.Option()] = Path("data/corpus/tweets.parquet"),
) -> None:
    """Print the surest errors with their masked texts.

    Handles, addresses and numbers are covered. [found], {expected}.
    """
    from crisisflow.studies.humaid_ner.confident_errors import show

    for line in show(errors, tweets, task, n):
        print(line)


@app.command("tables")
def tables_command(
    params: Annotated[Any, value(Params, "the whole of params.yaml")],
    paper: Annotated[Path, artifact(help="the preset of the paper's settings")],
    tweets: Annotated[Path, artifact()],
    resolved: Annotated[Path, artifact()],
    manifest: Annotated[Path, artifact()],
    metrics: Annotated[list[Path], artifact("--metrics", help="metrics of a row and seed; repeat")],
    histories: Annotated[list[Path], artifact("--history", help="history.csv of a row and seed; repeat")],
    differences: Annotated[Path, artifact(help="what the step bootstrap found")],
    against_gold: Annotated[Path, artifact(help="what the step against_gold found")],
    folder: Annotated[Path, typer.Option()],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Make the paper's tables, and further ones.

    The paper stands beside this run.
    """
    from crisisflow.params import read_params
    from crisisflow.studies.humaid_ner.tables import run

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
    metrics: Annotated[list[Path], artifact("--metrics", help="metrics of a row and seed; repeat")],
    histories: Annotated[list[Path], artifact("--history", help="history.csv of a row and seed; repeat")],
    gradients: Annotated[list[Path], artifact("--gradients", help="gradients.csv of a row and seed; repeat")],
    learning_curve: Annotated[Path, artifact()],
    unseen: Annotated[Path, artifact(help="what the step leave_one_event_out wrote")],
    folder: Annotated[Path, typer.Option()],
) -> None:
    """Draw the figures, with their numbers.

    Figures 4 to 7 of this run, and further ones.
    """
    from crisisflow.studies.humaid_ner.figures import run

    run(rows, metrics, histories, gradients, learning_curve, unseen, folder)


@app.command("final_test", rich_help_panel=LOOK)
def final_test_command(
    params: Annotated[Path, typer.Option(help="whose seeds are tested")] = Path("params.yaml"),
) -> None:
    """Score the chosen row on the test split.

    Once per commit, and recorded. No other step reads that split.
    """
    from crisisflow.params import read_params
    from crisisflow.studies.humaid_ner.final_test import run

    run(read_params(params)[0].seeds)


@app.command("report")
def report_command(
    params: Annotated[Any, value(Params, "the whole of params.yaml")],
    manifest: Annotated[Path, artifact()],
    repair: Annotated[Path, artifact()],
    corpus: Annotated[Path, artifact()],
    annotation: Annotated[Path, artifact()],
    quality: Annotated[Path, artifact()],
    metrics: Annotated[Path, artifact()],
    tables: Annotated[Path, artifact(help="captions.json of the tables, which lie beside it")],
    figures: Annotated[Path, artifact(help="captions.json of the figures, which lie beside it")],
    sources: Annotated[Path, artifact(help="CSV of the annotation stages")],
    stages: Annotated[Path, artifact(help="SVG of the annotation stages")],
    errors: Annotated[Path, artifact(help="what the step confident_errors found")],
    final_test: Annotated[Path, artifact(help="the record of crisisflow final_test")],
    ledger: Annotated[Path, artifact(help="where the ledger stands")],
    citation: Annotated[Path, artifact()],
    benchmarks: Annotated[list[Path], typer.Option("--benchmark", help="of a job, if it is there; repeat")],
    out: Annotated[Path, typer.Option()],
    provenance: Annotated[Path, typer.Option(help="page beside it; differs from run to run")],
) -> None:
    """Write the HTML report."""
    from crisisflow.studies.humaid_ner.report import run

    run(
        params, manifest, repair, corpus, annotation, quality, metrics, tables, figures, sources, stages, errors,
        final_test, ledger, citation, benchmarks, out, provenance
    )  # fmt: skip


@app.command("cards")
def cards_command(
    params: Annotated[Any, value(Params, "the whole of params.yaml")],
    tweets: Annotated[Path, artifact()],
    resolved: Annotated[Path, artifact()],
    manifest: Annotated[Path, artifact()],
    corpus: Annotated[Path, artifact()],
    quality: Annotated[Path, artifact()],
    metrics: Annotated[list[Path], artifact("--metrics", help="metrics of a row and seed; repeat")],
    differences: Annotated[Path, artifact(help="what the step bootstrap found")],
    unseen: Annotated[Path, artifact(help="what the step leave_one_event_out wrote")],
    against_gold: Annotated[Path, artifact(help="what the step against_gold wrote")],
    model: Annotated[Path, typer.Option(help="the model card")],
    dataset: Annotated[Path, typer.Option(help="the dataset card")],
) -> None:
    """Write the model card and the dataset card."""
    from crisisflow.studies.humaid_ner.cards import run

    run(
        params, tweets, resolved, manifest, corpus, quality, metrics, differences, unseen, against_gold, model, dataset
    )  # fmt: skip


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
    quality: Annotated[Path, artifact()] = Path("results/quality.json"),
) -> None:
    """Write the dataset for other tools, with a card."""
    from crisisflow.studies.humaid_ner.dataset.export import run

    run(tweets, resolved, manifest, corpus, quality, formats or [], without_text, out)


RESULTS = typer.Option(help="folder of the results")
ROW = typer.Option(help="row to use; without it, the one that metrics.json chose")
SEED = typer.Option(help="its seed; without it, the first")
RUNTIME = typer.Option(help="what computes: onnx, onnx-int8 (smaller and less exact), or torch")
THREADS = typer.Option(min=1, help="CPU threads of the model")
SHA256 = typer.Option(help="refuse weights with another sha256 than this")


@app.command("predict", rich_help_panel=USE)
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
    """Find entities and event in JSON Lines.

    Lines are answered as they come, in JSON Lines.
    """
    from crisisflow.serving.choice import Choice, choose
    from crisisflow.text_input import name_of, open_input

    stream = open_input(file, "a file of JSON Lines")
    chosen = choose(Choice(results, row, seed), params, sha256)
    from crisisflow.serving.lines import run
    from crisisflow.serving.served import open_served

    run(open_served(chosen, runtime, threads).predict, stream, name_of(file), sys.stdout, masking)


@app.command("serve", rich_help_panel=USE)
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


@app.command("summary", rich_help_panel=LOOK)
def summary_command(
    results: Annotated[Path, typer.Option(help="folder of the results")] = Path("results"),
    manifest: Annotated[Path, artifact()] = Path("data/raw/manifest.json"),
) -> None:
    """Say in four lines what the last run found."""
    from crisisflow.studies.humaid_ner.summary import summary

    for line in summary(results, manifest):
        print(line)


@app.command("costs", rich_help_panel=LOOK)
def costs_command(benchmark: Annotated[list[Path], typer.Option(help="Snakemake's benchmark of a job")]) -> None:
    """Show the time and memory of each step.

    Wall time, processor time and peak memory of its jobs.
    """
    from tabulate import tabulate

    from crisisflow.progress import say
    from crisisflow.reporting.provenance import costs, steps

    table = costs(steps(benchmark))
    say(tabulate(table.rows, table.columns, disable_numparse=True))


@app.command("dvcyaml", rich_help_panel=DEVELOP)
def dvcyaml_command(
    check: Annotated[bool, typer.Option("--check", help="write nothing; fail when dvc.yaml is out of date")] = False,
) -> None:
    """Write dvc.yaml from the Snakefile's rules."""
    from crisisflow.versioning.dvcyaml import run

    run(only_check=check)


@app.command("record", rich_help_panel=SHARE)
def record_command(
    shards: Annotated[int | None, typer.Option(help="what --set-scatter shards=N said, if anything")] = None,
) -> None:
    """Record in DVC what Snakemake has made.

    It does so once all of it is up to date.
    """
    from crisisflow.versioning.record import run

    run(shards)


@app.command("sync", rich_help_panel=SHARE)
def sync_command(
    shards: Annotated[int | None, typer.Option(help="what --set-scatter shards=N said, if anything")] = None,
) -> None:
    """Make Snakemake accept what DVC has brought.

    What was checked out, pulled or restored.
    """
    from crisisflow.versioning.sync import run

    run(shards)


@app.command("install_hook", rich_help_panel=SHARE)
def install_hook_command() -> None:
    """Let each git checkout bring its data.

    Git then runs `dvc checkout` and `crisisflow sync`.
    """
    from crisisflow.versioning.hook import run

    run()


@app.command("unlock", rich_help_panel=USE)
def unlock_command() -> None:
    """Clear the lock that a killed run left.

    It refuses while a run is at work.
    """
    from crisisflow.versioning.unlock import run

    run()


def run_command() -> None:
    """Run the command of this process's arguments; what goes wrong is the caller's."""
    # Lists of tweets, spans and names only grow here: to look for garbage in them again and again finds none, and took
    # a fifth of the time in which the gazetteers load.
    gc.set_threshold(100_000, 50, 1000)
    # For the first array pyarrow imports pandas, to know pandas' own arrays: a quarter of a second that few steps need.
    with left_out("pandas"):
        pa.array([])
    code = app(standalone_mode=False)
    # Nor is there garbage to look for at the end.
    gc.freeze()
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    sys.exit(code)


def _told(error: Exception) -> str:
    """An error in one line; of one that nobody foresaw, where it was raised."""
    if isinstance(error, CrisisflowError):
        return str(error)
    if isinstance(error, TyperException):
        return error.format_message()
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
    from crisisflow.masking import mask

    place = extract_tb(error.__traceback__)[-1]
    said = mask(" ".join(str(error).split())[:200])
    return (
        f"unexpected {type(error).__name__} ({said}) in {Path(place.filename).name}, line {place.lineno}: a damaged "
        "file, or a fault of crisisflow; crisisflow --debug COMMAND shows the traceback"
    )


def open_streams() -> None:
    """Make output and errors take any text: what a terminal lacks is shown as \\u…; a closed one takes it too."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed, as by `>&-`
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        # Not a stream of a caller in this process, nor one whose file was changed under it.
        if isinstance(getattr(sys, name), TextIOWrapper):
            with suppress(OSError):
                getattr(sys, name).reconfigure(errors="backslashreplace")


def main() -> None:
    """Run a command; what goes wrong is one line on stderr and exit code 2."""
    open_streams()
    if not sys.argv[1:]:
        sys.argv.append("--help")
    try:
        run_command()
    except (KeyboardInterrupt, typer.Abort):
        print("crisisflow: interrupted; run again to go on", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except Exception as error:
        if "--debug" in sys.argv and not isinstance(error, TyperException):
            raise
        print(f"crisisflow: {_told(error)}", file=sys.stderr)
        sys.exit(2)
