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


STORE = typer.Option(help="folder of the store, or postgresql://…")


@app.command("route", rich_help_panel=USE)
def route_command(
    file: Annotated[
        Path | None,
        typer.Argument(help="incidents: a JSON list, or JSON Lines; without it, those of the store, until ^C"),
    ] = None,
    explaining: Annotated[
        bool, typer.Option("--explain", help="say which rules fire and which conditions fail; tell nobody")
    ] = False,
    store: Annotated[
        str | None,
        typer.Option(help="folder of the store, or postgresql://…: write the incidents and the alerts that they cause"),
    ] = None,
    replay: Annotated[
        str | None, typer.Option(help="say what the rules would tell of the store's incidents of a watch; tell nobody")
    ] = None,
    rules: Annotated[Path | None, RULES] = None,
    at: Annotated[
        str | None,
        typer.Option(help="the time for --explain, such as 2026-03-01T12:00:00Z; without it, now"),
    ] = None,
) -> None:
    """Decide which agencies are told of incidents, and write their alerts.

    Rules, agencies with their areas, and silences are those of a folder of yours (docs/operations.md).
    """
    if explaining == (store is not None):
        raise CrisisflowError("say --explain to see who would be told, or --store FOLDER to tell them")
    if at is not None and not explaining:
        raise CrisisflowError("--at is for --explain: what is written with --store is of now")
    if file is None and explaining:
        raise CrisisflowError("--explain needs a file of incidents")
    if file is not None and replay is not None:
        raise CrisisflowError("--replay is for incidents of the store; leave out the file")
    from crisisflow.ingest.incident import read_incidents
    from crisisflow.ingest.routing import route
    from crisisflow.ingest.routing.configuration import EXAMPLE, read_routing
    from crisisflow.ingest.routing.explain import explain

    configured, when = rules or EXAMPLE, _time(at)
    if store is not None and replay is not None:
        lines = route.replay(store, read_routing(configured), replay)
    elif store is not None and file is None:
        return route.follow(store, configured)
    else:
        incidents = read_incidents(file) if file else []
        routing = read_routing(configured)
        if store is not None:
            lines = route.run(store, routing, incidents)
        else:
            lines = (line for own in incidents for line in explain(routing, own, when))
    for line in lines:
        print(line)


@app.command("deliver", rich_help_panel=USE)
def deliver_command(
    store: Annotated[str, STORE],
    rules: Annotated[Path | None, RULES] = None,
    once: Annotated[bool, typer.Option("--once", help="end when nothing more can be sent now")] = False,
    status: Annotated[
        bool, typer.Option("--status", help="say how many deliveries of each channel wait or ended")
    ] = False,
    dead: Annotated[bool, typer.Option("--dead", help="list the deliveries that were given up")] = False,
    redeliver: Annotated[int | None, typer.Option(help="make the delivery of this number due again")] = None,
    enable: Annotated[str | None, typer.Option(help="use a channel (agency/channel) that was disabled again")] = None,
    test: Annotated[str | None, typer.Option(help="send a test message by a channel (agency/channel)")] = None,
) -> None:
    """Send alerts to agencies: at least once, in order per incident and receiver.

    It goes on until ^C. A changed configuration is taken when it is valid.
    """
    from crisisflow.ingest.delivery import deliver
    from crisisflow.ingest.routing.configuration import EXAMPLE

    if status or dead:
        for line in deliver.status(store) if status else deliver.dead_letters(store):
            print(line)
    elif redeliver is not None:
        deliver.redeliver(store, redeliver)
    elif enable is not None:
        deliver.enable(store, enable)
    elif test is not None:
        result = deliver.send_test(store, rules or EXAMPLE, test)
        if result.outcome != "delivered":
            raise CrisisflowError(f"the test message to {test} was not delivered: {result.answer}")
        print(f"delivered: {result.answer}")
    else:
        deliver.run(store, rules or EXAMPLE, once)


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
