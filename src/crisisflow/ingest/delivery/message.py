"""The message of an alert: what every channel sends, in its own form."""

import json
from typing import Any

from crisisflow.ingest.routing.alerting import made, sent_id
from crisisflow.ingest.routing.content import Content, Reference, spoken
from crisisflow.ingest.routing.rules import NUMBERS, Priority
from crisisflow.ingest.store.records import Alert, AlertKind

INTERNAL = ("due", "first")  # times of the plan, in the content of an alert


class Message(Content):
    """An alert as a receiver gets it (JSON Schema: docs/alert.schema.json).

    `id` is that of the alert and its version: a repeat has the same. `alert` is the same in updates and cancellations.
    `acknowledge` is a page on which the agency says that it took the incident.
    """

    id: str
    alert: str
    version: int
    kind: AlertKind
    made: str
    incident: str
    rule: str
    rules_hash: str
    priority: Priority
    references: list[Reference]
    acknowledge: str | None = None

    def as_json(self) -> bytes:
        """The body of a webhook and of a file; the same bytes each time."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, indent=1).encode()

    def as_text(self) -> str:
        """Plain text, as an e-mail has it."""
        opening = {"alert": "ALERT", "update": "UPDATE", "cancel": "CANCELLED"}[self.kind]
        lines = [f"{opening} ({self.priority}): {self.headline}", ""]
        if self.reason:
            lines += [self.reason[:1].upper() + self.reason[1:] + ".", ""]
        lines += [f"{name}: {said}" for name, said in self._spoken().items()]
        known = self.evidence
        lines += [
            f"Known from {known.posts} posts of {known.authors} authors; confidence {known.confidence:.2f}.",
            known.statement,
        ]
        if self.posts:
            lines += ["", "Posts:", *(f"- {' '.join(post.text.split())}" for post in self.posts)]
        if self.acknowledge:
            lines += ["", f"If you take this, say so here: {self.acknowledge}"]
        lines += ["", f"Incident {self.incident}, alert {self.alert}, version {self.version}, rule {self.rule}."]
        return "\n".join(lines) + "\n"

    def _spoken(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, value in self.facts.items():
            if name == "place":
                named = ", ".join(filter(None, (value["name"], value["state"], value["country"])))
                found["Place"] = f"{named} ({value['latitude']:.4f}, {value['longitude']:.4f})".strip()
            elif name == "time":
                found["Time"] = f"{value['since']} to {value['until']}"
            elif name in NUMBERS:
                found[name.capitalize()] = spoken(tuple(value))
            else:
                said = ", ".join(value) if isinstance(value, list) else str(value)
                found[name.replace("_", " ").capitalize()] = said
        return found


def message_of(alert: Alert, incident: str, acknowledge: str | None = None) -> Message:
    """The message of a stored alert.

    Args:
        acknowledge: the link for its agency; a cancellation has none.
    """
    content: dict[str, Any] = {name: own for name, own in alert.content.items() if name not in INTERNAL}
    return Message(
        **content,
        id=sent_id(alert.id, alert.version),
        alert=alert.id,
        version=alert.version,
        kind=alert.kind,
        made=made(alert.content["due"]),
        incident=incident,
        rule=alert.rule,
        rules_hash=alert.rules_hash,
        priority=alert.priority,
        acknowledge=None if alert.kind == "cancel" else acknowledge,
    )
