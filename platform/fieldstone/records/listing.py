"""Reading many records with one statement: its text was made once, its values come with the request."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.errors import Forbidden, Invalid, NotFound
from fieldstone.model.model import Entity
from fieldstone.records import cursor, lists, search
from fieldstone.records.environment import environment
from fieldstone.records.keyset import parameter_name
from fieldstone.records.names import entity_named
from fieldstone.records.query import Page, Query, malformed
from fieldstone.records.source import Viewer
from fieldstone.records.statements import Rows, Statement, kept
from fieldstone_rules import parameters


def list_json(context: Context, entity: str, query: Query) -> bytes:
    """A page of records as JSON: `{"data": [...], "next": cursor or null, "count": n or null}`.

    Raises:
        NotFound: if there is no such entity. Forbidden: if the caller may read none of its records.
        Malformed: for a parameter that cannot be read. TooSlow: for a list that takes too long.
    """
    listing = _Listing(context, entity, query)
    with context.database.read() as connection:
        rows = listing.rows(connection)
        count = listing.count(connection, rows)
    items = [row[0] for row in rows[: query.limit] if row[0] is not None]
    following = listing.next_cursor(rows)
    head, tail = b'{"data":[', b'],"next":%b,"count":%b}' % (orjson.dumps(following), orjson.dumps(count))
    return head + b",".join(items) + tail


def list_records(context: Context, entity: str, query: Query) -> Page:
    """The same as values. Raises as `list_json`."""
    return Page(**orjson.loads(list_json(context, entity, query)))


@dataclass(frozen=True)
class _Shape:
    """What the text of a list's statement depends on, besides its cursor. mark: of its cursors."""

    key: Hashable
    keys: int
    mark: str


class _Listing:
    """One run of a list."""

    def __init__(self, context: Context, entity: str, query: Query) -> None:
        self._context = context
        self._entity = entity_named(context.model, entity)
        self._viewer = Viewer(context.model, context.principal.access_key)
        self._query = query
        _require_rights(self._viewer, self._entity, query)
        _require_view(self._viewer, self._entity, query)
        self._words = search.words(query.q)
        self._kept = kept(context.model)
        self._shape = self._kept.get(self._key(), self._measure)
        self._cursor = self._decoded()

    def rows(self, connection: sa.Connection) -> Rows:
        """The records of the page and one more, if there is one."""
        try:
            return self._statement().run(connection, self._values())
        except Invalid as error:
            if self._cursor is None or error.code != "out_of_range":
                raise
            raise cursor.bad_cursor("This cursor is damaged. Start again from the first page.") from None

    def count(self, connection: sa.Connection, rows: Rows) -> int | None:
        """How many records the whole list has, as exactly as asked for."""
        if self._query.count == "none":
            return None
        counted = int(rows[0][-1] or 0)
        if self._query.count == "exact" or counted <= lists.COUNTED_EXACTLY:
            return counted
        key = ("estimate", self._key())
        estimate = self._kept.get(key, lambda: lists.estimate_statement(*self._arguments()))
        ((plan, *_),) = estimate.run(connection, self._values())
        return max(counted, int(orjson.loads(plan or b"")[0]["Plan"]["Plan Rows"]))

    def next_cursor(self, rows: Rows) -> str | None:
        """The cursor behind the page, or None at the end of the list."""
        if len(rows) <= self._query.limit:
            return None
        last = rows[self._query.limit - 1][1 : self._shape.keys + 1]
        return cursor.encode([None if key is None else key.decode() for key in last], self._shape.mark)

    def _key(self) -> Hashable:
        query = self._query
        related = None if query.related is None else (query.related[0], query.related[1].entity)
        asked = (query.where, query.fields, query.order, query.limit, query.count, query.deleted, query.view)
        return ("list", self._viewer.access_key, self._entity.name, asked, len(self._words), related)

    def _arguments(self) -> tuple[Viewer, Entity, Query, int]:
        return self._viewer, self._entity, self._query, len(self._words)

    def _measure(self) -> _Shape:
        terms = lists.terms_of(lists.rows_of(*self._arguments()), self._query)
        query = self._query
        where = query.where if isinstance(query.where, str | None) else query.where.source
        mark = cursor.fingerprint(
            self._entity.name, where, query.order, query.q, query.view, query.deleted, query.related
        )
        return _Shape(self._key(), len(terms), mark)

    def _decoded(self) -> cursor.Keys | None:
        if self._query.cursor is None:
            return None
        return cursor.decode(self._query.cursor, self._shape.mark, self._shape.keys)

    def _statement(self) -> Statement:
        nulls = None if self._cursor is None else tuple(key is None for key in self._cursor)
        return self._kept.get(
            (self._shape.key, nulls), lambda: lists.page_statement(*self._arguments(), nulls)
        )

    def _values(self) -> dict[str, Any]:
        values = parameters(environment(self._context)) | search.patterns(self._words)
        if self._query.related is not None:
            values["fs_related"] = self._query.related[1].id
        return values | {parameter_name(number): key for number, key in enumerate(self._cursor or ())}


def _require_rights(viewer: Viewer, entity: Entity, query: Query) -> None:
    granted = viewer.access(entity.name)
    if granted.read.constant is False:
        raise Forbidden(
            f"You may not read records of {entity.name}.", details={"reason": "no role of yours may read it"}
        )
    if query.deleted and granted.delete.constant is False:
        reason = "only who may delete records sees deleted ones"
        raise Forbidden(f"You may not see deleted records of {entity.name}.", details={"reason": reason})


def _require_view(viewer: Viewer, entity: Entity, query: Query) -> None:
    if query.view is None:
        return
    view = viewer.model.views.get(query.view)
    if view is None:
        raise NotFound(f"There is no view “{query.view[:80]}”.", code="unknown_view")
    if view.entity != entity.name:
        raise malformed("view", "wrong_view", f"The view {view.name} shows {view.entity}, not {entity.name}.")
