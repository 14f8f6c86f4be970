"""The tables of docs/annotation_scores.md and _measurements.md: `python benchmarks/annotation_tables.py --run FOLDER`.

FOLDER is a checkout in which the annotation ran on HumAID (docs/annotation_measurements.md, "The run"). The numbers go
to docs/annotation/*.csv, all of one run; the tables are made from these files and replace what is between the markers
`<!-- NAME -->` and `<!-- end -->`. Without --run only the tables are made again.
"""

import argparse
import json
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from crisisflow.artifacts import SPANS, TWEETS, read_parquet, write_text
from crisisflow.taxonomy import ENTITY_TYPES

DOCS = Path(__file__).parents[1] / "docs"
NUMBERS = DOCS / "annotation"
STAGES = ("spacy", "ruler", "regex")
PAPER = {"train": (126_000, 2.91), "validation": (24_500, 2.93), "test": (24_500, 2.92), "total": (175_000, 2.92)}
NONE = "–"
# The gold sets in which a rule is counted, and from how many spans on.
GOLD = {
    "idrisi_train": "IDRISI-R, train part",
    "idrisi_dev": "IDRISI-R, dev part",
    "outside": "outside of HumAID",
    "reference": "the reference",
}
LEAST = 5
# Commit 3208122: exact F1 on the tuning and the scored half of the reference, and on IDRISI-R's dev part.
BEFORE = {
    "all": (0.908, 0.835),
    "LOCATION": (0.890, 0.874),
    "DISASTER_TYPE": (0.982, 0.957),
    "CASUALTY": (0.906, 0.772),
    "DISPLACED": (0.884, 0.727),
    "REQUEST": (0.848, 0.632),
    "RESOURCE": (0.804, 0.644),
    "RESCUE": (0.800, 0.667),
    "ORGANIZATION": (0.790, 0.537),
    "PERSON": (0.733, 0.757),
    "NUMBER": (0.950, 0.770),
}
BEFORE_IDRISI = 0.856


def collect(run: Path) -> dict[str, pd.DataFrame]:
    """The numbers that the pages show, from the artifacts of a run; one table per file of docs/annotation."""
    scores = pd.read_csv(run / "results/annotation/scores.csv")
    idrisi = scores[
        scores["gold_set"].eq("idrisi_dev") & scores["label"].eq("LOCATION") & scores["measure"].ne("exact")
    ]
    by_event = idrisi["stage"].eq("resolved") & idrisi["place"].eq("all") & idrisi["measure"].eq("strict")
    whole = scores["event"].eq("all") & scores["place"].eq("all")
    strict = scores[whole & scores["stage"].eq("resolved") & scores["measure"].eq("strict")]
    idrisi = idrisi[idrisi["event"].eq("all") | by_event]
    train = strict[strict["gold_set"].eq("idrisi_train") & strict["label"].eq("LOCATION")]
    outside = strict[strict["gold_set"].str.startswith("outside")]
    halves = scores[scores["gold_set"].str.startswith("reference") & scores["measure"].isin(["strict", "ent_type"])]
    types = halves["stage"].eq("resolved") | halves["label"].eq("all")
    tweets = read_parquet(run / "data/corpus/tweets.parquet", TWEETS).select(["tweet_id", "split"]).to_pandas()
    spans = read_parquet(run / "data/annotations/resolved.parquet", SPANS).select(["tweet_id"]).to_pandas()
    splits = tweets.assign(spans=tweets["tweet_id"].map(spans["tweet_id"].value_counts()).fillna(0).astype(int))
    patterns = pd.read_csv(run / "results/annotation/patterns.csv")
    groups = {r"^outside_.*": "outside", r"^reference_.*": "reference"}
    patterns["gold_set"] = patterns["gold_set"].replace(regex=groups)
    won = patterns.groupby(["gold_set", "stage", "rule", "label"])[["won", "won_right"]].sum().reset_index()
    fates = pd.DataFrame(json.loads((run / "data/humaid_ner/aligned/B.json").read_text())["spans"]).T
    return {
        "scores": pd.concat([idrisi, train, halves[whole[halves.index] & types], outside]),
        "sources": pd.read_csv(run / "results/annotation/sources.csv"),
        "patterns": pd.read_csv(run / "results/annotation/sources_patterns.csv"),
        "won": won[won["won"].gt(0)],
        "splits": splits.groupby("split").agg(tweets=("tweet_id", "size"), spans=("spans", "sum")).reset_index(),
        "alignment": fates.rename_axis("label").reset_index(),
    }


def markdown(head: str, lines: list[list[str]]) -> str:
    """A Markdown table; `head` has its columns as they are written."""
    columns = head.count("|") - 1
    return "\n".join([head, "|" + "---|" * columns, *(f"| {' | '.join(line)} |" for line in lines)])


