"""New posts get the topic and the cluster that they would have in the corpus, line by line."""

import json
import sys
from typing import get_args

import pytest
import yaml
from scipy.sparse import csr_array

from crisisflow import cli
from crisisflow.artifacts import read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.studies.analytics import clusters, embed
from crisisflow.studies.analytics.assign import Clusters, Reader, Topics, assigned, method_of, run_of
from crisisflow.studies.analytics.clusters import CLUSTERS
from crisisflow.studies.analytics.documents import read_documents
from crisisflow.studies.analytics.params import AnalyticsParams, ClusterMethod
from crisisflow.studies.analytics.posts import POSTS
from tests.presets import read_preset_of
from tests.studies.analytics import small
from tests.studies.analytics.settings import clusters_params, corpus, lda_params, normalise_params, terms_params
from tests.studies.analytics.test_explain import PRESETS

# Those on the embedding alone are left out for time: both_centred has it too.
METHODS = [own for own in get_args(ClusterMethod) if own not in ("embedding", "centred")]
CLUSTERS_PARAMS = clusters_params(methods=METHODS, empty="group")


@pytest.fixture(scope="module")
def params():
    plain = read_preset_of("analytics", "sample", PRESETS)["analytics"]
    own = {
        "corpora": {"pandemic": corpus(size=120, query="paper", k=3)},
        "normalise": normalise_params(steps=small.STEPS),
        "terms": terms_params(min_df=2),
        "lda": lda_params(sweep=[3], iterations=30),
        "clusters": CLUSTERS_PARAMS,
    }
    return AnalyticsParams.model_validate(plain | own)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, params):
    folder = small.make(tmp_path_factory.mktemp("run"))
    own = folder / "corpora/pandemic"
    files = (own / "posts.parquet", own / "terms.parquet", own / "documents.parquet")
    embed.run(files[0], files[2], "pandemic", "embedded:minilm-l6", 32, own / "embedded.parquet")
    models = [folder / "models/pandemic/k3-seed13/model.safetensors"]
    for method in METHODS:
        out = folder / f"clusters/pandemic/{method}-seed13.parquet"
        args = (own / "embedded.parquet", "pandemic", method, 3, 13, CLUSTERS_PARAMS)
        clusters.run(*files[:2], files[2], models, *args, out)
    return folder


def opened(folder, params, method="tfidf_svd"):
    run = run_of(folder, None, params)
    return Reader(run, params), Topics(run), Clusters(run, method_of(run, method, params), params)


def answers(folder, params, lines, method="tfidf_svd", masking=False):
    return list(assigned(*opened(folder, params, method), map(json.dumps, lines), "lines", masking))


@pytest.fixture(scope="module")
def kept(folder):
    """The posts of the corpus that normalisation kept, as lines."""
    ids = read_documents(*(folder / "corpora/pandemic" / name for name in ("terms.parquet", "documents.parquet")))
    rows = {row["post_id"]: row for row in read_parquet(folder / "corpora/pandemic/posts.parquet", POSTS).to_pylist()}
    return [{"id": own, "text": rows[own]["text"], "group": rows[own]["group"]} for own in ids.post_ids]


@pytest.mark.parametrize("method", METHODS)
def test_a_post_of_the_corpus_gets_the_cluster_that_it_has_there(folder, params, kept, method):
    found = answers(folder, params, kept, method)
    assert [{key: own[key] for key in ("id", "text", "group")} for own in found] == kept
    there = read_parquet(folder / f"clusters/pandemic/{method}-seed13.parquet", CLUSTERS)["cluster"].to_pylist()
    same = sum(own["cluster"] == cluster for own, cluster in zip(found, there, strict=True))
    # Folding-in is another estimate of the topics than the sampler's.
    assert same == len(kept) if method not in ("argmax", "theta") else same >= 0.85 * len(kept)


