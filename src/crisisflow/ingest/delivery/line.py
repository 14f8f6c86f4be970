"""A line to a channel: its receiver, what is on its way, and whether more may be sent."""

import random

from crisisflow.ingest.delivery.result import Receiver
from crisisflow.ingest.delivery.schedule import Breaker, Rate
from crisisflow.ingest.routing.agencies import Channel


class Line:
    """A line of one process to one channel."""

    def __init__(self, channel: Channel, receiver: Receiver) -> None:
        self.channel, self.receiver = channel, receiver
        self.breaker, self.rate = Breaker(), Rate(channel.rate)
        self.under_way = 0  # threads, also of attempts that were given up
        self.disabled: str | None = None  # why nothing is sent any more
        self.chance = random.Random()

    def allows(self, now: int) -> bool:
        """Whether a further message may be sent now."""
        return self.under_way < self.channel.concurrency and self.breaker.allows(now) and self.rate.allows(now)

    def sent(self) -> None:
        """A message is on its way."""
        self.under_way += 1
        self.breaker.sent()
        self.rate.sent()
