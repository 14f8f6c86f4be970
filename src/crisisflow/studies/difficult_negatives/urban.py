"""Urban: crisis tweets of the paper's urban types from two public sets, with their spans.

Tweets of CrisisLexT26 have their event. Those of CrowdFlower have none: the keyword by which a tweet was found tells
its type, so that `dfe_traffic` stands for an event. Spans are of rules (crisis_phrases.py). Where the reference has
tweets of an event, that event has no other ones, and their spans are those that were marked.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from crisisflow.artifacts import TWEETS, write_json, write_parquet
from crisisflow.corpus.sources.posts import Dropped, Post
from crisisflow.corpus.sources.sets import files_of, rows_of
from crisisflow.inputs import InputFolder
from crisisflow.language import ENGLISH, language_of
from crisisflow.params import Name
from crisisflow.progress import say
from crisisflow.spans import Span, write_spans
from crisisflow.studies.difficult_negatives.params import ClassParams, UrbanParams
from crisisflow.studies.difficult_negatives.urban_reference import by_tweet, compared, read_reference
from crisisflow.studies.difficult_negatives.urban_types import urban_types

DFE = "dfe_"  # before the name of a type, the event of CrowdFlower's tweets
INFORMATIVE, RELEVANT = "Related and informative", "Relevant"


class Urban(NamedTuple):
    """A tweet of an event, and what its set calls it."""

    event: str
    label: str
    post: Post


def _posts(name: str, folder: Path) -> Iterator[tuple[Post, dict[str, str]]]:
    layout, files = files_of(name, folder)
    for _, post in rows_of(name, folder, layout, files):
        if not isinstance(post, Dropped) and language_of(post.text) in ENGLISH:
            yield post, dict(post.labels)


def _tweets(sets: UrbanParams) -> Iterator[Urban]:
    """The English informative tweets of both sets."""
    type_of = {keyword: own.name for own in urban_types() for keyword in own.keywords}
    if sets.crisislex_t26 is not None:
        for post, labels in _posts("crisislex_t26", Path(sets.crisislex_t26)):
            if labels["informativeness"] == INFORMATIVE and post.event is not None:
                yield Urban(post.event, labels["information_type"], post)
    if sets.crowdflower is not None:
        for post, labels in _posts("crowdflower", Path(sets.crowdflower)):
            keyword = labels.get("keyword", "")
            if labels["relevance"] == RELEVANT and keyword in type_of:
                yield Urban(DFE + type_of[keyword], keyword, post)


def run(
    sets: UrbanParams, classes: dict[Name, ClassParams], reference: InputFolder, out: Path, spans: Path, report: Path
) -> None:
    """Write the tweets of the events that classes name, and their spans; none where no set is given.

    Args:
        sets: section difficult_negatives.urban
        classes: section difficult_negatives.collection.classes
        reference: folder with tweets.csv, passes.csv and spans.csv
        out: the tweets, by id
        spans: of rules; of the reference's tweets those that were marked
        report: JSON; tweets by event, how far the rules agree with the marks, and the two passes with each other

    Raises:
        CrisisflowError: a set is not to be read, or the reference does not fit it.
    """
    named = {event for own in classes.values() for event in (*own.train, *own.unseen)}
    known: dict[str, Urban] = {}
    for own in _tweets(sets):
        if own.event in named:
            known.setdefault(own.post.tweet_id, own)
    if not known:
        write_parquet(out, [], TWEETS)
        write_spans(spans, [])
        write_json(report, {"events": {}, "marked": 0, "rules": None, "passes": None})
        say("urban: no class has an event of CrisisLexT26 or CrowdFlower; nothing is read")
        return
    from crisisflow.studies.difficult_negatives.crisis_phrases import spans_of

    texts = {tweet_id: own.post.text for tweet_id, own in known.items()}
    marked = read_reference(reference, texts)
    events = {*marked.events.values()}
    kept = sorted(tweet_id for tweet_id, own in known.items() if own.event not in events or tweet_id in marked.events)
    found = list(spans_of([(tweet_id, texts[tweet_id]) for tweet_id in kept]))
    of_rules = [own for own in found if own.tweet_id not in marked.events]
    of_marks = [Span(tweet_id, *own, "gold", "reference") for tweet_id, each in marked.marks.items() for own in each]
    rows = [
        {
            "tweet_id": tweet_id,
            "text": texts[tweet_id],
            "class_label": known[tweet_id].label,
            "event": known[tweet_id].event,
            "split": "test" if known[tweet_id].event in events else "train",
        }
        for tweet_id in kept
    ]
    write_parquet(out, rows, TWEETS)
    write_spans(spans, sorted([*of_rules, *of_marks]))
    ruled = by_tweet((own.tweet_id, (own.start, own.end, own.label)) for own in found)
    passes = list(marked.passes.values())
    facts = {
        "events": dict(sorted(Counter(known[tweet_id].event for tweet_id in kept).items())),
        "marked": len(marked.events),
        "rules": compared(texts, marked.marks, ruled) if marked.events else None,
        "passes": compared(texts, *passes) if len(passes) == 2 else None,
    }
    write_json(report, facts)
    say(f"urban: {len(kept):,} tweets of {len(facts['events'])} events; {len(marked.events):,} of them were marked")
