"""Schemathesis over the operations of the desk, by somebody who may do all."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection

from tests.serving.desks import desk_served, filled

CASES = 15  # of each operation, valid and invalid each
ENDLESS = "GET /v1/desk/events"


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_operation_of_the_desk_answers_as_described(served, results, tmp_path, mode):
    tokens, tried = filled(tmp_path / "store"), set()
    headers = {"authorization": f"Bearer {tokens['admin']}"}
    with desk_served(served, results, tmp_path / "store") as port:
        schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/openapi.json")
        for operation in (found.ok() for found in schema.get_all_operations()):
            if not operation.path.startswith("/v1/desk") or operation.label == ENDLESS:
                continue
            if mode == GenerationMode.NEGATIVE and not (operation.body or list(operation.iter_parameters())):
                continue  # nothing to get wrong

            @settings(max_examples=CASES, suppress_health_check=list(HealthCheck), deadline=None)
            @given(case=operation.as_strategy(generation_mode=mode))
            def answers_as_described(case):
                # The token is given behind what these two take away, so they would see a case that is not asked;
                # test_desk.py asks without a token.
                case.call_and_validate(headers=headers, excluded_checks=[ignored_auth, negative_data_rejection])

            answers_as_described()
            tried.add(operation.label)
    assert {"POST /v1/desk/incidents/{incident}/acts", "GET /v1/desk/posts"} <= tried
