"""Commands of the study that are no steps."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from crisisflow.options import SHARE, USE, App

app = App()

Run = Annotated[
    Path | None,
    typer.Option(
        help="folder of a trained run whose weights were kept, as results/gnom/rows/ROW/SETTING/shareP-seedK; without "
        "it, the first setting with the most labels of a run of real tweets, else the model models/gnom_mini"
    ),
]


@app.command("gnom_predict", rich_help_panel=USE)
def gnom_predict_command(
    file: Annotated[str, typer.Argument(help='JSON Lines with a "text" in each, or - for standard input')],
    run: Run = None,
    masking: Annotated[
        bool,
        typer.Option(
            "--mask", help="cover handles, e-mail addresses and phone numbers, and keep no keys but text and id"
        ),
    ] = False,
) -> None:
    """Say of each tweet in JSON Lines which classes a trained row gives it, in any language of its encoder.

    The word graph is not built again: a word that is no node of it is read by the encoder alone.
    """
    from crisisflow.serving.output import write
    from crisisflow.text_input import lines_of, name_of, open_input

    stream, where = open_input(file, "a file of JSON Lines"), name_of(file)
    from crisisflow.studies.gnom.answering import answered, open_run

    write(answered(open_run("gnom_predict", run), lines_of(stream, where), where, masking), sys.stdout)


@app.command("gnom_explain", rich_help_panel=USE)
def gnom_explain_command(
    text: Annotated[str, typer.Argument(help="the text, or - for standard input")],
    run: Run = None,
) -> None:
    """Show which tokens of a text are nodes of the word graph, their importance, and what a class loses without one."""
    from crisisflow.text_input import text_of

    given = text_of(text, 10_000)
    from crisisflow.studies.gnom.answering import explained, open_run

    print(explained(open_run("gnom_explain", run), given))


@app.command("neighbours", rich_help_panel=USE)
def neighbours_command(
    words: Annotated[list[str], typer.Argument(help="words that are nodes of the word graph")],
    run: Run = None,
    number: Annotated[int, typer.Option(min=1, max=100, help="of neighbours of each kind")] = 5,
) -> None:
    """Find the words nearest to a word: by the encoder's embedding, and by h_G before and after training."""
    from crisisflow.studies.gnom.neighbours import near_words, open_words

    print(near_words(open_words(run), words, number))


@app.command("gnom_transfer", rich_help_panel=USE)
def gnom_transfer_command(
    source: Annotated[str, typer.Option("--from", help="a set of params.yaml's gnom.sets, whose labels are learnt")],
    texts: Annotated[str, typer.Option(help='JSON Lines with a "text" in each, or - for standard input')],
    language: Annotated[str, typer.Option(help="of the texts: en, es, it")],
    out: Annotated[Path, typer.Option(help="a new folder: predictions.jsonl, and the run for gnom_predict")],
    row: Annotated[str, typer.Option(help="a row of gnom.rows or gnom.plain_rows")] = "GNoM",
    encoder: Annotated[
        str, typer.Option(help="embedded:NAME, NAME@REVISION of the model hub, or a folder; all layers are trained")
    ] = "embedded:e5-small-multilingual",
    params: Annotated[Path, typer.Option(help="whose section gnom is used")] = Path("params.yaml"),
) -> None:
    """Learn from the labels of one set, and label the texts of another event or language.

    The texts are in the word graph, without labels. Training takes minutes to an hour on two cores, by the set.
    """
    from crisisflow.params import read_own
    from crisisflow.text_input import lines_of, name_of, open_input

    stream, where = open_input(texts, "a file of JSON Lines"), name_of(texts)
    from crisisflow.studies.gnom.transfer import Own
    from crisisflow.studies.gnom.transfer import run as transfer

    transfer(read_own(params, Own), source, row, encoder, language, lines_of(stream, where), where, out)


@app.command("gnom_export", rich_help_panel=SHARE)
def gnom_export_command(
    run: Annotated[Path, typer.Option(help="folder of a trained run whose weights were kept")],
    licence: Annotated[str, typer.Option(help="of its training set, for the card")],
    out: Annotated[Path, typer.Option(help="a new folder")],
) -> None:
    """Write a trained run as a model that gnom_predict reads without the run, with a model card.

    A run with a confidential set is refused: the nodes of its graph are tokens of the texts.
    """
    from crisisflow.studies.gnom.exported import write_exported

    write_exported(run, licence, out)
