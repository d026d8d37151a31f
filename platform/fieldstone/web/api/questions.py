"""Questions over many records: counts and sums in groups, and words searched for everywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, get_args

from flask import Blueprint, Response

from fieldstone import records
from fieldstone.errors import FieldError, Malformed
from fieldstone.records import Asked, Group, Measure, Pivot, Query
from fieldstone.records.measures import Function
from fieldstone.web import bodies
from fieldstone.web.api.answers import json_value
from fieldstone.web.api.reading import LARGEST_LIMIT
from fieldstone.web.parameters import Parameters, refuse
from fieldstone.web.request_context import current_context

MEMBERS = ("where", "rows", "columns", "measures", "order", "limit", "totals")
MOST_KEYS, MOST_MEASURES = 5, 20
FOUND_PER_ENTITY = 10
FUNCTIONS: tuple[Function, ...] = get_args(Function)
MEASURE = re.compile(r"^\s*([a-z]+)\s*\(\s*([a-z0-9_.]*)\s*\)\s*$")


def install(api: Blueprint) -> None:
    """Add the routes."""
    api.post("/data/<entity>/query")(query_groups)
    api.get("/search")(search)


def query_groups(entity: str) -> Response:
    """The fields and measures of each group that the body asks for, with the totals of rows and columns."""
    Parameters()
    context = current_context()
    body = bodies.read_object()
    bodies.only(body, MEMBERS)
    found = records.pivot(context, entity, Query(where=_where(body.get("where"))), _asked(body))
    return json_value(_answer(found, pivoted="columns" in body))


def _answer(found: Pivot, *, pivoted: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"data": _told(found.data), "more": found.more}
    if pivoted:
        told |= {"rows": _told(found.rows), "columns": _told(found.columns)}
    return told if found.total is None else told | {"total": found.total}


def search() -> Response:
    """Records of all entities that the caller may read and whose search text holds all words of `q`.

    What fits best comes first; where there is nothing, records with similar words.
    """
    q = Parameters("q").text("q")
    if q is None or not q.strip():
        refuse("q", "Say in `q` what to search for.")
    context = current_context()
    found = records.search_everywhere(context, records.searchable(context), q, FOUND_PER_ENTITY)
    return json_value({"data": [asdict(record) for record in found]})


def _told(groups: Sequence[Group]) -> list[dict[str, Any]]:
    return [{**group.by, **group.measures} for group in groups]


def _where(sent: Any) -> str | None:
    if sent is not None and not isinstance(sent, str):
        raise _refused("where", "`where` is an expression, as a text.")
    return sent


def _asked(body: Mapping[str, Any]) -> Asked:
    measures = _measures(body.get("measures", {}))
    return Asked(
        rows=_names(body, "rows"),
        columns=_names(body, "columns"),
        measures=tuple(measures.items()) or Asked.measures,
        order=_names(body, "order"),
        limit=_limit(body.get("limit", LARGEST_LIMIT)),
        totals=_flag(body.get("totals", False)),
    )


def _names(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    sent = body.get(name, [])
    if not isinstance(sent, list) or len(sent) > MOST_KEYS or not all(isinstance(key, str) for key in sent):
        raise _refused(name, f"`{name}` is a list of at most {MOST_KEYS} texts.")
    return tuple(key.strip() for key in sent)


def _limit(sent: Any) -> int:
    if not isinstance(sent, int) or isinstance(sent, bool) or not 1 <= sent <= LARGEST_LIMIT:
        raise _refused("limit", f"`limit` is a whole number from 1 to {LARGEST_LIMIT}.")
    return sent


def _flag(sent: Any) -> bool:
    if not isinstance(sent, bool):
        raise _refused("totals", "`totals` is true or false.")
    return sent


def _measures(sent: Any) -> Mapping[str, Measure]:
    if not isinstance(sent, dict) or len(sent) > MOST_MEASURES:
        shape = f"`measures` is an object of at most {MOST_MEASURES} names and measures"
        raise _refused("measures", f'{shape}, such as {{"total": "sum(amount)"}}.')
    return {name: _measure(name, text) for name, text in sent.items()}


def _measure(name: str, text: Any) -> Measure:
    match = MEASURE.match(text) if isinstance(text, str) else None
    function = next((known for known in FUNCTIONS if match and known == match[1]), None)
    if match is None or function is None:
        known = ", ".join(f"{known}(field)" for known in FUNCTIONS)
        raise _refused(f"measures.{name[:80]}", f"A measure is count() or one of {known}.", "bad_measure")
    return Measure(function, match[2] or None)


def _refused(name: str, message: str, code: str = "bad_query") -> Malformed:
    return Malformed(message, code=code, errors=[FieldError(name, code, message)])
