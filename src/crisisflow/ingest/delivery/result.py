"""What became of one attempt to send a message."""

from typing import NamedTuple, Protocol

from crisisflow.ingest.delivery.message import Message
from crisisflow.ingest.store.records import Outcome

ANSWER = 300  # characters of an answer that are kept


class Result(NamedTuple):
    """How an attempt ended.

    Args:
        answer: what the receiver said, or what went wrong, in one line.
        ours: whether a failure is of this message alone; else the receiver fails, and others would too.
        later: seconds after which the receiver wants to be asked again.
        disables: whether the receiver wants nothing any more.
    """

    outcome: Outcome
    answer: str
    ours: bool = False
    later: int | None = None
    reference: str | None = None
    acknowledged: bool = False
    disables: bool = False


class Receiver(Protocol):
    """A channel. It is called from several threads at a time, up to its `concurrency`."""

    def send(self, message: Message) -> Result:
        """Send a message; what it raises counts as a failure of the receiver."""
        ...


def line(text: str) -> str:
    """The beginning of an answer in one line, with what reaches a person covered."""
    from crisisflow.masking import mask

    return mask(" ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:ANSWER])
