"""Commands to develop the workflow."""

from pathlib import Path
from typing import Annotated

import typer

from crisisflow.options import DEVELOP, App

app = App()


@app.command("schema", rich_help_panel=DEVELOP)
def schema_command(out: Annotated[Path, typer.Option(help="where to write")]) -> None:
    """Write the JSON schema of params.yaml."""
    from crisisflow.artifacts import write_json
    from crisisflow.studies import Params

    write_json(out, Params.model_json_schema())


@app.command("dvcyaml", rich_help_panel=DEVELOP)
def dvcyaml_command(
    check: Annotated[bool, typer.Option("--check", help="write nothing; fail when dvc.yaml is out of date")] = False,
) -> None:
    """Write dvc.yaml from the Snakefile's rules."""
    from crisisflow.versioning.dvcyaml import run

    run(only_check=check)
