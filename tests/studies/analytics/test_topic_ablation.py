"""The ablation: each switch turns one thing, and what it costs is counted."""

import pytest

from crisisflow.artifacts import read_json
from crisisflow.errors import CrisisflowError
from crisisflow.studies.analytics import topic_ablation
from crisisflow.studies.analytics.params import AblationParams
from crisisflow.studies.analytics.topic_ablation import Settings, svm, switched
from tests.studies.analytics.classes import labelled_rows
from tests.studies.analytics.settings import clusters_params, lda_params, normalise_params, terms_params
from tests.studies.analytics.small import STEPS, make

PLAIN = Settings(normalise_params(), terms_params())
SWITCHES = ("hashtags", "spelling", "protection", "wordnet_filter", "synonyms", "bigrams", "query_words")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make(tmp_path_factory.mktemp("small")) / "corpora" / "pandemic"


def ablated(run, out, switch, **own):
    topic_ablation.run(
        run / "posts.parquet",
        run / "posts.json",
        "pandemic",
        switch,
        3,
        normalise_params(steps=STEPS),
        terms_params(min_df=2),
        lda_params(iterations=20, seeds=[13]),
        clusters_params(),
        AblationParams(
            switches=["as_set", switch] if switch != "as_set" else ["as_set"], method="tfidf_centred", **own
        ),
        out,
    )
    return read_json(out)


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_changes_one_thing_and_back_again(name):
    other, words = switched(name, PLAIN)
    assert other != PLAIN and words != "as set"
    if name != "query_words":
        back, _ = switched(name, other)
        if name == "protection":
            assert back.normalise.protect_above in (20, None)
        else:
            assert back.terms.ngrams == PLAIN.terms.ngrams
            assert {*back.normalise.steps} == {*PLAIN.normalise.steps}
            assert back.normalise.hashtags == PLAIN.normalise.hashtags


def test_what_a_switch_costs_is_counted(run, tmp_path):
    plain = ablated(run, tmp_path / "plain.json", "as_set")
    without = ablated(run, tmp_path / "query.json", "query_words")
    pairs = ablated(run, tmp_path / "bigrams.json", "bigrams")
    assert plain["what"] == "as set" and plain["posts"]["read"] == 120
    assert without["words"] < plain["words"] and without["posts"]["kept"] <= plain["posts"]["kept"]
    assert pairs["words"] == plain["words"] and pairs["terms"] != plain["terms"]
    for own in (plain, without, pairs):
        assert 0 <= own["nmi"] <= 1 and 0 < own["svm_macro_f1"] <= 1


def test_the_same_switch_gives_the_same_bytes(run, tmp_path):
    for name in ("one", "two"):
        ablated(run, tmp_path / f"{name}.json", "as_set")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_a_post_that_was_dropped_counts_for_the_svm():
    rows = labelled_rows()
    whole = {row["post_id"]: row["text"].split() for row in rows}
    assert svm(rows, whole) > 0.9
    assert svm(rows, dict(list(whole.items())[::3])) < 0.6
    assert svm([row | {"label": None} for row in rows], whole) is None


def test_where_nothing_is_left_there_is_one_line(run, tmp_path, monkeypatch):
    monkeypatch.setattr(topic_ablation, "query_words", lambda *own: frozenset(_all_words(run)))
    with pytest.raises(CrisisflowError, match="no post has a word besides those of its search terms"):
        ablated(run, tmp_path / "out.json", "query_words")
    assert not (tmp_path / "out.json").exists()


def _all_words(run):
    from crisisflow.artifacts import read_parquet
    from crisisflow.studies.analytics.normalise import NORMALISED

    return [
        word for words in read_parquet(run / "normalised.parquet", NORMALISED)["words"].to_pylist() for word in words
    ]
