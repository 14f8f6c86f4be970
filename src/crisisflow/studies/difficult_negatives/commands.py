"""Commands of the study that are no steps."""

from pathlib import Path
from typing import Annotated

import typer

from crisisflow.options import SEED_VALUE, USE, App, artifact

app = App()


@app.command("mine", rich_help_panel=USE)
def mine_command(
    positives: Annotated[
        Path, artifact("a table with a column `text`, and `class` for several anchors: .csv, .tsv, .jsonl, .parquet")
    ],
    pool: Annotated[Path, artifact("ordinary texts, no positive among them: a column `text`; a column `id` is kept")],
    out: Annotated[Path, typer.Option(help="what is written: .csv or .parquet")],
    band: Annotated[
        list[str], typer.Option(help="such as 2sigma, 3sigma_upper, nearest_3sigma_upper, random or top; repeat")
    ] = ["3sigma_upper"],  # noqa: B006
    sample: Annotated[int, typer.Option(min=20, help="texts of the pool to which the normal curves are fitted")] = 3000,
    seed: Annotated[int, SEED_VALUE] = 13,
    encoder: Annotated[
        str, typer.Option(help="embedded:NAME, NAME@REVISION of the model hub, or a folder")
    ] = "embedded:minilm-l6",
) -> None:
    """Find texts of a pool that are similar to positives, to train with as difficult negatives.

    A class gets as many as it has positives. Bands and their names: docs/studies/difficult_negatives.md.
    """
    from crisisflow.studies.difficult_negatives.own_tables import mine_tables

    mine_tables(positives, pool, band, sample, seed, encoder, out)
