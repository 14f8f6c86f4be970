"""Tables 1, 3 and 5 of the paper, the paper's numbers beside this run's, and the run's metrics in one file."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

import pandas as pd

from crisisflow.annotation.span import read_spans
from crisisflow.artifacts import TWEETS, read_json, read_parquet, write_json, write_text
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.reproduction import TABLE_1, TABLE_3, TABLE_5_BASELINES
from crisisflow.params import RowParams
from crisisflow.progress import say
from crisisflow.taxonomy import SPLITS

SCORES = ("ner_micro_f1", "cls_macro_f1", "combined_score")
NOT_IN_PAPER = "–"


class RowResult(NamedTuple):
    """One row over its seeds: each score's mean and, with more than one seed, its standard deviation."""

    configuration: str
    mean: dict[str, float]
    deviation: dict[str, float | None]
    best_epochs: list[int]
    training_tweets: int
    epochs: int


def describe(row: RowParams) -> str:
    """A row in words: encoder, weighting, schedule."""
    encoder = row.encoder.removeprefix("embedded:").partition("@")[0].rsplit("/", 1)[-1]
    depth = f" (lower {row.layers} layers)" if row.layers else ""
    schedule = ""
    if row.schedule == "two_stage":
        embeddings = " and embeddings" if row.freeze_embeddings else ""
        schedule = f" + two-stage (stage 2 freezes {row.freeze_layers} layers{embeddings})"
    return f"{encoder}{depth} + {row.weighting.replace('_', ' ')}{schedule}"


def choose_row(results: dict[str, RowResult]) -> str:
    """The paper's classification-first policy: CLS macro-F1 decides, the combined score breaks ties, then the name."""
    return min(
        results,
        key=lambda name: (-results[name].mean["cls_macro_f1"], -results[name].mean["combined_score"], name),
    )


