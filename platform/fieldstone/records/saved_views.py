"""Views that users save: records of the core entity `saved_view`, read by name or id wherever a list is.

A saved view only says what to show. Its condition is read with the rights of whoever looks through it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

import orjson

from fieldstone.context import Context
from fieldstone.errors import FieldstoneError, NotFound
from fieldstone.model.model import Entity
from fieldstone.records import lists
from fieldstone.records.batch import Batch, Item
from fieldstone.records.filters import checked
from fieldstone.records.paths import resolve
from fieldstone.records.query import Query, Seen, malformed
from fieldstone.records.request_values import request_values
from fieldstone.records.source import Viewer
from fieldstone.records.statements import kept

ENTITY = "saved_view"
MOST = 500
_FIELDS = (
    "id",
    "version",
    "name",
    "type",
    "where",
    "order",
    "columns",
    "group",
    "shared",
    "remembers",
    "owner",
)


@dataclass(frozen=True)
class SavedView:
    """A view that somebody saved. mine: the caller owns it.

    remembers: it is no view of its own, but the columns that its owner chose for the view of that name.
    """

    id: UUID
    version: int
    name: str
    type: str
    where: str
    order: tuple[str, ...]
    columns: tuple[str, ...]
    group: str | None
    shared: bool
    remembers: str | None
    mine: bool

    @property
    def seen(self) -> Seen:
        """What it says of a list."""
        return Seen(self.name, self.where or None, self.order, self.columns)


def saved_views_of(context: Context, entity: str) -> list[SavedView]:
    """The saved views of an entity that the caller may see, own ones first, then by name."""
    viewer = Viewer(context.model, context.principal.access_key)
    if ENTITY not in context.model.entities or viewer.access(ENTITY).read.constant is False:
        return []
    query = Query(where=f'shows == "{entity}"', fields=_FIELDS, order=("name",), limit=MOST)
    saved = context.model.entities[ENTITY]
    key = (ENTITY, viewer.access_key, entity)
    statement = kept(context.model).get(key, lambda: lists.page_statement(viewer, saved, query, 0, None))
    rows = statement.run(context.database, request_values(context, statement, {}))
    found = [_view(context, orjson.loads(text)) for text in rows.column(0, MOST)]
    return sorted(found, key=lambda view: not view.mine)


def _view(context: Context, record: dict[str, Any]) -> SavedView:
    owner = record.get("owner")
    return SavedView(
        id=UUID(record["id"]),
        version=record["version"],
        name=record["name"] or "",
        type=record["type"] or "list",
        where=record["where"] or "",
        order=names(record["order"]),
        columns=names(record["columns"]),
        group=record["group"],
        shared=bool(record["shared"]),
        remembers=record["remembers"],
        mine=owner is not None and owner["id"] == str(context.principal.user),
    )


def names(text: str | None) -> tuple[str, ...]:
    """The names in a text with commas between them."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def resolved(context: Context, entity: Entity, query: Query) -> Query:
    """The query with what its saved view says, if it names one.

    Raises:
        NotFound: `unknown_view`. Malformed: if the view shows another entity.
    """
    if not isinstance(query.view, str):
        return query
    declared = context.model.views.get(query.view)
    if declared is None:
        return replace(query, view=_named(context, entity.name, query.view).seen)
    if declared.entity != entity.name:
        message = f"The view {declared.name} shows {declared.entity}, not {entity.name}."
        raise malformed("view", "wrong_view", message)
    return query


def _named(context: Context, entity: str, name: str) -> SavedView:
    views = [view for view in saved_views_of(context, entity) if view.remembers is None]
    found = next((view for view in views if name in {str(view.id), view.name}), None)
    if found is None:
        raise NotFound(f"There is no view “{name[:80]}”.", code="unknown_view")
    return found


def check(batch: Batch) -> None:
    """Refuse saved views that the one who saves them could not look through."""
    if batch.entity.name == ENTITY:
        viewer = Viewer(batch.model, batch.context.principal.access_key)
        for item in batch.items:
            _check_one(batch, viewer, item)


def _check_one(batch: Batch, viewer: Viewer, item: Item) -> None:
    shown = batch.model.entities.get(str(item.new.get("shows")))
    if shown is None or viewer.access(shown.name).read.constant is False:
        batch.refuse(item, "shows", "unknown_entity", f"There is no entity “{item.new.get('shows')}”.")
        return
    if item.new.get("where"):
        _refuse_what_fails(batch, item, "where", partial(checked, viewer, shown.name, item.new["where"]))
    for part in ("order", "columns", "group"):
        for name in names(item.new.get(part)):
            path = name.removeprefix("-")
            _refuse_what_fails(batch, item, part, partial(resolve, viewer, shown, path, part))


def _refuse_what_fails(batch: Batch, item: Item, field: str, attempt: Callable[[], object]) -> None:
    try:
        attempt()
    except FieldstoneError as error:
        batch.refuse(item, field, error.code, error.message)