def score(scores: pd.DataFrame, measure: str = "strict", **where: str) -> pd.Series:
    """The line of scores.csv that is named; the whole of a gold set where nothing else is said."""
    wanted = {"event": "all", "place": "all", "label": "all", "measure": measure} | where
    found = scores[(scores[list(wanted)] == pd.Series(wanted)).all(axis=1)]
    return found.iloc[0]


def idrisi(numbers: dict[str, pd.DataFrame]) -> str:
    def line(name: str, stage: str, place: str = "all") -> list[str]:
        each = [
            score(numbers["scores"], measure, gold_set="idrisi_dev", stage=stage, place=place, label="LOCATION")
            for measure in ("strict", "partial", "ent_type")
        ]
        shown = [each[0]["precision"], each[0]["recall"], *(own["f1"] for own in each)]
        return [f"{name} ({each[0]['gold']:,})" if place != "all" else name, *(f"{value:.3f}" for value in shown)]

    gold = score(numbers["scores"], gold_set="idrisi_dev", stage="resolved", label="LOCATION")["gold"]
    return markdown(
        f"| dev part, {gold:,} mentions | precision | recall | F1 exact | F1 partial | F1 by overlap |",
        [
            line("stage spacy", "spacy"),
            line("stage ruler", "ruler"),
            line("**resolved**", "resolved"),
            line("resolved, inside hashtags", "resolved", "inside hashtag"),
            line("resolved, outside hashtags", "resolved", "outside hashtag"),
        ],
    )


