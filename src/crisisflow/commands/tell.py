"""Commands to tell agencies of incidents."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from crisisflow.errors import CrisisflowError
from crisisflow.options import USE, App

app = App()

RULES = typer.Option(
    help="folder with ontology.yaml, agencies.yaml, rules.yaml and, if you want, silences.yaml; without it, the example"
)


@app.command("route", rich_help_panel=USE)
def route_command(
    file: Annotated[Path, typer.Argument(help="incidents: a JSON list, or JSON Lines")],
    explaining: Annotated[
        bool, typer.Option("--explain", help="say which rules fire and which conditions fail; tell nobody")
    ] = False,
    rules: Annotated[Path | None, RULES] = None,
    at: Annotated[
        str | None,
        typer.Option(help="the time for hours and silences, such as 2026-03-01T12:00:00Z; without it, now"),
    ] = None,
) -> None:
    """Decide which agencies are told of incidents.

    Rules, agencies with their areas, and silences are those of a folder of yours (docs/operations.md).
    """
    if not explaining:
        raise CrisisflowError("say --explain")
    from crisisflow.ingest.incident import read_incidents
    from crisisflow.ingest.routing.configuration import EXAMPLE, read_routing
    from crisisflow.ingest.routing.explain import explain

    when = _time(at)
    incidents = read_incidents(file)
    routing = read_routing(rules or EXAMPLE)
    for incident in incidents:
        for line in explain(routing, incident, when):
            print(line)


def _time(given: str | None) -> datetime:
    from datetime import UTC

    from pydantic import TypeAdapter, ValidationError

    from crisisflow.ingest.incident import Time

    if given is None:
        return datetime.now(UTC)
    try:
        return TypeAdapter(Time).validate_python(given)
    except ValidationError:
        raise CrisisflowError(f"--at {given} is not a time; write it as 2026-03-01T12:00:00Z") from None
