"""The OpenAPI document: valid, and saying exactly what its reader may do."""

import re
from uuid import uuid4

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from fieldstone.context import TokenLimits
from fieldstone.publication.layers import template_layer
from fieldstone_testing.deals import DEALS
from fieldstone_testing.openapi_documents import faults_of, operations_of
from fieldstone_testing.problems import assert_problem

BASE = "/api/v1/data"
CLERK = """
---
kind: role
name: clerk
entities:
  deal: {create: true, read: true, update: true, fields: {margin: {read: false}}}
---
kind: role
name: reporter
entities:
  deal: {create: true}
"""


@pytest.fixture(scope="module")
def app(module_app_from):
    return module_app_from(DEALS + CLERK)


@pytest.fixture
def document(app, client):
    def read(name, roles, limits=None):
        return client(app, app.token(name, roles, limits=limits)).get("/openapi.json").json

    return read


@pytest.mark.parametrize("role", ["rep", "manager", "guest", "admin"])
def test_the_document_is_valid_openapi_3_1_for_every_role(document, role):
    found = document(f"{role} user", [role])
    assert found["openapi"] == "3.1.0"
    assert faults_of(found) == []


def test_the_validator_of_others_finds_no_fault_either(document):
    OpenAPIV31SpecValidator(document("Gus", ["guest"])).validate()


@pytest.fixture(scope="module")
def sales(module_app_from):
    return module_app_from.of_layers([template_layer("sales")])


def test_the_document_of_the_sales_template_is_valid(sales, client):
    found = client(sales, sales.token("Dana", ["sales_manager"])).get("/openapi.json").json
    assert faults_of(found) == []
    assert "/api/v1/data/opportunity/{id}/transitions/win" in found["paths"]


def test_every_route_of_the_api_is_described_and_what_is_described_is_there(sales, client, web_of):
    described = client(sales, sales.token("Root", ["admin"])).get("/openapi.json").json
    served = web_of(sales).url_map
    known = {described_by(served, path, method) for path, method, _ in operations_of(described)}
    rules = [rule for rule in served.iter_rules() if rule.rule.startswith("/api/v1/")]
    assert known == {
        (rule.rule, method.lower()) for rule in rules for method in rule.methods - {"HEAD", "OPTIONS"}
    }


def described_by(served, path, method):
    """The rule, with its method, that answers to a described path."""
    place = re.sub(r"{\w+}", str(uuid4()), path)
    rule, _ = served.bind("localhost").match(place, method.upper(), return_rule=True)
    return rule.rule, method


def test_somebody_without_any_role_gets_a_valid_document_without_entities(document):
    found = document("Nobody", [])
    assert faults_of(found) == []
    assert [path for path in found["paths"] if path.startswith(BASE)] == []


def test_only_entities_and_verbs_that_the_caller_may_use_are_in_it(document):
    guest = document("Gus", ["guest"])["paths"]
    assert set(guest[f"{BASE}/customer"]) == {"get"}
    assert set(guest[f"{BASE}/customer/{{id}}"]) == {"get"}
    assert f"{BASE}/deal" not in guest
    rep = document("Ann", ["rep"])["paths"]
    assert set(rep[f"{BASE}/deal"]) == {"get", "post"}
    assert set(rep[f"{BASE}/deal/{{id}}"]) == {"get", "patch", "delete"}


def test_a_field_that_the_caller_may_not_read_is_nowhere_in_it(document):
    assert "margin" not in str(document("Ann", ["rep"]))
    assert "margin" in document("Mia", ["manager"])["components"]["schemas"]["deal"]["properties"]


def test_a_field_that_is_hidden_from_a_writer_is_not_described_as_one_to_send(document, app, client):
    assert "margin" not in str(document("Cleo", ["clerk"]))
    refused = client(app, app.token("Cleo", ["clerk"])).post("/data/deal", {"name": "Pump", "margin": "1"})
    assert [entry["code"] for entry in assert_problem(refused, 422)["errors"]] == ["unknown_field"]


def test_whoever_creates_without_reading_is_told_what_to_send(document, app, client):
    sent = document("Ray", ["reporter"])["components"]["schemas"]["deal.create"]["properties"]
    assert "margin" in sent
    created = client(app, app.token("Ray", ["reporter"])).post("/data/deal", {"name": "Pump", "margin": "1"})
    assert created.status_code == 201


