"""Commands to look at a run."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from crisisflow.artifacts import check_file
from crisisflow.options import LOOK, SEED_VALUE, App, artifact, checked

app = App()
exported = checked(partial(check_file, advice="name what Label Studio exported as JSON, or a CSV of passes"))


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


@app.command("studies", rich_help_panel=LOOK)
def studies_command() -> None:
    """Show each study's number beside its paper's.

    Of the studies that have results here; results/index.html has the same.
    """
    from crisisflow.reporting.index import here, lines

    for line in lines(here()):
        print(line)


@app.command("index", rich_help_panel=LOOK)
def index_command(out: Annotated[Path, typer.Option(help="the page")] = Path("results/index.html")) -> None:
    """Write the page that lists the studies.

    A run writes it by itself.
    """
    from crisisflow.reporting.index import here, run

    run(here(), out)


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
