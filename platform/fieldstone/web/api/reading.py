"""`GET` of lists and records."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from flask import Blueprint, Response

from fieldstone import records
from fieldstone.access.grants import access
from fieldstone.context import Context
from fieldstone.errors import FieldError, Malformed, NotFound
from fieldstone.model.organisation import organisation_zone
from fieldstone.records import Query
from fieldstone.records.names import entity_named
from fieldstone.records.query import Counting
from fieldstone.web.answer import Answer
from fieldstone.web.api.answers import one_record
from fieldstone.web.parameters import Parameters, refuse
from fieldstone.web.request_context import current_context
from fieldstone_rules.types import Ref

LIST_PARAMETERS = ("where", "q", "fields", "order", "limit", "cursor", "count", "view", "deleted")
RECORD_PARAMETERS = ("fields", "deleted", "at")
ENTITY_PARAMETERS = (*LIST_PARAMETERS, "at")
"""Those of a list of an entity; related ones and the like have no past yet."""
COUNTS: tuple[Counting, ...] = ("none", "estimate", "exact")
DEFAULT_LIMIT, LARGEST_LIMIT = 50, 1000


def install(api: Blueprint) -> None:
    """Add the routes."""
    api.get("/data/<entity>")(list_records)
    api.get("/data/<entity>/<record>")(get_record)


def list_records(entity: str) -> Response:
    """A page of the records that the caller may read."""
    return answer_list(current_context(), entity, Parameters(*ENTITY_PARAMETERS)).response()


def get_record(entity: str, record: str) -> Response:
    """One record; its version is the ETag."""
    return answer_record(current_context(), entity, record, Parameters(*RECORD_PARAMETERS)).response()


def answer_list(context: Context, entity: str, parameters: Parameters) -> Answer:
    """The same, whoever found out what was asked."""
    at = past_instant(context, parameters.text("at"))
    asked = replace(list_query(parameters), at=at)
    return Answer(records.list_json(context, entity, asked))


def answer_record(context: Context, entity: str, record: str, parameters: Parameters) -> Answer:
    """The same, whoever found out what was asked."""
    identity = record_id(record)
    fields, deleted = parameters.names("fields"), parameters.flag("deleted")
    at = past_instant(context, parameters.text("at"))
    if at is not None and deleted:
        refuse("deleted", "`deleted` together with `at` is not supported yet.", "not_supported_yet")
    if at is not None:
        return Answer(records.get_then_json(context, entity, identity, at, fields))
    return one_record(*records.get_json(context, entity, identity, fields=fields, deleted=deleted))


def list_query(parameters: Parameters) -> Query:
    """What a list was asked for."""
    return Query(
        where=parameters.text("where"),
        q=parameters.text("q"),
        fields=parameters.names("fields"),
        order=parameters.names("order"),
        limit=parameters.integer("limit", DEFAULT_LIMIT, 1, LARGEST_LIMIT),
        cursor=parameters.text("cursor"),
        count=parameters.choice("count", COUNTS),
        deleted=parameters.flag("deleted"),
        view=parameters.text("view"),
    )


def require_readable(context: Context, entity: str, record: UUID) -> Ref:
    """The record, if it is there for the caller. Raises `NotFound`."""
    entity_named(context.model, entity)
    if access(context.model, context.principal, entity).read.constant is False:
        raise NotFound(f"There is no {entity} {record}, or you may not see it.")
    records.get_json(context, entity, record, fields=("id",))
    return Ref(entity, record)


def past_instant(context: Context, text: str | None) -> datetime | None:
    """A moment with its zone, or a day, which is its beginning in the organisation. Raises `Malformed`."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        refuse("at", "`at` is a past moment such as 2026-11-21T08:00:00Z, or a day such as 2026-11-21.")
    if moment.tzinfo is None and len(text.strip()) == len("2026-11-21"):
        moment = moment.replace(tzinfo=organisation_zone(context.model))
    if moment.tzinfo is None:
        refuse("at", "`at` lacks its time zone, such as the Z in 2026-11-21T08:00:00Z.")
    if moment > context.now:
        refuse("at", "`at` is a past moment; this one is yet to come.")
    return moment


def record_id(text: str) -> UUID:
    """The id of a record in an address. Raises `Malformed` for anything but a UUID in its usual form."""
    try:
        identity = UUID(text)
    except ValueError:
        identity = None
    if identity is None or len(text) != 36:
        message = "The id of a record is a UUID, such as 0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11."
        raise Malformed(message, code="bad_id", errors=[FieldError("id", "bad_id", message)])
    return identity
