"""Scores of clusters: against classes and groups, beside chance, and without labels."""

import json

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import normalized_mutual_info_score

from crisisflow.artifacts import read_json, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.identity import KEY
from crisisflow.studies.analytics import cluster_scores
from crisisflow.studies.analytics.cluster_scores import difference
from crisisflow.studies.analytics.clusters import CLUSTERS
from crisisflow.studies.analytics.embed import EMBEDDED
from tests.studies.analytics.classes import labelled_rows, write_posts

ROWS = labelled_rows(60)


def write_clusters(path, method, seed, clusters, corpus="own", rows=ROWS):
    schema = CLUSTERS.with_metadata({KEY: json.dumps({"corpus": corpus, "method": method, "seed": seed})})
    table = pa.table([[row["post_id"] for row in rows], np.array(clusters, dtype=np.int32)], schema=CLUSTERS)
    write_parquet(path, table, schema)
    return path


def scored(folder, clusterings, rows=ROWS):
    posts = write_posts(folder / "posts.parquet", rows)
    rng = np.random.default_rng(2)
    vectors = [{"post_id": row["post_id"], "vector": rng.normal(size=4).tolist()} for row in rows]
    write_parquet(folder / "embedded.parquet", vectors, EMBEDDED)
    files = [
        write_clusters(folder / f"{method}{seed}.parquet", method, seed, own)
        for (method, seed), own in clusterings.items()
    ]
    cluster_scores.run(posts, files, folder / "embedded.parquet", "own", 3, 200, folder / "scores.json")
    return read_json(folder / "scores.json")


def of_classes():
    return [sorted({row["label"] for row in ROWS}).index(row["label"]) for row in ROWS]


def of_groups():
    return [int(row["group"] == "york") for row in ROWS]


def test_clusters_that_are_the_classes_and_those_that_are_the_events(tmp_path):
    clusterings = {
        ("features", 13): of_classes(),
        ("features", 17): [2 - own for own in of_classes()],
        ("argmax", 13): of_groups(),
        ("argmax", 17): of_groups(),
    }
    found = scored(tmp_path, clusterings)
    methods = {own["method"]: own for own in found["methods"]}
    assert methods["features"]["nmi"]["mean"] == pytest.approx(1) and methods["features"]["agreement"] == 1
    assert methods["features"]["purity"]["mean"] == 1 and methods["features"]["nmi"]["seeds"] == 2
    assert methods["argmax"]["groups_nmi"]["mean"] == pytest.approx(1) and methods["argmax"]["nmi"]["mean"] < 0.05
    assert methods["one_cluster"]["nmi"]["mean"] == 0 and methods["one_cluster"]["silhouette"] is None
    assert methods["chance"]["ami"]["mean"] < 0.1
    own = normalized_mutual_info_score([row["label"] for row in ROWS], of_groups())
    assert methods["argmax"]["nmi"]["mean"] == pytest.approx(own)
    less = difference(found, "features", "argmax")
    assert less.low > 0.8 and difference(found, "argmax", "features").value == -less.value
    assert difference(found, "features", "theta") is None


def test_without_labels_there_is_a_silhouette_and_the_agreement_of_seeds(tmp_path):
    rows = [row | {"label": None} for row in ROWS]
    found = scored(tmp_path, {("theta", 13): of_groups(), ("theta", 17): of_classes()}, rows)
    theta = found["methods"][0]
    assert theta["nmi"] is None and found["differences"] == [] and found["labelled"] == 0
    assert -1 <= theta["silhouette"]["mean"] <= 1 and theta["agreement"] < 0.1


def test_files_that_do_not_fit_are_refused(tmp_path):
    found = scored(tmp_path, {("theta", 13): of_groups()})
    assert found["posts"] == 60
    first = tmp_path / "theta13.parquet"
    other = write_clusters(tmp_path / "x.parquet", "theta", 17, of_groups(), corpus="other")
    with pytest.raises(CrisisflowError, match="is of the corpus other, not of own"):
        cluster_scores.read_clusters([other], "own")
    with pytest.raises(CrisisflowError, match="method theta and seed 13 too"):
        cluster_scores.read_clusters([first, first], "own")
    fewer = write_clusters(tmp_path / "y.parquet", "theta", 17, of_groups()[1:], rows=ROWS[1:])
    with pytest.raises(CrisisflowError, match="is of other posts"):
        cluster_scores.read_clusters([first, fewer], "own")
    posts = write_posts(tmp_path / "few.parquet", ROWS[1:])
    with pytest.raises(CrisisflowError, match="has no post p000"):
        cluster_scores.run(posts, [first], tmp_path / "embedded.parquet", "own", 3, 100, tmp_path / "out.json")
    assert not (tmp_path / "out.json").exists()
