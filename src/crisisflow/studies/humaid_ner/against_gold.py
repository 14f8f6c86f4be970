"""Against gold: whether a row agrees with the rules that labelled its training tweets, and whether it is right.

A row learns from labels that rules made, and its scores are of such labels too. Here its spans are held against those
others (people's location mentions in IDRISI-R, the reference annotations by language models, the spans that the
generator of the embedded corpus wrote, names that people marked in tweets outside of HumAID) and against the rules' on
the very same tweets.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from crisisflow import inference
from crisisflow.annotation import annotator
from crisisflow.annotation import gold as gold_sets
from crisisflow.annotation.gold import GoldSet, GoldTweet
from crisisflow.artifacts import TWEETS, read_parquet, write_csv
from crisisflow.corpus.stratify import draw_training
from crisisflow.corpus.tweet_words import tokens
from crisisflow.errors import CrisisflowError
from crisisflow.identity import each_once, of_config
from crisisflow.inputs import InputFile, InputFolder
from crisisflow.params import AnnotationParams, Positive, Seed
from crisisflow.progress import say, tracked
from crisisflow.spans import read_spans
from crisisflow.studies.humaid_ner import STUDY
from crisisflow.studies.humaid_ner.params import RowParams
from crisisflow.taxonomy import CLASSES, LABELS

COLUMNS = ("gold_set", "by", "row", "seed", "label", "tweets", "gold", "found")
COLUMNS += ("right_precision", "right_recall", "right_f1", "agrees_f1", "rules_f1")
# The sets from whose tweets no pattern was made, and whose the spans are. docs/annotation_scores.md says how blind each
# is.
SETS = {"generated": "its generator", "reference_scored": "language models", "idrisi_dev": "people"}
OUTSIDE_BY = "people"
MOST = 500  # tweets of a set
ALL = "all"

Marks = set[tuple[str, int, int, str]]  # tweet id, start, end, label


class GoldScore(NamedTuple):
    """Strict: borders and type."""

    precision: float
    recall: float
    f1: float


def score(found: Marks, known: Marks) -> GoldScore:
    """Strict precision, recall and F1; 0 where nothing is there."""
    hits = len(found & known)
    return GoldScore(hits / max(len(found), 1), hits / max(len(known), 1), 2 * hits / max(len(found) + len(known), 1))


def unseen(corpus: pa.Table, size: int | Literal["all"], seeds: Sequence[int]) -> dict[str, str]:
    """Texts by tweet id of what no row has learnt from.

    They are not of the test split, not drawn for training with any seed, and have not the very words of a tweet that
    was; near duplicates may be left.
    """
    rows = list(zip(*(corpus[c].to_pylist() for c in ("tweet_id", "text", "class_label", "split")), strict=True))
    train = [(tweet_id, CLASSES.index(label)) for tweet_id, _, label, split in rows if split == "train"]
    learnt = {train[at][0] for seed in seeds for at in draw_training([class_id for _, class_id in train], size, seed)}
    known = {tokens(text) for tweet_id, text, _, _ in rows if tweet_id in learnt}
    return {
        tweet_id: text
        for tweet_id, text, _, split in rows
        if split != "test" and tweet_id not in learnt and tokens(text) not in known
    }


def usable(gold: GoldSet, texts: dict[str, str]) -> list[GoldTweet]:
    """At most MOST tweets of the set that stand in the corpus with the same text and that no row has learnt from."""
    known = [tweet for tweet in gold.tweets if tweet.tweet_id in texts]
    same = [tweet for tweet in known if texts[tweet.tweet_id] == tweet.text]
    say(
        f"against_gold: {gold.name}: {min(len(same), MOST)} of {len(gold.tweets):,} tweets; {len(known):,} are in "
        f"the corpus and are unseen, {len(known) - len(same):,} of these with another text"
    )
    return draw(same)


def draw(tweets: Sequence[GoldTweet]) -> list[GoldTweet]:
    """At most MOST of the tweets; which ones is decided by a hash of their ids, the same in every run."""
    return sorted(sorted(tweets, key=lambda tweet: hashlib.sha256(tweet.tweet_id.encode()).digest())[:MOST])


def lines_of(
    name: str, labels: Sequence[str], tweets: int, found: Marks, rules: Marks, gold: Marks
) -> Iterator[list[Any]]:
    """Lines of against_gold.csv without row and seed: of all types together, and of each where there are several."""
    for label in (ALL, *(labels if len(labels) > 1 else ())):
        own, by_rule, known = ({m for m in marks if label in (ALL, m[3])} for marks in (found, rules, gold))
        right = score(own, known)
        agrees, rules_right = score(own, by_rule).f1, score(by_rule, known).f1
        numbers = (*right, agrees, rules_right)
        yield [name, label, tweets, len(known), len(own), *(round(number, 6) for number in numbers)]


class Chosen(NamedTuple):
    """Tweets of a gold set that are scored, with whose their spans are, and the rules' spans of them."""

    gold: GoldSet
    by: str
    rules: Marks


