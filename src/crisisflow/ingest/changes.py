"""Changes of incidents by people: on the version that they saw, and only where nobody else is at work."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.people import require
from crisisflow.ingest.store.faults import LeasedError, StaleError
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.records import Incident, Lease, Person

LEASE = 300_000  # ms that a lease lasts unless it is renewed


def subject_of(incident: str) -> str:
    """What leases and the audit call an incident."""
    return f"incident:{incident}"


def take_lease(store: Store, incident: str, person: Person, now: int) -> Lease:
    """Take or renew the lease of an incident, for five minutes.

    Raises:
        ForbiddenError: the person may not change incidents. LeasedError: somebody else works on it.
    """
    require(person, "operator", "change an incident")
    lease = store.lease(subject_of(incident), person.name, now, now + LEASE)
    if lease.person != person.name:
        raise _leased(lease)
    return lease


def break_lease(store: Store, incident: str, person: Person, now: int) -> Lease | None:
    """End the lease of an incident, whoever has it. Its holder's next change is refused if somebody else takes it.

    Raises:
        ForbiddenError: the person may not.
    """
    require(person, "lead", "break a lease")
    return store.break_lease(subject_of(incident), person.name, now)


@contextmanager
def changing(store: Store, incident: str, version: int, person: Person, now: int) -> Iterator[Incident]:
    """Change an incident in the block, all in one transaction; it gets the incident as it is.

    The block writes the next version with `Store.set_incident`, and notes the act in the audit.

    Args:
        version: the one that the person saw.

    Raises:
        ForbiddenError: the person may not change incidents. StaleError: the store has another version.
        LeasedError: somebody else works on it. CrisisflowError: there is no such incident.
    """
    require(person, "operator", "change an incident")
    with store.grouped():
        found = store.incident(incident)
        if found is None:
            raise CrisisflowError(f"there is no incident {incident}")
        if found.version != version:
            raise StaleError(
                f"incident {incident} has version {found.version} by now, and this change was made on version {version}"
            )
        for lease in store.leases(now):
            if lease.subject == subject_of(incident) and lease.person != person.name:
                raise _leased(lease)
        yield found


def entity_tag(version: int) -> str:
    """The version of an incident as the header ETag has it."""
    return f'"{version}"'


def version_of(if_match: str) -> int:
    """The version in a header If-Match.

    Raises:
        CrisisflowError: it names none, or several.
    """
    found = re.fullmatch(r'"(\d{1,9})"', if_match.strip(), re.ASCII)
    if found is None:
        raise CrisisflowError(
            f'If-Match {if_match[:40]} names no version; send the ETag that came with it, such as "3"'
        )
    return int(found[1])


def _leased(lease: Lease) -> LeasedError:
    return LeasedError(f"{lease.person} works on {lease.subject} until the lease ends; wait, or break it as a lead")
