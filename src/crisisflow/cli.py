"""The command line: the workflow's steps, each by its registry, and the other commands.

Light: a module is imported when its command runs, and of a step's module before that only the text is read.
"""

import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from traceback import extract_tb
from typing import Annotated, Any

import pyarrow as pa
import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from crisisflow import steps
from crisisflow.commands import develop, look, operate, people, share, tell, use
from crisisflow.errors import CrisisflowError
from crisisflow.imports import left_out
from crisisflow.options import GROUPS, STEP_COMMANDS, STUDY_COMMANDS, App
from crisisflow.studies import STUDIES

INTERRUPTED = 130  # what typer returns for Ctrl-C, which it keeps to itself


class Steps(TyperGroup):
    """The steps of a registry. Their names have underscores, as rules and modules have; a hyphen is as good."""

    registry: steps.Steps = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, then those of other commands."""
        return [*self.registry, *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name."""
        name = cmd_name.replace("-", "_")
        return super().get_command(ctx, name) or (
            steps.command(name, *self.registry[name]) if name in self.registry else None
        )

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List them by group, each with the whole first sentence of its help."""
        lines: dict[str, list[tuple[str, str]]] = {group: [] for group in GROUPS}
        lines[STEP_COMMANDS] += [(name, line) for name, (_, line) in self.registry.items()]
        for name in super().list_commands(ctx):
            own = self.commands[name]
            lines[own.rich_help_panel].append((name, own.get_short_help_str(limit=1000)))
        for group in GROUPS:
            if lines[group]:
                with formatter.section(group):
                    formatter.write_dl(lines[group])


class Commands(Steps):
    """All commands. A step whose name another command has is only to be had by its study."""

    registry = steps.BY_NAME

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name, study in STUDIES.items():
            group = Steps(name=name, help=study.title, rich_markup_mode=None, rich_help_panel=STUDY_COMMANDS)
            group.registry = study.steps
            if study.commands:
                group.commands = dict(typer.main.get_group(import_module(study.commands).app).commands)
            self.commands[name] = group


app = App(
    cls=Commands,
    help="Crisis tweets to a labelled dataset, trained joint models and tables.",
)
for module in (
    use,
    look,
    share,
    operate,
    people,
    tell,
    develop,
    *(import_module(study.commands) for study in STUDIES.values() if study.commands),
):
    app.add_typer(module.app)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"crisisflow {version('crisisflow')}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Read by `main`, which must know it before anything can fail."""


def run_command() -> None:
    """Run the command of this process's arguments; what goes wrong is the caller's."""
    # Lists of tweets, spans and names only grow here: to look for garbage in them again and again finds none, and took
    # a fifth of the time in which the gazetteers load.
    gc.set_threshold(100_000, 50, 1000)
    gc.enable()
    # For the first array pyarrow imports pandas, to know pandas' own arrays: a quarter of a second that few steps need.
    with left_out("pandas"):
        pa.array([])
    code = app(standalone_mode=False)
    # Nor is there garbage to look for at the end.
    gc.freeze()
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    sys.exit(code)


def _message(error: Exception) -> str:
    """An error in one line; of one that nobody foresaw, where it was raised."""
    if isinstance(error, CrisisflowError):
        return str(error)
    if isinstance(error, TyperException):
        return error.format_message()
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
    from crisisflow.masking import mask

    place = extract_tb(error.__traceback__)[-1]
    said = mask(" ".join(str(error).split())[:200])
    return (
        f"unexpected {type(error).__name__} ({said}) in {Path(place.filename).name}, line {place.lineno}: a damaged "
        "file, or a fault of crisisflow; crisisflow --debug COMMAND shows the traceback"
    )


def open_streams() -> None:
    """Make output and errors take any text: what a terminal lacks is shown as \\u…; a closed one takes it too."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed, as by `>&-`
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        # Not a stream of a caller in this process, nor one whose file was changed under it.
        if isinstance(getattr(sys, name), TextIOWrapper):
            with suppress(OSError):
                getattr(sys, name).reconfigure(errors="backslashreplace")


def main() -> None:
    """Run a command; what goes wrong is one line on stderr and exit code 2."""
    open_streams()
    if not sys.argv[1:]:
        sys.argv.append("--help")
    try:
        run_command()
    except (KeyboardInterrupt, typer.Abort):
        print("crisisflow: interrupted; run again to go on", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except Exception as error:
        if "--debug" in sys.argv and not isinstance(error, TyperException):
            raise
        print(f"crisisflow: {_message(error)}", file=sys.stderr)
        sys.exit(2)
