"""A file of posts again, each at its own time after the first, at any speed, as if it were written now."""

import json
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from crisisflow.artifacts import check_file
from crisisflow.errors import CrisisflowError
from crisisflow.ingest import process
from crisisflow.ingest.sources.jsonl import Lines, read_line
from crisisflow.ingest.sources.source import Hand
from crisisflow.ingest.store.records import Post
from crisisflow.ingest.writer import GROUP
from crisisflow.serving.times import recorded

SNOWFLAKES = 1_288_834_974_657  # ms since 1970 from which Twitter's ids count
SHORTEST = 10**15  # a smaller number is no such id


def time_of(post: Post) -> datetime | None:
    """When a post was written: as it says, or by its id, whose upper bits are Twitter's milliseconds."""
    if post.created is not None:
        return datetime.fromtimestamp(post.created / 1000, UTC)
    if post.native_id.isdecimal() and len(post.native_id) < 20 and int(post.native_id) >= SHORTEST:
        return datetime.fromtimestamp(((int(post.native_id) >> 22) + SNOWFLAKES) / 1000, UTC)
    return None


class Replay:
    """The source `replay`. Its cursor is the number of posts that were handed over.

    Raises:
        CrisisflowError: the file is not there.
    """

    def __init__(self, path: Path, speed: float) -> None:
        check_file(path, "name a file of JSON Lines")
        self._path, self._speed = path, speed

    def run(self, hand: Hand) -> None:
        """As in Source."""
        posts: list[Post] = []
        faults: Counter[str] = Counter()
        with self._path.open("rb") as stream:
            for line, _ in Lines(stream).read(last=True):
                post, found = read_line(line)
                posts += [post] if post else []
                faults.update(found)
        try:
            order, due = recorded([time_of(post) for post in posts], self._speed)
        except ValueError:
            raise CrisisflowError(f"{self._path}: no post has a time, nor an id that tells one") from None
        done = int(json.loads(hand.cursor)) if hand.cursor else 0
        hand.connected()
        if not done:
            hand.take([], faults=faults)
        begin = time.monotonic() - (due[done] if done < len(due) else 0.0)
        while done < len(order):
            if hand.wait(begin + due[done] - time.monotonic()):
                break
            last = done + 1
            while last < len(order) and last - done < GROUP and due[last] <= time.monotonic() - begin:
                last += 1
            at = process.now()
            hand.take([replace(posts[own], created=at) for own in order[done:last]], str(last))
            done = last
        hand.flush()
