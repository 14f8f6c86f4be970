"""Tables 1, 2, 3 and 5 of the paper beside this run, what else was measured, and its metrics in one file."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from crisisflow.artifacts import TWEETS, read_json, read_parquet, write_json
from crisisflow.evaluation.bootstrap import RESAMPLES, Difference, winner
from crisisflow.inputs import InputFile
from crisisflow.params import read_sections
from crisisflow.progress import say
from crisisflow.reporting.exhibits import read_frame
from crisisflow.reporting.folders import Captioned, write_tables
from crisisflow.reporting.over_seeds import NOTHING, OverSeeds
from crisisflow.reporting.runs import read_runs
from crisisflow.spans import read_spans
from crisisflow.studies.humaid_ner import STUDY
from crisisflow.studies.humaid_ner.comparison import settings_that_differ, table_of_comparison, table_of_settings
from crisisflow.studies.humaid_ner.params import StudyParams
from crisisflow.studies.humaid_ner.reproduction import TABLE_1, TABLE_3, TABLE_5_BASELINES
from crisisflow.studies.humaid_ner.rows import FLOOR, SCORE_HEADINGS, RowResult, choose_row, collect
from crisisflow.studies.humaid_ner.taxonomy_table import table_2
from crisisflow.taxonomy import CLASSES, ENTITY_TYPES, SPLITS

COLUMNS = ("Precision", "Recall", "F1")


def _cell(figure: OverSeeds | None) -> str:
    return NOTHING if figure is None else str(figure)


def _dataset(tweets: Path, resolved: Path) -> tuple[dict[str, dict[str, int]], Counter[str]]:
    """Tweets and spans per split, and in total; spans per type."""
    table = read_parquet(tweets, TWEETS)
    split_of = dict(zip(table["tweet_id"].to_pylist(), table["split"].to_pylist(), strict=True))
    tweet_counts = Counter(split_of.values())
    span_counts: Counter[str] = Counter()
    per_type: Counter[str] = Counter()
    for span in read_spans(resolved):
        span_counts[split_of[span.tweet_id]] += 1
        per_type[span.label] += 1
    facts = {split: {"tweets": tweet_counts[split], "spans": span_counts[split]} for split in SPLITS}
    facts["total"] = {"tweets": tweet_counts.total(), "spans": span_counts.total()}
    return facts, per_type


def table_1(dataset: dict[str, dict[str, int]]) -> pd.DataFrame:
    """Dataset statistics."""
    return pd.DataFrame(
        [
            {
                "Split": split.capitalize(),
                "Tweets (paper)": f"{paper.tweets:,}",
                "Tweets (this run)": f"{dataset[split]['tweets']:,}",
                "Entity spans (paper)": f"~{paper.spans:,}",
                "Entity spans (this run)": f"{dataset[split]['spans']:,}",
                "Avg/tweet (paper)": f"{paper.spans_per_tweet:.2f}",
                "Avg/tweet (this run)": f"{dataset[split]['spans'] / dataset[split]['tweets']:.2f}",
            }
            for split, paper in TABLE_1.items()
        ]
    )


def table_3(results: dict[str, RowResult], chosen: str, differences: Sequence[Difference]) -> pd.DataFrame:
    """The ablation and the floor; marked are the row that the policy chooses and a score that beats every other's.

    With one seed nothing is marked: the chance of a seed is then unknown.
    """
    repeated = all(len(result.runs) > 1 for result in results.values())
    best = {score: winner(differences, score) if repeated else None for score in SCORE_HEADINGS}
    lines = []
    for name, result in results.items():
        paper = TABLE_3.get(name)
        line = {
            "Row": f"{name} (chosen)" if name == chosen else name,
            "Configuration (paper)": paper.configuration if paper else NOTHING,
            "Configuration (this run)": result.configuration,
        }
        for score, heading in SCORE_HEADINGS.items():
            line[f"{heading} (paper)"] = f"{getattr(paper, score):.3f}" if paper else NOTHING
            line[f"{heading} (this run)"] = _cell(result.over_seeds(score)) + (" (best)" if name == best[score] else "")
        epochs = [run["best_epoch"] for run in result.runs]
        line["Best epoch (this run)"] = (
            NOTHING if None in epochs else f"{', '.join(map(str, epochs))} of {result.runs[0]['epochs']}"
        )
        lines.append(line)
    return pd.DataFrame(lines)


def table_5(results: dict[str, RowResult]) -> pd.DataFrame:
    """The system, and the floor, beside the baselines that the paper quotes."""
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
        label = name if name == FLOOR else f"Row {name}"
        rows.append(
            {
                "Model / system (paper)": f"{label}: {paper.configuration}" if paper else NOTHING,
                "Model / system (this run)": f"{label}: {result.configuration}",
                "NER F1 (paper)": f"{paper.ner_micro_f1:.3f}" if paper else NOTHING,
                "NER F1 (this run)": _cell(result.over_seeds("ner_micro_f1")),
                "CLS F1 (paper)": f"{paper.cls_macro_f1:.3f}" if paper else NOTHING,
                "CLS F1 (this run)": _cell(result.over_seeds("cls_macro_f1")),
                "Joint?": "Yes" if result.over_seeds("combined_score") else "No",
            }
        )
    return pd.DataFrame(baselines + rows)


def table_of_differences(differences: Sequence[Difference]) -> pd.DataFrame:
    """Every pair of rows, and whether the one is better than the other."""
    return pd.DataFrame(
        [
            (
                SCORE_HEADINGS[pair.score],
                pair.first,
                pair.second,
                *(f"{value:+.3f}" for value in (pair.difference, pair.low, pair.high)),
                "yes" if pair.excludes_zero else "no",
            )
            for pair in differences
        ],
        columns=["Score", "Row", "Compared with", "Difference", "Lower bound", "Upper bound", "Zero excluded"],
    )


def table_of_scores(results: dict[str, RowResult]) -> pd.DataFrame:
    """Each entity type and humanitarian class, row beside row."""
    return pd.DataFrame(
        [
            {
                "Type or class": label,
                "Row": name,
                **{column: str(result.over_seeds(task, group, label, column.lower())) for column in COLUMNS},
                "Support": f"{result.runs[0][task][group][label]['support']:,}",
            }
            for task, group, labels in (("ner", "per_type", ENTITY_TYPES), ("cls", "per_class", CLASSES))
            for label in labels
            for name, result in results.items()
            if result.runs[0][task]
        ]
    )


def table_of_calibration(results: dict[str, RowResult]) -> pd.DataFrame:
    """How far the confidence of each row is from its accuracy; a row without confidences is left out."""
    headings = {"ner": "Predicted spans (strict)", "cls": "Predicted class"}
    return pd.DataFrame(
        [
            {
                "Row": name,
                "Confidence of": heading,
                "Predictions": f"{sum(own['size'] for own in result.runs[0][task]['calibration']['bins']):,}",
                "Expected calibration error": _cell(result.over_seeds(task, "calibration", "expected_error")),
            }
            for name, result in results.items()
            for task, heading in headings.items()
            if result.runs[0][task] and "calibration" in result.runs[0][task]
        ],
        columns=["Row", "Confidence of", "Predictions", "Expected calibration error"],
    )


def table_of_against_gold(lines: pd.DataFrame) -> pd.DataFrame:
    """What against_gold.csv has of all types together and of each type, the mean over the seeds."""
    headings = {"agrees_f1": "Agrees with the rules (F1)", "right_f1": "Is right (F1)", "rules_f1": "The rules (F1)"}
    return pd.DataFrame(
        [
            {
                "Gold set": name,
                "Spans by": own["by"].iloc[0],
                "Type": label,
                "Row": row,
                "Tweets": f"{own['tweets'].iloc[0]:,}",
                "Gold spans": f"{own['gold'].iloc[0]:,}",
                **{heading: str(OverSeeds.over(own[column])) for column, heading in headings.items()},
            }
            for (name, label, row), own in lines.groupby(["gold_set", "label", "row"], sort=False)
        ],
        columns=["Gold set", "Spans by", "Type", "Row", "Tweets", "Gold spans", *headings.values()],
    )


def numbers(results: dict[str, RowResult], differences: Sequence[Difference]) -> dict[str, Any]:
    """The scores of the rows and, by score and pair of rows, the differences whose interval excludes zero.

    Numbers under names only, as `dvc metrics diff` shows them best; a difference that is no longer sure is gone.
    """
    rows: dict[str, dict[str, float]] = defaultdict(dict)
    for name, result in results.items():
        for score in SCORE_HEADINGS:
            if figure := result.over_seeds(score):
                rows[name][score] = figure.mean
                if figure.deviation is not None:
                    rows[name][f"{score}_sd"] = figure.deviation
    sure: dict[str, dict[str, float]] = defaultdict(dict)
    for pair in differences:
        if pair.excludes_zero:
            sure[pair.score][f"{pair.first} - {pair.second}"] = pair.difference
    return {"rows": rows, "differences": sure}


INTERVAL = (
    f"95 % interval (paired bootstrap, {RESAMPLES:,} resamples of the validation tweets, scores averaged over seeds; "
    "uncorrected). Seed variance and epoch selection are not accounted for"
)


def _setting(params: StudyParams, source: str, runs: Sequence[dict[str, Any]], validation: int) -> str:
    """This run in words, for the captions."""
    sizes, seeds = sorted({own["training_tweets"] for own in runs}), params.humaid_ner.seeds
    return (
        f"This run: preset {params.preset}, source {source}, trained on "
        f"{' or '.join(f'{size:,}' for size in sizes)} tweets, scored on {validation:,}, "
        f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
    )


def run(
    params: StudyParams,
    paper: Sequence[InputFile],
    tweets: InputFile,
    resolved: InputFile,
    manifest: InputFile,
    metrics: Sequence[InputFile],
    histories: Sequence[InputFile],
    differences: InputFile,
    against_gold: InputFile,
    folder: Path,
    out: Path,
) -> None:
    """Write each table and captions.json (the caption of each, in the order of the page: the ablation first) into
    `folder`, and all metrics into `out`.

    Args:
        params: the shared sections of params.yaml and section humaid_ner
        paper: a file of the preset of the paper's settings; repeat
        metrics: of a row and seed, or of the floor; repeat
        histories: history.csv of a row and seed; repeat
        differences: what the step bootstrap found
        against_gold: what the step against_gold found
    """
    of_paper, _ = read_sections(paper, StudyParams)
    differing = settings_that_differ(*(each.model_dump(mode="json") for each in (params, of_paper)))
    rows = params.humaid_ner.rows
    results = collect(rows, metrics)
    chosen = choose_row({name: results[name] for name in rows})
    dataset, per_type = _dataset(tweets, resolved)
    by_row: dict[str, list[pd.DataFrame]] = defaultdict(list)
    for (row, _), history in pd.concat(read_runs(histories, STUDY)).groupby(["row", "seed"], sort=False):
        by_row[row].append(history)
    compared = [Difference(**pair) for pair in read_json(differences)]
    runs = [own for result in results.values() for own in result.runs]
    setting = _setting(params, read_json(manifest)["source"], runs, results[chosen].runs[0]["validation_tweets"])
    # In the order of display; sections.py has their places in the report.
    made = {
        "table3": (
            table_3(results, chosen, compared),
            "Table 3. Ablation on the validation split, best epoch by Eq. 5 (with one task, by its score). Row "
            f"{chosen} has the highest mean CLS macro-F1 of the rows with both tasks. (best), with more than one seed: "
            "significantly better than every other row (paired bootstrap over validation tweets, 95 %, uncorrected). "
            f"Seed variance and epoch selection are not accounted for. {setting}.",
        ),
        "comparison": (
            table_of_comparison(differing, rows, of_paper.humaid_ner.rows, dataset, results, by_row, compared),
            "The paper beside this run: its numbers, ours (mean ± standard deviation over the seeds) and the "
            "difference. The last column counts the settings on which a number depends and which are not the paper's "
            f"(the next table names them): only where it says none do the two compare. {setting}.",
        ),
        "settings": (
            table_of_settings(differing),
            "Settings of this run that are not the paper's (presets/paper/, which decides where the paper is "
            "silent). Besides, the paper's own corpus, 77,637 tweets, is nowhere to be had as such.",
        ),
        "table1": (table_1(dataset), f"Table 1. Dataset statistics. {setting}."),
        "table2": (
            table_2(per_type),
            "Table 2. The taxonomy, with the entity spans of all splits. The examples of the second column are the "
            f"commonest of the embedded corpus. {setting}.",
        ),
        "table5": (
            table_5(results),
            f"Table 5. Validation results beside the baselines that the paper quotes. {setting}.",
        ),
        "differences": (
            table_of_differences(compared),
            f"Differences between the rows on the validation split with their {INTERVAL}. {setting}.",
        ),
        "scores": (
            table_of_scores(results),
            f"Scores of each entity type and humanitarian class on the validation split. {setting}.",
        ),
        "against_gold": (
            table_of_against_gold(read_frame(against_gold)),
            "To agree with the rules, and to be right: strict span F1 on tweets with gold spans from which no row has "
            "learnt (none of the test split; at most 500 a set; the epoch was chosen on validation tweets, which may "
            "be among them): against the rules' spans, against the gold, and of the rules themselves against the gold. "
            "The tweets of a set named outside_ are of no event of the corpus; people marked names in them under other "
            f"guidelines. Only what people marked is human. {setting}.",
        ),
        "calibration": (
            table_of_calibration(results),
            "Calibration on the validation split: the mean distance of confidence and accuracy over ten bins of equal "
            "width, weighed by their sizes; 0 is best. The confidence of a span is that of its least sure word. "
            f"Predictions are those of the first seed. {setting}.",
        ),
    }
    write_tables(folder, {name: Captioned(*own) for name, own in made.items()})
    write_json(out, {"chosen_row": chosen, "dataset": dataset, **numbers(results, compared)})
    say((folder / "table3.md").read_text(encoding="utf-8"))
