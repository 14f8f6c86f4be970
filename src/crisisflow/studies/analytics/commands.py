"""Commands of the study that are no steps."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from crisisflow.options import LOOK, USE, App, artifact
from crisisflow.studies.analytics import FOLDER

app = App()


@app.command("explain_normalise", rich_help_panel=LOOK)
def explain_normalise_command(
    text: Annotated[str, typer.Argument(help="a text")],
    corpus: Annotated[
        str | None, typer.Option(help="of a run: its protected words; without it, the names of the lexicons alone")
    ] = None,
    params: Annotated[Path, typer.Option(help="whose section analytics.normalise is used")] = Path("params.yaml"),
    folder: Annotated[Path, typer.Option(help="of a run's data")] = FOLDER,
) -> None:
    """Show what each step of normalisation makes of a text."""
    from crisisflow.params import read_own
    from crisisflow.studies.analytics.explain import normalised
    from crisisflow.studies.analytics.params import Own

    own = read_own(params, Own).analytics.normalise
    for line in normalised(text, own, None if corpus is None else folder / "corpora" / corpus / "protected.json"):
        print(line)


@app.command("explain_topic", rich_help_panel=LOOK)
def explain_topic_command(
    corpus: Annotated[str, typer.Argument(help="of analytics.corpora")],
    topic: Annotated[int, typer.Argument(min=0, help="the number of a topic, from 0")],
    posts: Annotated[int, typer.Option(min=1, help="how many of the heaviest posts")] = 5,
    folder: Annotated[Path, typer.Option(help="of a run's data")] = FOLDER,
) -> None:
    """Show why a topic has its name: its terms, its labels, and the posts behind them, masked."""
    from crisisflow.studies.analytics.explain import topic_lines

    for line in topic_lines(folder, corpus, topic, posts):
        print(line)


@app.command("sample_topics_for_review", rich_help_panel=USE)
def sample_topics_command(
    corpus: Annotated[str, typer.Argument(help="of analytics.corpora")],
    out: Annotated[Path, typer.Option(help="a folder")],
    posts: Annotated[int, typer.Option(min=1, help="how many of each topic are shown")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="of the order of labels and posts")] = 13,
    folder: Annotated[Path, typer.Option(help="of a run's data")] = FOLDER,
) -> None:
    """Write topics for people to judge, blind: which label fits best, and which theme; for Label Studio and as CSV.

    The texts are masked.
    """
    from crisisflow.studies.analytics import topic_sheet

    topic_sheet.run(folder, corpus, posts, seed, out)


@app.command("label_agreement", rich_help_panel=USE)
def label_agreement_command(
    answers: Annotated[
        list[Path], artifact("JSON exports of Label Studio, or filled in copies of sheet.csv, one a person; repeat")
    ],
    key: Annotated[Path, artifact("key.json of the sheet")],
    out: Annotated[Path | None, typer.Option(help="JSON, to be named as analytics.scores.people")] = None,
) -> None:
    """Score what people say of the labels of a sheet, and how far two of them agree."""
    from crisisflow.studies.analytics import label_agreement

    label_agreement.run(answers, key, out)


@app.command("assign_topics", rich_help_panel=USE)
def assign_topics_command(
    file: Annotated[str, typer.Argument(help='JSON Lines with a "text" in each, or - for standard input')],
    corpus: Annotated[
        str | None,
        typer.Option(help="of analytics.corpora, whose topics are meant; the first one with topics without it"),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="whose clusters are meant; the last of analytics.clusters.methods that the corpus can have without it"
        ),
    ] = None,
    params: Annotated[Path, typer.Option(help="the params.yaml that was run")] = Path("params.yaml"),
    folder: Annotated[Path, typer.Option(help="of a run's data")] = FOLDER,
    masking: Annotated[
        bool,
        typer.Option(
            "--mask",
            help="cover handles, e-mail addresses and phone numbers, and keep no keys but text and id",
        ),
    ] = False,
) -> None:
    """Say of each post in JSON Lines which topic of a corpus it has, with the topic's label, and which cluster.

    A post may say its event or feed as "group": a centred method takes away what a known group shares. Lines are
    answered as they come.
    """
    from crisisflow.params import read_own
    from crisisflow.serving.lines import write
    from crisisflow.studies.analytics import assign
    from crisisflow.studies.analytics.params import Own
    from crisisflow.text_input import lines_of, name_of, open_input

    stream = open_input(file, "a file of JSON Lines")
    own = read_own(params, Own).analytics
    run = assign.run_of(folder, corpus, own)
    topics, clusters = assign.Topics(run), assign.Clusters(run, assign.method_of(run, method, own), own)
    where = name_of(file)
    found = assign.assigned(assign.Reader(run, own), topics, clusters, lines_of(stream, where), where, masking)
    write(found, sys.stdout)
