"""The parameters that operations take."""

from __future__ import annotations

from typing import Any

from fieldstone.web.api.reading import COUNTS, DEFAULT_LIMIT, LARGEST_LIMIT

Schema = dict[str, Any]
UUID_SCHEMA: Schema = {"type": "string", "format": "uuid"}


def record() -> Schema:
    """The record in the path."""
    return {
        "name": "id",
        "in": "path",
        "required": True,
        "schema": UUID_SCHEMA,
        "description": "The record's id.",
    }


def path(name: str, description: str, choices: list[str] | None = None) -> Schema:
    """A text in the path."""
    schema: Schema = {"type": "string", "enum": choices} if choices else {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": schema, "description": description}


def share() -> Schema:
    """The id of a share."""
    return path("share", "The id of the share.") | {"schema": UUID_SCHEMA}


def query(name: str, description: str, schema: Schema | None = None, *, required: bool = False) -> Schema:
    """A parameter of the query string."""
    found: Schema = {
        "name": name,
        "in": "query",
        "description": description,
        "schema": schema or {"type": "string"},
    }
    return found | ({"required": True} if required else {})


def number(smallest: int, largest: int, default: int) -> Schema:
    """The schema of a whole number."""
    return {"type": "integer", "minimum": smallest, "maximum": largest, "default": default}


def flag(name: str, description: str) -> Schema:
    """A parameter that is `true` or `false`."""
    return query(name, description, {"type": "string", "enum": ["true", "false"], "default": "false"})


def duplicates() -> Schema:
    """Whether to save also what counts as the same as another record."""
    described = "`accept`: save it, although a rule with the mode `warn` points out another record (409)."
    return query("duplicates", described, {"type": "string", "enum": ["ask", "accept"], "default": "ask"})


def fields() -> Schema:
    """Which fields to answer with."""
    return query("fields", "Field paths with commas between them, such as `name,account.name`; absent: all.")


def at() -> Schema:
    """The instant of time travel."""
    return query(
        "at",
        "A past moment with its zone, or a day: what the caller may read now, with the values of then. "
        "What the history does not keep is left out.",
    ) | {"example": "2020-01-01T00:00:00Z"}


def listing(example: str) -> list[Schema]:
    """Those of a list; `example` is an expression over the entity."""
    where = query("where", "An expression of the rule language; only records for which it holds.")
    return [
        where | {"example": example},
        query("q", "Words to search for."),
        fields(),
        query("order", "Field paths with commas between them, `-` in front for descending."),
        query("limit", "How many records a page holds.", number(1, LARGEST_LIMIT, DEFAULT_LIMIT)),
        query("cursor", "`next` of the page before, with the same parameters."),
        query(
            "count",
            "Whether to count all that match.",
            {"type": "string", "enum": list(COUNTS), "default": "none"},
        ),
        query("view", "The name of a view, whose columns, filter and order apply where none are given."),
        flag("deleted", "The recycle bin instead of the live records."),
    ]


def if_match() -> Schema:
    """The version the caller read."""
    return {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag of the record as it was read; if it has changed since, the answer is 412.",
        "schema": {"type": "string", "pattern": '^(\\*|(W/)?"?[0-9]{1,9}"?)$'},
        "example": '"3"',
    }


def idempotency_key() -> Schema:
    """Makes repeating a write safe."""
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Made up by the caller: a repetition with the same key gets the first answer again.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    }
