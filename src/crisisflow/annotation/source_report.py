"""Source report: what each annotation stage brings to the corpus, where the stages meet, and who wins.

Spans of two stages meet where they overlap. A span agrees if one of those that it meets has its type, and conflicts if
none has. Which one is kept is for overlap resolution to say, of spans that agree as well.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from crisisflow.annotation.lexicon_files import REGEX, RULER, RegexFile, RulerFile, dropped
from crisisflow.artifacts import CONFLICTS, TWEETS, count_rows, read_in_parts, write_text
from crisisflow.inputs import InputFile
from crisisflow.params import LexiconParams
from crisisflow.progress import say
from crisisflow.reporting.drawing import write_svg
from crisisflow.spans import RESOLVED, STAGES, Span, read_spans
from crisisflow.taxonomy import ENTITY_TYPES

if TYPE_CHECKING:  # a heavy import
    from matplotlib.figure import Figure

ALL = "all"
# The gold sets whose figures stand beside the corpus's in patterns.csv.
REFERENCES = ("reference_tuning", "reference_scored")
# Columns that hold shares, and their decimals: those of the CSV, so that both tables for people round the same numbers.
SHARES = {"tweet_share": 4, "kept_share": 4}
PATTERN = ["stage", "rule", "label"]
# Counts of a stage's spans that the resolved ones have not.
COUNTED = ("agree", "conflict", "kept", *(f"lost_to_{stage}" for stage in STAGES), "wins")
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


def source_table(
    found: Iterable[Span], resolved: Iterable[Span], conflicts: Iterable[Mapping[str, Any]], tweets: int
) -> pd.DataFrame:
    """One line per stage and type, `all` for a stage's types together; last the resolved spans, their coverage only.

    Args:
        found: the spans of all stages. resolved: those that were kept. Both in the order of tweets.
        conflicts: those that were dropped, each with the columns of artifacts.CONFLICTS.
        tweets: number of tweets of the corpus.

    Returns:
        Columns: stage, label; spans, tweets (that hold one), tweet_share; agree and conflict (spans, as above); kept,
        kept_share; lost_to_<stage> (spans; a stage also loses to itself); wins (spans of other stages that it beat).
    """
    counts: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)

    def count(column: str, stage: str, label: str) -> None:
        counts[column].update(((stage, label), (stage, ALL)))

    for _, group in groupby(found, key=attrgetter("tweet_id")):
        spans = list(group)
        for span, (agrees, conflicted) in zip(spans, meetings(spans), strict=True):
            for column, counted in (("spans", True), ("agree", agrees), ("conflict", conflicted)):
                if counted:
                    count(column, span.source, span.label)
        counts["tweets"].update({(span.source, label) for span in spans for label in (span.label, ALL)})
    for _, group in groupby(resolved, key=attrgetter("tweet_id")):
        spans = list(group)
        for span in spans:
            count("kept", span.source, span.label)
            count("spans", RESOLVED, span.label)
        counts["tweets"].update({(RESOLVED, label) for span in spans for label in (span.label, ALL)})
    for lost in conflicts:
        count(f"lost_to_{lost['winner_source']}", lost["source"], lost["label"])
        if lost["winner_source"] != lost["source"]:
            count("wins", lost["winner_source"], lost["winner_label"])

    lines = []
    for key in ((stage, label) for stage in (*STAGES, RESOLVED) for label in (ALL, *ENTITY_TYPES)):
        if number := counts["spans"][key]:
            own = {column: counts[column][key] for column in COUNTED} if key[0] != RESOLVED else {}
            covered = counts["tweets"][key]
            line = {"stage": key[0], "label": key[1], "spans": number, "tweets": covered}
            lines.append(line | {"tweet_share": covered / tweets} | own)
    table = pd.DataFrame(lines, columns=["stage", "label", "spans", "tweets", "tweet_share", *COUNTED])
    table.insert(table.columns.get_loc("kept") + 1, "kept_share", table["kept"] / table["spans"])
    return table.astype(dict.fromkeys(("spans", "tweets", *COUNTED), "Int64"))


def pattern_table(found: Iterable[Span], resolved: Iterable[Span], quality: pd.DataFrame) -> pd.DataFrame:
    """How often each pattern fired on the corpus and was kept; beside it its spans and precision on the references.

    `quality` is results/annotation/patterns.csv. The columns of a reference that is not in it are empty.
    """
    counts = {
        name: Counter((span.source, span.rule, span.label) for span in spans)
        for name, spans in (("found", found), ("kept", resolved))
    }
    patterns = pd.MultiIndex.from_tuples(sorted(set().union(*counts.values())), names=PATTERN)
    table = pd.DataFrame(
        {name: [own[pattern] for pattern in patterns] for name, own in counts.items()}, patterns, dtype="Int64"
    )
    for name in REFERENCES:
        known = quality[quality["gold_set"] == name].set_index(PATTERN)[["found", "precision"]]
        table = table.join(known.add_prefix(f"{name}_"), how="outer")
        if len(known):
            table = table.fillna({f"{name}_found": 0})
    numbers = ["found", "kept", *(f"{name}_found" for name in REFERENCES)]
    return table.fillna({"found": 0, "kept": 0}).astype(dict.fromkeys(numbers, "Int64")).sort_index().reset_index()


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
        readable(table.round(SHARES)).to_markdown(index=False, disable_numparse=True),
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
    tweets: InputFile,
    stages: Sequence[InputFile],
    resolved: InputFile,
    conflicts: InputFile,
    quality: InputFile,
    ruler: LexiconParams,
    regex: LexiconParams,
    sources: Path,
    report: Path,
    patterns: Path,
    svg: Path,
) -> None:
    """Write the table of the stages as CSV (`sources`), Markdown and SVG, and the table of the patterns as CSV.

    Args:
        stages: the span file of a stage; repeat
        quality: patterns.csv of the step quality
        ruler: section annotation.ruler
        regex: section annotation.regex
        sources: CSV of the stages
        report: Markdown of the stages
        patterns: CSV of the patterns
        svg: drawing of the stages

    Raises:
        CrisisflowError: an artifact is absent or damaged, or a lexicon is unknown or broken.
    """
    size = count_rows(tweets, TWEETS)
    lost = chain.from_iterable(part.to_pylist() for part in read_in_parts(conflicts, CONFLICTS))
    table = source_table(heapq.merge(*map(read_spans, stages)), read_spans(resolved), lost, size)
    reasons = dropped(ruler.lexicons, RulerFile, RULER) | dropped(regex.lexicons, RegexFile, REGEX)
    text = markdown(table, size, reasons)
    found = chain.from_iterable(map(read_spans, stages))
    of_patterns = pattern_table(found, read_spans(resolved), pd.read_csv(quality))
    for path, rows in ((sources, table), (patterns, of_patterns)):
        write_text(path, rows.to_csv(index=False, lineterminator="\n", float_format="%.4f"))
    write_text(report, text)
    write_svg(svg, lambda: figure(table))
    say(text)
