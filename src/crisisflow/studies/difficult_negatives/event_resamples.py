"""Event resamples: the chance of the events, to which a tagger is to generalise, in place of that of the tweets.

Tweets of one event are alike. A bootstrap over tweets says what other tweets of the same events would give; one that
draws whole events says what other events would give, as far as a handful of them can (Cameron, Gelbach and Miller 2008,
"Bootstrap-based improvements for inference with clustered errors": with few clusters intervals are too narrow).
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from crisisflow.evaluation.bootstrap import SEED, resamples


class EventResamples:
    """What draws resamples of crisis tweets by whole events; ordinary tweets, which have none, are drawn one by one.

    Args:
        event_of: by the id of a crisis tweet.
    """

    def __init__(self, event_of: Mapping[str, str]) -> None:
        self.event_of = event_of

    def events(self, ids: Sequence[str]) -> list[str]:
        """The events of the tweets, in the order of their names."""
        return sorted({self.event_of[own] for own in ids if own in self.event_of})

    def __call__(self, ids: Sequence[str], number: int) -> Iterator[np.ndarray]:
        """Weights (up to bootstrap.CHUNK, tweets) of `number` resamples."""
        events = self.events(ids)
        members = np.array([[self.event_of.get(own) == event for own in ids] for event in events], dtype=np.float32)
        ordinary = np.flatnonzero(members.sum(axis=0) == 0)
        singly = resamples(len(ordinary), number, (SEED, 1)) if len(ordinary) else None
        for drawn in resamples(len(events), number, (SEED, 0)):
            weights = drawn @ members
            if singly is not None:
                weights[:, ordinary] = next(singly)
            yield weights
