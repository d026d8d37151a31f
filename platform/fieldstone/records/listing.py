"""Reading many records with one statement: its text was made once, its values come with the request."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace
from typing import Any

import orjson

from fieldstone import exact_json
from fieldstone.context import Context
from fieldstone.errors import Forbidden, Invalid
from fieldstone.model.model import Entity
from fieldstone.records import cursor, lists, past, saved_views, search
from fieldstone.records.branches import ROOT
from fieldstone.records.keyset import parameter_name
from fieldstone.records.names import entity_named
from fieldstone.records.query import Page, Query
from fieldstone.records.request_values import request_values
from fieldstone.records.source import Viewer
from fieldstone.records.statements import Statement, Texts, kept
from fieldstone_rules import Expression

SIMILAR = "~"
"""What a cursor begins with where the list is of similar words; no other cursor does."""


def list_json(context: Context, entity: str, query: Query) -> bytes:
    """A page of records as JSON: `{"data": [...], "next": cursor or null, "count": n or null}`.

    Raises:
        NotFound: if there is no such entity. Forbidden: if the caller may read none of its records.
        Malformed: for a parameter that cannot be read. TooSlow: for a list that takes too long.
    """
    if query.cursor is not None and query.cursor.startswith(SIMILAR):
        query = replace(query, cursor=query.cursor.removeprefix(SIMILAR), similar=True)
    page = _Page(Reading(context, entity, query))
    rows = page.rows()
    if page.may_be_mistyped(rows):
        return list_json(context, entity, replace(query, similar=True))
    count = page.count(rows)
    items = rows.column(0, query.limit)
    following = page.next_cursor(rows)
    if query.similar and following is not None:
        following = SIMILAR + following
    end = b',"similar":true}' if query.similar and items else b"}"
    head, tail = (
        b'{"data":[',
        b'],"next":%b,"count":%b%b' % (orjson.dumps(following), orjson.dumps(count), end),
    )
    return head + b",".join(items) + tail


def list_records(context: Context, entity: str, query: Query) -> Page:
    """The same as values. Raises as `list_json`."""
    return Page(**exact_json.loads(list_json(context, entity, query)))


def each_json(context: Context, entity: str, query: Query) -> Iterator[bytes]:
    """Every record of a list as the text of a JSON object, read page by page, so that memory stays small.

    The query's limit is the size of a page. Each page is read as it is then. Raises as `list_json`.
    """
    page: _Page | None = _Page(Reading(context, entity, query))
    while page is not None:
        rows = page.rows()
        yield from rows.column(0, query.limit)
        following = page.next_cursor(rows)
        page = _Page(Reading(context, entity, replace(query, cursor=following))) if following else None


class Reading:
    """One request to read the records of a query: its rights are checked, its words taken apart.

    key: what the text of its statements depends on. values: what comes with the request.
    """

    def __init__(self, context: Context, entity: str, query: Query) -> None:
        self.context = context
        self.entity = entity_named(context.model, entity)
        self.viewer = Viewer(context.model, context.principal.access_key)
        self.query = saved_views.resolved(context, self.entity, query)
        _require_rights(self.viewer, self.entity, query)
        self.words = search.words(query.q)
        self.kept = kept(context.model)
        self.key = self._key()

    @property
    def arguments(self) -> tuple[Viewer, Entity, Query, int]:
        """What builds the statements."""
        return self.viewer, self.entity, self.query, len(self.words)

    def run(self, statement: Statement, **own: Any) -> Texts:
        """The rows of a statement of this request. own: further parameters."""
        values = own | search.patterns(self.words)
        if self.query.related is not None:
            values["fs_related"] = self.query.related[1].id
        if self.query.at is not None:
            values[past.AT] = past.instant_text(self.query.at)
        if self.query.branch is not None:
            values[ROOT] = self.query.branch.of.id
        return statement.run(self.context.database, request_values(self.context, statement, values))

    def _key(self) -> tuple[Hashable, ...]:
        query = self.query
        related = None if query.related is None else (query.related[0], query.related[1].entity)
        branch = None if query.branch is None else (query.branch.field, query.branch.direction)
        asked = (query.where, query.fields, query.order, query.limit, query.count, query.deleted, query.view)
        return (
            self.viewer.access_key,
            self.entity.name,
            asked,
            len(self.words),
            related,
            branch,
            query.top,
            query.at is not None,
            query.similar,
        )


class _Page:
    """One page of a list."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._query = reading.query
        self._keys = reading.kept.get((*reading.key, "keys"), self._count_keys)
        self._cursor = self._decoded()

    def rows(self) -> Texts:
        """The records of the page and one more, if there is one."""
        keys = {parameter_name(number): key for number, key in enumerate(self._cursor or ())}
        try:
            return self._reading.run(self._statement(), **keys)
        except Invalid as error:
            if self._cursor is None or error.code != "out_of_range":
                raise
            raise cursor.bad_cursor("This cursor is damaged. Start again from the first page.") from None

    def may_be_mistyped(self, rows: Texts) -> bool:
        """Whether nothing was found and similar words may be looked for instead."""
        found = len(rows) > 0 and rows.at(0, 0) is not None
        first = self._query.cursor is None and not self._query.similar
        return first and not found and search.may_be_mistyped(self._reading.words)

    def count(self, rows: Texts) -> int | None:
        """How many records the whole list has, as exactly as asked for."""
        if self._query.count == "none":
            return None
        counted = int(rows.at(0, self._keys + 1) or 0)
        if self._query.count == "exact" or counted <= lists.COUNTED_EXACTLY:
            return counted
        key = (*self._reading.key, "estimate")
        estimate = self._reading.kept.get(key, lambda: lists.estimate_statement(*self._reading.arguments))
        plan = orjson.loads(self._reading.run(estimate).at(0, 0) or b"")
        return max(counted, int(plan[0]["Plan"]["Plan Rows"]))

    def next_cursor(self, rows: Texts) -> str | None:
        """The cursor behind the page, or None at the end of the list."""
        if len(rows) <= self._query.limit:
            return None
        last = [rows.at(self._query.limit - 1, column) for column in range(1, self._keys + 1)]
        return cursor.encode([None if key is None else key.decode() for key in last], self._mark())

    def _count_keys(self) -> int:
        return lists.number_of_keys(*self._reading.arguments)

    def _mark(self) -> str:
        query = self._query
        where = query.where.source if isinstance(query.where, Expression) else query.where
        asked = (
            where,
            query.q,
            query.order,
            query.view,
            query.deleted,
            query.related,
            query.branch,
            query.top,
            query.at,
            query.similar,
        )
        return cursor.fingerprint(self._reading.entity.name, *asked)

    def _decoded(self) -> cursor.Keys | None:
        if self._query.cursor is None:
            return None
        return cursor.decode(self._query.cursor, self._mark(), self._keys)

    def _statement(self) -> Statement:
        nulls = None if self._cursor is None else tuple(key is None for key in self._cursor)
        arguments = self._reading.arguments
        key = (*self._reading.key, "page", nulls)
        return self._reading.kept.get(key, lambda: lists.page_statement(*arguments, nulls))


def _require_rights(viewer: Viewer, entity: Entity, query: Query) -> None:
    granted = viewer.access(entity.name)
    if granted.read.constant is False:
        raise Forbidden(
            f"You may not read records of {entity.name}.", details={"reason": "no role of yours may read it"}
        )
    if query.deleted and granted.delete.constant is False:
        reason = "only who may delete records sees deleted ones"
        raise Forbidden(f"You may not see deleted records of {entity.name}.", details={"reason": reason})
