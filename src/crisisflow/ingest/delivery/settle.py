"""What an attempt leads to: delivered, again later, or dead, which the desk is told of."""

from collections.abc import Callable
from hashlib import sha256

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.delivery.line import Line
from crisisflow.ingest.delivery.links import Taker
from crisisflow.ingest.delivery.result import Result
from crisisflow.ingest.delivery.schedule import pause
from crisisflow.ingest.routing.alerting import TRIES, destinations
from crisisflow.ingest.routing.configuration import Routing
from crisisflow.ingest.store.faults import StaleError
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.records import Alert, Claim, Destination, Incident

ACTOR = "deliver"  # in the audit
DISABLE, ENABLE = "disable", "enable"  # acts of the audit


def settle(store: Store, routing: Routing, line: Line, claim: Claim, result: Result, now: int) -> None:
    """Write how an attempt ended, and what follows from it.

    What follows is written first, and twice is as good as once: after a crash in between the attempt is made again.
    """
    if result.outcome == "failed" and not result.ours:
        line.breaker.failed(now)
    elif line.breaker.answered():
        store.hasten(claim.receiver, claim.channel, now)
    if result.disables:
        line.disabled = result.answer
        store.note(ACTOR, DISABLE, subject(claim.receiver, claim.channel), {"why": result.answer}, now)
    if result.outcome == "delivered":
        if result.acknowledged:
            taker = Taker(claim.incident, claim.alert.id, claim.alert.version, claim.receiver)
            acknowledge(store, taker, "reply", result.reference, now)
        store.finish(claim, "delivered", result.answer, now, reference=result.reference)
        return
    ends = claim.since + line.channel.give_up_after * 1000
    if result.outcome == "dead" or now >= ends:
        tell_desk(store, routing, claim, result.answer, now)
        store.finish(claim, "dead", result.answer, now)
        return
    wait = max(pause(claim.attempt, line.chance), (result.later or 0) * 1000)
    store.finish(claim, "failed", result.answer, now, retry=max(now + 1, min(now + wait, ends)))


def subject(receiver: str, channel: str) -> str:
    """A channel, as the audit names it."""
    return f"channel:{receiver}/{channel}"


def disabled(store: Store) -> dict[str, str]:
    """Why channels are disabled, by their subject in the audit."""
    found: dict[str, str] = {}
    for entry in store.audit():
        if entry.act == DISABLE:
            found[entry.subject] = str(entry.details.get("why", ""))
        elif entry.act == ENABLE:
            found.pop(entry.subject, None)
    return found


def acknowledge(store: Store, taker: Taker, by: str, reference: str | None, now: int) -> bool:
    """Note that an agency took an incident; once, and not of one that is closed.

    Args:
        by: how it said so.

    Returns:
        Whether that is new.
    """

    def change(known: Incident) -> tuple[Incident, list[tuple[Alert, list[Destination]]]] | None:
        taken = set(known.content.get("acknowledged_by", ()))
        if taker.agency in taken or known.state == "closed":
            return None
        content = dict(known.content) | {"acknowledged_by": sorted(taken | {taker.agency})}
        return known._replace(version=known.version + 1, content=content), []

    if not _changed(store, taker.incident, change, now):
        return False
    details = {"alert": taker.alert, "version": taker.version, "by": by, "reference": reference}
    store.note(taker.agency, "acknowledge", f"incident:{taker.incident}", details, now)
    return True


def tell_desk(store: Store, routing: Routing, claim: Claim, answer: str, now: int) -> None:
    """Raise an alert to the desk that a message could not be delivered; not of one to the desk itself."""
    desk = routing.directory.content.desk
    if claim.receiver == desk:
        return
    names = routing.directory.content.agencies
    said = claim.alert.content
    receiver = names[claim.receiver].name if claim.receiver in names else claim.receiver
    content = dict(said) | {
        "agency": desk,
        "agency_name": names[desk].name,
        "headline": f"Not delivered to {receiver}: {said['headline']}",
        "reason": f"{receiver} did not get this by {claim.channel}: {answer} (attempt {claim.attempt})",
        "instead_of": None,
        "escalated": False,
        "posts": [],
        "references": [],
        "due": now,
        "first": now,
    }
    identity = sha256(f"dead|{claim.delivery}|{claim.since}".encode()).hexdigest()[:24]
    alert = Alert(f"dead-{identity}", 1, "alert", claim.alert.rule, routing.hash, "urgent", content)

    def change(known: Incident) -> tuple[Incident, list[tuple[Alert, list[Destination]]]]:
        return known._replace(version=known.version + 1), [(alert, destinations(routing, desk, now))]

    _changed(store, claim.incident, change, now)


def _changed(
    store: Store,
    incident: str,
    change: Callable[[Incident], tuple[Incident, list[tuple[Alert, list[Destination]]]] | None],
    now: int,
) -> bool:
    """Write a change of an incident, again where others were first; False where there is nothing to change."""
    for _ in range(TRIES):
        known = store.incident(incident)
        changed = change(known) if known else None
        if changed is None:
            return False
        try:
            store.set_incident(changed[0], [], changed[1], now)
        except StaleError:
            continue
        return True
    raise CrisisflowError(f"incident {incident} is changed by others again and again; try once more")
