"""People, and their leases."""

from crisisflow.ingest.store.records import Lease, Person
from crisisflow.ingest.store.tables.audit import AuditTable

PERSON = "name, role, salt, token, added, revoked"


class PeopleTables(AuditTable):
    """The tables people and leases."""

    def add_person(self, person: Person, actor: str, now: int) -> bool:
        """As in Store."""
        with self._writing():
            added = self._change(
                f"INSERT INTO people ({PERSON}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
                "role = excluded.role, salt = excluded.salt, token = excluded.token, added = excluded.added, "
                "revoked = NULL WHERE people.revoked IS NOT NULL",
                *person,
            )
            if added:
                self._note(actor, "add person", f"person:{person.name}", {"role": person.role}, now)
            return bool(added)

    def revoke_person(self, name: str, actor: str, now: int) -> bool:
        """As in Store."""
        with self._writing():
            revoked = self._change("UPDATE people SET revoked = ? WHERE name = ? AND revoked IS NULL", now, name)
            if revoked:
                self._change("DELETE FROM leases WHERE person = ?", name)
                self._note(actor, "revoke person", f"person:{name}", {}, now)
            return bool(revoked)

    def people(self) -> list[Person]:
        """As in Store."""
        with self._reading():
            return [Person(*own) for own in self._rows(f"SELECT {PERSON} FROM people ORDER BY name")]

    def lease(self, subject: str, person: str, now: int, ends: int) -> Lease:
        """As in Store."""
        with self._writing():
            self._change(
                "INSERT INTO leases VALUES (?, ?, ?) ON CONFLICT (subject) DO UPDATE SET person = excluded.person, "
                "ends = excluded.ends WHERE leases.person = excluded.person OR leases.ends <= ?",
                subject,
                person,
                ends,
                now,
            )
            return Lease(*self._rows("SELECT subject, person, ends FROM leases WHERE subject = ?", subject)[0])

    def end_lease(self, subject: str, person: str) -> bool:
        """As in Store."""
        with self._writing():
            return bool(self._change("DELETE FROM leases WHERE subject = ? AND person = ?", subject, person))

    def break_lease(self, subject: str, actor: str, now: int) -> Lease | None:
        """As in Store."""
        with self._writing():
            found = self._rows(
                "DELETE FROM leases WHERE subject = ? AND ends > ? RETURNING subject, person, ends", subject, now
            )
            for _, person, ends in found:
                self._note(actor, "break lease", subject, {"person": person, "ends": ends}, now)
            return Lease(*found[0]) if found else None

    def leases(self, now: int) -> list[Lease]:
        """As in Store."""
        with self._reading():
            return [
                Lease(*own)
                for own in self._rows("SELECT subject, person, ends FROM leases WHERE ends > ? ORDER BY subject", now)
            ]
