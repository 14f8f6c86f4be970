"""Schemathesis over the OpenAPI description: no operation fails, none answers otherwise than described."""

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from crisisflow.serving.app import create_app
from crisisflow.serving.settings import Limits, Settings
from tests.serving.conftest import ACCESS, listening

CASES = 100  # of each operation, valid and invalid each


@pytest.fixture(scope="module")
def schema(served, results):
    with listening(create_app(served, Settings(ACCESS, Limits(), results))) as port:
        # The rules load with the first question, for longer than the others would wait.
        httpx.post(f"http://127.0.0.1:{port}/v1/explain", json={"text": "flood"}, timeout=300).raise_for_status()
        yield schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/openapi.json")


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_operation_answers_as_described(schema, mode):
    tried = set()
    for operation in (found.ok() for found in schema.get_all_operations()):
        if mode == GenerationMode.NEGATIVE and not (operation.body or list(operation.iter_parameters())):
            continue  # nothing to get wrong

        @settings(max_examples=CASES, suppress_health_check=list(HealthCheck), deadline=None)
        @given(case=operation.as_strategy(generation_mode=mode))
        def answers_as_described(case):
            case.call_and_validate()

        answers_as_described()
        tried.add(operation.label)
    assert {"POST /v1/predict", "POST /v1/help", "POST /v1/help/batch"} <= tried
