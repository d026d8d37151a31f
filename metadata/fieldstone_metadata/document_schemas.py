"""The JSON Schemas of the document kinds: their executable form (draft 2020-12).

The files in `schemas/` are put together here: shared definitions are copied in, and a field's keys
depend on its type (`field_types.json`). Keys of our own: `x-later` marks what is known and refused for
now (`true`, or the values).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

Schema = dict[str, Any]

SCHEMA_KINDS = (
    "app",
    "entity",
    "option_set",
    "role",
    "workflow",
    "form",
    "view",
    "menu",
    "calendar",
    "message",
    "data",
)


@cache
def schemas() -> Mapping[str, Schema]:
    """Kind → JSON Schema of its documents, complete in itself. Callers do not change what they get."""
    shared = _read("common")["$defs"]
    return {kind: _complete(_read(kind), shared) for kind in SCHEMA_KINDS}


@cache
def field_type_schemas() -> Mapping[str, Schema]:
    """Field type → its description, the keys only it knows (`properties`), and the
    common keys it goes `without`.
    """
    return _read("field_types")


def _read(name: str) -> Schema:
    text = resources.files("fieldstone_metadata").joinpath("schemas", f"{name}.json").read_text("utf-8")
    loaded: Schema = json.loads(text)
    return loaded


def _complete(schema: Schema, shared: Schema) -> Schema:
    definitions = {**shared, **schema.get("$defs", {})}
    if schema["title"] == "entity":
        definitions["field"] = _field_schema(definitions["field"])
    complete: Schema = _with_local_references({**schema, "$defs": definitions})
    return complete


def _field_schema(common: Schema) -> Schema:
    """The schema of a field: which keys it may have depends on its type."""
    types = field_type_schemas()
    properties = {**common["properties"], "type": {**common["properties"]["type"], "enum": list(types)}}
    branches = [_branch(name, declared, properties) for name, declared in types.items()]
    return {**common, "properties": {"type": properties["type"]}, "allOf": branches}


def _branch(name: str, declared: Schema, common: Schema) -> Schema:
    kept = {key: value for key, value in common.items() if key not in declared.get("without", ())}
    then = {
        "title": f"a field of type `{name}`",
        "properties": {**kept, **declared.get("properties", {})},
        "required": declared.get("required", []),
        "additionalProperties": False,
    }
    return {"if": {"properties": {"type": {"const": name}}, "required": ["type"]}, "then": then}


def _with_local_references(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: child.replace("common.json#", "#") if key == "$ref" else _with_local_references(child)
            for key, child in value.items()
        }
    return [_with_local_references(child) for child in value] if isinstance(value, list) else value
