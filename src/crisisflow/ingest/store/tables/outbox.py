"""Incidents as far as alerts need them, alerts, and their deliveries."""

import json
from collections.abc import Sequence

from crisisflow.ingest.store.faults import StaleError
from crisisflow.ingest.store.records import (
    Alert,
    Attempt,
    Claim,
    Delivery,
    DeliveryState,
    Destination,
    Incident,
    Outcome,
)
from crisisflow.ingest.store.tables.audit import AuditTable, as_json

ALERT = "id, version, kind, rule, rules_hash, priority, content"
OPEN = "('due', 'sending', 'failed')"  # states of what is still to be sent


class OutboxTables(AuditTable):
    """The tables incidents, incident_posts, alerts, outbox and attempts."""

    def set_incident(
        self,
        incident: Incident,
        posts: Sequence[int],
        alerts: Sequence[tuple[Alert, Sequence[Destination]]],
        now: int,
    ) -> None:
        """As in Store."""
        with self._writing():
            found = self._rows("SELECT version FROM incidents WHERE id = ?", incident.id)
            version = found[0][0] if found else 0
            if incident.version != version + 1:
                raise StaleError(
                    f"incident {incident.id} has version {version} in the store, and {incident.version} does not follow"
                )
            self._change(
                "INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                "version = excluded.version, state = excluded.state, content = excluded.content, "
                "changed = excluded.changed",
                incident.id,
                incident.watch,
                incident.version,
                incident.state,
                as_json(incident.content),
                now,
            )
            self._change_each(
                "INSERT INTO incident_posts VALUES (?, ?) "
                "ON CONFLICT (post) DO UPDATE SET incident = excluded.incident",
                [(post, incident.id) for post in posts],
            )
            for alert, destinations in alerts:
                self._add_alert(incident, alert, destinations, now)

    def _add_alert(self, incident: Incident, alert: Alert, destinations: Sequence[Destination], now: int) -> None:
        self._change(
            "INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            alert.id,
            alert.version,
            alert.kind,
            incident.id,
            incident.version,
            alert.rule,
            alert.rules_hash,
            alert.priority,
            as_json(alert.content),
            now,
        )
        self._change_each(
            "INSERT INTO outbox (alert, version, incident, receiver, channel, since, next, changed) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (alert, version, receiver, channel) DO NOTHING",
            [
                (alert.id, alert.version, incident.id, own.receiver, own.channel, now, own.due, now)
                for own in destinations
            ],
        )

    def incident(self, incident: str) -> Incident | None:
        """As in Store."""
        with self._reading():
            for *own, content in self._rows(
                "SELECT id, watch, version, state, content FROM incidents WHERE id = ?", incident
            ):
                return Incident(*own, json.loads(content))
            return None

    def incidents(self, since: int, watch: str | None = None) -> list[tuple[Incident, int]]:
        """As in Store."""
        with self._reading():
            return [
                (Incident(*own, json.loads(content)), changed)
                for *own, content, changed in self._rows(
                    "SELECT id, watch, version, state, content, changed FROM incidents "
                    "WHERE changed >= ?1 AND (?2 IS NULL OR watch = ?2) ORDER BY changed, id",
                    since,
                    watch,
                )
            ]

    def alerts(self, incident: str) -> list[Alert]:
        """As in Store."""
        with self._reading():
            return [
                Alert(*own, json.loads(content))
                for *own, content in self._rows(
                    f"SELECT {ALERT} FROM alerts WHERE incident = ? ORDER BY made, id, version",
                    incident,
                )
            ]

    def ready(self, now: int) -> list[tuple[str, str]]:
        """As in Store."""
        with self._reading():
            return [
                (receiver, channel)
                for receiver, channel in self._rows(
                    f"SELECT DISTINCT receiver, channel FROM outbox WHERE state IN {OPEN} AND next <= ? "
                    "AND (state <> 'sending' OR claim_ends <= ?) ORDER BY receiver, channel",
                    now,
                    now,
                )
            ]

    def claim(self, receiver: str, worker: str, now: int, ends: int, channel: str | None = None) -> Claim | None:
        """As in Store."""
        with self._writing():
            found = self._rows(
                f"SELECT o.id, o.alert, o.version, o.incident, o.channel, o.since FROM outbox o "
                f"WHERE o.receiver = ?1 AND o.state IN {OPEN} AND o.next <= ?2 AND (?3 IS NULL OR o.channel = ?3) "
                "AND (o.state <> 'sending' OR o.claim_ends <= ?2) "
                "AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.incident = o.incident AND e.receiver = o.receiver "
                f"AND e.channel = o.channel AND e.id < o.id AND e.state IN {OPEN}) ORDER BY o.next, o.id LIMIT 1",
                receiver,
                now,
                channel,
            )
            if not found:
                return None
            delivery, alert, version, incident, channel, since = found[0]
            self._change(
                "UPDATE attempts SET outcome = 'lost' WHERE delivery = ? AND ended IS NULL AND outcome IS NULL",
                delivery,
            )
            number = self._number("SELECT coalesce(max(number), 0) + 1 FROM attempts WHERE delivery = ?", delivery)
            self._change(
                "INSERT INTO attempts (delivery, number, worker, started) VALUES (?, ?, ?, ?)",
                delivery,
                number,
                worker,
                now,
            )
            self._change(
                "UPDATE outbox SET state = 'sending', claim = ?, claim_ends = ?, changed = ? WHERE id = ?",
                worker,
                ends,
                now,
                delivery,
            )
            *said, content = self._rows(
                f"SELECT {ALERT} FROM alerts WHERE id = ? AND version = ?",
                alert,
                version,
            )[0]
            told = Alert(*said, json.loads(content))
            return Claim(delivery, number, told, incident, receiver, channel, since, ends)

    def _holds(self, claim: Claim) -> bool:
        """Whether a claim is still its worker's: its attempt is the last, and nobody ended it."""
        return bool(
            self._rows(
                "SELECT 1 FROM outbox o WHERE o.id = ? AND o.state = 'sending' "
                "AND ? = (SELECT max(number) FROM attempts WHERE delivery = o.id)",
                claim.delivery,
                claim.attempt,
            )
        )

    def renew(self, claim: Claim, ends: int) -> bool:
        """As in Store."""
        with self._writing():
            held = self._holds(claim)
            if held:
                self._change("UPDATE outbox SET claim_ends = ? WHERE id = ?", ends, claim.delivery)
            return held

    def finish(
        self,
        claim: Claim,
        outcome: Outcome,
        answer: str,
        now: int,
        retry: int | None = None,
        reference: str | None = None,
    ) -> bool:
        """As in Store."""
        if (outcome == "failed") != (retry is not None):
            raise ValueError("a failed attempt, and no other, is tried again")
        with self._writing():
            held = self._holds(claim)
            self._change(
                "UPDATE attempts SET ended = ?, outcome = ?, answer = ? WHERE delivery = ? AND number = ?",
                now,
                outcome,
                answer,
                claim.delivery,
                claim.attempt,
            )
            if held or outcome == "delivered":
                self._change(
                    "UPDATE outbox SET state = ?, next = coalesce(?, next), claim = NULL, claim_ends = NULL, "
                    "changed = ?, reference = coalesce(?, reference) WHERE id = ?",
                    outcome,
                    retry,
                    now,
                    reference,
                    claim.delivery,
                )
            return held

    def withdraw(self, alert: str, below: int, now: int) -> int:
        """As in Store."""
        with self._writing():
            return self._change(
                "UPDATE outbox SET state = 'withdrawn', changed = ? "
                "WHERE alert = ? AND version < ? AND state IN ('due', 'failed')",
                now,
                alert,
                below,
            )

    def hasten(self, receiver: str, channel: str, now: int) -> int:
        """As in Store."""
        with self._writing():
            return self._change(
                "UPDATE outbox SET next = ?1 WHERE receiver = ?2 AND channel = ?3 AND state = 'failed' AND next > ?1",
                now,
                receiver,
                channel,
            )

    def redeliver(self, delivery: int, actor: str, now: int) -> bool:
        """As in Store."""
        with self._writing():
            changed = self._change(
                "UPDATE outbox SET state = 'due', since = ?, next = ?, changed = ? "
                "WHERE id = ? AND state IN ('delivered', 'dead', 'withdrawn')",
                now,
                now,
                now,
                delivery,
            )
            if changed:
                self._note(actor, "redeliver", f"delivery:{delivery}", {}, now)
            return bool(changed)

    def deliveries(
        self, state: DeliveryState | None = None, receiver: str | None = None, incident: str | None = None
    ) -> list[Delivery]:
        """As in Store."""
        with self._reading():
            return [
                Delivery(*own)
                for own in self._rows(
                    "SELECT id, alert, version, incident, receiver, channel, state, since, next, claim, claim_ends, "
                    "changed, reference, (SELECT count(*) FROM attempts WHERE delivery = outbox.id) FROM outbox "
                    "WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR receiver = ?2) "
                    "AND (?3 IS NULL OR incident = ?3) ORDER BY id",
                    state,
                    receiver,
                    incident,
                )
            ]

    def attempts(self, delivery: int) -> list[Attempt]:
        """As in Store."""
        with self._reading():
            return [
                Attempt(*own)
                for own in self._rows(
                    "SELECT number, worker, started, ended, outcome, answer FROM attempts WHERE delivery = ? "
                    "ORDER BY number",
                    delivery,
                )
            ]