def test_a_post_gets_the_topic_of_its_words_with_the_label(folder, params, kept):
    _, topics, _ = opened(folder, params)
    read = read_documents(*(folder / "corpora/pandemic" / name for name in ("terms.parquet", "documents.parquet")))
    for topic, term in enumerate(topics.model.top(1)[:, 0]):
        (found,) = answers(folder, params, [{"text": f"{read.terms[term]} " * 3}])
        assert (found["topic"], found["topic_label"]) == (topic, topics.labels[topic])
    first = topics.model.document_topics.argmax(axis=1).tolist()
    same = sum(own["topic"] == topic for own, topic in zip(answers(folder, params, kept), first, strict=True))
    assert same >= 0.85 * len(kept)
    assert topics(csr_array((2, len(read.terms)))) == [None, None]  # no known term, no topic


def test_what_normalisation_drops_gets_nothing_and_what_it_does_not_know_no_topic(folder, params):
    lines = [{"text": " "}, {"text": "we"}, {"text": "zzqx qqvv wwpp"}]
    nothing = {"topic": None, "topic_label": None, "cluster": None}
    found = answers(folder, params, lines)
    assert found[:2] == [{**line, **nothing} for line in lines[:2]]
    assert found[2]["topic"] is None and found[2]["cluster"] in (0, 1, 2)


def test_a_new_group_counts_as_no_group_and_one_that_is_no_text_is_refused(folder, params, kept):
    text = kept[0]["text"]
    lines = [{"text": text}, {"text": text, "group": "elsewhere"}]
    first, second = answers(folder, params, lines, "tfidf_centred")
    assert first["cluster"] == second["cluster"]
    with pytest.raises(CrisisflowError, match="line 1: its group is no text"):
        answers(folder, params, [{"text": text, "group": 7}])


def test_a_masked_line_keeps_its_id_and_covers_the_text(folder, params):
    line = {"id": "7", "text": "fever and cough, call @some_one", "user": "Zqx"}
    (found,) = answers(folder, params, [line], masking=True)
    assert found["text"] == "fever and cough, call •••••••••" and found["id"] == "7" and "user" not in found


def test_a_line_that_is_none_ends_the_run_behind_those_before_it(folder, params):
    lines = iter(assigned(*opened(folder, params), ['{"text": "fever"}', "{}"], "lines", False))
    assert next(lines)["text"] == "fever"
    with pytest.raises(CrisisflowError, match='lines, line 2: is no JSON object with a string "text"'):
        next(lines)


def test_what_is_not_there_is_named(folder, params, tmp_path):
    with pytest.raises(CrisisflowError, match=r"no corpus other in analytics\.corpora; there are: pandemic"):
        run_of(folder, "other", params)
    with pytest.raises(CrisisflowError, match="were not made here; run: make reproduce STUDY=analytics"):
        run_of(tmp_path, None, params)
    with pytest.raises(CrisisflowError, match="the topics of corpus pandemic were not made here"):
        run_of(tmp_path, "pandemic", params)
    first = params.model_copy(update={"corpora": {"unmade": corpus(), **params.corpora}})
    run = run_of(folder, None, first)
    assert run.corpus == "pandemic"
    with pytest.raises(CrisisflowError, match=r"no method best in analytics\.clusters\.methods"):
        method_of(run, "best", params)
    assert method_of(run, None, params) == METHODS[-1]


def test_the_command(folder, params, tmp_path, capsys, monkeypatch):
    file, written = tmp_path / "posts.jsonl", tmp_path / "params.yaml"
    file.write_text('{"text": "fever and cough at night"}\n\n{"text": "we"}\n')
    written.write_text(yaml.safe_dump({"analytics": params.model_dump(mode="json")}))
    arguments = ["assign-topics", str(file), "--params", str(written), "--folder", str(folder), "--method", "argmax"]
    monkeypatch.setattr(sys, "argv", ["crisisflow", *arguments])
    with pytest.raises(SystemExit) as done:
        cli.main()
    assert done.value.code in (0, None)
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["topic"] == first["cluster"] and first["topic_label"] and second["topic"] is None
