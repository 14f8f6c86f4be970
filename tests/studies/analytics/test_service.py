"""The topics of a run as the server has them."""

import yaml

from crisisflow.studies.analytics.service import open_topics
from tests.presets import read_preset
from tests.studies.analytics import small
from tests.studies.analytics.settings import corpus, lda_params, normalise_params, terms_params
from tests.studies.analytics.test_explain import PRESETS


def test_the_topics_of_a_run_are_told_with_what_they_learnt_from(tmp_path, monkeypatch):
    plain = read_preset("sample", PRESETS)[1]
    plain["analytics"] |= {
        "corpora": {"pandemic": corpus(size=120, query="paper", k=3).model_dump()},
        "normalise": normalise_params(steps=small.STEPS).model_dump(),
        "terms": terms_params(min_df=2).model_dump(),
        "lda": lda_params(sweep=[3], iterations=30).model_dump(),
    }
    plain["analytics"]["clusters"]["seeds"] = [13]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(plain))
    small.make(tmp_path / "data/analytics")
    monkeypatch.chdir(tmp_path)
    model = open_topics(tmp_path / "params.yaml")
    assert model.facts.name == "3 topics of pandemic, seed 13" and model.facts.generated
    assert model.facts.trained_on.endswith(" generated posts") and not model.facts.recorded
    first, blank, unknown = model.predict([f"{model.labels[0]} {model.labels[0]}", " ", "zzqx qqvv wwpp"])
    assert first in range(3) and (blank, unknown) == (None, None)
    assert len(model.labels) == 3
