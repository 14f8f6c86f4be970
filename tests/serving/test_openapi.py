"""Schemathesis over the OpenAPI description: no operation fails, none answers otherwise than described."""

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from starlette.testclient import TestClient

from crisisflow.serving.app import create_app
from crisisflow.serving.settings import Limits, Settings
from tests.serving.conftest import ACCESS

CASES = 20  # of each operation and kind


@pytest.fixture(scope="module")
def described(served, results):
    app = create_app(served, Settings(ACCESS, Limits(), results))
    with TestClient(app):
        yield schemathesis.openapi.from_asgi("/openapi.json", app)


schema = schemathesis.pytest.from_fixture("described")


@schema.parametrize()
@settings(max_examples=CASES, suppress_health_check=list(HealthCheck), deadline=None)
def test_every_operation_answers_as_described(case):
    case.call_and_validate()