def events(numbers: dict[str, pd.DataFrame]) -> str:
    scores = numbers["scores"]
    own = scores[
        scores["gold_set"].eq("idrisi_dev")
        & scores["stage"].eq("resolved")
        & scores["place"].eq("all")
        & scores["label"].eq("LOCATION")
        & scores["measure"].eq("strict")
        & scores["event"].ne("all")
    ].sort_values("event")
    shown = zip(own["event"], own["gold"], own["f1"], strict=True)
    cells = [[event, f"{gold:,}", f"{f1:.3f}"] for event, gold, f1 in shown]
    half = -(-len(cells) // 2)
    lines = [left + right for left, right in zip(cells[:half], [*cells[half:], ["", "", ""]], strict=False)]
    return markdown("| event | gold | F1 | event | gold | F1 |", lines)


def reference(numbers: dict[str, pd.DataFrame]) -> str:
    lines = []
    for label in ("all", *ENTITY_TYPES):
        tuning = score(numbers["scores"], gold_set="reference_tuning", stage="resolved", label=label)
        scored = score(numbers["scores"], gold_set="reference_scored", stage="resolved", label=label)
        overlap = score(numbers["scores"], "ent_type", gold_set="reference_scored", stage="resolved", label=label)
        lines.append(
            [
                "**all (micro)**" if label == "all" else label,
                f"{tuning['gold']:,}",
                f"{tuning['f1']:.3f}",
                f"{scored['gold']:,}",
                f"{scored['found']:,}",
                *(f"{value:.3f}" for value in (scored["precision"], scored["recall"], scored["f1"], overlap["f1"])),
            ]
        )
    head = "| resolved | tuning: gold | F1 | scored: gold | found | precision | recall | F1 | F1 by overlap |"
    return markdown(head, lines)


def outside(numbers: dict[str, pd.DataFrame]) -> str:
    own = numbers["scores"][numbers["scores"]["gold_set"].str.startswith("outside")]
    table = own.pivot(index="gold_set", columns="label", values="f1").sort_index()
    labels = ["all", "LOCATION", "ORGANIZATION", "PERSON"]
    lines = [
        [name.removeprefix("outside_"), *(NONE if pd.isna(row[label]) else f"{row[label]:.3f}" for label in labels)]
        for name, row in table.iterrows()
    ]
    return markdown(f"| set | {' | '.join(labels)} |", lines)


def weak_rules(numbers: dict[str, pd.DataFrame]) -> str:
    """The rules of which at most half of the kept spans are right in a set, from LEAST spans on."""
    own = numbers["won"].set_index(["gold_set", "stage", "rule", "label"])
    lines = []
    for (stage, rule, label), _ in own.groupby(level=["stage", "rule", "label"]):
        counts = {name: own.loc[key] for name in GOLD if (key := (name, stage, rule, label)) in own.index}
        weak = [name for name, row in counts.items() if row["won"] >= LEAST and 2 * row["won_right"] <= row["won"]]
        if set(weak) - {"reference"}:
            shown = (counts.get(name) for name in GOLD)
            cells = (NONE if row is None else f"{row['won_right']:,} of {row['won']:,}" for row in shown)
            lines.append([f"`{rule}`", label, *cells])
    return markdown(f"| rule | type | {' | '.join(GOLD.values())} |", lines)


def before(numbers: dict[str, pd.DataFrame]) -> str:
    lines = []
    for label, (tuning, scored) in BEFORE.items():
        now = [
            score(numbers["scores"], gold_set=f"reference_{half}", stage="resolved", label=label)["f1"]
            for half in ("tuning", "scored")
        ]
        lines.append([label, f"{tuning:.3f}", f"{now[0]:.3f}", f"{scored:.3f}", f"{now[1]:.3f}"])
    now = score(numbers["scores"], gold_set="idrisi_dev", stage="resolved", label="LOCATION")["f1"]
    lines.append(["LOCATION, IDRISI-R's dev part", "", "", f"{BEFORE_IDRISI:.3f}", f"{now:.3f}"])
    return markdown("| exact F1 | tuning half: before | now | scored half: before | now |", lines)


def stages(numbers: dict[str, pd.DataFrame]) -> str:
    sources = numbers["sources"][numbers["sources"]["label"] == "all"].set_index("stage")
    lines = []
    for stage in STAGES:
        own = sources.loc[stage]
        counts = [f"{int(own[name]):,}" for name in ("agree", "conflict")]
        kept = f"{int(own['kept']):,} ({own['kept_share']:.1%})"
        lines.append([stage, f"{own['spans']:,}", f"{own['tweet_share']:.1%}", *counts, kept, f"{int(own['wins']):,}"])
    own = sources.loc["resolved"]
    lines.append(["resolved", f"{own['spans']:,}", f"{own['tweet_share']:.1%}", *[NONE] * 4])
    head = (
        "| stage | spans | tweets with one | agree with another stage | conflict with one | kept | wins over others |"
    )
    return markdown(head, lines)


def resolved(numbers: dict[str, pd.DataFrame]) -> str:
    sources = numbers["sources"]
    own = sources[sources["stage"].eq("resolved") & sources["label"].ne("all")].sort_values("spans", ascending=False)
    shown = zip(own["label"], own["spans"], own["tweet_share"], strict=True)
    lines = [[label, f"{spans:,}", f"{share:.1%}"] for label, spans, share in shown]
    return markdown("| resolved | spans | tweets with one |", lines)


def splits(numbers: dict[str, pd.DataFrame]) -> str:
    own = numbers["splits"].set_index("split")
    own.loc["total"] = own.sum()
    lines = []
    for split, (spans, share) in PAPER.items():
        tweets, found = own.loc[split, ["tweets", "spans"]]
        lines.append([split, f"{tweets:,}", f"~{spans:,}", f"{found:,}", f"{share:.2f}", f"{found / tweets:.2f}"])
    head = "| split | tweets | spans (paper) | spans (this run) | per tweet (paper) | per tweet (this run) |"
    return markdown(head, lines)


def alignment(numbers: dict[str, pd.DataFrame]) -> str:
    own = numbers["alignment"].set_index("label")
    own = own.loc[[label for label in ENTITY_TYPES if own.loc[label].sum()]]
    own.loc["all"] = own.sum()
    order = ["exact", "moved", "lost", "truncated"]
    lines = [[label, *(f"{own.loc[label, fate]:,}" for fate in order)] for label in own.index]
    return markdown("| type | on word borders | moved to the nearest | lost, inside a word | cut by the limit |", lines)


Table = Callable[[dict[str, pd.DataFrame]], str]
PAGES: dict[Path, tuple[Table, ...]] = {
    DOCS / "annotation_scores.md": (before, idrisi, events, reference, outside, weak_rules),
    DOCS / "annotation_measurements.md": (stages, resolved, splits, alignment),
}


def page(path: Path, text: str, numbers: dict[str, pd.DataFrame]) -> str:
    """The text of a page with its tables made from the numbers; a table without markers in it is refused."""
    for table in PAGES[path]:
        name = table.__name__
        made = f"<!-- {name} -->\n{table(numbers)}\n<!-- end -->"
        text, found = re.subn(rf"<!-- {name} -->\n.*?<!-- end -->", lambda _, made=made: made, text, flags=re.DOTALL)
        if found != 1:
            raise SystemExit(f"{path}: the markers of the table {name} are on it {found} times")
    return text


def read_numbers() -> dict[str, pd.DataFrame]:
    return {path.stem: pd.read_csv(path) for path in sorted(NUMBERS.glob("*.csv"))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, help="a checkout in which the annotation ran")
    given = parser.parse_args()
    if given.run:
        for name, table in collect(given.run).items():
            write_text(NUMBERS / f"{name}.csv", table.to_csv(index=False, lineterminator="\n", float_format="%.4f"))
    for path in PAGES:
        write_text(path, page(path, path.read_text(encoding="utf-8"), read_numbers()))


if __name__ == "__main__":
    main()
