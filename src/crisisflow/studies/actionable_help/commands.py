"""Commands of the study that are no steps."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

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

    By the best row of the study's run, or without a run by the lexicon. Texts that are not in English are not judged.
    Lines are answered as they come.
    """
    from crisisflow.params import read_own
    from crisisflow.serving.output import write
    from crisisflow.studies.actionable_help import answers
    from crisisflow.studies.actionable_help.params import GENERATED, Own
    from crisisflow.text_input import lines_of, name_of, open_input

    stream = open_input(file, "a file of JSON Lines")
    own = read_own(params, Own).actionable_help
    where = name_of(file)
    answer = answers.best_answering("help_predict", own.pool.sets == [GENERATED])
    write(answers.answered(answer, own.texts, lines_of(stream, where), where, masking), sys.stdout)


@app.command("help_match", rich_help_panel=USE)
def help_match_command(
    file: Annotated[
        str | None,
        typer.Argument(
            help='JSON Lines with a "text" in each, and maybe "id", "created_at" and a "label" of help_predict; - for '
            "standard input; without it, the pool of the study's run"
        ),
    ] = None,
    output: Annotated[Literal["jsonl", "csv"], typer.Option("--format", help="of the pairs")] = "jsonl",
    params: Annotated[
        Path, typer.Option(help="whose sections annotation, actionable_help.texts and actionable_help.match are used")
    ] = Path("params.yaml"),
    pool: Annotated[Path, typer.Option(help="without a file")] = Path("data/actionable_help/pool.parquet"),
    mentions: Annotated[Path, typer.Option(help="without a file")] = Path("data/actionable_help/mentions.parquet"),
    resources: Annotated[Path, typer.Option(help="without a file")] = Path("data/actionable_help/resources.parquet"),
    predicted: Annotated[Path, typer.Option(help="without a file")] = Path("data/actionable_help/predicted.parquet"),
) -> None:
    """Find the offers that fit each request best, with reasons.

    The pairs have ids and no texts. A tweet of the file without a label is labelled as by help_predict.
    """
    from crisisflow.artifacts import check_file
    from crisisflow.params import read_own
    from crisisflow.studies.actionable_help.params import GENERATED, Matching
    from crisisflow.text_input import lines_of, name_of, open_input

    stream = None if file is None else open_input(file, "a file of JSON Lines")
    own = read_own(params, Matching)
    for path in (pool, mentions, resources, predicted) if stream is None else ():
        check_file(path)
    from crisisflow.studies.actionable_help import answers, match, match_posts

    if stream is None:
        tweets = match.of_study(pool, mentions, resources, predicted, own.actionable_help.ratios.resources)
    else:
        where = name_of(file)

        def answer(texts: Sequence[str]) -> list[answers.Answer]:
            learnt_from_generated = own.actionable_help.pool.sets == [GENERATED]
            return answers.best_answering("help_match", learnt_from_generated)(texts)

        lines = lines_of(stream, where)
        tweets = match_posts.of_lines(lines, where, own.actionable_help.texts, own.annotation, answer)
    match_posts.write_pairs(match_posts.pairs(tweets, own.actionable_help.match), output == "csv", sys.stdout)


@app.command("help_export", rich_help_panel=SHARE)
def help_export_command(
    out: Annotated[Path, typer.Option(help="a new folder")],
    sets: Annotated[
        list[str] | None, typer.Option("--set", help="a set whose tweets are exported; repeat, or leave out for all")
    ] = None,
    params: Annotated[Path, typer.Option(help="the params.yaml that was run")] = Path("params.yaml"),
    agreed: Annotated[Path, artifact()] = Path("data/actionable_help/agreed.parquet"),
    agreement: Annotated[Path, artifact()] = Path("data/actionable_help/agreement.json"),
    scores: Annotated[Path, typer.Option(help="of the labellers, for the card, if it is there")] = Path(
        "results/actionable_help/label_scores.json"
    ),
) -> None:
    """Write the ids and labels of the agreed tweets, with a card.

    No texts. A confidential set is refused.
    """
    from crisisflow.params import read_own
    from crisisflow.studies.actionable_help.export_labels import run
    from crisisflow.studies.actionable_help.params import Own

    own = read_own(params, Own).actionable_help
    run(agreed, agreement, scores if scores.exists() else None, own, sets or [], out)
