"""The views of an entity, each with a tab: those that apps declare, and those that users save."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fieldstone.errors import NotFound
from fieldstone.model.model import Entity
from fieldstone.records import SavedView
from fieldstone_metadata.declarations import View
from fieldstone_ui import data
from fieldstone_ui.presentation.labels import text

EVERYTHING = "all"
"""What the list without a view is called where the reader's columns for it are remembered."""


@dataclass(frozen=True)
class ListView:
    """A view as pages use it. key: its name in an address. where: its filter, empty for none.

    group: the field of a board's columns, or the one that makes a tree.
    saved: the record behind it, if a user saved it. gone: what it names and is not there for the reader.
    """

    key: str
    entity: str
    label: str
    type: str = "list"
    where: str = ""
    columns: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    group: str | None = None
    sum: tuple[str, ...] = ()
    saved: SavedView | None = None
    gone: tuple[str, ...] = ()

    @property
    def mine(self) -> bool:
        """Whether the reader saved it, and may change it."""
        return self.saved is not None and self.saved.mine


def of_entity(entity: Entity) -> Sequence[ListView]:
    """The views of an entity in the order of their tabs: the reader's own, the app's, what others share."""
    declared = data.context().model.views.values()
    saved = [kept(entity, view) for view in data.saved_views(entity) if view.remembers is None]
    return [
        *(view for view in saved if view.mine),
        *(published(view) for view in declared if view.entity == entity.name),
        *(view for view in saved if not view.mine),
    ]


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
        group=view.group or view.tree,
        sum=view.sum,
    )


def kept(entity: Entity, view: SavedView) -> ListView:
    """A view that somebody saved, without what is not there any more or not for this reader."""
    named = [*view.columns, *view.order, *([view.group] if view.group else [])]
    return ListView(
        key=str(view.id),
        entity=entity.name,
        label=view.name,
        type=view.type,
        where=view.where,
        columns=there(entity, view.columns),
        order=there(entity, view.order),
        group=view.group,
        saved=view,
        gone=tuple(dict.fromkeys(name for name in named if not is_there(entity, name))),
    )


def there(entity: Entity, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that are fields which the reader may see."""
    return tuple(name for name in names if is_there(entity, name))


def is_there(entity: Entity, name: str) -> bool:
    """Whether there is such a field (a minus before it aside) for the reader."""
    plain = name.removeprefix("-")
    return entity.field(plain) is not None and data.may_read_field(entity, plain)


def remembered(entity: Entity, key: str | None) -> SavedView | None:
    """The columns that the reader chose for a view; None if they are the view's own."""
    wanted = key or EVERYTHING
    own = (view for view in data.saved_views(entity) if view.mine)
    return next((view for view in own if view.remembers == wanted), None)


def named(entity: Entity, key: str | None) -> ListView | None:
    """The view with this name; None if none is asked for. Raises NotFound if it is not one of this entity."""
    if not key:
        return None
    found = next((view for view in of_entity(entity) if view.key == key), None)
    if found is None:
        raise NotFound("There is no such view. It may have been deleted.", code="unknown_view")
    return found
