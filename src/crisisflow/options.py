"""Options of commands: values as in params.yaml, and inputs, which are checked before anything heavy is imported."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import typer
from pydantic import TypeAdapter, ValidationError
from typer.core import TyperCommand

from crisisflow.artifacts import check_file
from crisisflow.params import MOST_SEED
from crisisflow.strict_yaml import YamlFault, parse_value
from crisisflow.validation import explain

CHECKS = "crisisflow.checks"  # of the inputs, in the context of a command
USE, LOOK, SHARE, DEVELOP = "Use", "Look at a run", "Share and version", "Develop"
STEP_COMMANDS = "Steps of the workflow, which Snakemake runs"
STUDY_COMMANDS = "Studies, each with its own steps"
GROUPS = (USE, LOOK, SHARE, STEP_COMMANDS, STUDY_COMMANDS, DEVELOP)


class Command(TyperCommand):
    """A command that checks its inputs before it imports what takes seconds."""

    def invoke(self, ctx: Any) -> Any:
        """Check, then run."""
        for check in ctx.meta.get(CHECKS, ()):
            check()
        return super().invoke(ctx)


class App(typer.Typer):
    """Commands of that kind, in the app's own style."""

    def __init__(self, **options: Any) -> None:
        super().__init__(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, **options)

    def command(self, *arguments: Any, **options: Any) -> Any:
        """Register one."""
        return super().command(*arguments, cls=Command, **options)


def value(kind: Any, description: str | None = None) -> Any:
    """An option that is read as JSON or YAML and checked as `kind`."""

    def parse(text: Any) -> Any:
        try:
            return TypeAdapter(kind).validate_python(parse_value(text) if isinstance(text, str) else text)
        except ValidationError as error:
            raise typer.BadParameter(explain(error, kind)) from None
        except YamlFault as fault:
            raise typer.BadParameter(f"is {fault}") from None

    return typer.Option(parser=parse, metavar="VALUE", help=description)


def checked(check: Callable[[Path], None]) -> Callable[..., Any]:
    """A callback of an option: its path, or paths, are checked once all options are known to be right."""

    def note(ctx: typer.Context, given: Any) -> Any:
        paths = given if isinstance(given, list) else [given]
        ctx.meta.setdefault(CHECKS, []).extend(partial(check, path) for path in paths if path is not None)
        return given

    return note


def artifact(help: str | None = None) -> Any:
    """An option that names a file, or files, that a command reads."""
    return typer.Option(help=help, callback=checked(check_file))


SEED_VALUE = typer.Option(min=0, max=MOST_SEED)
