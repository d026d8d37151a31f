"""`Idempotency-Key`: a write that is repeated because its answer was lost happens once.

The first request with a key claims it in the same transaction as its writes and leaves its answer there; so
either both are kept, or neither. A second one that comes meanwhile waits for the first to commit. Refusals
(4xx) keep nothing and are not stored: the same request may succeed later. Answers are kept for a day.

The header is that of draft-ietf-httpapi-idempotency-key-header-07, with any visible ASCII as key.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import ParamSpec

import sqlalchemy as sa
from flask import Response, request
from sqlalchemy.dialects.postgresql import insert

from fieldstone.context import Context
from fieldstone.database.joined import JoinedDatabase
from fieldstone.errors import Conflict, Invalid, Malformed
from fieldstone.web.request_context import current_context, use_context

P = ParamSpec("P")
HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT = timedelta(days=1)
STORED_HEADERS = ("Content-Type", "Location", "ETag", "Fieldstone-Operation")
KEY = re.compile(r"^[!-~]{1,255}$")
View = Callable[P, Response]


def idempotent(view: View[P]) -> View[P]:
    """Make a view that writes honour the header. The view must take its context from `current_context`."""

    @functools.wraps(view)
    def once(*args: P.args, **kwargs: P.kwargs) -> Response:
        if HEADER not in request.headers:
            return view(*args, **kwargs)
        return answer_once(sent_key(), functools.partial(view, *args, **kwargs))

    return once


def answer_once(key: str, answer: Callable[[], Response], body: bytes | None = None) -> Response:
    """The answer of the first request with this key: computed now, or the one kept from then.

    body: what stands for the body where it is not in memory, such as its digest.
    """
    outer = current_context()

    def work(connection: sa.Connection) -> Response:
        context = replace(outer, database=JoinedDatabase(outer.database, connection))
        use_context(context)
        return _claimed_answer(context, connection, key, _fingerprint(body), answer)

    try:
        return outer.database.run_write(outer.model.version, work)
    finally:
        use_context(outer)


def _claimed_answer(
    context: Context, connection: sa.Connection, key: str, fingerprint: bytes, answer: Callable[[], Response]
) -> Response:
    if not _claim(context, connection, key, fingerprint):
        return _kept_answer(context, connection, key, fingerprint)
    response = answer()
    _forget_old(context, connection)
    _keep(context, connection, key, response)
    return response


def sent_key() -> str:
    """The key of this request. Raises `Malformed`."""
    key = request.headers[HEADER]
    if not KEY.match(key):
        raise Malformed(f"{HEADER} holds 1 to 255 visible ASCII characters.", code="bad_idempotency_key")
    return key


def _fingerprint(body: bytes | None) -> bytes:
    """What makes two requests the same: method, address, condition and body."""
    condition = request.headers.get("If-Match", "")
    head = f"{request.method} {request.full_path} {condition}\n".encode()
    return hashlib.sha256(head + (request.get_data() if body is None else body)).digest()


def _claim(context: Context, connection: sa.Connection, key: str, fingerprint: bytes) -> bool:
    """Take the key, waiting for another request that holds it; False if that one was answered."""
    table = context.database.system.idempotency
    values = {"user": context.principal.user, "key": key, "fingerprint": fingerprint}
    fresh = {"fingerprint": fingerprint, "status": None, "at": sa.func.now()}
    claim = insert(table).values(values)
    claim = claim.on_conflict_do_update(
        index_elements=[table.c.user, table.c.key], set_=fresh, where=table.c.at < context.now - KEPT
    )
    return connection.execute(claim.returning(table.c.key)).first() is not None


def _forget_old(context: Context, connection: sa.Connection) -> None:
    """Remove some answers kept long enough; others do the rest, and nobody waits."""
    table = context.database.system.idempotency
    key = sa.tuple_(table.c.user, table.c.key)
    old = sa.select(table.c.user, table.c.key).where(table.c.at < context.now - KEPT)
    connection.execute(sa.delete(table).where(key.in_(old.limit(20).with_for_update(skip_locked=True))))


def _kept_answer(context: Context, connection: sa.Connection, key: str, fingerprint: bytes) -> Response:
    table = context.database.system.idempotency
    mine = sa.and_(table.c.user == context.principal.user, table.c.key == key)
    kept = connection.execute(sa.select(table).where(mine)).first()
    if kept is None or kept.status is None:
        raise Conflict(
            "A request with this Idempotency-Key is just being answered; try again.", code="in_progress"
        )
    if kept.fingerprint != fingerprint:
        raise Invalid(
            "This Idempotency-Key was used for another request. Nothing was written; take a new key.",
            code="idempotency_key_reused",
        )
    return Response(kept.body, kept.status, {**kept.headers, REPLAYED: "true"})


def _keep(context: Context, connection: sa.Connection, key: str, response: Response) -> None:
    table = context.database.system.idempotency
    headers = {name: response.headers[name] for name in STORED_HEADERS if name in response.headers}
    mine = sa.and_(table.c.user == context.principal.user, table.c.key == key)
    values = {"status": response.status_code, "headers": headers, "body": response.get_data()}
    connection.execute(sa.update(table).where(mine).values(values))
