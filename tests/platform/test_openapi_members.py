"""Each member of each body that the OpenAPI document describes, with a value of each kind that JSON has."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from fieldstone.publication.layers import template_layer
from fieldstone_testing.demo import demonstration, token_of
from fieldstone_testing.webs import lent_webs

ODD = [None, True, 2**70, "x", [[]], [None], [{"a": []}], {"a": {"a": {}}}, {"id": []}]
"""Texts, numbers, lists and objects, and lists and objects of them: not all can be keys of a mapping."""
ENTITIES = ("opportunity", "order")
DEEPEST = 3


@pytest.fixture(scope="module")
def demo(module_app_from):
    return module_app_from.of_layers([template_layer("sales")], filled_by=demonstration)


@pytest.fixture(scope="module")
def api(demo):
    with lent_webs() as web_of:
        client = web_of(demo).test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token_of(demo, 'admin@northgate.example')}"
        yield client


@pytest.fixture(scope="module")
def document(api) -> dict[str, Any]:
    found: dict[str, Any] = api.get("/api/v1/openapi.json").json
    return found


def bodies(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(method, path, schema) of the calls that take JSON: all but those of most entities, which are alike."""
    for path, operations in document["paths"].items():
        entity = re.match(r"/data/([a-z_]+)", path.removeprefix("/api/v1"))
        for method, operation in operations.items():
            content = (
                operation.get("requestBody", {}).get("content", {}) if isinstance(operation, dict) else {}
            )
            if "application/json" in content and (entity is None or entity[1] in ENTITIES):
                yield method, path, content["application/json"]["schema"]


def shapes(document: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The objects that a schema allows."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    choices = [one for key in ("anyOf", "oneOf", "allOf") for one in schema.get(key, ())]
    found = [shape for one in choices for shape in shapes(document, one)]
    return [*found, schema] if "properties" in schema or "items" in schema else found


def sample(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 0) -> Any:
    """The least that a schema asks for."""
    for shape in shapes(document, schema)[:1] if depth < DEEPEST else ():
        if "properties" in shape:
            parts = {name: shape["properties"].get(name, {}) for name in shape.get("required", ())}
            return {name: sample(document, part, depth + 1) for name, part in parts.items()}
        return []
    if "enum" in schema:
        return schema["enum"][0]
    return {"boolean": True, "integer": 1, "array": [], "object": {}}.get(str(schema.get("type")), "x")


def odd_bodies(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 0) -> Iterator[Any]:
    """Bodies in which one member is odd: alone, and beside the others that are needed."""
    for shape in shapes(document, schema) if depth < DEEPEST else ():
        if "items" in shape:
            yield from ([item] for item in (*ODD, *odd_bodies(document, shape["items"], depth + 1)))
            continue
        needed = sample(document, shape)
        for name, part in shape["properties"].items():
            for value in (*ODD, *odd_bodies(document, part, depth + 1)):
                yield {**needed, name: value}
                if depth == 0:
                    yield {name: value}


def place(api: Any, path: str) -> str:
    """The path with a record that is there, and made-up names."""
    entity = re.search(r"/data/([a-z_]+)/", path)
    if entity is not None and "{id}" in path:
        found = api.get(f"/api/v1/data/{entity[1]}?limit=1&fields=id").json["data"]
        path = path.replace("{id}", found[0]["id"])
    return re.sub(r"\{[a-z_]+\}", "x", path)


def test_no_kind_of_value_in_any_member_of_any_body_is_more_than_refused(api, document):
    wrong = []
    for method, path, schema in bodies(document):
        at = place(api, path)
        for body in odd_bodies(document, schema):
            answer = api.open(at, method=method.upper(), json=body)
            if answer.status_code >= 500:
                wrong.append((method, path, body, answer.status_code))
    assert not wrong
