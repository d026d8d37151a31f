"""`POST /api/v1/explain`: who may do what to a record, and why; and what a changed role would change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from fieldstone import records
from fieldstone.access.users import require_user
from fieldstone.context import Context
from fieldstone.errors import FieldError, Malformed
from fieldstone.records import Question
from fieldstone.web import bodies
from fieldstone.web.api.answers import json_value
from fieldstone.web.api.reading import record_id
from fieldstone.web.parameters import Parameters
from fieldstone.web.request_context import current_context
from fieldstone.what_if import Supposition, what_if

MEMBERS = ("entity", "id", "verb", "field", "transition", "user")
WHAT_IF = "what_if"
SUPPOSED = ("role", "user", "entity", "limit")


def install(api: Blueprint) -> None:
    """Add the route."""
    api.post("/explain")(explain)


def explain() -> Response:
    """Whether somebody may do something to a record, with the roles, clauses and values that decide it; or
    what a changed role would change.
    """
    Parameters()
    context = current_context()
    body = bodies.read_object()
    if WHAT_IF in body:
        bodies.only(body, (WHAT_IF,))
        return json_value(asdict(what_if(context, _supposed(context, body[WHAT_IF]))))
    return json_value(asdict(_explained(context, body)))


def _explained(context: Context, body: Mapping[str, Any]) -> records.Explanation:
    bodies.only(body, MEMBERS)
    sent = {name: _text(body, name) for name in MEMBERS}
    entity, verb = _needed(sent, "entity"), _needed(sent, "verb")
    question = Question(
        verb=verb,
        id=record_id(sent["id"]) if sent["id"] is not None else None,
        field=sent["field"],
        transition=sent["transition"],
        user=_user(context, sent["user"]) if sent["user"] is not None else None,
    )
    return records.explain(context, entity, question)


def _supposed(context: Context, value: Any) -> Supposition:
    """`{"role": …, "user": …, "entity": …, "limit": …}`."""
    if not isinstance(value, dict):
        raise _refused(WHAT_IF, 'Say what is supposed: {"role": …}.')
    bodies.only(value, SUPPOSED)
    records.require_others_view(context)
    user, limit = _text(value, "user"), value.get("limit", 10)
    if isinstance(limit, bool) or not isinstance(limit, int):
        raise _refused("limit", "`limit` is a whole number.")
    return Supposition(
        documents=_documents(value.get("role")),
        user=None if user is None else _user(context, user),
        entity=_text(value, "entity"),
        limit=limit,
    )


def _documents(value: Any) -> str:
    """Role documents as text: as it came, or one that came as an object of JSON, which is YAML too."""
    if isinstance(value, dict):
        # Numbers of any size: what is wrong with them is for the check of the document to say.
        return json.dumps(value, default=str, indent=2, ensure_ascii=False)
    if not isinstance(value, str):
        message = "Say in `role` the whole document of the changed role: as YAML, or as a JSON object."
        raise _refused("role", message, "required" if value is None else "bad_question")
    return value


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise _refused(name, f"`{name}` is a text.")
    return value


def _needed(sent: Mapping[str, str | None], name: str) -> str:
    value = sent[name]
    if value is None:
        raise _refused(name, f"Say in `{name}` what the question is about.", "required")
    return value


def _user(context: Context, text: str) -> UUID:
    """Somebody by id or e-mail address; which addresses there are is for those who may ask about others."""
    if "@" not in text:
        return record_id(text)
    if text.casefold() == context.principal.email.casefold():
        return context.principal.user
    records.require_others_view(context)
    return require_user(context.database, context.model, text).id


def _refused(name: str, message: str, code: str = "bad_question") -> Malformed:
    return Malformed(message, code=code, errors=[FieldError(name, code, message)])
