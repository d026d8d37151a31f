"""What a caller may see of the values that conditions read."""

from __future__ import annotations

from fieldstone.access.grants import access
from fieldstone.context import Context
from fieldstone.records.explaining.case import Case
from fieldstone_rules.reading import fields_read, reaches_beyond
from fieldstone_rules.tree import Node


def sees_all_read(context: Context, entity: str, node: Node) -> bool:
    """Whether somebody may read everything that a condition reads, whichever record of `entity` it is about.

    Of the records themselves, as far as they can be read, these fields; of others only what can be read in
    all of them.
    """
    beyond = reaches_beyond(node)
    return all(
        _always(context, name, field, readable=name == entity and not beyond)
        for name, field in fields_read(node)
    )


def _always(context: Context, entity: str, field: str, *, readable: bool) -> bool:
    granted = access(context.model, context.principal, entity)
    return granted.field_read(field).constant is True and (readable or granted.read.constant is True)


class Sight:
    """What the caller may see of what conditions read."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._known: dict[tuple[str, str, bool], bool] = {}

    def shows(self, node: Node) -> bool:
        """Whether the caller may read everything that a part reads."""
        beyond = reaches_beyond(node)
        return all(self._field(entity, name, beyond) for entity, name in fields_read(node))

    def _field(self, entity: str, name: str, beyond: bool) -> bool:
        key = (entity, name, beyond)
        if key not in self._known:
            self._known[key] = self._may_read(entity, name, beyond)
        return self._known[key]

    def _may_read(self, entity: str, name: str, beyond: bool) -> bool:
        """A field of the record by the rights on it; of others only if it can be read in all of them."""
        case = self._case
        own = entity == case.entity.name
        if own and case.seen is not None:
            seen = case.seen
            if not seen.rights.may_field("read", name, seen.stored, seen.items[0].old):
                return False
        return (own and not beyond) or _always(case.context, entity, name, readable=False)
