"""Source report: what each annotation stage brings to the corpus, where the stages meet, and who wins.

Spans of two stages meet where they overlap. A span agrees if one of those that it meets has its type, and conflicts if
none has. Which one is kept is for overlap resolution to say, of spans that agree as well.
"""

from collections.abc import Mapping, Sequence
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from crisisflow.annotation.lexicon import REGEX, RULER, RegexFile, RulerFile, dropped
from crisisflow.annotation.span import RESOLVED, STAGES, Span, read_spans
from crisisflow.artifacts import CONFLICTS, SPANS, TWEETS, read_parquet, write_text
from crisisflow.drawing import write_svg
from crisisflow.params import LexiconParams
from crisisflow.progress import say
from crisisflow.taxonomy import ENTITY_TYPES

if TYPE_CHECKING:  # a heavy import
    from matplotlib.figure import Figure

ALL = "all"
# The gold sets whose figures stand beside the corpus's in patterns.csv.
REFERENCES = ("reference_tuning", "reference_scored")
# Columns that hold shares, and their decimals: those of the CSV, so that both tables for people round the same numbers.
SHARES = {"tweet_share": 4, "kept_share": 4}
PATTERN = ["stage", "rule", "label"]
# Okabe and Ito's colours, which the colour-blind can tell apart.
COLOURS = {"kept": "#0072B2", "lost_to_spacy": "#E69F00", "lost_to_ruler": "#CC79A7", "lost_to_regex": "#999999"}


def meetings(spans: Sequence[Span]) -> list[tuple[bool, bool]]:
    """For each span of one tweet: does it agree, does it conflict with spans of other stages."""
    met = []
    for span in spans:
        labels = {
            other.label
            for other in spans
            if other.source != span.source and other.start < span.end and span.start < other.end
        }
        met.append((span.label in labels, bool(labels) and span.label not in labels))
    return met


def source_table(found: Sequence[Span], resolved: Sequence[Span], conflicts: pd.DataFrame, tweets: int) -> pd.DataFrame:
    """One line per stage and type, `all` for a stage's types together; last the resolved spans, their coverage only.

    Args:
        found: the spans of all stages, those of a tweet in a row.
        resolved: those that were kept.
        conflicts: those that were dropped, with the columns of artifacts.CONFLICTS.
        tweets: number of tweets of the corpus.

    Returns:
        Columns: stage, label; spans, tweets (that hold one), tweet_share; agree and conflict (spans, as above); kept,
        kept_share; lost_to_<stage> (spans; a stage also loses to itself); wins (spans of other stages that it beat).
    """
    spans = _frame(found)
    met = [pair for _, group in groupby(found, key=lambda span: span.tweet_id) for pair in meetings(list(group))]
    spans[["agree", "conflict"]] = pd.DataFrame(met, columns=["agree", "conflict"])
    winners = _frame(resolved)
    by_type = _with_all(spans).groupby(["source", "label"])
    table = by_type.agg(spans=("tweet_id", "size"), tweets=("tweet_id", "nunique"), agree=("agree", "sum"))
    table["conflict"] = by_type["conflict"].sum()
    table["kept"] = _with_all(winners).groupby(["source", "label"]).size()
    table["kept_share"] = table["kept"].fillna(0) / table["spans"]
    losers = _with_all(conflicts).groupby(["winner_source", "source", "label"]).size()
    for stage in STAGES:
        table[f"lost_to_{stage}"] = losers.get(stage)
    beaten = conflicts[conflicts["source"] != conflicts["winner_source"]]
    beaten = beaten[["winner_source", "winner_label"]].set_axis(["source", "label"], axis=1)
    table["wins"] = _with_all(beaten).groupby(["source", "label"]).size()
    table = table.fillna(0)

    coverage = _with_all(winners.assign(source=RESOLVED)).groupby(["source", "label"])["tweet_id"]
    table = pd.concat([table, coverage.agg(spans="size", tweets="nunique")])
    table.insert(2, "tweet_share", table["tweets"] / tweets)
    order = [(stage, label) for stage in (*STAGES, RESOLVED) for label in (ALL, *ENTITY_TYPES)]
    table = table.loc[[key for key in order if key in table.index]].reset_index(names=["stage", "label"])
    table = table.round(SHARES)
    return table.astype(dict.fromkeys(table.columns.drop(["stage", "label", *SHARES]), "Int64"))


