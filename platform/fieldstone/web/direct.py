"""Reads of records by token, answered before Flask sees the request.

Routing, contexts and response objects of Flask cost more than all else that such a read needs. So this finds
the entity and the record in the address itself and calls the very functions that the routes call: who asks,
what was asked, what is answered, and how a refusal is told are decided there. What is not exactly such a read
(a session, another method, an address spelled differently) is Flask's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fieldstone.errors import FieldstoneError, StaleModel
from fieldstone.web import failures
from fieldstone.web.answer import Answer
from fieldstone.web.api import reading
from fieldstone.web.authentication import principal_of
from fieldstone.web.parameters import Parameters
from fieldstone.web.request_context import context_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from fieldstone.web.runtime import Runtime

_ADDRESS = re.compile(r"/api/v1/data/([a-z][a-z0-9_]*)(?:/([0-9a-f]{8}-[0-9a-f-]{27}))?")


def answer(runtime: Runtime, environ: WSGIEnvironment) -> Answer | None:
    """The answer to a read by token; None for any other request."""
    if environ["REQUEST_METHOD"] != "GET" or "HTTP_COOKIE" in environ:
        return None
    address = _ADDRESS.fullmatch(environ["PATH_INFO"])
    token = environ.get("HTTP_AUTHORIZATION")
    if address is None or token is None:
        return None
    entity, record = address.groups()
    try:
        return _read_on_newest_model(runtime, environ, token, entity, record)
    except FieldstoneError as error:
        return failures.told(error, environ)
    except Exception as error:  # whatever it is, the caller is told and the log keeps it
        return failures.told_unforeseen(error, environ)


def _read_on_newest_model(
    runtime: Runtime, environ: WSGIEnvironment, token: str, entity: str, record: str | None
) -> Answer:
    try:
        return _read(runtime, environ, token, entity, record)
    except StaleModel:
        runtime.current.reload()
        return _read(runtime, environ, token, entity, record)


def _read(runtime: Runtime, environ: WSGIEnvironment, token: str, entity: str, record: str | None) -> Answer:
    model = runtime.current.model
    context = context_of(runtime, model, principal_of(runtime, model, token), "api", environ)
    query = environ["QUERY_STRING"].encode("latin-1")
    if record is None:
        return reading.answer_list(context, entity, Parameters.of(query, *reading.ENTITY_PARAMETERS))
    return reading.answer_record(context, entity, record, Parameters.of(query, *reading.RECORD_PARAMETERS))