def collect(rows: dict[str, RowParams], metrics: Sequence[Path]) -> dict[str, RowResult]:
    """The rows' results from files named results/rows/<row>/seed<k>/metrics.json."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in metrics:
        found[path.parent.parent.name].append(read_json(path))
    for name in {*rows} ^ {*found}:
        raise CrisisflowError(f"row {name} has no metrics, or is not among the rows: {', '.join(rows)}")
    return {
        name: RowResult(
            describe(row),
            {score: mean(run[score] for run in found[name]) for score in SCORES},
            {score: stdev(run[score] for run in found[name]) if len(found[name]) > 1 else None for score in SCORES},
            [run["best_epoch"] for run in found[name]],
            found[name][0]["training_tweets"],
            found[name][0]["epochs"],
        )
        for name, row in rows.items()
    }


def _score(result: RowResult, score: str) -> str:
    deviation = result.deviation[score]
    return f"{result.mean[score]:.3f}" + (f" ± {deviation:.3f}" if deviation is not None else "")


def _dataset(tweets: Path, resolved: Path) -> dict[str, dict[str, int]]:
    """Tweets and spans per split, and in total."""
    table = read_parquet(tweets, TWEETS)
    split_of = dict(zip(table["tweet_id"].to_pylist(), table["split"].to_pylist(), strict=True))
    tweet_counts = Counter(split_of.values())
    span_counts = Counter(split_of[span.tweet_id] for span in read_spans(resolved))
    facts = {split: {"tweets": tweet_counts[split], "spans": span_counts[split]} for split in SPLITS}
    facts["total"] = {"tweets": tweet_counts.total(), "spans": span_counts.total()}
    return facts


def table_1(dataset: dict[str, dict[str, int]]) -> pd.DataFrame:
    """Dataset statistics."""
    return pd.DataFrame(
        [
            {
                "Split": split.capitalize(),
                "Tweets (paper)": f"{paper.tweets:,}",
                "Tweets (this run)": f"{dataset[split]['tweets']:,}",
                "Entity spans (paper)": paper.spans,
                "Entity spans (this run)": f"{dataset[split]['spans']:,}",
                "Avg/tweet (paper)": f"{paper.spans_per_tweet:.2f}",
                "Avg/tweet (this run)": f"{dataset[split]['spans'] / dataset[split]['tweets']:.2f}",
            }
            for split, paper in TABLE_1.items()
        ]
    )


def table_3(results: dict[str, RowResult], chosen: str) -> pd.DataFrame:
    """The ablation; the row that the policy chooses is marked."""
    lines = []
    for name, result in results.items():
        paper = TABLE_3.get(name)
        lines.append(
            {
                "Row": f"{name} (chosen)" if name == chosen else name,
                "Configuration (paper)": paper.configuration if paper else NOT_IN_PAPER,
                "Configuration (this run)": result.configuration,
                "NER span micro-F1 (paper)": f"{paper.ner:.3f}" if paper else NOT_IN_PAPER,
                "NER span micro-F1 (this run)": _score(result, "ner_micro_f1"),
                "CLS macro-F1 (paper)": f"{paper.cls:.3f}" if paper else NOT_IN_PAPER,
                "CLS macro-F1 (this run)": _score(result, "cls_macro_f1"),
                "Combined (paper)": f"{paper.combined:.3f}" if paper else NOT_IN_PAPER,
                "Combined (this run)": _score(result, "combined_score"),
                "Best epoch (this run)": f"{', '.join(map(str, result.best_epochs))} of {result.epochs}",
            }
        )
    return pd.DataFrame(lines)


def table_5(results: dict[str, RowResult]) -> pd.DataFrame:
    """The system beside the baselines that the paper quotes."""
    baselines = [
        {
            "Model / system (paper)": name,
            "Model / system (this run)": "not run",
            "NER F1 (paper)": "N/A",
            "NER F1 (this run)": "not run",
            "CLS F1 (paper)": scores,
            "CLS F1 (this run)": "not run",
            "Joint?": "No",
        }
        for name, scores in TABLE_5_BASELINES.items()
    ]
    rows = []
    for name, result in results.items():
        paper = TABLE_3.get(name)
        rows.append(
            {
                "Model / system (paper)": f"Row {name}: {paper.configuration}" if paper else NOT_IN_PAPER,
                "Model / system (this run)": f"Row {name}: {result.configuration}",
                "NER F1 (paper)": f"{paper.ner:.3f}" if paper else NOT_IN_PAPER,
                "NER F1 (this run)": _score(result, "ner_micro_f1"),
                "CLS F1 (paper)": f"{paper.cls:.3f}" if paper else NOT_IN_PAPER,
                "CLS F1 (this run)": _score(result, "cls_macro_f1"),
                "Joint?": "Yes",
            }
        )
    return pd.DataFrame(baselines + rows)


def _write(table: pd.DataFrame, caption: str, stem: Path) -> None:
    """One table as Markdown, CSV and LaTeX."""
    write_text(stem.with_suffix(".md"), f"{caption}\n\n{table.to_markdown(index=False, disable_numparse=True)}\n")
    write_text(stem.with_suffix(".csv"), table.to_csv(index=False, lineterminator="\n"))
    latex_caption = caption.translate({ord(sign): f"\\{sign}" for sign in "&%$#_{}"})
    latex = table.style.hide(axis="index").format(escape="latex").to_latex(caption=latex_caption, hrules=True)
    write_text(stem.with_suffix(".tex"), latex)


def run(
    preset: str,
    rows: dict[str, RowParams],
    seeds: Sequence[int],
    tweets: Path,
    resolved: Path,
    manifest: Path,
    metrics: Sequence[Path],
    folder: Path,
    out: Path,
) -> None:
    """Write table1, table3 and table5 into `folder` and all metrics into `out`."""
    results = collect(rows, metrics)
    chosen = choose_row(results)
    dataset = _dataset(tweets, resolved)
    source = read_json(manifest)["source"]
    sizes = sorted({result.training_tweets for result in results.values()})
    setting = (
        f"This run: preset {preset}, source {source}, trained on {' or '.join(f'{size:,}' for size in sizes)} tweets, "
        f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
    )
    _write(table_1(dataset), f"Table 1. Dataset statistics. {setting}.", folder / "table1")
    _write(
        table_3(results, chosen),
        f"Table 3. Ablation on the validation split, best epoch by Eq. 5. {setting}; its encoders are named in the "
        "rows and differ from the paper's unless they say BERT-large and RoBERTa-large.",
        folder / "table3",
    )
    _write(
        table_5(results),
        f"Table 5. Validation results beside the baselines that the paper quotes. {setting}.",
        folder / "table5",
    )
    write_json(
        out,
        {
            "chosen_row": chosen,
            "dataset": dataset,
            "rows": {
                name: {
                    **result.mean,
                    **{f"{score}_sd": value for score, value in result.deviation.items() if value is not None},
                }
                for name, result in results.items()
            },
        },
    )
    say((folder / "table3.md").read_text(encoding="utf-8"))
