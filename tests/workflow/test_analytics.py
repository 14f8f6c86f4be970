"""The study analytics in dvc.yaml: what a changed value remakes."""

import yaml

from tests.workflow.conftest import ROOT


def stages():
    return yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def test_a_row_of_table_5_watches_its_own_settings_and_nothing_of_topics():
    own = stages()["analytics_classify"]
    assert own["matrix"] == {"row": "${analytics.classify.rows}"}
    assert "analytics.classify.rows.${item.row}" in own["params"]
    assert not any(
        name.startswith(("analytics.lda", "analytics.clusters", "analytics.labels")) for name in own["params"]
    )


def test_a_corpus_is_a_row_and_its_topics_follow_from_the_lda():
    found = stages()
    for name in ("posts", "normalise", "lda", "clusters", "cluster_scores", "label_scores", "topic_ablation"):
        assert found[f"analytics_{name}"]["matrix"] == {"row": "${analytics.corpora}"}, name
    remade = {name for name, own in found.items() if "analytics.lda" in own.get("params", [])}
    assert remade >= {"analytics_lda", "analytics_topic_ablation"}
    assert "analytics_normalise" not in remade and "analytics_classify" not in remade
