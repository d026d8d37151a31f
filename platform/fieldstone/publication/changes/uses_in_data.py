"""What uses elements in data: the views that people saved, and who holds roles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from fieldstone.model.model import Model
from fieldstone.publication.changes.names_in_data import ROLE_ASSIGNMENT
from fieldstone.records.saved_views import ENTITY as SAVED_VIEW
from fieldstone.records.saved_views import names
from fieldstone_metadata.uses.elements import ENTITY, FIELD, ROLE, Element
from fieldstone_metadata.uses.expressions import used_by
from fieldstone_rules import Purpose, RuleError, Scope, check_expression

_PATHS = ("columns", "order", "group")


class UsesInData:
    """The uses in the records of a database whose model in force is `old`; read when somebody asks."""

    def __init__(self, connection: sa.Connection, old: Model | None) -> None:
        self._connection = connection
        self._old = old

    def of(self, element: Element | None) -> tuple[str, ...]:
        """What uses an element, each as people read it."""
        if element is None or self._old is None:
            return ()
        if element.kind == ROLE:
            return tuple(self._holders(self._old, element.path[0]))
        return tuple(self._views.get(element, ()))

    def _holders(self, model: Model, role: str) -> Iterator[str]:
        held = model.entities.get(ROLE_ASSIGNMENT)
        if held is not None:
            table = held.table
            having = sa.and_(table.c.role == role, table.c.deleted_at.is_(None))
            count = self._connection.scalar(sa.select(sa.func.count()).select_from(table).where(having))
            if count:
                yield f"{count:,} {'user or team holds' if count == 1 else 'users and teams hold'} it"

    @cached_property
    def _views(self) -> Mapping[Element, list[str]]:
        found: dict[Element, list[str]] = defaultdict(list)
        if self._old is None or SAVED_VIEW not in self._old.entities:
            return found
        table = self._old.entities[SAVED_VIEW].table
        chosen = [table.c[name] for name in ("name", "shows", "where", *_PATHS)]
        live = sa.select(*chosen).where(table.c.deleted_at.is_(None)).order_by(table.c.name, table.c.id)
        for view in self._connection.execute(live).mappings():
            for element, how in dict.fromkeys(_used(self._old, view)):
                found[element].append(f"saved view “{view['name']}” ({how})")
        return found


def _used(model: Model, view: Mapping[Any, Any]) -> Iterator[tuple[Element, str]]:
    """What a view uses, and as what."""
    shown = str(view["shows"])
    if shown not in model.entities:
        return
    yield Element(ENTITY, (shown,)), "shows"
    for part in _PATHS:
        for path in names(view[part]):
            yield from ((element, part) for element in _along(model, shown, path.removeprefix("-")))
    if view["where"]:
        yield from ((element, "where") for element in _in_condition(model, shown, view["where"]))


def _along(model: Model, entity: str, path: str) -> Iterator[Element]:
    """The fields of a path, followed through references to one entity."""
    at = entity
    for name in path.split("."):
        field = model.entities[at].field(name) if at else None
        if field is None:
            return
        yield Element(FIELD, (at, name))
        target = field.declaration.target
        at = target.entities[0] if target is not None and len(target.entities) == 1 else ""


def _in_condition(model: Model, entity: str, source: str) -> Iterator[Element]:
    """What a condition uses; nothing where it is not understood."""
    try:
        expression = check_expression(source, Scope(model.rules_schema, entity, Purpose.FILTER))
    except RuleError:
        return
    yield from (element for element, _ in used_by(expression))