def _in_corpus(sets: Iterable[GoldSet], texts: dict[str, str], resolved: Path) -> Iterator[Chosen]:
    """The sets whose tweets stand in the corpus; the rules' spans are those of the run."""
    usables = [gold._replace(tweets=usable(gold, texts)) for gold in sets if gold.name in SETS]
    wanted = {tweet.tweet_id for gold in usables for tweet in gold.tweets}
    rules: dict[str, Marks] = defaultdict(set)
    for span in read_spans(resolved):
        if span.tweet_id in wanted:
            rules[span.tweet_id].add(span[:4])
    for gold in usables:
        yield Chosen(gold, SETS[gold.name], set().union(*(rules[tweet.tweet_id] for tweet in gold.tweets)))


def _outside(sets: Iterable[GoldSet], params: AnnotationParams) -> Iterator[Chosen]:
    """The sets outside of HumAID; they are in no corpus, so that the rules are run on them here."""
    for whole in sets:
        gold = whole._replace(tweets=draw(whole.tweets))
        say(f"against_gold: {gold.name}: {len(gold.tweets)} of {len(whole.tweets):,} tweets")
        pairs = [(tweet.tweet_id, tweet.text) for tweet in gold.tweets]
        found = annotator.annotate(pairs, params, f"against_gold: {gold.name}")
        yield Chosen(gold, OUTSIDE_BY, {span[:4] for own in found for span in own.kept})


def run(
    rows: dict[str, RowParams],
    seeds: list[Seed],
    size: Positive | Literal["all"],
    annotation: AnnotationParams,
    repaired: InputFile,
    generated: InputFile,
    reference: InputFolder,
    tweets: InputFile,
    resolved: InputFile,
    weights: Sequence[InputFile],
    out: Path,
) -> None:
    """Write the scores of every row that recognises entities, each seed a line per gold set and type.

    A set of which no tweet is usable has no line.

    Args:
        rows: section humaid_ner.rows
        seeds: list of seeds
        size: training tweets used, or all: humaid_ner.training.tweets
        annotation: section annotation; its `quality` names the gold sets that are not in the repository
        repaired: tweets of the whole source, repaired
        generated: gold spans of the embedded corpus
        reference: folder of the reference annotations
        weights: of a row and seed, with the row's config.json beside them; repeat

    Raises:
        CrisisflowError: a config.json does not say of which row and seed it is, two say the same, or the row is none.
    """
    sets = [*gold_sets.generated(repaired, generated), *gold_sets.reference(repaired, reference)]
    if annotation.quality.idrisi:
        sets += gold_sets.idrisi(Path(annotation.quality.idrisi))
    texts = unseen(read_parquet(tweets, TWEETS), size, seeds)
    identities = each_once(weights, lambda path: of_config(path.with_name("config.json"), STUDY))
    if strange := {identity.row for identity in identities.values()} - rows.keys():
        raise CrisisflowError(f"row {min(strange)} is not among the rows: {', '.join(rows)}")
    models = {path: identity for path, identity in identities.items() if rows[identity.row].tasks != "cls"}
    chosen = list(_in_corpus(sets, texts, resolved))
    if models and annotation.quality.outside:
        chosen += _outside(gold_sets.outside(Path(annotation.quality.outside)), annotation)
    lines = []
    for path, identity in tracked(models.items(), "against_gold", len(models), "models"):
        model = inference.load(path, path.with_name("config.json"), LABELS)
        forward = inference.torch_forward(model)
        for gold, by, rules in chosen:
            if not gold.tweets:
                continue
            found = inference.find(model, forward, [tweet.text for tweet in gold.tweets])
            marks = {
                (tweet.tweet_id, *span[:3])
                for tweet, findings in zip(gold.tweets, found, strict=True)
                for span in findings.spans
            }
            known = {span[:4] for tweet in gold.tweets for span in tweet.spans}
            own = ({mark for mark in some if mark[3] in gold.labels} for some in (marks, rules))
            for name, *rest in lines_of(gold.name, gold.labels, len(gold.tweets), *own, known):
                lines.append([name, by, identity.row, identity.seed, *rest])
    write_csv(out, COLUMNS, lines)
