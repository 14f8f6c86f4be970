"""The health of the sources in lines."""

from collections.abc import Iterator, Sequence

from crisisflow.ingest.store.records import Queue, SourceHealth
from crisisflow.serving.times import moment, written


def lines(sources: Sequence[SourceHealth], queue: Queue, now: int) -> Iterator[str]:
    """What stands about each source, and about what waits for the analysis."""
    for own in sources:
        state = f"connected since {_time(own.connected)}" if own.connected else "not connected"
        yield f"{own.id} ({own.kind}): {state}; {own.trouble}" if own.trouble else f"{own.id} ({own.kind}): {state}"
        yield (
            f"  {own.taken:,} posts, {own.last_minute:,} in the last minute; {own.repeats:,} repeats, "
            f"{own.revisions:,} revisions, {own.deletions:,} deletions; {own.reconnects:,} reconnects"
        )
        if own.last_post is not None:
            lag = "" if own.lag is None else f", {own.lag / 1000:,.1f} s after it was written"
            silent = (now - (own.heard or now)) / 1000
            yield f"  last post {_time(own.last_post)}{lag}; last sign of life {silent:,.0f} s ago"
        for gap in own.gaps:
            yield f"  gap from {_time(gap.since)} to {_time(gap.until)}: {gap.why}"
        for drop, posts in own.drops.items():
            yield f"  {posts:,} times {f'watch {drop.watch}: ' if drop.watch else ''}{drop.reason}"
    yield f"{queue.posts:,} posts wait for the analysis ({queue.bytes:,} bytes); {queue.set_aside:,} were set aside"


def _time(milliseconds: int) -> str | None:
    return written(moment(milliseconds / 1000))
