"""Commands of the study that are no steps."""

from pathlib import Path
from typing import Annotated

import typer

from crisisflow.options import LOOK, USE, App, artifact

app = App()
FOLDER = Path("data/analytics")


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
