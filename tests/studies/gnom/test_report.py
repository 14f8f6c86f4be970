"""Tables, figures, headline and report: what they show is what the artifacts hold."""

import re
import sys

import numpy as np
import pytest

from crisisflow.artifacts import read_json
from crisisflow.errors import CrisisflowError
from crisisflow.reporting.exhibits import read_cells, read_frame
from crisisflow.reporting.index import read_headline
from crisisflow.studies.gnom import figures, headline, report, tables
from crisisflow.studies.gnom.answer import answer
from crisisflow.studies.gnom.figures_of_words import projected, shown_attention
from crisisflow.studies.gnom.graph_tables import table_of_deletion
from crisisflow.studies.gnom.made import read_words
from crisisflow.studies.gnom.params import ReportParams
from crisisflow.studies.gnom.score import read_scores
from crisisflow.studies.gnom.sections import SECTIONS
from tests.studies.gnom.made_up import ROOT, params


@pytest.fixture(scope="module")
def shown(made, scored, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shown")
    own = params()
    tables.run(
        "sample",
        own,
        scored,
        made.sets,
        made.overlaps,
        made.readings,
        made.statistics,
        made.trainings,
        made.words,
        made.attention,
        folder / "tables",
    )
    figures.run("sample", own, scored, made.words, made.attention, folder / "figures")
    headline.run(scored, own, folder / "headline.json")
    return folder


def page(scored, shown, preset="sample"):
    report.run(
        params=ReportParams.model_construct(preset=preset, gnom=params()),
        scores=scored,
        tables=shown / "tables" / "captions.json",
        figures=shown / "figures" / "captions.json",
        ledger=ROOT / "docs" / "studies" / "gnom.md",
        citation=ROOT / "CITATION.cff",
        benchmarks=[shown / "logs" / "gnom_score.tsv"],
        out=shown / "report.html",
        provenance_out=shown / "provenance.html",
    )
    return (shown / "report.html").read_text(encoding="utf-8")


def cells(shown, name, *index):
    return read_cells(shown / "tables" / f"{name}.csv").set_index([*index]).sort_index()


def test_a_table_has_the_paper_s_models_beside_those_of_the_run_and_says_what_was_not_run(shown):
    seven = cells(shown, "table7", "Source", "Target", "Model")
    across = seven.loc[("EcuadorE", "EcuadorS")]
    assert across.loc["mBERT", "F1 (paper)"] == "77.93" and "±" in across.loc["mBERT", "F1 (this run)"]
    assert across.loc["GNoMX", "F1 (paper)"] == "81.89 (best)"
    assert across.loc["GNoMX", "F1 (this run)"] == "not run here"  # there is one encoder
    assert across.loc["GNoMM", "Better than TR"] == "holds"
    assert across.loc["CLP", "F1 (this run)"] == "not run here"
    assert across.loc["here: svm", "F1 (paper)"] == "not in the paper"
    assert (seven.loc[("EcuadorS", "EcuadorS"), "F1 (this run)"] == "not run here").all()
    four = cells(shown, "table4", "Source", "Target", "Model")
    assert four.loc[("NEQ", "NEQ", "DRCN"), "F1 (paper)"] == "not in the paper"
    assert (four["F1 (this run)"] == "not run here").all()


def test_table_10_has_the_shares_of_the_run(shown):
    ten = cells(shown, "table10", "Source", "Target", "Labels, %", "Model")["F1 (this run)"]
    assert "±" in ten["EcuadorE", "EcuadorS", "10", "GNoMM"]
    assert ten["EcuadorE", "EcuadorS", "50", "GNoMM"] == "not run here"


def test_table_11_has_the_four_configurations(shown):
    found = cells(shown, "table11", "Source", "Target", "Configuration")
    assert "±" in found.loc[("EcuadorE", "EcuadorS", "TR+GF-e+IE"), "F1 (this run)"]
    assert found.loc[("NEQ", "QFL", "TR+GF-e+IE"), "F1 (paper)"] == "not in the paper"
    assert found.loc[("Average", "–", "TR"), "F1 (paper)"] == "68.08"
    assert found.loc[("Average", "–", "TR"), "F1 (this run)"].endswith("over 1 settings")


def test_claims_are_printed_counted_again_and_of_the_run(shown):
    found = cells(shown, "claims", "Place", "Claim")
    own = found.loc[("5.2, Table 7", "GNoMM above mBERT, average")]
    assert own.tolist()[:2] == ["0.78", "+1.64 (all rows), +2.31 (cross-lingual), +0.98 (monolingual)"]
    assert "in 2 of 4 settings" in own["This run"] and own["Intervals of this run"] == "holds in 2 of 2"
    assert found.loc[("5.2, Table 7", "GNoMX above CLP, average"), "This run"] == "not run here: CLP"
    assert found.loc[("Table 11", "average of GNoM"), "From the paper’s tables"] == "72.96 over 9 rows"
    assert len(found) == 37


def test_controls_say_whether_the_graph_matters(shown):
    found = cells(shown, "controls", "Setting", "Labels, %", "Row", "Beside it")
    rewired = found.loc[("E_S", "100", "GNoM", "GNoM-rewired")]
    low, high = map(float, rewired["95 % interval"].split(" to "))
    assert rewired["The row is"] == "better" and 0 < low < float(rewired["Row less the other"]) < high
    assert found.loc[("E_S", "100", "GNoM", "GNoM-empty"), "The row is"] == "may be chance"
    assert found.loc[("E_S", "100", "GNoM", "TR"), "Graph of the other"] == "none"
    assert ("E_S", "10", "GNoM", "GNoM-empty") not in found.index


def test_other_rows_with_a_graph_stand_beside_the_one_without_edges(shown):
    found = cells(shown, "controls", "Setting", "Labels, %", "Row", "Beside it")
    featurizer = found.loc[("Control", "100", "TR-GF", "GNoM-empty")]
    less = float(featurizer["F1 of the row"].split(" ± ")[0]) - float(featurizer["F1 of the other"].split(" ± ")[0])
    assert float(featurizer["Row less the other"]) == pytest.approx(less, abs=0.011)
    assert featurizer["The row is"] == "worse" and featurizer["The row is, new tweets"] == "worse"
    assert not {"TR", "GNoM-rewired", "GNoM-empty"} & {row for _, _, row, _ in found.index}


def test_leaks_are_shown_both_ways(shown):
    found = cells(shown, "leaks", "Setting").loc["E_S"]
    assert found["With a near duplicate that trains"] == "10"
    assert "±" in found["F1 of svm"] and "±" in found["svm without them"]


def test_the_literal_reading_of_the_graph_has_no_edge(shown):
    found = cells(shown, "graphs", "Setting", "Row divided by")["Edges"]
    assert found["E_E", "sum"] == "0" and found["E_E", "max"] == "117"


def test_sets_that_the_run_does_not_have_say_so(shown):
    one = cells(shown, "table1", "Dataset")
    assert one.loc["EcuadorE", "Relevant (paper)"] == "2249" and one.loc["EcuadorE", "Relevant (this run)"] == "125"
    assert one.loc["SoSItalyT4", "Test (this run)"] == "not run here"
    assert set(cells(shown, "table2", "Class of FIRE16")["Class (this run)"]) == {"not run here"}
    three = cells(shown, "table3", "Dataset", "Class (paper)")
    assert three.loc[("FIRE16", "3"), "All (paper)"] == "583"
    unlabelled = cells(shown, "unlabelled", "Set")
    assert unlabelled.loc["NEQ"].tolist()[0] == "49223" and unlabelled.loc["EcuadorE", "Texts (this run)"] == "250"


def test_neighbours_are_those_by_cosine_and_a_word_that_is_not_there_says_so(shown):
    found = read_cells(shown / "tables" / "table12.csv")
    assert found.iloc[0]["Neighbours (paper)"] == "report, Report, report, and, port"
    assert found.iloc[0]["Neighbours, after training"] == "not run here"
    water = found[(found["Word"] == "water") & (found["Setting"] == "E_S")].iloc[0]
    assert water["Neighbours, after training"].startswith("agua,")


def test_translations_come_closer_where_they_do(shown):
    found = cells(shown, "translations", "Setting", "Vectors")
    after = found.loc[("E_S", "after training")]
    assert after["Pairs"] == "4" and float(after["Translations"]) > 0.99
    assert found.loc[("E_S", "after less before"), "Difference"].startswith("+")
    assert "E_E" not in {setting for setting, _ in found.index}


def test_the_deletion_test_leaves_out_texts_of_fewer_than_two_nodes(shown):
    found = cells(shown, "deletion", "Setting", "Labels, %", "Seed").loc[("E_E", "100", "13")]
    assert found["Texts"] == "2" and found["Most attended"] == "0.215"
    assert found["Attended less random"] == "+0.165" and found["Attended less gradient"] == "-0.035"


def test_texts_that_may_not_be_shown_have_their_deletion_numbers_and_no_line_in_a_figure():
    drops = {"attended": 0.2, "random": 0.1, "gradient": 0.3}
    identity = {"setting": "E_E", "row": "GNoM", "share": 100, "seed": 13}
    attention = [{**identity, "texts": [{"tweet_id": "1", "drops": drops}, {"tweet_id": "2", "drops": None}]}]
    assert table_of_deletion(attention)["Texts"].tolist() == ["1"]
    assert shown_attention(attention).empty


def test_figures_have_their_numbers_and_show_no_handle(shown):
    two = read_frame(shown / "figures" / "figure2.csv")
    assert set(two["setting"]) == {"E_S", "EcuadorE_EcuadorS"} and set(two["language"]) == {"en", "es"}
    assert len(two) == 2 * 2 * 8
    three = read_frame(shown / "figures" / "figure3.csv")
    assert "@" not in set(three["token"]) and three["importance"].max() == 0.7
    gains = read_frame(shown / "figures" / "gains.csv")
    paper = gains[
        (gains["setting"] == "EcuadorE_EcuadorS") & (gains["share"] == 100) & (gains["whose"] == "paper: GNoMM")
    ]
    assert paper["gain"].tolist() == [3.61]
    curves = read_frame(shown / "figures" / "curves.csv")
    assert {*curves["whose"]} == {"paper", "this run"} and "Control" not in set(curves["setting"])


def test_umap_that_is_not_installed_is_said_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(CrisisflowError, match="not installed"):
        projected(np.eye(5), "umap", 13)


def test_the_first_two_components_are_those_of_the_largest_variance():
    vectors = np.random.default_rng(0).normal(size=(40, 6)) * [9, 1, 4, 1, 1, 1]
    found = projected(vectors, "pca", 13)
    largest = np.sort(np.linalg.eigvalsh(np.cov(vectors.T)))[::-1][:2]
    assert found.var(axis=0, ddof=1) == pytest.approx(largest)


def test_words_of_a_confidential_set_are_not_shown(made):
    own = params()
    closed = {
        name: one.model_copy(update={"terms": "confidential"}) for name, one in own.sets.items() if name == "EcuadorS"
    }
    own = own.model_copy(update={"sets": own.sets | closed})
    assert "EcuadorE_EcuadorS" in {run.setting for run in read_words(made.words, params())}
    assert "EcuadorE_EcuadorS" not in {run.setting for run in read_words(made.words, own)}


def test_every_table_figure_and_entry_is_in_the_report(scored, shown):
    text = page(scored, shown)
    assert text == page(scored, shown)
    captions = [read_json(shown / kind / "captions.json") for kind in ("tables", "figures")]
    assert text.count("<table>") == len(captions[0]) + 1
    assert text.count("<figure ") == len(captions[1])
    assert sum(map(len, SECTIONS.values())) == len(captions[0]) + len(captions[1]) + 1
    assert "Desarkar" in text and "Lamsal" not in text
    assert not re.search(r"(src|href)=\"(?!#|data:|https://)", text)
    assert "<script" not in page(scored, shown, "<script>alert(1)</script>")
    introduction = text.index("Did the graph help? ")
    assert introduction < text.index("<nav")


def test_the_first_paragraph_says_whether_the_graph_helped(scored):
    """GNoM is above TR, and has the very predictions of the row without edges."""
    first, *further = answer(read_scores(scored), params())
    assert first.startswith("Did the graph help? Not that this run could show: in none of the 4 cells")
    assert any("2 seeds" in sentence and "draw of the labels is not in them" in sentence for sentence in further)
    assert any("in 4 of these 8 cells, with 100 % of the labels" in sentence for sentence in further)
    assert "of its 16 settings, 2 were run here with all labels and 2 hold; of its 48 settings" in further[-1]


def test_the_headline_is_the_mean_gain_beside_the_paper_s_of_the_same_settings(scored, shown):
    found = read_headline(shown / "headline.json")
    assert found.paper == pytest.approx((81.54 - 77.93 + 94.50 - 94.23) / 2)
    assert found.ours > 0 and "without edges" in found.note and "generated" in found.note
