"""Lives of records of the sales app, as the links of the OpenAPI document lead.

No answer is a 5xx, and none is undocumented, whatever was done to a record before.
"""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fieldstone.publication.layers import template_layer

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
EXAMPLES = 2


@pytest.fixture(scope="module")
def app(module_app_from):
    return module_app_from.of_layers([template_layer("sales")])


def call(operation, headers, id_, answered):
    """Call an operation on one record with made-up input, and check each answer against the document."""

    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def called(case):
        case.path_parameters["id"] = id_
        answered.append(case.call_and_validate(headers=headers, checks=CHECKS).status_code)

    called()


@pytest.mark.parametrize("role", ["admin", "sales_rep"])
@pytest.mark.parametrize("entity", ["account", "opportunity"])
def test_no_life_of_a_record_meets_a_5xx_or_an_undocumented_answer(app, client, web_of, role, entity):
    token = app.token(role, [role])
    headers = {"Authorization": f"Bearer {token}"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", web_of(app), headers=headers)
    create = schema.raw_schema["paths"][f"/api/v1/data/{entity}"]["post"]
    example = schema.raw_schema["components"]["schemas"][f"{entity}.create"]["example"]
    made = client(app, token).post(f"/data/{entity}", {**example, "name": f"The {entity} of {role}"})
    assert made.status_code == 201, made.text
    answered = []
    for operation in create["responses"]["201"]["links"]:
        call(schema.find_operation_by_id(operation), headers, made.json["id"], answered)
    assert 200 in answered
