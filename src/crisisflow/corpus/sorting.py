"""Tweets in the order of their ids, however many there are: sorted in a temporary database on disk."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from crisisflow.artifacts import RAW
from crisisflow.errors import CrisisflowError

Row = dict[str, str | None]

CACHE_KIB = 32_768

# Text is compared byte by byte, as Python compares ids of digits. What crashes is made anew: nothing is kept for that.
_SCHEMA = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA cache_size = -{CACHE_KIB};
CREATE TABLE tweets (
    tweet_id TEXT PRIMARY KEY, text TEXT, class_label TEXT, event TEXT, official_split TEXT, place TEXT
);
CREATE TABLE events (tweet_id TEXT PRIMARY KEY, event TEXT);
"""


class SortedTweets:
    """Rows of the raw schema; iterating yields them by ascending tweet id, as strings."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, row: Row, place: str) -> None:
        """Add a row.

        Args:
            place: where it was found, to name it when its id comes again.

        Raises:
            CrisisflowError: its id was there before.
        """
        try:
            self._connection.execute("INSERT INTO tweets VALUES (?, ?, ?, ?, ?, ?)", (*row.values(), place))
        except sqlite3.IntegrityError:
            tweet_id = row["tweet_id"]
            found = self._connection.execute("SELECT place FROM tweets WHERE tweet_id = ?", (tweet_id,))
            raise CrisisflowError(f"{place}: tweet id {tweet_id} was already in {found.fetchone()[0]}") from None

    def add_events(self, events: Iterable[tuple[str, str | None]]) -> None:
        """Name the events, from (tweet id, event), of tweets that have none; of two for one id the last counts."""
        self._connection.executemany("INSERT OR REPLACE INTO events VALUES (?, ?)", events)

    def __iter__(self) -> Iterator[Row]:
        found = self._connection.execute(
            "SELECT tweet_id, text, class_label, coalesce(tweets.event, events.event), official_split "
            "FROM tweets LEFT JOIN events USING (tweet_id) ORDER BY tweet_id"
        )
        for values in found:
            yield dict(zip(RAW.names, values, strict=True))


@contextmanager
def sorted_tweets(path: Path) -> Iterator[SortedTweets]:
    """Yield an empty collection of tweets that is kept in `path`, and removed in the end.

    Raises:
        CrisisflowError: the file cannot be written.
    """
    with suppress(OSError):  # SQLite will say what is wrong
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # what a killed run left
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(_SCHEMA)
            yield SortedTweets(connection)
    except sqlite3.Error as error:
        raise CrisisflowError(
            f"cannot sort the tweets in {path} ({error}); free some space, check the path and the rights, then run "
            "again"
        ) from error
    finally:
        with suppress(OSError):
            path.unlink()
