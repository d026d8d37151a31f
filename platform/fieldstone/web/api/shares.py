"""With whom a record is shared: reading, sharing, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, Response

from fieldstone import records
from fieldstone.errors import FieldError, Invalid, Malformed
from fieldstone.records import Sharing
from fieldstone.web import bodies
from fieldstone.web.api.answers import PREFIX, json_value, no_content
from fieldstone.web.api.reading import record_id, require_readable
from fieldstone.web.idempotency import idempotent
from fieldstone.web.parameters import Parameters
from fieldstone.web.request_context import current_context
from fieldstone_rules.types import Ref

MEMBERS = ("with", "verb", "expires_at")
RECEIVERS = ("user", "team")


def install(api: Blueprint) -> None:
    """Add the routes."""
    api.get("/data/<entity>/<record>/shares")(list_shares)
    api.post("/data/<entity>/<record>/shares")(create_share)
    api.delete("/data/<entity>/<record>/shares/<share>")(delete_share)


def list_shares(entity: str, record: str) -> Response:
    """With whom the record is shared: `{"data": […]}`."""
    Parameters()
    return json_value({"data": records.shares(current_context(), entity, record_id(record))})


@idempotent
def create_share(entity: str, record: str) -> Response:
    """Share the record with a user, a team or a role."""
    Parameters()
    identity, body = record_id(record), bodies.read_object()
    context = current_context()
    require_readable(context, entity, identity)
    bodies.only(body, MEMBERS)
    wanted = _sharing(body)
    id_, is_new = records.share(context, entity, identity, wanted)
    # Somebody may have taken it back already, or it is no longer the caller's to see.
    told = {one["id"]: one for one in records.shares(context, entity, identity)}
    made = told.get(str(id_), {"id": str(id_)})
    response = json_value(made, 201 if is_new else 200)
    if is_new:
        response.headers["Location"] = f"{PREFIX}/data/{entity}/{record}/shares/{id_}"
    return response


@idempotent
def delete_share(entity: str, record: str, share: str) -> Response:
    """Take a share back."""
    Parameters()
    bodies.read_nothing()
    records.unshare(current_context(), entity, record_id(record), record_id(share))
    return no_content()


def _sharing(body: Mapping[str, Any]) -> Sharing:
    verb = body.get("verb", "read")
    if not isinstance(verb, str):
        raise _malformed("verb", "`verb` is `read` or `update`.")
    receiver, role = _receiver(body.get("with"))
    return Sharing(receiver, role, verb, _instant(body.get("expires_at")))


def _receiver(value: Any) -> tuple[Ref | None, str | None]:
    """A user or team by `{"entity", "id"}`, or the holders of a role by `{"role"}`."""
    if isinstance(value, dict) and value.keys() == {"role"} and isinstance(value["role"], str):
        return None, value["role"]
    known = isinstance(value, dict) and value.keys() - {"title"} == {"id", "entity"}
    if not known or value["entity"] not in RECEIVERS or not isinstance(value["id"], str):
        message = 'Say in `with` who receives it: {"entity": "user" or "team", "id": …}, or {"role": …}.'
        raise _malformed("with", message)
    return Ref(value["entity"], record_id(value["id"])), None


def _instant(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        instant = None
    if instant is None or instant.tzinfo is None:
        message = "`expires_at` is an instant with its time zone, such as 2026-12-01T08:00:00Z."
        raise Invalid(message, code="bad_value", errors=[FieldError("expires_at", "bad_value", message)])
    return instant


def _malformed(name: str, message: str) -> Malformed:
    return Malformed(message, code="bad_share", errors=[FieldError(name, "bad_share", message)])
