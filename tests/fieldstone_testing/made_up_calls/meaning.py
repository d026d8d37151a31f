"""Puts a meaning into a call that was made up: records that exist, fields that are there, lines of a file.

What a document says of a text (any text) makes nearly every call a refusal of its first word. So places,
names and expressions are replaced by likely ones, most of the time.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from schemathesis import Case

from fieldstone_testing.contents import PDF, picture
from fieldstone_testing.made_up_calls.known import Draw, Known, chosen

LIST_PARAMETERS = {"where", "fields", "order", "q", "view", "cursor", "at"}
NAMES = ("note.txt", "plan.pdf", "photo.png", "table.csv")
ANY = ("opportunity", "account")
"""What a reference to any entity refers to."""
BUCKETS = ("month(created_at)", "year(created_at)", "count()")


class Meaning:
    """What the OpenAPI document `document` says about entities, as far as it helps to make likely calls."""

    def __init__(self, document: Mapping[str, Any], known: Known) -> None:
        self._schemas = document["components"]["schemas"]
        self._known = known
        self._targets = _targets(self._schemas)

    def put_into(self, case: Case, draw: Draw) -> None:
        """Replace parts of `case` in place."""
        entity = entity_of(case.path)
        if case.path_parameters:
            self._place(case, entity, draw)
        self._parameters(case, entity, draw)
        _versions(case, draw)
        if case.media_type == "application/json":
            whole = case.path in {f"/api/v1/data/{entity}", f"/api/v1/data/{entity}/{{id}}"}
            body = self._complete(case.body, entity, draw) if whole else case.body
            _replace(case, draw, {"partial": [None]})
            case.body = self._body(body, entity, draw)
            if case.path.endswith("/merge"):
                case.body = self._merge(case, entity, draw)
        elif case.path.endswith("/bulk"):
            case.body = self._lines(case, entity, draw)
            _replace(case, draw, {"key": ["id", "name"], "end": [None]})
        elif case.media_type == "application/octet-stream":
            case.body = chosen([PDF, picture(), b"a,b\n1,2\n"], draw, case.body)
            _replace(case, draw, {"name": [*NAMES]})

    def _place(self, case: Case, entity: str, draw: Draw) -> None:
        places = case.path_parameters
        kind = next((f"{name}s {entity}" for name in ("approval", "share") if name in places), None)
        if "id" not in places:
            return
        if case.path.startswith("/api/v1/operations/"):
            places["id"] = chosen(self._known.operations, draw, places["id"])
        elif kind is not None and self._known.parts[kind]:
            places["id"], places[kind.split("s ")[0]] = draw(st.sampled_from(self._known.parts[kind]))
        else:
            places["id"] = self._known.record(entity, draw, places["id"])

    def _parameters(self, case: Case, entity: str, draw: Draw) -> None:
        """Add or replace one or two parameters of a list."""
        offered = {
            one["name"] for one in case.operation.definition.raw.get("parameters", []) if "name" in one
        }
        names = sorted(offered & LIST_PARAMETERS)
        fields = self._fields(entity)
        if not names or not fields:
            return
        likely = {
            "where": self._condition(fields, draw),
            "fields": ",".join(draw(st.lists(st.sampled_from(fields), min_size=1, max_size=3))),
            "order": draw(st.sampled_from(("", "-"))) + draw(st.sampled_from(fields)),
            "q": draw(st.sampled_from(("a", "north", "pump 12", "x y z"))),
            "view": draw(st.sampled_from(("mine", "all", "open"))),
            "cursor": draw(st.sampled_from(("", "e30", "AAAA"))),
            "at": draw(st.sampled_from(("2020-01-01", "2026-01-01T00:00:00Z", "2999-01-01"))),
        }
        kept = {name: value for name, value in (case.query or {}).items() if name not in names}
        added = draw(st.lists(st.sampled_from(names), max_size=2))
        case.query = chosen([{**kept, **{name: likely[name] for name in added}}], draw, case.query)

    def _condition(self, fields: list[str], draw: Draw) -> str:
        field = draw(st.sampled_from(fields))
        return draw(
            st.sampled_from(
                (
                    f"{field} != null",
                    f"{field} == null or created_at >= today() - 30",
                    f"{field} in [null]",
                    f"not ({field} == null) and version > 0",
                    f"{field} > 1",
                    f'contains(string({field}), "a")',
                )
            )
        )

    def _fields(self, entity: str) -> list[str]:
        schema = self._schemas.get(entity) or self._schemas.get(f"{entity}.record") or {}
        return list(schema.get("properties", {}))

    def _complete(self, body: Any, entity: str, draw: Draw) -> Any:
        """A new record with what it needs, and only a few of the values that were made up."""
        example = self._schemas.get(f"{entity}.create", {}).get("example")
        if example is None or not isinstance(body, dict):
            return body
        few = draw(st.sets(st.sampled_from(sorted({*body} - {"records"}) or [""]), max_size=2))
        unique = {"name": f"Made up {draw(st.integers(0, 10**6))}"} if "name" in example else {}
        return chosen([example | unique | {name: body[name] for name in few if name in body}], draw, body)

    def _body(self, body: Any, entity: str, draw: Draw) -> Any:
        if isinstance(body, list):
            return [self._body(one, entity, draw) for one in body]
        if not isinstance(body, dict):
            return body
        found = {name: self._member(name, value, entity, draw) for name, value in body.items()}
        named = found.get("entity")
        if isinstance(named, str) and "id" in found:
            found["id"] = self._known.record(named, draw, found["id"])
        return found

    def _member(self, name: str, value: Any, entity: str, draw: Draw) -> Any:
        fields = self._fields(entity)
        if name == "records" and isinstance(value, list) and all(isinstance(one, str) for one in value):
            return list({self._known.record(entity, draw, one): None for one in value})
        if name in {"rows", "columns", "order"} and isinstance(value, list) and fields:
            return [chosen([*fields, *BUCKETS], draw, one) for one in value]
        if name == "measures" and isinstance(value, dict) and fields:
            field = draw(st.sampled_from(fields))
            return {"n": "count()", "m": draw(st.sampled_from((f"max({field})", f"sum({field})"))), **value}
        if name == "where" and isinstance(value, str) and fields:
            return self._condition(fields, draw)
        if name == "shows" and isinstance(value, str):
            return chosen([*ANY], draw, value)
        if name in self._targets and isinstance(value, str | dict):
            return self._reference(name, value, draw)
        return self._body(value, entity, draw)

    def _reference(self, name: str, value: Any, draw: Draw) -> Any:
        target = draw(st.sampled_from(self._targets[name]))
        plain = isinstance(value, str)
        found = self._known.record(target, draw, value if plain else value.get("id"))
        return found if plain else {**value, "id": found, "entity": target}

    def _merge(self, case: Case, entity: str, draw: Draw) -> Any:
        """Other records, mostly without choices among their values."""
        others = [one for one in self._known.records.get(entity, []) if one != case.path_parameters["id"]]
        return chosen([{"records": others[:1]}, {"records": others[:2]}], draw, case.body)

    def _lines(self, case: Case, entity: str, draw: Draw) -> bytes:
        """The body of a bulk call: lines as a create and an update take them, and some that none takes."""
        example = self._schemas.get(f"{entity}.create", {}).get("example", {})
        record = {"id": self._known.record(entity, draw, "nonsense")}
        number = {name: f"{value} {draw(st.integers(0, 99))}" for name, value in example.items()}
        choices = [example, {**record, **example}, number, record, {"nonsense": 1}, {}]
        lines = draw(st.lists(st.sampled_from(choices), min_size=1, max_size=4))
        if case.media_type == "text/csv":
            return _table(lines)
        return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def _versions(case: Case, draw: Draw) -> None:
    """Mostly without a condition, or with one that holds of a new record."""
    if "If-Match" in (case.headers or {}):
        case.headers["If-Match"] = chosen(["*", '"1"'], draw, case.headers["If-Match"])


def _replace(case: Case, draw: Draw, likely: Mapping[str, list[str | None]]) -> None:
    """Give parameters likely values, where they were sent; None: do not send it."""
    sent = dict(case.query or {})
    for name in likely.keys() & sent.keys():
        sent[name] = chosen(likely[name], draw, sent[name])
    case.query = {name: value for name, value in sent.items() if value is not None}


def entity_of(path: str) -> str:
    """The entity that an address is about."""
    parts = path.split("/")
    return (
        parts[4] if path.startswith("/api/v1/data/") else "file" if path.startswith("/api/v1/files") else ""
    )


def _targets(schemas: Mapping[str, Any]) -> dict[str, list[str]]:
    """Field → the entities that it refers to, whichever entity has the field."""
    found: dict[str, list[str]] = {}
    for name, schema in schemas.items():
        if name.endswith((".create", ".update", ".new_inside", ".create_about")):
            for field, value in schema["properties"].items():
                found.setdefault(field, []).extend(_entities(value.get("items", value)))
    return {field: sorted(set(entities)) for field, entities in found.items() if entities}


def _entities(schema: Mapping[str, Any]) -> list[str]:
    if "anyOf" in schema:
        return [entity for one in schema["anyOf"] for entity in _entities(one)]
    named = schema.get("properties", {}).get("entity", {})
    return list(named.get("enum", ANY)) if named else []


def _table(lines: list[Mapping[str, Any]]) -> bytes:
    names = list({name: None for line in lines for name in line}) or ["name"]
    written = io.StringIO()
    table = csv.DictWriter(written, names)
    table.writeheader()
    table.writerows(lines)
    return written.getvalue().encode()
