"""How soon detection tells of the three sudden events of CrisisLexT6: `python benchmarks/detection.py FILE`.

FILE is crisislex_t6.tsv.gz. The time of a tweet is that of its id. For each event: detections before its onset, the
minutes from its onset to the first one after it, and, in the tweets that people marked as off-topic, the detections of
all days. Beside it stands a plain Poisson test: windows of half an hour against the day before, no floor of different
texts, no words of disasters.
"""

import argparse
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from scipy.stats import poisson

from crisisflow.ingest.detection import BIN, PAST, Detector, Seen, detect
from crisisflow.ingest.seen import Reader

ONSETS = {  # UTC
    "2013_Boston_Bombings": datetime(2013, 4, 15, 18, 49, tzinfo=UTC),
    "2013_West_Texas_Explosion": datetime(2013, 4, 18, 0, 50, tzinfo=UTC),
    "2013_Oklahoma_Tornado": datetime(2013, 5, 20, 19, 56, tzinfo=UTC),
}
TWITTER = 1_288_834_974_657  # ms: the time of id 0
HALF_AN_HOUR = 6  # bins


def plain(posts: list[Seen]) -> list[int]:
    """When a plain Poisson test would tell, at most once in six hours."""
    found: list[int] = []
    bins: dict[int, Counter[str]] = {}
    for own in posts:
        bins.setdefault(own.at // BIN, Counter()).update(own.terms)
    first = min(bins)
    for now in range(first + PAST // 12, max(bins) + 1):
        window, past = Counter(), Counter()
        for number in range(now - HALF_AN_HOUR + 1, now + 1):
            window.update(bins.get(number, {}))
        if not window:
            continue
        begin = max(first, now - HALF_AN_HOUR + 1 - PAST)
        for number in range(begin, now - HALF_AN_HOUR + 1):
            past.update(bins.get(number, {}))
        size = max(now - HALF_AN_HOUR + 1 - begin, 1)
        tests = len(window) * PAST
        if any(
            poisson.sf(posts_of - 1, (past[term] + 1) * HALF_AN_HOUR / size) * tests <= 1
            for term, posts_of in window.items()
            if posts_of > 3
        ):
            at = (now + 1) * BIN
            if not found or at - found[-1] > 6 * 3_600_000:
                found.append(at)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    tweets = pd.read_csv(parser.parse_args().file, sep="\t", dtype=str, keep_default_na=False)
    tweets = tweets.drop_duplicates("tweet_id")
    reader = Reader(None)
    print("| event | way | before the onset | minutes to the first | off-topic tweets: detections in days |")
    print("|---|---|---|---|---|")
    for event, onset in ONSETS.items():
        own = tweets[tweets.event == event]
        rows = [
            (reader(int(number), (int(number) >> 22) + TWITTER, text), label)
            for number, text, label in zip(own.tweet_id, own.text, own.label, strict=True)
        ]
        rows.sort(key=lambda row: (row[0].at, row[0].post))
        posts, off = [post for post, _ in rows], [post for post, label in rows if label == "off-topic"]
        begin, days = round(onset.timestamp() * 1000), (posts[-1].at - posts[0].at) / 86_400_000
        for way, told in (
            ("detection", lambda some: [found.at for found in detect(some, Detector())]),
            ("plain Poisson", plain),
        ):
            times = told(posts)
            after = [round((at - begin) / 60_000) for at in times if at > begin]
            before = sum(at <= begin for at in times)
            print(f"| {event} | {way} | {before} | {after[0] if after else '-'} | {len(told(off))} in {days:.0f} |")


if __name__ == "__main__":
    main()
