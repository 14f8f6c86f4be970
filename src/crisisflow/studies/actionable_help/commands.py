"""Commands of the study that are no steps."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from crisisflow.options import SHARE, USE, App, artifact

app = App()


@app.command("help_sheet", rich_help_panel=USE)
def help_sheet_command(
    out: Annotated[Path, typer.Option(help="a folder")],
    params: Annotated[Path, typer.Option(help="whose section actionable_help.validation is used")] = Path(
        "params.yaml"
    ),
    pool: Annotated[Path, artifact()] = Path("data/actionable_help/pool.parquet"),
    agreed: Annotated[Path, artifact()] = Path("data/actionable_help/agreed.parquet"),
) -> None:
    """Draw tweets for people to label, as a sheet for Label Studio.

    The texts are masked. How to label: docs/studies/actionable_help_guideline.md.
    """
    from crisisflow.params import read_own
    from crisisflow.studies.actionable_help import sheet
    from crisisflow.studies.actionable_help.params import Own

    own = read_own(params, Own).actionable_help
    sheet.run(
        pool,
        agreed,
        own.validation,
        own.sets,
        out / "sample.csv",
        out / "tasks.json",
        out / "config.xml",
        out / "sheet.json",
    )


@app.command("help_reference", rich_help_panel=SHARE)
def help_reference_command(
    first: Annotated[Path, artifact("JSON export from Label Studio, of one annotator")],
    second: Annotated[Path, artifact("that of the other annotator")],
    sheet: Annotated[Path, typer.Option(help="the folder of help_sheet")],
    out: Annotated[Path, typer.Option(help="a CSV")],
) -> None:
    """Join what two people labelled to a reference, without texts.

    Where they differ, the column `settled` is empty, and theirs to fill in.
    """
    from crisisflow.artifacts import check_file
    from crisisflow.studies.actionable_help.reference import join

    check_file(sheet / "sample.csv", "name the folder that help_sheet wrote")
    join(sheet / "sample.csv", first, second, out)


@app.command("help_predict", rich_help_panel=USE)
def help_predict_command(
    file: Annotated[str, typer.Argument(help='JSON Lines with a "text" in each, or - for standard input')],
    params: Annotated[Path, typer.Option(help="whose section actionable_help.texts is used")] = Path("params.yaml"),
    masking: Annotated[
        bool,
        typer.Option(
            "--mask",
            help="cover handles, e-mail addresses and phone numbers, and keep no keys but text and id",
        ),
    ] = False,
) -> None:
    """Say of each tweet in JSON Lines whether it requests or offers help, and which resources it names.

    By the best row of the study's run, or without a run by the lexicon. Lines are answered as they come.
    """
    from crisisflow.params import read_own
    from crisisflow.progress import say
    from crisisflow.serving.lines import write
    from crisisflow.studies.actionable_help import answers
    from crisisflow.studies.actionable_help.params import Own
    from crisisflow.text_input import lines_of, name_of, open_input

    stream = open_input(file, "a file of JSON Lines")
    texts = read_own(params, Own).actionable_help.texts
    if (answers.RESULTS / "scores.json").exists():
        answer = answers.by_row(answers.RESULTS, answers.ENCODERS)
    else:
        say("help_predict: the study was not run here, so a lexicon answers; run: make reproduce STUDY=actionable_help")
        answer = answers.by_rules
    where = name_of(file)
    write(answers.answered(answer, texts, lines_of(stream, where), where, masking), sys.stdout)
