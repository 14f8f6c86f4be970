"""A channel of agencies.yaml as a receiver."""

from importlib.metadata import entry_points
from pathlib import Path

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.delivery.result import Receiver
from crisisflow.ingest.routing.agencies import Cap, Channel, Email, Folder, Own, Webhook

GROUP = "crisisflow.receivers"


def open_receiver(channel: Channel, cap: Cap | None, beside: Path, store: Path) -> Receiver:
    """A channel, ready to send.

    Args:
        beside: the folder of agencies.yaml, to which paths of secrets are relative.
        store: the folder of the store, to which folders of messages are relative.

    Raises:
        CrisisflowError: a secret or certificate cannot be read, or no package brings the receiver.
    """
    if isinstance(channel, Webhook):
        from crisisflow.ingest.delivery.channels.webhook import WebhookReceiver

        return WebhookReceiver(channel, cap, beside)
    if isinstance(channel, Email):
        from crisisflow.ingest.delivery.channels.email import EmailReceiver

        return EmailReceiver(channel, cap, beside)
    if isinstance(channel, Folder):
        from crisisflow.ingest.delivery.channels.folder import FolderReceiver

        return FolderReceiver(channel, cap, store)
    return _of_a_package(channel, beside)


def _of_a_package(channel: Own, beside: Path) -> Receiver:
    known = {own.name: own for own in entry_points(group=GROUP)}
    if channel.receiver not in known:
        there = ", ".join(sorted(known)) or "none"
        raise CrisisflowError(f"no installed package has the receiver {channel.receiver}; there are: {there}")
    return known[channel.receiver].load()(channel.options, beside)
