"""Calls made up from the OpenAPI document: no answer is a 5xx, and none is undocumented."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fieldstone.settings import Settings
from fieldstone.web.app import create_app
from fieldstone_testing.deals import DEALS

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
EXAMPLES = 12


@pytest.fixture(scope="module")
def app(module_app_from):
    return module_app_from(DEALS)


@pytest.fixture(scope="module")
def headers(app):
    return {"Authorization": f"Bearer {app.token('Mia', ['manager'])}"}


@pytest.fixture(scope="module")
def api_schema(app, headers):
    web = create_app(Settings(secret_key="only for tests"), app.database, app.current)
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", web, headers=headers)


def examine(operation, mode, headers):
    """Call one operation with made-up input and check each answer against the document."""

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def call(case):
        case.call_and_validate(headers=headers, checks=CHECKS)

    call()


def test_no_input_that_fits_the_document_ends_in_a_5xx_or_an_undocumented_answer(api_schema, headers):
    for operation in api_schema.get_all_operations():
        examine(operation.ok(), GenerationMode.POSITIVE, headers)


def test_no_input_that_breaks_the_document_ends_in_a_5xx_or_an_undocumented_answer(api_schema, headers):
    for operation in [found.ok() for found in api_schema.get_all_operations()]:
        examine(operation, GenerationMode.NEGATIVE, headers)
