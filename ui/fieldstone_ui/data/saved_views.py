"""Views that users save."""

from __future__ import annotations

from flask import g

from fieldstone import records
from fieldstone.model.model import Entity
from fieldstone_ui.data.reader import context, may


def saved_views(owner: Entity) -> list[records.SavedView]:
    """The views of an entity that users saved and the reader may see; read once per request."""
    kept: dict[str, list[records.SavedView]] = g.setdefault("saved_views", {})
    if owner.name not in kept:
        kept[owner.name] = records.saved_views_of(context(), owner.name)
    return kept[owner.name]


def saved_view_entity() -> Entity | None:
    """The entity of saved views, if the reader may keep some."""
    found = context().model.entities.get("saved_view")
    return found if found is not None and may("create", found.name) else None
