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
        Literal["params", "alert"], typer.Option(help="params.yaml, or an alert as receivers get it")
    ] = "params",
) -> None:
    """Write the JSON schema of params.yaml, or of an alert."""
    from crisisflow.artifacts import write_json

    if of == "alert":
        from crisisflow.ingest.delivery.message import Message

        write_json(out, Message.model_json_schema())
        return
    from crisisflow.studies import Params

    write_json(out, Params.model_json_schema())


@app.command("dvcyaml", rich_help_panel=DEVELOP)
def dvcyaml_command(
    check: Annotated[bool, typer.Option("--check", help="write nothing; fail when dvc.yaml is out of date")] = False,
) -> None:
    """Write dvc.yaml from the Snakefile's rules."""
    from crisisflow.versioning.dvcyaml import run

    run(only_check=check)
