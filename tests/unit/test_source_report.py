"""The source report: coverage, agreement, conflict and wins, counted on spans that can be counted by hand."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pandas as pd
import pytest

from crisisflow.annotation.lexicon_files import RULER, RulerFile, dropped
from crisisflow.annotation.resolve import resolve
from crisisflow.annotation.ruler_lexicon import load_ruler
from crisisflow.annotation.source_report import figure, markdown, meetings, pattern_table, source_table
from crisisflow.artifacts import CONFLICTS
from crisisflow.errors import CrisisflowError
from crisisflow.reporting.drawing import write_svg
from crisisflow.spans import STAGES, Span

# Two tweets of four that are annotated. In the first, spaCy and ruler agree on a place and regex conflicts with spaCy
# about a number; in the second nobody meets anybody.
CITY = Span("1", 0, 6, "LOCATION", "spacy", "spacy.gpe")
CITY_OF = Span("1", 0, 11, "LOCATION", "ruler", "gazetteer.city")
FIVE = Span("1", 20, 24, "NUMBER", "spacy", "spacy.cardinal")
FIVE_DEAD = Span("1", 20, 29, "CASUALTY", "regex", "casualty.count")
QUAKE = Span("2", 3, 8, "DISASTER_TYPE", "ruler", "disaster.quake")
FOUND = [CITY, CITY_OF, FIVE, FIVE_DEAD, QUAKE]


def report(found: list[Span] = FOUND, tweets: int = 4) -> pd.DataFrame:
    kept, lost = [], []
    for tweet_id in sorted({span.tweet_id for span in found}):
        winners, conflicts = resolve([span for span in found if span.tweet_id == tweet_id], STAGES)
        kept += winners
        lost += [(*loser, *winner[1:], why) for loser, winner, why in conflicts]
    return source_table(sorted(found), kept, [dict(zip(CONFLICTS.names, line, strict=True)) for line in lost], tweets)


def line(table: pd.DataFrame, stage: str, label: str) -> dict:
    return table.set_index(["stage", "label"]).loc[(stage, label)].dropna().to_dict()


def test_meetings_agree_by_type_and_conflict_otherwise() -> None:
    assert meetings(FOUND[:4]) == [(True, False), (True, False), (False, True), (False, True)]
    # A stage does not meet itself, and an edge is no overlap.
    assert meetings([CITY, CITY, Span("1", 6, 9, "LOCATION", "ruler", "x")]) == [(False, False)] * 3


def test_source_table_counts_what_each_stage_brings() -> None:
    table = report()
    spacy = line(table, "spacy", "all")
    assert (spacy["spans"], spacy["tweets"], spacy["tweet_share"], spacy["kept"]) == (2, 1, 0.25, 0)
    assert (spacy["agree"], spacy["conflict"]) == (1, 1)
    assert (spacy["lost_to_spacy"], spacy["lost_to_ruler"], spacy["lost_to_regex"], spacy["wins"]) == (0, 1, 1, 0)
    ruler = line(table, "ruler", "LOCATION")
    assert (ruler["spans"], ruler["kept"], ruler["kept_share"], ruler["wins"]) == (1, 1, 1.0, 1)
    assert line(table, "regex", "CASUALTY")["wins"] == 1
    resolved = line(table, "resolved", "all")
    assert (resolved["spans"], resolved["tweets"], resolved["tweet_share"]) == (3, 2, 0.5)


def test_a_stage_that_beats_itself_has_no_win() -> None:
    table = report([CITY_OF, CITY_OF._replace(end=6)])
    assert line(table, "ruler", "LOCATION")["lost_to_ruler"] == 1
    assert line(table, "ruler", "LOCATION")["wins"] == 0


def test_spans_of_each_type_are_kept_or_lost() -> None:
    table = report()
    stages = table[table["stage"] != "resolved"]
    lost = stages[[f"lost_to_{stage}" for stage in STAGES]].sum(axis=1)
    assert (stages["kept"] + lost == stages["spans"]).all()


def test_pattern_table_puts_the_references_beside_the_corpus() -> None:
    quality = pd.DataFrame(
        [
            ("reference_scored", "ruler", "disaster.quake", "DISASTER_TYPE", 4, 0.75),
            ("reference_scored", "ruler", "disaster.flood", "DISASTER_TYPE", 2, 0.5),
        ],
        columns=["gold_set", "stage", "rule", "label", "found", "precision"],
    )
    table = pattern_table(FOUND, [CITY_OF, QUAKE], quality).set_index("rule")
    assert table.loc["disaster.quake", ["found", "kept", "reference_scored_found"]].tolist() == [1, 1, 4]
    assert table.loc["disaster.quake", "reference_scored_precision"] == 0.75
    # On the reference only, on the corpus only; and the set that was not scored is empty, not nought.
    assert table.loc["disaster.flood", ["found", "kept"]].tolist() == [0, 0]
    assert table.loc["spacy.gpe", ["found", "kept", "reference_scored_found"]].tolist() == [1, 0, 0]
    assert table["reference_tuning_found"].isna().all()


def test_without_spans_the_tables_have_their_heads_alone() -> None:
    nothing = pd.DataFrame(columns=["gold_set", "stage", "rule", "label", "found", "precision"])
    assert list(pattern_table([], [], nothing))[:5] == ["stage", "rule", "label", "found", "kept"]
    assert len(pattern_table([], [], nothing)) == 0
    table = source_table([], [], [], 4)
    assert (list(table)[:3], len(table)) == (["stage", "label", "spans"], 0)


def test_markdown_lists_the_dropped_patterns() -> None:
    text = markdown(report(), 4, {"hazard.bad": "3 of 15 right"})
    assert "| spacy" in text
    assert "25.0%" in text
    assert text.endswith("- `hazard.bad`: 3 of 15 right\n")
    assert markdown(report(), 4, {}).endswith("No pattern is listed as dropped.\n")


def test_figure_is_a_drawing_with_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("one.svg", "two.svg"):
        write_svg(tmp_path / name, lambda: figure(report()))
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    write_svg(tmp_path / "other.svg", lambda: figure(report([QUAKE])))
    assert (tmp_path / "other.svg").read_bytes() != (tmp_path / "one.svg").read_bytes()
    drawn = ElementTree.parse(tmp_path / "one.svg").getroot()
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"


def test_a_dropped_pattern_cannot_be_a_pattern_too(tmp_path: Path) -> None:
    text = (RULER / "hazards.yaml").read_text()
    file = tmp_path / "hazards.yaml"
    file.write_text(text + "\ndropped:\n  never-was: 1 of 9 right\n")
    assert dropped(["hazards"], RulerFile, tmp_path) == {"never-was": "1 of 9 right"}
    taken = load_ruler(["hazards"]).phrases[0][2]
    file.write_text(text + f"\ndropped:\n  {taken}: 1 of 9 right\n")
    with pytest.raises(CrisisflowError, match=taken):
        load_ruler(["hazards"], tmp_path)
