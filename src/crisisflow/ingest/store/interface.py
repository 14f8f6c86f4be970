"""What every store does.

Each method is one transaction: when it returns, what it wrote survives kill -9 and a loss of power; when it raises,
nothing of it was written. Within `grouped` all methods are one transaction together. Methods that write take the time
as `now`, in milliseconds since 1970: a store has no clock.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Self

from crisisflow.ingest.store.records import (
    Alert,
    Analysed,
    Attempt,
    Claim,
    Counts,
    Delivery,
    DeliveryState,
    Destination,
    Entry,
    Extent,
    Failure,
    Finding,
    Gap,
    Incident,
    Intake,
    Lease,
    Outcome,
    Person,
    Query,
    Queue,
    SourceHealth,
    StoredPost,
    Story,
    Taken,
)


class Store(ABC):
    """A store, used by one thread. Several processes and threads may each open it.

    Every method raises StoreError where the disk is full, may not be written, or is damaged.
    """

    @abstractmethod
    def grouped(self) -> AbstractContextManager[None]:
        """Make the calls of a block one transaction: what they wrote survives when the block has ended well.

        When it raises, nothing of all that was written. It is for many small changes: each transaction waits for the
        disk. No other writes to the store meanwhile.
        """

    # Sources and watches

    @abstractmethod
    def set_sources(self, kinds: Mapping[str, str]) -> None:
        """Make these sources known, by id with their kind.

        Those that are known keep their cursors and counts. None is connected: a process begins.
        """

    @abstractmethod
    def set_watches(self, contents: Mapping[str, Mapping[str, Any]], now: int) -> None:
        """Make these watches known, by id with their configuration. A changed one is an entry of the audit."""

    @abstractmethod
    def watches(self) -> dict[str, dict[str, Any]]:
        """The configurations of all watches that were ever known, by id."""

    @abstractmethod
    def cursor(self, source: str) -> str | None:
        """The cursor of a source; None before its first."""

    @abstractmethod
    def connected(self, source: str, now: int) -> None:
        """Note that a source is connected from now on. Every time but the first counts as a reconnect."""

    @abstractmethod
    def disconnected(self, source: str, trouble: str | None) -> None:
        """Note that a source is not connected, and why, where that was not wished."""

    @abstractmethod
    def heard(self, source: str, now: int) -> None:
        """Note a sign of life."""

    @abstractmethod
    def add_gap(self, source: str, gap: Gap) -> None:
        """Note a stretch of time of which posts may be missing."""

    @abstractmethod
    def health(self, now: int) -> list[SourceHealth]:
        """How the sources fare, by id."""

    # Posts

    @abstractmethod
    def take(self, intakes: Sequence[Intake], now: int) -> list[Taken]:
        """Write posts, deletions, counts of drops and the sources' cursors, all in one transaction.

        A native id that the source has brought before is a repeat, or with another text a revision; of a repeat only
        further watches are written. A forgotten post is not taken again.
        """

    @abstractmethod
    def posts(self, query: Query, limit: int) -> list[StoredPost]:
        """The posts of a query, the latest taken first."""

    @abstractmethod
    def revisions(self, post: int) -> list[str]:
        """The earlier texts of a post, the oldest first."""

    @abstractmethod
    def forget(self, posts: Sequence[int], actor: str, why: str, now: int) -> int:
        """Remove posts with their texts, revisions and memberships, and see that they are not taken again.

        The audit has an entry for each, without its text and native id. Returns how many there were.
        """

    @abstractmethod
    def purge(self, before: int, watch: str | None, actor: str, now: int) -> int:
        """Forget the posts that were taken before a time; with a watch only those that are in no other watch.

        Posts of incidents stay. One entry of the audit says how many went. Returns how many.
        """

    @abstractmethod
    def queue(self) -> Queue:
        """How much waits for the analysis."""

    @abstractmethod
    def waiting(self, limit: int) -> list[StoredPost]:
        """The posts that wait for the analysis, the first taken first."""

    @abstractmethod
    def analysed(self, posts: Sequence[int]) -> None:
        """Note that these posts wait no longer."""

    @abstractmethod
    def set_aside(self, keep: Queue) -> int:
        """Let the oldest posts wait no longer, until no more than `keep` wait. They stay in the store.

        Returns how many were set aside.
        """

    # Findings and stories

    @abstractmethod
    def set_findings(self, findings: Sequence[Finding], now: int) -> list[int]:
        """Write what was found in posts, in place of what was; they wait no longer.

        A post that is gone, or has another revision by now, is left as it is. Returns the numbers of the others.
        """

    @abstractmethod
    def note_failure(self, post: int, revision: int, reason: str, most: int, now: int) -> bool:
        """Note that the analysis failed on a revision of a post; after `most` failures it waits no longer.

        Returns whether that is so now. A post that is gone, or has another revision by now, is left as it is.
        """

    @abstractmethod
    def failures(self) -> list[Failure]:
        """The posts on whose latest revision the analysis failed, by number."""

    @abstractmethod
    def findings(self, posts: Sequence[int]) -> dict[int, Finding]:
        """What was found in posts, by their numbers; nothing of those without findings."""

    @abstractmethod
    def stories(self, limit: int) -> list[Story]:
        """The stories whose first posts were taken last, the latest first."""

    @abstractmethod
    def incidents_of(self, posts: Sequence[int]) -> dict[int, str]:
        """The incidents of posts, by their numbers; nothing of those in none."""

    @abstractmethod
    def extent(self, incident: str, further: Sequence[int] = ()) -> Extent | None:
        """The extent of an incident's posts and of further ones; None where there are none."""

    @abstractmethod
    def analysed_posts(self, incident: str, limit: int, further: Sequence[int] = ()) -> list[Analysed]:
        """The posts of an incident and further ones that have findings, the latest taken first."""

    @abstractmethod
    def lost_posts(self) -> list[str]:
        """The incidents that lost a post (it was forgotten, purged or deleted) and were not made anew since."""

    @abstractmethod
    def made_anew(self, incident: str) -> None:
        """Note that what an incident says is of the posts that it has."""

    # Incidents, alerts and their deliveries

    @abstractmethod
    def set_incident(
        self,
        incident: Incident,
        posts: Sequence[int],
        alerts: Sequence[tuple[Alert, Sequence[Destination]]],
        now: int,
    ) -> None:
        """Write the state of an incident, its further posts, the alerts that it causes and their rows of the outbox.

        All of it is one transaction. A row of the outbox that is there already stays as it is.

        Raises:
            StaleError: the store has another version of the incident than the one before `incident.version`; the
                first is 1.
        """

    @abstractmethod
    def incident(self, incident: str) -> Incident | None:
        """The present state of an incident."""

    @abstractmethod
    def incidents(self, since: int, watch: str | None = None) -> list[tuple[Incident, int]]:
        """The incidents that changed at a time or later, each with that time, in order; all of them, or a watch's."""

    @abstractmethod
    def alerts(self, incident: str) -> list[Alert]:
        """The alerts of an incident with all versions, in the order in which they were made."""

    @abstractmethod
    def ready(self, now: int) -> list[tuple[str, str]]:
        """The receivers and channels that have something to be sent now, in order; `claim` says what, if anything."""

    @abstractmethod
    def claim(self, receiver: str, worker: str, now: int, ends: int, channel: str | None = None) -> Claim | None:
        """Claim the next delivery to a receiver for a worker until `ends`; None where nothing is to be sent now.

        With a channel only what goes there.

        Order per incident, receiver and channel: a delivery waits until all earlier ones are delivered, dead or
        withdrawn. A claim that ended is given anew, and its attempt is noted as lost. The attempt is on disk before
        this returns.
        """

    @abstractmethod
    def renew(self, claim: Claim, ends: int) -> bool:
        """Let a claim end later. False where it has gone to another worker meanwhile."""

    @abstractmethod
    def finish(
        self,
        claim: Claim,
        outcome: Outcome,
        answer: str,
        now: int,
        retry: int | None = None,
        reference: str | None = None,
    ) -> bool:
        """Write how an attempt ended, and with it the delivery's state; a failed one is due again at `retry`.

        False where the claim has gone to another worker meanwhile: then the attempt is noted, and the delivery is
        left to that worker, unless this attempt delivered it.
        """

    @abstractmethod
    def withdraw(self, alert: str, below: int, now: int) -> int:
        """Withdraw the deliveries of an alert's versions smaller than `below` that are due or failed.

        Returns how many.
        """

    @abstractmethod
    def hasten(self, receiver: str, channel: str, now: int) -> int:
        """Make the failed deliveries to a channel due now: it answers again. Returns how many."""

    @abstractmethod
    def redeliver(self, delivery: int, actor: str, now: int) -> bool:
        """Make a delivery that is delivered, dead or withdrawn due again; its alert, version and number stay.

        False where it is in another state. The audit has an entry for it.
        """

    @abstractmethod
    def deliveries(
        self, state: DeliveryState | None = None, receiver: str | None = None, incident: str | None = None
    ) -> list[Delivery]:
        """The rows of the outbox in the order in which they were made: all that is given must hold."""

    @abstractmethod
    def attempts(self, delivery: int) -> list[Attempt]:
        """The attempts of a delivery, the first first."""

    # People and leases

    @abstractmethod
    def add_person(self, person: Person, actor: str, now: int) -> bool:
        """Make somebody known, or known again after they were revoked. The audit has an entry for it.

        False where the name belongs to somebody whose token is valid: nothing is changed.
        """

    @abstractmethod
    def revoke_person(self, name: str, actor: str, now: int) -> bool:
        """Take somebody's token no longer, and end their leases. The audit has an entry for it.

        False where nobody of this name has a valid token.
        """

    @abstractmethod
    def people(self) -> list[Person]:
        """All who are or were known, by name."""

    @abstractmethod
    def lease(self, subject: str, person: str, now: int, ends: int) -> Lease:
        """Let somebody work on something until `ends`, or renew that, unless somebody else does.

        Returns the lease that holds now, which is the other's where there is one that has not ended.
        """

    @abstractmethod
    def end_lease(self, subject: str, person: str) -> bool:
        """End somebody's lease. False where it is not theirs."""

    @abstractmethod
    def break_lease(self, subject: str, actor: str, now: int) -> Lease | None:
        """End a lease, whoever has it. The audit has an entry for it. Returns it; None where there is none."""

    @abstractmethod
    def leases(self, now: int) -> list[Lease]:
        """The leases that have not ended, by subject."""

    # Audit

    @abstractmethod
    def note(self, actor: str, act: str, subject: str, details: Mapping[str, Any], now: int) -> None:
        """Append an entry to the audit."""

    @abstractmethod
    def audit(self) -> Iterator[Entry]:
        """The entries of the audit, the first first.

        Raises:
            StoreError: an entry was changed, or one is missing between others; after those before it.
        """

    @abstractmethod
    def counts(self) -> Counts:
        """How much it has."""

    @abstractmethod
    def latest_acts(self, subject: str | None, limit: int, before: int | None = None) -> list[Entry]:
        """The entries of the audit about a subject, or about all, the latest first; the chain is not checked.

        Args:
            before: only entries with a smaller number; the next page of an answer.
        """

    @abstractmethod
    def problems(self) -> list[str]:
        """What is wrong with the store, in lines; none where all is well."""

    @abstractmethod
    def close(self) -> None:
        """Close it."""

    def __enter__(self) -> Self:
        """The store itself; it is closed at the end of the block."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close it."""
        self.close()
