"""`GET /api/v1/events`: what changed, for systems that follow along."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response

from fieldstone.context import Context
from fieldstone.records.feed import FeedPage, end, events
from fieldstone.web.api.answers import json_bytes
from fieldstone.web.parameters import Parameters, refuse
from fieldstone.web.request_context import current_context

DEFAULT_LIMIT, LARGEST_LIMIT = 100, 1000
NOW = "now"


def install(api: Blueprint) -> None:
    """Add the route."""
    api.get("/events")(list_events)


def list_events() -> Response:
    """The changes behind a place; `next` is the place from which to go on, whatever has happened."""
    parameters = Parameters("after", "limit", "entity")
    limit = parameters.integer("limit", DEFAULT_LIMIT, 1, LARGEST_LIMIT)
    context, after = current_context(), parameters.text("after")
    if after == NOW:
        return _answer(end(context))
    return _answer(events(context, _place(after), limit=limit, entities=_entities(context, parameters)))


def _answer(page: FeedPage) -> Response:
    data = b",".join(page.data)
    rest = (orjson.dumps(str(page.next)), orjson.dumps(page.rights))
    return json_bytes(b'{"data":[%b],"next":%b,"rights":%b}' % (data, *rest))


def _place(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        refuse("after", "`after` is `next` of the answer before, or `now`.")
    return int(text)


def _entities(context: Context, parameters: Parameters) -> tuple[str, ...] | None:
    names = parameters.names("entity")
    for name in names or ():
        if name not in context.model.entities:
            refuse("entity", f"There is no entity `{name[:80]}`.", "unknown_entity")
    return names
