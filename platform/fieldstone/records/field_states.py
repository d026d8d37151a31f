"""How the fields of a form are to be shown for what has been typed so far, which need not be valid yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fieldstone.context import Context
from fieldstone.model.model import Field
from fieldstone.records import drafting, validation
from fieldstone.records.batch import Batch, Item, find_entity
from fieldstone.records.shape import shape_of


@dataclass(frozen=True)
class FieldState:
    """How a field is shown. readonly: by its own condition, the record's state, or the caller's rights.

    error: what is wrong with what was typed, or None; that it is still empty is no error yet.
    options: those that go with the choice on which the field depends; None where it depends on none.
    """

    visible: bool
    required: bool
    readonly: bool
    error: str | None = None
    options: list[str] | None = None


def field_states(
    context: Context, entity: str, id_: UUID | None, values: Mapping[str, Any]
) -> dict[str, FieldState]:
    """The state of every field that the caller may know, given what a form holds (the API's form) so far.

    id_: the record being edited, None for a new one. A value that cannot be read counts as not typed. Fields
    of what was typed for records inside this one are named by their places (`lines[2].quantity`).
    Raises `NotFound` if there is no such entity or record for the caller.
    """
    found = find_entity(context, entity)
    with context.database.read() as connection:
        batch = drafting.begin(context, connection, found, id_, values)
        drafting.complete(batch)
        errors = {error.error.field: error.error.message for error in batch.refusals.found}
        return {name: state for one in reversed(batch.together) for name, state in _states(one, errors)}


def _states(batch: Batch, errors: Mapping[str | None, str]) -> Iterator[tuple[str, FieldState]]:
    """The place of each field of the records of a batch, and its state."""
    known = [field for field in shape_of(batch.entity).fields if batch.rights.knows_field(field)]
    for item in batch.items:
        for field in known:
            name = f"{item.path}.{field.name}" if item.path else field.name
            yield name, _state(batch, item, field, errors.get(name))


def _state(batch: Batch, item: Item, field: Field, error: str | None) -> FieldState:
    visible = batch.wanted.holds(field.visible, item.new, item.old or None)
    needed = validation.state_fields(batch.entity, item.new, "required")
    required = visible and validation.is_required(field, batch.wanted, item.new, item.old, needed)
    wrong = error or _check(batch, item, field)
    options = validation.possible_options(field, item.new)
    return FieldState(visible, required, _is_locked(batch, item, field), wrong, options)


def _is_locked(batch: Batch, item: Item, field: Field) -> bool:
    """Whether the caller cannot set the field, for whatever reason."""
    if not field.writable or validation.is_readonly(field, batch.stored, item.old):
        return True
    if item.is_new:
        verb = "begin" if item.begins else "create"
        return not batch.rights.may_field(verb, field.name, batch.wanted, item.new)
    locked = validation.state_fields(batch.entity, item.old, "readonly")
    if field.name in locked or not batch.rights.may("update", batch.stored, item.old):
        return True
    return not batch.rights.may_field("update", field.name, batch.stored, item.old)


def _check(batch: Batch, item: Item, field: Field) -> str | None:
    """What the field's check says, once something was typed into it."""
    if item.sent.keys() & {field.name, field.declaration.depends_on}:
        unfit = validation.unfit_option(batch, field, item)
        if unfit is not None:
            return unfit
    return validation.broken_check(batch, field, item) if field.name in item.sent else None
