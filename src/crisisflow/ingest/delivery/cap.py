"""Messages of the Common Alerting Protocol 1.2 (OASIS, urn:oasis:names:tc:emergency:cap:1.2), and an Atom feed of them.

A message is a Test until the configuration says otherwise, and never Public.
"""

import re
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree as ET

from crisisflow.artifacts import atomic_path
from crisisflow.ingest.delivery.message import Message
from crisisflow.ingest.routing.agencies import Cap

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
ATOM = "http://www.w3.org/2005/Atom"
TYPES = {"alert": "Alert", "update": "Update", "cancel": "Cancel"}
URGENCY = {"urgent": "Immediate", "high": "Immediate", "normal": "Expected", "low": "Future"}
LIKELY, POSSIBLE = 0.5, 0.05  # CAP: likely from about 50 % on; unlikely is about 0
KEPT = 100  # entries of a feed
# What XML 1.0 has no way to write.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_cap(message: Message, cap: Cap) -> bytes:
    """A message as CAP 1.2."""
    alert = ET.Element("alert", xmlns=NAMESPACE)
    _add(alert, "identifier", message.id)
    _add(alert, "sender", cap.sender)
    _add(alert, "sent", _time(message.made))
    _add(alert, "status", cap.status)
    _add(alert, "msgType", TYPES[message.kind])
    _add(alert, "scope", cap.scope)
    if cap.scope == "Restricted":
        _add(alert, "restriction", cap.restriction)
    else:
        _add(alert, "addresses", f'"{message.agency_name.replace(chr(34), chr(39))}"')
    if message.reason:
        _add(alert, "note", message.reason)
    if message.references:
        sent = (f"{cap.sender},{own.id},{_time(own.made)}" for own in message.references)
        _add(alert, "references", " ".join(sent))
    _add(alert, "incidents", message.incident)
    info = ET.SubElement(alert, "info")
    _add(info, "category", message.category)
    _add(info, "event", message.headline.partition(" in ")[0].partition(":")[0])
    _add(info, "urgency", "Past" if message.kind == "cancel" else URGENCY[message.priority])
    _add(info, "severity", "Unknown")
    _add(info, "certainty", certainty(message))
    _add(info, "senderName", "crisisflow")
    _add(info, "headline", message.headline)
    _add(info, "description", message.as_text())
    for name, value in (("rule", message.rule), ("confidence", f"{message.evidence.confidence:.2f}")):
        parameter = ET.SubElement(info, "parameter")
        _add(parameter, "valueName", name)
        _add(parameter, "value", value)
    if place := message.facts.get("place"):
        area = ET.SubElement(info, "area")
        _add(area, "areaDesc", ", ".join(filter(None, (place["name"], place["state"], place["country"]))) or "a point")
        _add(area, "circle", f"{place['latitude']:.5f},{place['longitude']:.5f} 0")
    return _written(alert)


def certainty(message: Message) -> str:
    """CAP's certainty: observed only where somebody verified the incident."""
    if message.evidence.verified_by:
        return "Observed"
    confidence = message.evidence.confidence
    return "Likely" if confidence >= LIKELY else "Possible" if confidence >= POSSIBLE else "Unlikely"


def add_to_feed(feed: Path, file: str, message: Message, cap: Cap) -> None:
    """Add a message to an Atom feed, with a link to its file; a repeat takes the place of the first.

    A damaged feed is begun anew: the files are all still there.
    """
    entries: list[ET.Element] = []
    with suppress(OSError, ET.ParseError):
        entries = ET.parse(feed).getroot().findall(f"{{{ATOM}}}entry")
    name = f"urn:crisisflow:{message.id}"
    entry = ET.Element(f"{{{ATOM}}}entry")
    _add(entry, f"{{{ATOM}}}id", name)
    _add(entry, f"{{{ATOM}}}title", f"{TYPES[message.kind]}: {message.headline}")
    _add(entry, f"{{{ATOM}}}updated", message.made)
    ET.SubElement(entry, f"{{{ATOM}}}link", href=file, type="application/cap+xml")
    _add(entry, f"{{{ATOM}}}summary", message.evidence.statement)
    kept = [own for own in entries if own.findtext(f"{{{ATOM}}}id") != name]
    kept = [entry, *kept][:KEPT]
    root = ET.Element(f"{{{ATOM}}}feed")
    _add(root, f"{{{ATOM}}}id", f"urn:crisisflow:feed:{cap.sender}")
    _add(root, f"{{{ATOM}}}title", f"Alerts of {cap.sender} ({cap.status})")
    _add(root, f"{{{ATOM}}}updated", max(own.findtext(f"{{{ATOM}}}updated") or "" for own in kept))
    author = ET.SubElement(root, f"{{{ATOM}}}author")
    _add(author, f"{{{ATOM}}}name", cap.sender)
    root.extend(kept)
    ET.register_namespace("", ATOM)
    with atomic_path(feed) as partial:
        partial.write_bytes(_written(root))


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def _time(written: str) -> str:
    """CAP has no Z."""
    return written.replace("Z", "+00:00")


def _written(root: ET.Element) -> bytes:
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
