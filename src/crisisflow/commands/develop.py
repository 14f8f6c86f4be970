"""Commands to develop the workflow."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from crisisflow.options import DEVELOP, App

app = App()


@app.command("schema", rich_help_panel=DEVELOP)
def schema_command(
    out: Annotated[Path, typer.Option(help="where to write")],
    of: Annotated[
        Literal["params", "operations", "alert"],
        typer.Option(help="params.yaml, operations.yaml, or an alert as receivers get it"),
    ] = "params",
) -> None:
    """Write the JSON schema of params.yaml, of operations.yaml, or of an alert."""
    from crisisflow.artifacts import write_json

    if of == "alert":
        from crisisflow.ingest.delivery.message import Message as Root
    elif of == "operations":
        from crisisflow.ingest.operations import Operations as Root
    else:
        from crisisflow.studies import Params as Root
    write_json(out, Root.model_json_schema())


@app.command("dvcyaml", rich_help_panel=DEVELOP)
def dvcyaml_command(
    check: Annotated[bool, typer.Option("--check", help="write nothing; fail when dvc.yaml is out of date")] = False,
) -> None:
    """Write dvc.yaml from the Snakefile's rules."""
    from crisisflow.versioning.dvcyaml import run

    run(only_check=check)
