"""The whole study on 120 generated posts: scores, tables, figures, headline and report hold what the artifacts hold."""

import json
import re
from pathlib import Path

import pytest

from crisisflow.artifacts import read_json
from crisisflow.errors import CrisisflowError
from crisisflow.params import read_own
from crisisflow.reporting.exhibits import NOT_IN_TEXT, read_cells, read_frame
from crisisflow.reporting.index import read_headline
from crisisflow.studies.analytics import (
    classify,
    classify_scores,
    cluster_scores,
    clusters,
    embed,
    figures,
    headline,
    label_scores,
    report,
    tables,
    topic_ablation,
)
from crisisflow.studies.analytics.claims import FAILS, HOLDS, UNKNOWN, above_zero, claims
from crisisflow.studies.analytics.english import synonyms
from crisisflow.studies.analytics.made import read_made
from crisisflow.studies.analytics.params import AnalyticsParams, Own, ReportParams
from crisisflow.studies.analytics.reproduction import accuracies, fitting_totals, paper_table
from crisisflow.studies.analytics.sections import SECTIONS
from tests.studies.analytics.classes import COMPUTE, TRAINED, WORDS
from tests.studies.analytics.settings import normalise_params
from tests.studies.analytics.small import STEPS, make

ROOT = Path(__file__).parents[3]
ROWS = {
    "bert": {
        **TRAINED,
        "kind": "encoder",
        "encoder": "embedded:minilm-l6",
        "layers": 1,
        "pooling": "mean",
        "epochs": 1,
        "learning_rate": 0.001,
    },
    "cnn": {"kind": "cnn", "filters": 12, "kernel": 3, **WORDS},
    "svm": {"kind": "svm"},
}


def settings() -> AnalyticsParams:
    """The preset sample, shrunk to what `small.make` makes."""
    own = read_own(ROOT / "params.yaml", Own).analytics
    plain = own.model_dump()
    plain["corpora"]["pandemic"].update(size=120, k=3)
    plain["normalise"] = normalise_params(steps=STEPS).model_dump()
    plain["terms"]["min_df"] = 2
    plain["lda"].update(sweep=[3], seeds=[13], iterations=30, top=5)
    plain["clusters"].update(methods=["argmax", "features", "both_centred"], seeds=[13], max_length=24)
    plain["scores"]["resamples"] = 100
    plain["classify"].update(tests={"stratified": None}, seeds=[13], rows=ROWS, test=0.2)
    plain["ablation"]["switches"] = ["as_set", "bigrams"]
    return AnalyticsParams.model_validate(plain)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """All that a run makes, by the steps' own functions."""
    folder, params = make(tmp_path_factory.mktemp("run")), settings()
    own = folder / "corpora" / "pandemic"
    posts, terms, documents = (own / f"{name}.parquet" for name in ("posts", "terms", "documents"))
    models = [folder / "models/pandemic/k3-seed13/model.safetensors"]
    embed.run(posts, documents, "pandemic", params.clusters.encoder, 24, own / "embedded.parquet")
    clustered = [folder / f"{method}.parquet" for method in params.clusters.methods]
    for method, out in zip(params.clusters.methods, clustered, strict=True):
        args = (own / "embedded.parquet", "pandemic", method, 3, 13, params.clusters, out)
        clusters.run(posts, terms, documents, models, *args)
    cluster_scores.run(posts, clustered, own / "embedded.parquet", "pandemic", 3, 100, folder / "cluster_scores.json")
    label_scores.run(
        posts, models, own / "k.json", terms, documents, own / "labels.parquet", own / "posts.json", "pandemic",
        "sklearn", params.labels, params.clusters.encoder, 24, 100, folder / "label_scores.json",
    )  # fmt: skip
    for switch in params.ablation.switches:
        topic_ablation.run(
            posts, own / "posts.json", "pandemic", switch, 3, params.normalise, params.terms, params.lda,
            params.clusters, params.ablation, folder / "ablation" / f"{switch}.json",
        )  # fmt: skip
    for name, row in params.classify.rows.items():
        out = folder / "rows" / name
        classify.run(
            name, row, posts, "pandemic", "stratified", None, 0.2, 0.2, 13, COMPUTE, 13, out / "checkpoint",
            out / "predictions.parquet", out / "training.json", out / "epochs.csv", out / "speed.csv",
        )  # fmt: skip
    files = [sorted((folder / "rows").glob(f"*/{name}")) for name in ("predictions.parquet", "training.json")]
    classify_scores.run(*files, params.classify, 100, folder / "classes.json")
    show(folder, folder / "shown", params)
    return folder


