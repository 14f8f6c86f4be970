"""The card of the dataset: what it holds, where it is from, who may have it, and what is wrong with it.

A README.md with the front matter that the Hugging Face hub and `datasets` read. Every count is taken from the
tweets and spans themselves, or from an artifact of the run.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Environment

from crisisflow.alignment.bio import FATES
from crisisflow.corpus.events import UNKNOWN, event_name
from crisisflow.spans import RESOLVED, STAGES
from crisisflow.studies.humaid_ner.dataset.tokens import Tokenised
from crisisflow.taxonomy import CLASSES, ENTITY_TYPES, SPLITS

TEMPLATE = "card.md.jinja"
TOTAL = "Total"
# No tokenizer cuts a text short here, so no span is truncated.
TOKEN_FATES = FATES[:3]

Pairs = Counter[tuple[str, str]]


@dataclass
class DatasetCounts:
    """Tweets and spans, counted as they go by."""

    classes: Pairs = field(default_factory=Counter)  # tweets by class and split
    events: Pairs = field(default_factory=Counter)  # tweets by event and class
    types: Pairs = field(default_factory=Counter)  # spans by type and split
    sources: Pairs = field(default_factory=Counter)  # spans by type and annotation stage
    fates: Pairs = field(default_factory=Counter)  # spans by type and what became of them on tokens

    def add(self, batch: Iterable[Tokenised]) -> None:
        """Count the tweets of a batch and their spans."""
        for tweet, _, fates in batch:
            self.classes[tweet.class_label, tweet.split] += 1
            self.events[event_name(tweet.event) or UNKNOWN, tweet.class_label] += 1
            self.types.update((span.label, tweet.split) for span in tweet.spans)
            self.sources.update((span.label, span.source) for span in tweet.spans)
            self.fates.update(fates)


def _markdown(rows: Sequence[dict[str, Any]]) -> str:
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)


def _crossed(counts: Pairs, head: str, rows: Sequence[str], columns: Sequence[str]) -> str:
    """A table of counts with its sums."""
    table = pd.DataFrame([[counts[row, column] for column in columns] for row in rows], rows, columns)
    table[TOTAL] = table.sum(axis=1)
    table.loc[TOTAL] = table.sum()
    return table.map("{:,}".format).rename_axis(head).reset_index().to_markdown(index=False, disable_numparse=True)


def table_1(counts: DatasetCounts) -> str:
    """The paper's Table 1: tweets and spans per split."""
    rows = []
    for name, splits in (*((split, [split]) for split in SPLITS), (TOTAL, SPLITS)):
        tweets = sum(counts.classes[label, split] for label in CLASSES for split in splits)
        spans = sum(counts.types[label, split] for label in ENTITY_TYPES for split in splits)
        rows.append(
            {
                "Split": name,
                "Tweets": f"{tweets:,}",
                "Entity spans": f"{spans:,}",
                "Spans per tweet": f"{spans / max(tweets, 1):.2f}",
            }
        )
    return _markdown(rows)


def event_table(counts: DatasetCounts) -> str:
    """The events, the largest first, each with its commonest class."""
    by_event: dict[str, Pairs] = {}
    for (event, label), tweets in counts.events.items():
        by_event.setdefault(event, Counter())[label] = tweets
    rows = []
    for event, classes in sorted(by_event.items(), key=lambda item: (-item[1].total(), item[0])):
        commonest = max(CLASSES, key=lambda label: classes[label])
        rows.append(
            {
                "Event": event,
                "Tweets": f"{classes.total():,}",
                "Commonest class": commonest,
                "Its share": f"{classes[commonest] / classes.total():.1%}",
            }
        )
    return _markdown(rows)


def guessed(counts: Pairs) -> tuple[float, float]:
    """The shares of tweets whose class is the commonest of all, and the commonest of their event."""
    overall: Counter[str] = Counter()
    largest: Counter[str] = Counter()
    for (event, label), tweets in counts.items():
        overall[label] += tweets
        largest[event] = max(largest[event], tweets)
    return max(overall.values()) / overall.total(), largest.total() / overall.total()


def quality_lines(quality: dict[str, Any]) -> list[dict[str, str]]:
    """Precision, recall and F1 of the resolved spans on each gold set, by exact borders and type."""
    return [
        {
            "Gold set": name,
            "Type": label,
            "Gold": f"{facts['gold']:,}",
            "Found": f"{facts['found']:,}",
            **{score.capitalize(): f"{facts[score]:.3f}" for score in ("precision", "recall", "f1")},
        }
        for name, stages in quality.items()
        for label in ("all", *ENTITY_TYPES)
        if (facts := stages[RESOLVED].get(label))
    ]


def whole_scores(stages: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The scores of the resolved spans of a gold set, and of which type: all together, or the only one that it has.

    Args:
        stages: what quality.json says of the set.
    """
    types = stages[RESOLVED]
    name = "all" if "all" in types else next(iter(types))
    return name, types[name]


def whole_lines(quality: Mapping[str, Any]) -> list[dict[str, str]]:
    """The lines of `quality_lines` that are of a whole gold set."""
    whole = {(name, whole_scores(stages)[0]) for name, stages in quality.items()}
    return [line for line in quality_lines(dict(quality)) if (line["Gold set"], line["Type"]) in whole]


def render(
    counts: DatasetCounts,
    formats: Sequence[str],
    standoff: bool,
    manifest: dict[str, Any],
    corpus: dict[str, Any],
    quality: dict[str, Any],
) -> str:
    """The card's text.

    Args:
        counts: of the tweets and spans.
        formats: names of the exported formats; none of a dataset that was not exported.
        standoff: whether it was exported without text.
        manifest: of the source (the step fetch).
        corpus: statistics of the corpus (the step subset).
        quality: scores of the annotation (the step quality); empty where there was no gold set.
    """
    template = files("crisisflow.studies.humaid_ner.dataset").joinpath(TEMPLATE).read_text(encoding="utf-8")
    by_all, by_event = guessed(counts.events)
    return (
        Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
        .from_string(template)
        .render(
            formats=formats,
            standoff=standoff,
            generated=manifest["source"] == "sample",
            manifest=manifest,
            **corpus["duplicates_across_splits"],
            splits=SPLITS,
            table_1=table_1(counts),
            classes=_crossed(counts.classes, "Class", CLASSES, SPLITS),
            types=_crossed(counts.types, "Type", ENTITY_TYPES, SPLITS),
            sources=_crossed(counts.sources, "Type", ENTITY_TYPES, STAGES),
            events=event_table(counts),
            events_known=any(event != UNKNOWN for event, _ in counts.events),
            guessed_by_all=f"{by_all:.1%}",
            guessed_by_event=f"{by_event:.1%}",
            fates=_crossed(counts.fates, "Type", ENTITY_TYPES, TOKEN_FATES),
            quality=_markdown(quality_lines(quality)) if quality else None,
            tuned="reference_tuning" in quality,
            spacy=version("spacy"),
            number="{:,}".format,
        )
    )
