"""Whether an OpenAPI document is sound, quickly: what openapi-spec-validator takes seconds for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs
from openapi_spec_validator.schemas import schema_v31

METHODS = ("get", "post", "put", "patch", "delete")
Operation = tuple[str, str, Mapping[str, Any]]


def faults_of(document: Mapping[str, Any]) -> list[str]:
    """What is wrong: against the schema of OpenAPI 3.1, and beyond what a schema can say."""
    validator = jsonschema_rs.validator_for(dict(schema_v31))
    found = [
        f"{list(error.instance_path)}: {error.message[:200]}" for error in validator.iter_errors(document)
    ]
    found += [*_bad_schemas(document), *_lost_references(document), *_bad_operations(document)]
    return found or list(_bad_examples(document))


def operations_of(document: Mapping[str, Any]) -> Iterator[Operation]:
    """(path, method, operation)."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _bad_schemas(document: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in document["components"]["schemas"].items():
        if not jsonschema_rs.meta.is_valid(schema):
            yield f"{name} is no JSON Schema"


def _bad_examples(document: Mapping[str, Any]) -> Iterator[str]:
    components = document["components"]
    for name, schema in components["schemas"].items():
        if "example" in schema:
            whole = {"$ref": f"#/components/schemas/{name}", "components": components}
            if not jsonschema_rs.validator_for(whole, validate_formats=True).is_valid(schema["example"]):
                yield f"the example of {name} does not fit it: {schema['example']}"


def _lost_references(document: Mapping[str, Any]) -> Iterator[str]:
    for text in {value for name, value in _members(document) if name == "$ref"}:
        found: Any = document
        for part in text.removeprefix("#/").split("/"):
            found = found.get(part) if isinstance(found, dict) else None
        if found is None:
            yield f"{text} is nowhere"


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _members(below)


def _bad_operations(document: Mapping[str, Any]) -> Iterator[str]:
    known: set[str] = set()
    for path, method, operation in operations_of(document):
        name = operation["operationId"]
        if name in known:
            yield f"{name} is twice in it"
        known.add(name)
        places = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
        if places != set(re.findall(r"{(\w+)}", path)):
            yield f"{method} {path} describes {sorted(places)}"
    yield from (f"a link leads to {name}" for name in _linked(document) - known)


def _linked(document: Mapping[str, Any]) -> set[str]:
    return {
        link["operationId"]
        for _, _, operation in operations_of(document)
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    }
