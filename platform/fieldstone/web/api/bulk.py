"""`POST …/bulk`: many records created, changed or deleted by the lines of one call."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime

from flask import Blueprint, Response, request

from fieldstone.access.principals import principal_for_user
from fieldstone.context import Context
from fieldstone.records.write_rows import Mode, Writing, require_rows
from fieldstone.web import idempotency
from fieldstone.web.api.accepting import DUPLICATES, accepting
from fieldstone.web.authentication import principal_of
from fieldstone.web.bulk import calls
from fieldstone.web.bulk.calls import Call
from fieldstone.web.bulk.received import Received, receive
from fieldstone.web.bulk.results import MEDIA_TYPE, OPERATION
from fieldstone.web.parameters import Parameters, refuse
from fieldstone.web.problems import UnsupportedMediaType
from fieldstone.web.request_context import current_context
from fieldstone.web.runtime import current_runtime

PARAMETERS = ("mode", "key", "partial", "dry_run", "end", DUPLICATES)
MODES = tuple(mode.value for mode in Mode)
NDJSON = frozenset({MEDIA_TYPE, "application/ndjson", "application/jsonl"})
CSV = "text/csv"
MARK = re.compile(r"\S([^\r\n]{0,98}\S)?")
"""What may be named as the last line of a body."""


def install(api: Blueprint) -> None:
    """Add the route."""
    api.post("/data/<entity>/bulk")(write_bulk)


def write_bulk(entity: str) -> Response:
    """A result for each line. All or nothing; with `partial=true` the lines that can be written are."""
    call = _read_call(entity)
    context = accepting(current_context(), Parameters(*PARAMETERS))
    require_rows(context, call.writing)
    call = _with_body(call)
    received = receive(_mark())
    if call.partial and not call.dry_run and idempotency.HEADER not in request.headers:
        return _in_batches(call, received, context)
    with closing(received):
        if idempotency.HEADER not in request.headers:
            return _at_once(call, received)
        whole = functools.partial(_at_once, call, received)
        return idempotency.answer_once(idempotency.sent_key(), whole, received.digest)


def _in_batches(call: Call, received: Received, context: Context) -> Response:
    with ExitStack() as unused:
        unused.callback(received.close)
        begun = calls.begin(call, context)
        results = calls.in_batches(call, received, begun, _renewing(begun))
        unused.pop_all()
    return _answer(results, received.close, begun)


def _at_once(call: Call, received: Received) -> Response:
    context = accepting(current_context(), Parameters(*PARAMETERS))
    results, context = calls.at_once(call, received, context)
    return _answer(results.parts(), results.close, context)


def _answer(body: Iterator[bytes], close: Callable[[], None], context: Context) -> Response:
    """The answer. close: what is to be done when it is sent, or nobody wants it any more."""
    response = Response(_closing(body, close), content_type=MEDIA_TYPE)
    response.call_on_close(close)
    if context.operation is not None:
        response.headers[OPERATION] = str(context.operation)
    return response


def _closing(body: Iterator[bytes], close: Callable[[], None]) -> Iterator[bytes]:
    try:
        yield from body
    finally:
        close()


def _read_call(entity: str) -> Call:
    parameters = Parameters(*PARAMETERS)
    mode = Mode(parameters.choice("mode", MODES))
    writing = Writing(entity, mode, parameters.names("key") or ())
    return Call(writing, parameters.flag("partial"), parameters.flag("dry_run"), csv=False)


def _mark() -> str | None:
    """What the last line of the body says, if the caller names it."""
    mark = Parameters(*PARAMETERS).text("end")
    if mark is not None and not MARK.fullmatch(mark):
        refuse("end", "`end` is one line of at most 100 characters, without spaces around it.")
    return mark


def _with_body(call: Call) -> Call:
    """The call with how its body is written. Raises `UnsupportedMediaType`."""
    if request.content_encoding:
        raise UnsupportedMediaType("Send the body as it is, without Content-Encoding.")
    charset = request.mimetype_params.get("charset")
    if request.mimetype == CSV:
        return replace(call, csv=True, encoding=charset)
    if request.mimetype in NDJSON and (charset or "utf-8").lower() in {"utf-8", "utf8"}:
        return call
    raise UnsupportedMediaType(f"Send lines of JSON as {MEDIA_TYPE} in UTF-8, or a table as {CSV}.")


def _renewing(context: Context) -> calls.Renewed:
    """Makes contexts while results are sent, when there is no request any more."""
    runtime = current_runtime()
    header = request.headers.get("Authorization")

    def renewed(outdated: bool) -> Context:
        if outdated:
            runtime.current.reload()
        model = runtime.current.model
        principal = (
            principal_for_user(runtime.database, model, context.principal.user)
            if header is None
            else principal_of(runtime, model, header)
        )
        return replace(context, model=model, principal=principal, now=datetime.now(UTC))

    return renewed
