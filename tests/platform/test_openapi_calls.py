"""Calls made up from the OpenAPI document, on records of the demonstration and on what they make themselves.

No answer is a 5xx, none is undocumented, and each has the form that the document says. A few calls of each
kind are made; `FIELDSTONE_OPENAPI_EXAMPLES=20` makes twenty of every operation (`make nightly`).
"""

import pytest
from schemathesis import GenerationMode

from fieldstone.publication.layers import template_layer
from fieldstone_testing.demo import demonstration, token_of
from fieldstone_testing.made_up_calls import caller_of
from fieldstone_testing.webs import lent_webs


@pytest.fixture(scope="module")
def demo(module_app_from):
    return module_app_from.of_layers([template_layer("sales")], filled_by=demonstration)


@pytest.fixture(scope="module")
def web(demo):
    with lent_webs() as web_of:
        yield web_of(demo)


@pytest.fixture(scope="module")
def request_for_approval(demo, web):
    """A deal of the rep that waits for an approval: its record, and the request."""
    api = web.test_client()
    headers = {"Authorization": f"Bearer {token_of(demo, 'rep@northgate.example')}"}
    account = api.get("/api/v1/data/account?limit=1", headers=headers).json["data"][0]["id"]
    deal = {"name": "Pumps", "account": account, "amount": "900", "discount": "50"}
    made = api.post("/api/v1/data/opportunity", headers=headers, json=deal).json["id"]
    base = f"/api/v1/data/opportunity/{made}/transitions"
    api.post(f"{base}/engage", headers=headers)
    asked = api.post(f"{base}/win", headers=headers)
    assert asked.status_code == 202, asked.text
    return made, asked.json["id"]


@pytest.fixture(scope="module", params=["admin", "rep"])
def caller(request, demo, web, request_for_approval):
    caller = caller_of(web, token_of(demo, f"{request.param}@northgate.example"))
    caller.known.parts["approvals opportunity"].append(request_for_approval)
    return caller


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fits", "breaks"])
def test_a_made_up_call_of_any_kind_has_an_answer_that_the_document_describes(caller, mode):
    for operation in caller.tried():
        caller.examine(operation, mode)
    assert {200, 201, 400, 404} <= {status for _, status in caller.answered}
