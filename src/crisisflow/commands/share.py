"""Commands to share and version results."""

from typing import Annotated

import typer

from crisisflow.options import SHARE, App

app = App()


@app.command("record", rich_help_panel=SHARE)
def record_command(
    shards: Annotated[int | None, typer.Option(help="what --set-scatter shards=N said, if anything")] = None,
) -> None:
    """Record in DVC what Snakemake has made.

    Each study is recorded once all of it is up to date.
    """
    from crisisflow.versioning.record import run

    run(shards)


@app.command("sync", rich_help_panel=SHARE)
def sync_command(
    shards: Annotated[int | None, typer.Option(help="what --set-scatter shards=N said, if anything")] = None,
) -> None:
    """Make Snakemake accept what DVC has brought.

    What was checked out, pulled or restored.
    """
    from crisisflow.versioning.sync import run

    run(shards)


@app.command("install_hook", rich_help_panel=SHARE)
def install_hook_command() -> None:
    """Let each git checkout bring its data.

    Git then runs `dvc checkout` and `crisisflow sync`.
    """
    from crisisflow.versioning.hook import run

    run()
