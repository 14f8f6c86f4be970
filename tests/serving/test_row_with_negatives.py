"""A row that was trained with negatives is served as any other."""

import json
import shutil

from starlette.testclient import TestClient

from crisisflow.serving.app import create_app
from crisisflow.serving.choice import Choice, choose
from crisisflow.serving.served import open_served
from crisisflow.serving.settings import Limits, Settings
from tests.serving.conftest import ACCESS


def test_it_answers(with_negatives, params, tmp_path):
    results = tmp_path / "results" / "humaid_ner"
    shutil.copytree(with_negatives / "rows", results / "rows")
    (results / "metrics.json").write_text(json.dumps({"chosen_row": "silent"}))
    served = open_served(choose(Choice(results), params), "onnx", 1)
    with TestClient(create_app(served, Settings(ACCESS, Limits(), results))) as client:
        while client.get("/readyz").status_code == 503:
            pass
        answer = client.post("/v1/predict", json={"text": "the kitchen is flooded with 7 old cakes"}).json()
    assert answer["entities"] == []
    assert answer["class"]["label"] == "not_humanitarian"
