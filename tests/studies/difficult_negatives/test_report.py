"""Tables, figures, headline and report: what they show is what the artifacts hold."""

import re
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from crisisflow.artifacts import read_json, read_parquet
from crisisflow.reporting.exhibits import read_cells, read_frame
from crisisflow.reporting.index import read_headline
from crisisflow.studies.difficult_negatives import figures, headline, report, tables
from crisisflow.studies.difficult_negatives.choice_tables import advice, kind_of
from crisisflow.studies.difficult_negatives.collection import POSITIVES
from crisisflow.studies.difficult_negatives.mining_figures import components
from crisisflow.studies.difficult_negatives.params import ReportParams
from crisisflow.studies.difficult_negatives.pool import POOL
from crisisflow.studies.difficult_negatives.sections import SECTIONS
from crisisflow.studies.difficult_negatives.vectors import read_vectors
from tests.studies.difficult_negatives.conftest import params

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def shown(small_run, scored, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shown")
    tables.run(
        "sample",
        params(),
        *(
            small_run / name
            for name in ("collection.json", "urban.json", "pool.json", "style.json", "fit.json", "datasets.json")
        ),
        *(scored / name for name in ("scores.json", "gate.json", "joint.json", "row_style.json")),
        folder / "tables",
    )
    figures.run(
        "sample",
        params(),
        *(small_run / name for name in ("fit.json", "positives.parquet", "embeddings.parquet")),
        scored / "scores.json",
        folder / "figures",
    )
    headline.run(scored / "scores.json", scored / "gate.json", "sample", folder / "headline.json")
    return folder


def page(small_run, scored, shown, preset="sample"):
    report.run(
        params=ReportParams.model_construct(preset=preset, difficult_negatives=params()),
        fit=small_run / "fit.json",
        scores=scored / "scores.json",
        gate=scored / "gate.json",
        tables=shown / "tables" / "captions.json",
        figures=shown / "figures" / "captions.json",
        ledger=ROOT / "docs" / "studies" / "difficult_negatives.md",
        citation=ROOT / "CITATION.cff",
        benchmarks=[shown / "logs" / "negatives_pool.tsv"],
        out=shown / "report.html",
        provenance_out=shown / "provenance.html",
    )
    return (shown / "report.html").read_text(encoding="utf-8")


def test_table_2_has_the_paper_s_numbers_beside_those_of_the_run(shown):
    found = read_cells(shown / "tables" / "table2.csv").set_index("Dataset")
    assert found.loc["test[random+]"].tolist() == ["269", "2690", "6", "60"]
    assert found.loc["train[2σ]"].tolist() == ["864", "864", "16", "16"]
    assert found.loc["train[no]"].tolist() == ["864", "0", "16", "0"]


def test_the_figure_s_numbers_are_all_sampled_tweets(shown, small_run):
    found = read_frame(shown / "figures" / "figure5.csv")
    assert found.groupby("class")["tweets"].sum().to_dict() == {"storm": 200, "wildfire": 200}
    assert found.groupby("class")["normal"].sum().between(199, 200.01).all()
    assert (shown / "figures" / "figure5.svg").read_text().count("lower end") == 2


def test_every_table_figure_and_entry_is_in_the_report(small_run, scored, shown):
    text = page(small_run, scored, shown)
    assert text == page(small_run, scored, shown)
    captions = [read_json(shown / kind / "captions.json") for kind in ("tables", "figures")]
    assert text.count("<table>") == len(captions[0]) + 1
    assert text.count("<figure ") == len(captions[1])
    assert sum(map(len, SECTIONS.values())) == len(captions[0]) + len(captions[1]) + 1
    assert "Five models" in text and "Win Myint" in text and "Lamsal" not in text
    assert not re.search(r"(src|href)=\"(?!#|data:|https://)", text)
    assert "<script" not in page(small_run, scored, shown, "<script>alert(1)</script>")


def test_the_headline_is_the_gain_with_its_interval(scored, shown):
    found = read_headline(shown / "headline.json")
    assert found.paper == 1.54
    gain = read_json(scored / "scores.json")["against_random"]["lstm-crf"]["2sigma"]["random+"]
    assert found.ours == pytest.approx(100 * gain["difference"])
    assert "no chance" in found.note and "generated" in found.note


def test_tables_4_to_6_have_the_paper_and_say_what_is_not_in_its_text(shown):
    folder = shown / "tables"
    four = read_cells(folder / "table4.csv").set_index(["Tagger", "Train"])
    assert four.loc[("paper: BERTweet-LSTM-CRF", "2σ")].tolist() == ["41.96", "38.93", "41.96", "41.50", "40.36", "19"]
    assert four.loc[("lstm-crf", "2σ")].tolist() == ["100.00 ± 0.00"] * 5 + ["5.5 ± 0.6"]
    five = read_cells(folder / "table5.csv").set_index(["Tagger", "Train"])
    assert five.loc[("paper: BERTweet-LSTM-CRF", "random")].tolist() == ["not in our text", "not in our text", "37.39"]
    assert five.loc[("paper: BERTweet-LSTM-CRF", "2σ less random")].tolist() == ["+1.07", "+2.26", "+1.54"]
    six = read_cells(folder / "table6.csv")
    assert six["Gain"].tolist()[:6] == ["+1.23", "+3.79", "+0.38", "+0.68", "+0.09", "+0.45"]
    assert six.iloc[-1]["Against random"] == "better"


def test_the_choices_stand_by_f1_with_how_many_and_what_follows(scored, shown):
    found = read_cells(shown / "tables" / "choices.csv")
    assert found["Train"].tolist() == ["2σ", "3σ", "1σ", "random", "no"]
    assert found.set_index("Train").loc["2σ", ["Negatives", "For each positive", "At 1:10"]].tolist() == [
        "1 to 2 σ, both ends",
        "1",
        "better",
    ]
    assert found.set_index("Train").loc["no", ["For each positive", "At 1:10"]].tolist() == ["0", "worse"]
    caption = read_json(shown / "tables" / "captions.json")["choices"]
    assert "beyond the chance of the test tweets: 2σ, 3σ." in str(caption)
    scores = read_json(scored / "scores.json")
    scores["against_random"]["lstm-crf"] = {"2sigma": {"random+": {"difference": 0.1, "low": -0.1, "high": 0.2}}}
    assert "no setting is above random" in advice(scores)
    assert kind_of("nearest_3sigma_upper_x2") == "2 to 3 σ, upper end, to the nearest positive"
    assert all(map(kind_of, ("none", "random_x4", "random_matched", "top_half", "model", "dfe_quarter", "stream")))


def test_what_is_made_of_gain_stands_beside_the_paper_s(shown):
    found = read_cells(shown / "tables" / "decomposition.csv").set_index(["Tagger", "Train"])
    known = ["40.64", "0.043", "0.050", "0.147", "0.233", "not in our text"]
    assert found.loc[("paper: BERTweet-LSTM-CRF", "random")].tolist() == known
    assert found.loc[("lstm-crf", "2σ")].tolist()[-1] == "0.0 ± 0.0"
    claims = read_cells(shown / "tables" / "claims.csv")
    counted = ["+11.28", "+1.54", "5 of 5", "10 of 10", "13 of 15", "3 of 3", "2 of 3", "5 of 5"]
    assert claims["From the paper’s Table 4"].tolist() == counted
    assert claims["This run"].tolist()[2:4] == ["5 of 5", "5 of 10"]


def test_no_table_or_figure_has_a_text(small_run, scored, shown):
    columns = [read_parquet(small_run / "pool.parquet", POOL)["text"]]
    columns.append(read_parquet(small_run / "positives.parquet", POSITIVES)["text"])
    texts = [text for column in columns for text in column.to_pylist() if len(text) > 20]
    files = [scored / "scores.json", *shown.rglob("*.csv"), *shown.rglob("*.md"), *shown.rglob("*.svg")]
    whole = "\n".join(path.read_text(encoding="utf-8") for path in files)
    assert len(files) > 10
    assert not [text for text in texts if text in whole]


def test_two_components_explain_what_numpy_says(small_run, shown):
    found = read_frame(shown / "figures" / "figure4.csv")
    means = found[found["kind"] == "tweet"].groupby("class")[["first", "second"]].mean()
    anchors = found[found["kind"] == "anchor"].set_index("class")[["first", "second"]]
    assert (means - anchors).abs().to_numpy().max() < 1e-3
    positives = read_parquet(small_run / "positives.parquet", POSITIVES)
    vectors = read_vectors(small_run / "embeddings.parquet", positives["text_id"].to_pylist())
    _, shares = components(positives, vectors)
    matrix = np.array([vectors[row["text_id"]] for row in positives.to_pylist() if row["role"] == "train"], dtype=float)
    variances = np.sort(np.linalg.eigvalsh(np.cov(matrix.T)))[::-1]
    assert shares == pytest.approx(tuple(variances[:2] / variances.sum()))


def test_the_report_is_accessible(small_run, scored, shown):
    page(small_run, scored, shown)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for scheme in ("light", "dark"):
            window = browser.new_page(color_scheme=scheme)
            window.goto((shown / "report.html").as_uri())
            found = Axe().run(window)
            assert found.response["violations"] == [], found.generate_report()
            window.close()
        browser.close()