def made_of(folder):
    own = folder / "corpora" / "pandemic"
    return (
        [own / "posts.json"], [own / "normalise.json"], [own / "k.json"],
        [folder / "coherence/pandemic/k3-seed13.json"], [folder / "cluster_scores.json"],
        [folder / "label_scores.json"], sorted((folder / "ablation").glob("*.json")), [folder / "k.csv"],
    )  # fmt: skip


def show(folder, out, params, people=None):
    own = folder / "corpora" / "pandemic"
    found = made_of(folder)
    tables.run("sample", params, *found, folder / "classes.json", out / "tables", people)
    figures.run(
        "sample", params, *found, folder / "classes.json", [own / "posts.parquet"], [own / "embedded.parquet"],
        sorted(folder.glob("*.parquet")), out / "figures",
    )  # fmt: skip
    scores = ([folder / "cluster_scores.json"], [folder / "label_scores.json"], params)
    headline.run(folder / "classes.json", *scores, out / "headline.json", out / "metrics.json")
    report.run(
        params=ReportParams.model_construct(preset="sample", analytics=params),
        headline=out / "headline.json",
        tables=out / "tables" / "captions.json",
        figures=out / "figures" / "captions.json",
        ledger=ROOT / "docs" / "studies" / "analytics.md",
        citation=ROOT / "CITATION.cff",
        benchmarks=[out / "none.tsv"],
        out=out / "report.html",
        provenance_out=out / "provenance.html",
    )


def cells(shown, name):
    return read_cells(shown / "shown" / "tables" / f"{name}.csv")


def test_every_table_and_figure_has_a_place_and_the_report_shows_no_text_of_a_post(shown):
    named = {name for names in SECTIONS.values() for name in names} - {"ledger"}
    there = {f"{kind}/{path.stem}" for kind in ("tables", "figures") for path in (shown / "shown" / kind).glob("*.csv")}
    assert there == named
    page = (shown / "shown" / "report.html").read_text(encoding="utf-8")
    from crisisflow.artifacts import read_parquet
    from crisisflow.studies.analytics.posts import POSTS

    texts = read_parquet(shown / "corpora/pandemic/posts.parquet", POSTS)["text"].to_pylist()
    assert not any(text in page for text in texts)
    assert "Generated posts." in page and "not in our text" in page


def test_a_cell_that_our_text_of_the_paper_lacks_says_so(shown):
    for name, columns in {
        "table1": ["Terms (paper)"],
        "table2": ["TT (paper)"],
        "table3": ["People (paper)"],
        "table4": ["Labelled (paper)"],
    }.items():
        for column in columns:
            assert NOT_IN_TEXT in set(cells(shown, name)[column]), name
    five = cells(shown, "table5").set_index("Row")
    assert five.loc["bert", "Validation, % (paper)"] == "91.78" and five.loc["bert", "Test, % (paper)"] == "76.52"
    assert five.loc["cnn", "Test, % (paper)"] == NOT_IN_TEXT
    assert five.loc["svm", "Test, % (paper)"] == "not in the paper"


def test_a_cell_of_the_paper_that_is_filled_in_is_shown(shown, tmp_path, monkeypatch):
    from crisisflow.studies.analytics import reproduction

    for path in reproduction.FOLDER.glob("*.csv"):
        text = path.read_text(encoding="utf-8")
        if path.stem == "table5_classifiers":
            text = text.replace("GRU,,,no,yes", "GRU,75.5,70.25,no,yes")
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(reproduction, "FOLDER", tmp_path)
    assert accuracies()["gru"] == ("75.5", "70.25")


def test_the_numbers_are_those_of_the_scores(shown):
    scores = read_json(shown / "cluster_scores.json")
    table = cells(shown, "clusters").set_index("Method")
    for own in scores["methods"]:
        name = {"argmax": "argmax (paper, a)", "features": "features (paper, b)", "one_cluster": "one cluster"}
        assert table.loc[name.get(own["method"], own["method"]), "NMI"] == f"{own['nmi']['mean']:.3f}"
    metrics = read_json(shown / "shown" / "metrics.json")
    assert metrics["nmi"]["pandemic"]["argmax"] == scores["methods"][0]["nmi"]["mean"]
    told = read_headline(shown / "shown" / "headline.json")
    assert told.paper == 0.7652 and told.ours == round(metrics["accuracy"]["stratified"]["bert"], 4)
    four = cells(shown, "table4").set_index("Class")
    assert four.loc["all", "All"] == "120" and four.loc["all", "Labelled (paper)"] == "2,000"
    confusion = read_frame(shown / "shown" / "figures" / "figure4.csv")
    assert confusion["posts"].sum() == read_json(shown / "label_scores.json")["prediction"]["posts"]
    days = read_frame(shown / "shown" / "figures" / "over_time.csv")
    assert days.groupby("day")["share"].sum().round(3).eq(1).all()
    points = read_frame(shown / "shown" / "figures" / "figure5.csv")
    assert set(points["method"]) == {"argmax", "features", "both_centred"}
    places = [own[["x", "y"]].to_numpy().tolist() for _, own in points.groupby("method")]
    assert places[0] == places[1] == places[2]  # the same axes


