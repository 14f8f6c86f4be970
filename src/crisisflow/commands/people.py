"""Commands for the people of a store, and for its audit."""

import getpass
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from crisisflow.errors import CrisisflowError
from crisisflow.options import USE, App

app = App()
people_app = App(help="The people who may use a store: viewers, operators, leads and admins.")
audit_app = App(help="The audit of a store: who did what, when.")
app.add_typer(people_app, name="people", rich_help_panel=USE)
app.add_typer(audit_app, name="audit", rich_help_panel=USE)

STORE = typer.Option(help="folder of the store, or postgresql://…")
AS = typer.Option("--as", help="who does it, for the audit; the user's name without it")
NAME = typer.Argument(help="name of the person, as the audit writes it")


@people_app.command("add")
def add_command(
    name: Annotated[str, NAME],
    store: Annotated[str, STORE],
    role: Annotated[
        Literal["viewer", "operator", "lead", "admin"], typer.Option(help="what the person may do (docs/operations.md)")
    ],
    actor: Annotated[str | None, AS] = None,
) -> None:
    """Make somebody known, and print their token: it is shown this once."""
    from crisisflow.ingest import process
    from crisisflow.ingest.people import add
    from crisisflow.ingest.store.opening import open_store

    with open_store(store) as own:
        print(add(own, name, role, actor or getpass.getuser(), process.now()))


@people_app.command("list")
def list_command(store: Annotated[str, STORE]) -> None:
    """List who may use the store, and who may no longer."""
    from crisisflow.ingest.store.opening import open_store

    with open_store(store) as own:
        for person in own.people():
            until = "" if person.revoked is None else f", revoked {_day(person.revoked)}"
            print(f"{person.name}: {person.role}, since {_day(person.added)}{until}")


@people_app.command("revoke")
def revoke_command(
    name: Annotated[str, NAME], store: Annotated[str, STORE], actor: Annotated[str | None, AS] = None
) -> None:
    """Take somebody's token no longer, and end their leases."""
    from crisisflow.ingest import process
    from crisisflow.ingest.store.opening import open_store

    with open_store(store) as own:
        if not own.revoke_person(name, actor or getpass.getuser(), process.now()):
            raise CrisisflowError(f"{store} knows nobody called {name} with a valid token")
    print(f"the token of {name} is no longer taken")


@audit_app.command("verify")
def verify_command(
    store: Annotated[str, STORE],
    includes: Annotated[
        str | None, typer.Option(help="hash that an earlier `audit verify` printed: its entry must be there")
    ] = None,
) -> None:
    """Check that no entry of the audit was changed or removed."""
    from crisisflow.ingest.store.opening import open_store

    entries, last, included = 0, None, False
    with open_store(store) as own:
        for entry in own.audit():
            entries, last = entries + 1, entry.hash
            included |= entry.hash == includes
    if includes is not None and not included:
        raise CrisisflowError(f"{store}: no entry of the audit has the hash {includes}; entries at its end are gone")
    print(f"{store}: {entries:,} entries, whole; the last has the hash {last}")


@audit_app.command("export")
def export_command(store: Annotated[str, STORE]) -> None:
    """Write the entries of the audit as JSON Lines, the first first."""
    import sys

    from crisisflow.ingest.store.opening import open_store
    from crisisflow.serving.output import write

    with open_store(store) as own:
        write((entry._asdict() for entry in own.audit()), sys.stdout)


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d")
