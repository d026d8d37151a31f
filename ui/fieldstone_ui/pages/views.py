"""The views of an entity: ways to look at its records, each with a tab."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fieldstone.errors import NotFound
from fieldstone.model.model import Entity
from fieldstone_metadata.declarations import View
from fieldstone_ui import data
from fieldstone_ui.presentation.labels import text


@dataclass(frozen=True)
class ListView:
    """A view as pages use it. key: its name in an address. where: its filter, empty for none."""

    key: str
    entity: str
    label: str
    type: str = "list"
    where: str = ""
    columns: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    group: str | None = None
    sum: tuple[str, ...] = ()


def of_entity(entity: Entity) -> Sequence[ListView]:
    """The views of an entity in the order of their tabs."""
    declared = data.context().model.views.values()
    return [published(view) for view in declared if view.entity == entity.name]


def published(view: View) -> ListView:
    """A view that documents declare."""
    return ListView(
        key=view.name,
        entity=view.entity,
        label=text(view.label, data.locale(), view.name),
        type=view.type,
        where=view.where.source if view.where is not None else "",
        columns=view.columns,
        order=view.order,
        group=view.group,
        sum=view.sum,
    )


def named(entity: Entity, key: str | None) -> ListView | None:
    """The view with this name; None if none is asked for. Raises NotFound if it is not one of this entity."""
    if not key:
        return None
    found = next((view for view in of_entity(entity) if view.key == key), None)
    if found is None:
        raise NotFound("There is no such view.", code="unknown_view")
    return found
