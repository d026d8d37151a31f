"""Examples of what may be sent, made up from the schemas of the fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
BY_FORMAT: Mapping[str, str] = {
    "date": "2026-03-31",
    "date-time": "2026-03-31T09:30:00Z",
    "time": "09:30:00",
    "uuid": "0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11",
    "email": "ann@example.com",
    "uri": "https://example.com",
    "duration": "P1DT2H",
}
BY_TYPE: Mapping[str, Any] = {"integer": 3, "number": 1.5, "boolean": True, "array": []}


def example_of(schema: Schema, title: str) -> Any:
    """A value that fits `schema`; a text says what it stands for."""
    if "examples" in schema or "enum" in schema:
        return (schema.get("examples") or schema["enum"])[0]
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], title)
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        needed = schema.get("required", ())
        return {name: example_of(schema["properties"][name], name) for name in needed}
    text = BY_FORMAT.get(schema.get("format", "")) or title[: schema.get("maxLength", 80)]
    return text if kind == "string" else BY_TYPE[kind]
