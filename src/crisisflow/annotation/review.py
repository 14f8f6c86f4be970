"""Review: a drawn sheet of tweets with the pipeline's spans, for a person to put right in Label Studio.

Beside the sheet stands what it can tell, before anything is reviewed: margins of error, at the share where they are
widest (one half). What is reviewed comes back through `agreement`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from pathlib import Path
from statistics import NormalDist
from typing import Any

from crisisflow.annotation import label_studio
from crisisflow.annotation.reviewed import Mark, check, flat
from crisisflow.artifacts import TWEETS, read_parquet, write_json, write_text
from crisisflow.corpus.spread import spread
from crisisflow.errors import CrisisflowError
from crisisflow.progress import say
from crisisflow.spans import read_spans
from crisisflow.taxonomy import ENTITY_TYPES

ALL = "all"
CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)

Tweet = dict[str, Any]  # a row of the tweets file


def margin_of_tweets(classes: Mapping[str, Mapping[str, int]]) -> float:
    """Half the width of the interval of a share of the tweets; `classes` has each class's tweets in corpus and sheet.

    By the variance of a stratified estimate without replacement (Cochran 1977, "Sampling Techniques", chapter 5), with
    a share of one half in every class. The spread over events is left out: where they differ, it narrows the margin.
    """
    total = sum(one["corpus"] for one in classes.values())
    variance = sum(
        (one["corpus"] / total) ** 2 * _variance(one["sheet"], one["sheet"], one["corpus"]) for one in classes.values()
    )
    return round(_Z * sqrt(variance), 4)


def margins_of_spans(spans: Sequence[int], tweets: int, corpus: int) -> tuple[float, float] | tuple[None, None]:
    """Half the width of the interval of a share of spans, at best and at worst; `spans` has the number in each tweet.

    At best the spans of a tweet are right or wrong independently. At worst all of a tweet are so together: the design
    effect of clusters, 1 + (b - 1) rho at b spans in each (Kish 1965, "Survey Sampling"), is b for rho = 1, and
    sum(b^2) / sum(b) where their numbers differ. A half-width of more than one half says no more than one half.
    """
    number = sum(spans)
    if not number:
        return None, None
    best = _Z * sqrt(_variance(number, tweets, corpus))
    worst = best * sqrt(sum(size**2 for size in spans) / number)
    return round(min(best, 0.5), 4), round(min(worst, 0.5), 4)


def _variance(items: int, drawn: int, of: int) -> float:
    """Of the share of `items`, one half, where `drawn` tweets were drawn out of `of`."""
    return (of - drawn) / max(of - 1, 1) / (4 * items)


def read_marks(resolved: Path, texts: Mapping[str, str]) -> dict[str, set[Mark]]:
    """The pipeline's spans of these tweets, by id.

    Raises:
        CrisisflowError: a span does not fit the text.
    """
    found = defaultdict(list)
    for span in read_spans(resolved):
        if span.tweet_id in texts:
            found[span.tweet_id].append(Mark(span.start, span.end, span.label))
    marks = {}
    for tweet_id, text in texts.items():
        try:
            marks[tweet_id] = flat(check(mark, text) for mark in found[tweet_id])
        except ValueError as error:
            raise CrisisflowError(f"{resolved}, tweet {tweet_id}: {error}; make it again from these tweets") from None
    return marks


def _shares(column: str, corpus: Sequence[Tweet], sheet: Sequence[Tweet]) -> dict[str, dict[str, int]]:
    """How many tweets of each class, or event, the corpus and the sheet have."""
    of_corpus, of_sheet = (Counter(tweet[column] or "unknown" for tweet in tweets) for tweets in (corpus, sheet))
    return {name: {"corpus": number, "sheet": of_sheet[name]} for name, number in sorted(of_corpus.items())}


def _spans(label: str, marks: Iterable[set[Mark]], tweets: int, corpus: int) -> dict[str, Any]:
    """The sheet's spans of a type, or of all, and their margins."""
    numbers = [sum(label in (ALL, mark.label) for mark in found) for found in marks]
    numbers = [number for number in numbers if number]
    best, worst = margins_of_spans(numbers, tweets, corpus)
    return {"spans": sum(numbers), "tweets": len(numbers), "margin_at_best": best, "margin_at_worst": worst}


def run(tweets: Path, resolved: Path, n: int, seed: int, out: Path) -> None:
    """Write the folder `out`: tasks.json and config.xml for Label Studio, review.json with the margins of error.

    Raises:
        CrisisflowError: `n` is too large or too small, or a span does not fit its text.
    """
    corpus = read_parquet(tweets, TWEETS).drop_columns(["split"]).to_pylist()
    drawn = spread([tweet["class_label"] for tweet in corpus], [tweet["event"] for tweet in corpus], n, seed)
    sheet = [corpus[position] for position in drawn]
    marks = read_marks(resolved, {tweet["tweet_id"]: tweet["text"] for tweet in sheet})
    classes = _shares("class_label", corpus, sheet)
    facts = {
        "seed": seed,
        "confidence": CONFIDENCE,
        "tweets": {"corpus": len(corpus), "sheet": n, "margin": margin_of_tweets(classes)},
        "classes": classes,
        "events": _shares("event", corpus, sheet),
        "spans": {label: _spans(label, marks.values(), n, len(corpus)) for label in (ALL, *ENTITY_TYPES)},
    }
    write_json(out / "tasks.json", [label_studio.task(tweet, marks[tweet["tweet_id"]]) for tweet in sheet])
    write_text(out / "config.xml", label_studio.configuration())
    write_json(out / "review.json", facts)
    _show(facts)
    say(f"{out}: import tasks.json into Label Studio, with config.xml as labelling interface (docs/review.md)")
    say("tasks.json holds the texts of the tweets: it is for this machine only, share or commit none of it")


def _show(facts: dict[str, Any]) -> None:
    tweets = facts["tweets"]
    say(f"{tweets['sheet']:,} of {tweets['corpus']:,} tweets; 95 % margins of error in points, for a share of one half")
    say(f"share of the tweets that are right: ± {100 * tweets['margin']:.1f}")
    say(f"share of the spans that are right {'spans':>8}{'tweets':>8}   ± if independent .. if a tweet's go together")
    for label, row in facts["spans"].items():
        margins = [row["margin_at_best"], row["margin_at_worst"]]
        shown = " .. ".join(f"{100 * margin:.1f}" for margin in margins) if row["spans"] else "nothing can be said"
        say(f"  {label:32}{row['spans']:>8,}{row['tweets']:>8,}   {shown}")
