"""Table 2: the taxonomy, with the run's counts and an example of each type from the embedded corpus."""

from collections import Counter, defaultdict
from collections.abc import Mapping

import pandas as pd

from crisisflow.corpus.repair import REPAIRS
from crisisflow.corpus.sample import generate
from crisisflow.studies.humaid_ner.reproduction import TABLE_2

TWEETS, SEED = 600, 13  # of the embedded corpus that the examples are taken from


def examples() -> dict[str, str]:
    """The commonest span text of each type in the embedded corpus, which is our own and may be shown."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row, spans in generate(TWEETS, SEED):
        text = row["text"]
        for repair in REPAIRS.values():  # the spans' offsets are those of the repaired text
            text, _ = repair(text)
        for span in spans:
            found[span.label][text[span.start : span.end]] += 1
    return {label: min(counts, key=lambda text: (-counts[text], text)) for label, counts in found.items()}


def table_2(spans_per_type: Mapping[str, int]) -> pd.DataFrame:
    """Each type with the paper's description and example, ours, and how many spans of it this run has."""
    ours, total = examples(), sum(spans_per_type.values())
    return pd.DataFrame(
        [
            {
                "Type": label,
                "Description (paper)": kind.description,
                "Example (paper)": kind.example,
                "Example (embedded corpus)": ours[label],
                "Entity spans (this run)": f"{spans_per_type[label]:,}",
                "Share (this run)": f"{spans_per_type[label] / max(total, 1):.1%}",
            }
            for label, kind in TABLE_2.items()
        ]
    )