def test_transitions_are_those_of_the_callers_roles(document):
    path = f"{BASE}/deal/{{id}}/transitions"
    rep, manager = document("Ann", ["rep"])["paths"], document("Mia", ["manager"])["paths"]
    assert f"{path}/win" in rep
    assert f"{path}/reopen" not in rep
    assert f"{path}/reopen" in manager


def test_a_narrowed_token_gets_a_narrowed_document(document):
    limits = TokenLimits(frozenset({"customer"}), frozenset({"read"}))
    paths = document("Ann", ["rep"], limits)["paths"]
    assert set(paths[f"{BASE}/customer"]) == {"get"}
    assert f"{BASE}/deal" not in paths


def test_schemas_say_what_is_required_read_only_and_possible(document):
    schemas = document("Mia", ["manager"])["components"]["schemas"]
    assert schemas["deal.create"]["required"] == ["name"]
    assert schemas["deal.create"]["additionalProperties"] is False
    assert "doubled" not in schemas["deal.create"]["properties"]
    assert schemas["deal"]["properties"]["doubled"]["readOnly"] is True
    assert "readOnly" not in schemas["deal"]["properties"]["name"]
    assert schemas["deal"]["properties"]["stage"]["enum"] == ["open", "won", "lost", None]
    assert schemas["deal"]["properties"]["close_date"]["format"] == "date"
    assert schemas["deal"]["properties"]["name"]["maxLength"] == 100


def test_the_example_of_a_create_can_be_sent_as_it_is(app, client, document):
    schemas = document("Mia", ["manager"])["components"]["schemas"]
    mia = client(app, app.token("Mia"))
    assert mia.post("/data/deal", schemas["deal.create"]["example"]).status_code == 201
    assert mia.post("/data/customer", schemas["customer.create"]["example"]).status_code == 201


def test_a_new_record_links_to_the_calls_about_it_that_its_creator_may_make(document):
    paths = document("Ann", ["rep"])["paths"]
    links = paths[f"{BASE}/deal"]["post"]["responses"]["201"]["links"]
    assert links["deal.update"] == {"operationId": "deal.update", "parameters": {"id": "$response.body#/id"}}
    assert {"deal.get", "deal.delete", "deal.restore", "deal.transition_win"} <= set(links)
    assert "deal.transition_reopen" not in links


def test_a_unique_field_has_its_upsert(document):
    paths = document("Ann", ["rep"])["paths"]
    assert set(paths[f"{BASE}/customer/by/code/{{value}}"]) == {"put"}
    assert f"{BASE}/customer/by/name/{{value}}" not in paths


def test_the_document_follows_a_publication(app_from, client):
    app = app_from(DEALS)
    api = client(app, app.token("Ann", ["rep"]))
    before = api.get("/openapi.json").json
    app.publish(
        DEALS.replace("  remark: {type: long_text}", "  remark: {type: long_text}\n  phone: {type: text}")
    )
    after = api.get("/openapi.json").json
    assert "phone" not in before["components"]["schemas"]["customer"]["properties"]
    assert "phone" in after["components"]["schemas"]["customer"]["properties"]
    assert after["info"]["version"] == "2"


def test_reading_the_document_takes_a_token(app, client):
    assert_problem(client(app).get("/openapi.json"), 401)


def test_generators_of_clients_find_no_schema_that_is_called_like_a_type_of_theirs(document):
    schemas = document("Mia", ["manager"])["components"]["schemas"]
    assert "file" not in schemas
    assert schemas["file.page"]["properties"]["data"]["items"]["$ref"] == "#/components/schemas/file.record"
    assert schemas["file.record"]["title"] == "File"


def test_references_have_one_schema_for_all(document):
    schemas = document("Mia", ["manager"])["components"]["schemas"]
    owner = schemas["deal"]["properties"]["owner"]
    assert owner["anyOf"] == [{"$ref": "#/components/schemas/Reference"}, {"type": "null"}]
    assert schemas["Reference"]["required"] == ["id", "entity", "title"]
