"""What links say besides whom they lead to, and where that is edited."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.pages.addresses import of_entity
from fieldstone_ui.presentation.controls import LinkFields
from fieldstone_ui.presentation.labels import text

MOST_NAMED = 3


def link_fields(owner: Entity, name: str, identity: UUID | None) -> LinkFields | None:
    """What the links of a field say, and the list in which they stand; None where they say nothing, or where
    they are rows of the form itself. identity: the record; None for a new one, which has no links yet.
    """
    field = owner.fields.get(name)
    link = field.link if field is not None else None
    if link is None or link.through is None or link.inside:
        return None
    if link.through.entity not in data.readable_entities():
        return None
    target = data.context().model.entities[link.through.entity]
    labels = list(_said(target, {link.source.name, link.target.name}))
    if not labels:
        return None
    where = f'{link.source.name}.id == "{identity}"'
    return LinkFields(
        labels=labels[:MOST_NAMED],
        plural=text(target.plural, data.locale(), target.name),
        url=of_entity("listing", target, where=where) if identity is not None else "",
    )


def _said(target: Entity, sides: set[str]) -> Iterator[str]:
    """The labels of the fields of a link that are no side of it."""
    for name, field in target.fields.items():
        if name not in sides and field.writable and data.may_read_field(target, name):
            yield data.look(target, name).label