def pattern_table(found: Sequence[Span], resolved: Sequence[Span], quality: pd.DataFrame) -> pd.DataFrame:
    """How often each pattern fired on the corpus and was kept; beside it its spans and precision on the references.

    `quality` is results/quality/patterns.csv. The columns of a reference that is not in it are empty.
    """
    frames = {"found": _frame(found), "kept": _frame(resolved)}
    table = pd.DataFrame({name: frame.groupby(["source", "rule", "label"]).size() for name, frame in frames.items()})
    table.index.names = PATTERN
    for name in REFERENCES:
        known = quality[quality["gold_set"] == name].set_index(PATTERN)[["found", "precision"]]
        table = table.join(known.add_prefix(f"{name}_"), how="outer")
        if len(known):
            table = table.fillna({f"{name}_found": 0})
    counts = ["found", "kept", *(f"{name}_found" for name in REFERENCES)]
    return table.fillna({"found": 0, "kept": 0}).astype(dict.fromkeys(counts, "Int64")).sort_index().reset_index()


def _frame(spans: Sequence[Span]) -> pd.DataFrame:
    return pd.DataFrame(spans, columns=SPANS.names)


def _with_all(spans: pd.DataFrame) -> pd.DataFrame:
    """Each span twice, under its own label and under `all`."""
    return pd.concat([spans, spans.assign(label=ALL)])


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """The source table as text for people."""
    shown = table.astype(object)
    for name in table.columns.drop(["stage", "label"]):
        form = "{:.1%}" if name in SHARES else "{:,}"
        shown[name] = shown[name].map(form.format, na_action="ignore")
    return shown.fillna("–").rename(columns=lambda name: name.replace("_", " ").capitalize())


def markdown(table: pd.DataFrame, tweets: int, reasons: Mapping[str, str]) -> str:
    """The source table to be read, and the patterns that were dropped."""
    lines = [
        f"Sources. Spans of each annotation stage on {tweets:,} tweets. A span agrees if it overlaps one of the same "
        "type from another stage, and conflicts if it overlaps others only; lost to: dropped for an overlapping span "
        "of that stage; wins: spans of other stages dropped for one of these.",
        "",
        readable(table).to_markdown(index=False, disable_numparse=True),
        "",
        "Patterns that were dropped, and why:" if reasons else "No pattern is listed as dropped.",
        "",
        *(f"- `{rule}`: {reason}" for rule, reason in sorted(reasons.items())),
    ]
    return "\n".join(lines).rstrip() + "\n"


def figure(table: pd.DataFrame) -> "Figure":
    """Per stage a panel: what came of the spans of each type."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(11, 4.2), layout="constrained")
    panels = drawn.subplots(1, len(STAGES), sharex=True, sharey=True)
    by_type = table.set_index(["stage", "label"])[list(COLOURS)].astype("float64")
    for stage, panel in zip(STAGES, panels, strict=True):
        bars = by_type.reindex([(stage, label) for label in ENTITY_TYPES]).fillna(0)
        left = pd.Series(0.0, index=bars.index)
        for (name, colour), hatch in zip(COLOURS.items(), ("", "//", "..", "xx"), strict=True):
            words = name.replace("_", " ")
            panel.barh(ENTITY_TYPES, bars[name], left=left, color=colour, hatch=hatch, edgecolor="white", label=words)
            left += bars[name]
        panel.set_title(stage)
        panel.set_xlabel("spans")
        panel.xaxis.set_major_formatter("{x:,.0f}")
        panel.tick_params(axis="x", rotation=30)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].invert_yaxis()
    panels[0].set_ylabel("entity type")
    drawn.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(COLOURS), frameon=False)
    return drawn


def run(
    tweets: Path,
    stages: Sequence[Path],
    resolved: Path,
    conflicts: Path,
    quality: Path,
    ruler: LexiconParams,
    regex: LexiconParams,
    sources: Path,
    report: Path,
    patterns: Path,
    svg: Path,
) -> None:
    """Write the table of the stages as CSV (`sources`), Markdown and SVG, and the table of the patterns as CSV.

    Raises:
        CrisisflowError: an artifact is absent or damaged, or a lexicon is unknown or broken.
    """
    size = read_parquet(tweets, TWEETS).num_rows
    found = sorted(chain.from_iterable(map(read_spans, stages)))
    kept = list(read_spans(resolved))
    table = source_table(found, kept, read_parquet(conflicts, CONFLICTS).to_pandas(), size)
    reasons = dropped(ruler.lexicons, RulerFile, RULER) | dropped(regex.lexicons, RegexFile, REGEX)
    text = markdown(table, size, reasons)
    of_patterns = pattern_table(found, kept, pd.read_csv(quality))
    for path, rows in ((sources, table), (patterns, of_patterns)):
        write_text(path, rows.to_csv(index=False, lineterminator="\n", float_format="%.4f"))
    write_text(report, text)
    write_svg(svg, lambda: figure(table))
    say(text)
