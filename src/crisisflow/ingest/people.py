"""Who may do what: roles, and tokens, of which only a salted hash is kept."""

import hmac
import secrets

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.store.faults import ForbiddenError
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.records import Person, Role

ROLES: tuple[Role, ...] = ("viewer", "operator", "lead", "admin")  # each may do what those before it may
LONGEST = 64  # characters of a name


def add(store: Store, name: str, role: Role, actor: str, now: int) -> str:
    """Make somebody known, and return their token: nobody can see it again.

    Raises:
        CrisisflowError: the name is not one, or belongs to somebody whose token is valid.
    """
    if not name.isprintable() or name != name.strip() or not 0 < len(name) <= LONGEST or ":" in name:
        raise CrisisflowError(
            f"{name!r} is no name of a person: 1 to {LONGEST} characters that can be printed, none of them a colon"
        )
    token, salt = secrets.token_urlsafe(32), secrets.token_bytes(16)
    if not store.add_person(Person(name, role, salt, _hash(salt, token), now), actor, now):
        raise CrisisflowError(
            f"{name} has a valid token already; take it back first with: crisisflow people revoke {name}"
        )
    return token


def known(store: Store, token: str) -> Person | None:
    """Whose valid token this is."""
    found = None
    for person in store.people():  # all are compared, so that the time tells nothing
        same = hmac.compare_digest(person.token, _hash(person.salt, token))
        if same and person.revoked is None:
            found = person
    return found


def may(person: Person, least: Role) -> bool:
    """Whether somebody has this role, or one that may do more."""
    return person.revoked is None and ROLES.index(person.role) >= ROLES.index(least)


def require(person: Person, least: Role, what: str) -> None:
    """See that somebody may do something.

    Raises:
        ForbiddenError: they may not.
    """
    if not may(person, least):
        raise ForbiddenError(f"{person.name} is {person.role}; to {what} takes the role {least}")


def _hash(salt: bytes, token: str) -> bytes:
    """A token has 256 random bits, so that a slow hash would add nothing."""
    return hmac.digest(salt, token.encode(), "sha256")
