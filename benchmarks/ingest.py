"""Durable ingest: posts a second into a store with full text, places and an outbox, in groups of several sizes.

Every row is of the same run, on the same disk. `fsync alone` is what the disk allows: it appends as many bytes as the
posts have to a file and synchronises it after each group. `bare rows` is a table of texts without any index. A reader
searches meanwhile, as a page does. Posts are generated.

    python benchmarks/ingest.py --posts 20000 --folder /var/tmp

With `--postgres`, the address of a database in which schemas may be made, the store's rows are there in PostgreSQL too.
"""

import argparse
import json
import os
import random
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from crisisflow.artifacts import batched
from crisisflow.ingest.operations import KeywordLists, QueueLimits, Watch
from crisisflow.ingest.sources.source import Hand
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.opening import Where, open_store
from crisisflow.ingest.store.records import (
    Alert,
    Destination,
    Filed,
    Incident,
    Intake,
    Membership,
    Post,
    Query,
)
from crisisflow.ingest.terms import LANGUAGES
from crisisflow.ingest.watches import Filter, Sorter
from crisisflow.ingest.writer import Writer

TEXT = """water river street bridge house family people help boat road school market hill night morning rain mud power
line shelter food blanket doctor child neighbour rescue team fire smoke wind tree roof cellar car bus station flood"""
WORDS = TEXT.split()
GROUPS = (1, 16, 64)
ALERTS = 50  # posts for each incident with an alert to two channels
NOW = 1_772_366_400_000


def generated(count: int) -> list[Post]:
    """Posts of a dozen words with a number each, a place for one in ten."""
    chance = random.Random(0)
    return [
        Post(
            native_id=f"n{number}",
            text=" ".join([*chance.choices(WORDS, k=14), f"no{number}"]),
            created=NOW + number,
            author=f"author {chance.randrange(count // 3 + 1)}",
            language="en",
            point=(chance.uniform(-180, 180), chance.uniform(-80, 80)) if chance.random() < 0.1 else None,
        )
        for number in range(count)
    ]


def opened(where: Where) -> Store:
    """A new store with a source and a watch."""
    store = open_store(where, make=True)
    store.set_sources({"s": "push"})
    store.set_watches({"w": {}}, NOW)
    return store


def take(where: Where, posts: list[Post], group: int) -> None:
    """Into a store: posts with their watch and the cursor, and an incident with its alert now and then."""
    with opened(where) as store:
        for number, part in enumerate(batched(posts, group)):
            filed = [Filed(post, (Membership("w"),)) for post in part]
            store.take([Intake("s", filed, str(number))], NOW + number)
            if (number * group) % ALERTS < group:
                alert = Alert(f"a{number}", 1, "alert", "rule", "0" * 64, "high", {"posts": group})
                to = [Destination("rescue", channel, NOW) for channel in ("mail", "hook")]
                store.set_incident(Incident(f"i{number}", "w", 1, "open", {}), [], [(alert, to)], NOW)


def collect(where: Where, posts: list[Post], group: int) -> None:
    """The same by the writer of `crisisflow collect`, behind a watch with all keywords of all languages."""
    opened(where).close()
    lists = KeywordLists(languages=list(LANGUAGES))
    watch = Watch(id="w", sources=["s"], keywords=lists, outside="keep")
    writer = Writer(where, QueueLimits())
    writer.start()
    hand = Hand("s", None, Sorter([Filter(watch, Path())]), writer, threading.Event())
    for number, part in enumerate(batched(posts, group)):
        hand.take(part, str(number))
    hand.flush()
    writer.end(60)


def bare(folder: Path, posts: list[Post], group: int) -> None:
    """A table of texts and nothing else, synchronised at every commit."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "bare.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE posts (id TEXT PRIMARY KEY, text TEXT)")
        for part in batched(posts, group):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO posts VALUES (?, ?)", [(own.native_id, own.text) for own in part])
            connection.execute("COMMIT")


def fsync(folder: Path, posts: list[Post], group: int) -> None:
    """What the disk allows."""
    folder.mkdir()
    with (folder / "bytes").open("wb", buffering=0) as out:
        for part in batched(posts, group):
            out.write("".join(own.text for own in part).encode())
            os.fdatasync(out.fileno())


def searching(where: Where, ended: threading.Event) -> Iterator[float]:
    """The seconds of each search for two words in an area, the 50 latest."""
    with open_store(where) as store:
        chance = random.Random(1)
        while not ended.is_set():
            begin = time.perf_counter()
            words = " ".join(chance.sample(WORDS, 2))
            store.posts(Query(watch="w", words=words, box=(-90, -45, 90, 45) if chance.random() < 0.5 else None), 50)
            yield time.perf_counter() - begin
            ended.wait(0.05)


def beside_a_reader(where: Where, name: str, way: Callable[..., None], posts: list[Post]) -> dict[str, Any]:
    """Groups of 16 while a reader searches."""
    ended, times = threading.Event(), []
    opened(where).close()
    reader = threading.Thread(target=lambda: times.extend(searching(where, ended)))
    reader.start()
    begin = time.perf_counter()
    way(where, posts, 16)
    wall = time.perf_counter() - begin
    ended.set()
    reader.join()
    return {
        "what": f"{name}, beside a reader that searches",
        "group": 16,
        "posts": len(posts),
        "posts/s": round(len(posts) / wall),
        "searches": len(times),
        "search p50 ms": round(statistics.median(times) * 1000, 1),
        "search p95 ms": round(statistics.quantiles(times, n=20)[-1] * 1000, 1),
    }


def schema(address: str, name: str) -> str:
    """The address of a new schema of a database."""
    import psycopg

    own = name.lower().replace(" ", "_")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {own} CASCADE; CREATE SCHEMA {own}")
    return f"{address}{'&' if '?' in address else '?'}options=-csearch_path%3D{own}"


def main() -> None:
    """Measure and print a table as JSON Lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--folder", type=Path, default=None, help="on the disk to be measured")
    parser.add_argument("--postgres", default=None, help="postgresql://… without options")
    options = parser.parse_args()
    posts = generated(options.posts)
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        root = Path(scratch)
        ways: dict[str, tuple[Callable[..., None], Callable[[str], Where]]] = {
            "fsync alone": (fsync, root.joinpath),
            "bare rows": (bare, root.joinpath),
            "store": (take, root.joinpath),
            "collect": (collect, root.joinpath),
        }
        if options.postgres:
            ways["store in PostgreSQL"] = take, partial(schema, options.postgres)
            ways["collect into PostgreSQL"] = collect, partial(schema, options.postgres)
        for name, (way, place) in ways.items():
            for group in GROUPS:
                some = posts[: max(1_000, len(posts) // 10)] if group == 1 else posts
                where = place(f"{name} {group}")
                begin, used = time.perf_counter(), time.process_time()
                way(where, some, group)
                wall, cpu = time.perf_counter() - begin, time.process_time() - used
                row = {"what": name, "group": group, "posts": len(some), "posts/s": round(len(some) / wall)}
                print(
                    json.dumps(row | {"posts/s of CPU": round(len(some) / cpu), "load": os.getloadavg()[0]}), flush=True
                )
        for name, (way, place) in list(ways.items())[2:]:
            print(json.dumps(beside_a_reader(place(f"{name} read"), name, way, posts)), flush=True)


if __name__ == "__main__":
    main()