def test_the_same_artifacts_give_the_same_bytes(shown, tmp_path):
    show(shown, tmp_path, settings())
    first = shown / "shown"
    for path in sorted(first.rglob("*")):
        if path.is_file() and path.name != "provenance.html":
            assert (tmp_path / path.relative_to(first)).read_bytes() == path.read_bytes(), path.name


def test_what_people_said_stands_in_the_tables(shown, tmp_path):
    assert "people: not asked yet" in set(cells(shown, "labels")["Method"])
    people = {"corpus": "pandemic", "methods": {"top_terms": {"value": 0.25, "low": 0.1, "high": 0.4}}}
    people |= {"themes": {"0": "other_useful_information"}, "judgements": 8}
    (tmp_path / "people.json").write_text(json.dumps(people))
    tables.run("sample", settings(), *made_of(shown), shown / "classes.json", tmp_path, tmp_path / "people.json")
    three = read_cells(tmp_path / "table3.csv").set_index("Topic")["People"]
    assert three["0"] == "other useful information" and three["1"] == "not asked yet"
    assert any("8 judgements for top terms" in name for name in read_cells(tmp_path / "labels.csv")["Method"])


def test_claims_say_what_their_intervals_say(shown):
    params = settings()
    made = read_made(params.corpora, *made_of(shown), shown / "classes.json")
    found = {own.claim: own for own in claims(made, params)}
    assert {own.verdict for own in found.values()} <= {HOLDS, FAILS, UNKNOWN}
    assert found["search terms"].verdict == HOLDS
    assert found["WordNet's synsets map calamity, mishap and tragedy to one word"].verdict == FAILS
    assert synonyms()["tragedy"] == "calamity"
    assert found["8 topics have the highest coherence"].ours == "not run here: 8 topics"
    less = found["method (b) clusters better than method (a)"]
    low, high = map(float, re.search(r"\(([-+.\d]+) to ([-+.\d]+)\)", less.ours).groups())
    assert less.verdict == above_zero(low, high)
    assert found["precision of predicted labels"].paper == "95%"
    assert found["both accuracies are shares of the splits of the labelled tweets"].verdict == FAILS


def test_an_interval_says_that_a_claim_holds_fails_or_cannot_be_said():
    assert [above_zero(*own) for own in ((0.1, 0.2), (-0.2, -0.1), (-0.1, 0.1))] == [HOLDS, FAILS, UNKNOWN]


def test_the_two_accuracies_of_table_5_fit_few_numbers_of_posts():
    validation, test = map(float, accuracies()["encoder"])
    found = fitting_totals(validation, test, 4_000)
    assert 2_000 not in found and found == list(range(3_781, 3_789))
    assert round(100 * 290 / 379, 2) == test and round(100 * 625 / 681, 2) == validation
    assert 100 in fitting_totals(50.0, 50.0, 200)


def test_files_of_other_corpora_are_refused(shown):
    found = made_of(shown)
    with pytest.raises(CrisisflowError, match="none of the 1 files is of the corpus covid"):
        read_made(["covid"], *found, shown / "classes.json")
    with pytest.raises(CrisisflowError, match="1 corpora and 2 tables of K"):
        read_made(["pandemic"], *found[:-1], [shown / "k.csv"] * 2, shown / "classes.json")
    (topics,) = found[3]
    made = read_made(["pandemic"], *found, shown / "classes.json")
    assert made.topics("pandemic")["topics"] == read_json(topics)["topics"]
    with pytest.raises(CrisisflowError, match="no coherence is of corpus pandemic"):
        made._replace(coherences={"pandemic": []}).topics("pandemic")


def test_the_paper_s_files_have_the_rows_that_the_tables_read():
    assert len(paper_table("table5_classifiers")) == 6 and len(paper_table("table4_labelled")) == 10
