"""Whether values can be taken: from the API's form to Python values, and what documents demand of them."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from fieldstone.fields.base import UNCHANGED
from fieldstone.fields.references import LINK
from fieldstone.fields.refusal import ValueRefused
from fieldstone.model.model import Entity, Field
from fieldstone.model.system_fields import ASSIGNABLE
from fieldstone.records.batch import Batch, Item
from fieldstone.records.environment import Evaluator
from fieldstone.records.journal import NOTHING, differs
from fieldstone.records.labels import field_label, text_of
from fieldstone.records.rows import Row, Values
from fieldstone.records.shape import shape_of

Sent = Mapping[str, Any]


def read_values(batch: Batch, item: Item, sent: Sent) -> Values:
    """What was sent as Python values; every value that cannot be taken is refused and left out.

    What was sent for records inside this one is put aside, as it came.
    """
    values: Values = {}
    for name, raw in sent.items():
        if name in batch.entity.lines and batch.rights.knows_entity:
            item.nested[name] = raw
            continue
        field = batch.taken.get(name) or _taken(batch, item, name)
        if field is not None:
            _read_value(batch, item, field, raw, values)
    return values


def _taken(batch: Batch, item: Item, name: Any) -> Field | None:
    """The field of this name, if it may be sent; else what was sent is refused."""
    field = batch.entity.field(name) if isinstance(name, str) else None
    if field is None or not batch.rights.knows_field(field):
        batch.refuse(item, str(name)[:80], "unknown_field", unknown_field(batch, str(name)))
        return None
    if not _may_be_sent(batch, field):
        batch.refuse(item, name, "readonly", f"{_label(batch, field)} cannot be set; the platform keeps it.")
        return None
    batch.taken[name] = field
    return field


def unknown_field(batch: Batch, name: str) -> str:
    """What to say about a field that does not exist for the caller, with the most similar one that does."""
    known = [field.name for field in shape_of(batch.entity).fields if batch.rights.knows_field(field)]
    known += batch.entity.lines
    similar = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean “{similar[0]}”?" if similar else "."
    return f"{batch.entity.name} has no field “{name[:80]}”{hint}"


def _may_be_sent(batch: Batch, field: Field) -> bool:
    if field.name in batch.entity.system:
        return field.name in ASSIGNABLE and field.readonly is not True
    return field.type.writable or (batch.imported and field.declaration.type == "sequence")


def _read_value(batch: Batch, item: Item, field: Field, raw: Any, values: Values) -> None:
    try:
        if field.link is not None and field.link.through is not None:
            raw = _without_links(batch, item, field, raw)
        value = field.type.read(raw)
        if value is not UNCHANGED:
            values[field.name] = field.type.sealed(value, batch.context.database.keyring)
    except ValueRefused as refused:
        batch.refuse(item, field.name, refused.code, f"{_label(batch, field)}: {refused.message}")


def _without_links(batch: Batch, item: Item, field: Field, raw: Any) -> Any:
    """A many-to-many value without what was sent about its links, which is put aside as it came: of the
    other record, the place and the values.
    """
    sent = raw if isinstance(raw, list) else []
    about: dict[UUID, tuple[int, Mapping[str, Any]]] = {}
    for place, entry in enumerate(sent):
        if isinstance(entry, Mapping) and LINK in entry:
            values = entry[LINK]
            if not isinstance(values, Mapping):
                path = f"{field.name}[{place}].{LINK}"
                batch.refuse(item, path, "invalid", f"`{LINK}` holds the fields of the link as an object.")
                continue
            for ref in field.type.read([entry]):
                if ref.id in about:
                    message = "The same record is named twice in one call."
                    batch.refuse(item, f"{field.name}[{place}].id", "twice", message)
                about[ref.id] = (place, values)
    item.nested[field.name] = about
    return raw


def drop_unchanged(batch: Batch) -> None:
    """Forget what was sent and is already so: a form that sends everything changes only what differs.

    A value that the caller may not read is kept: the answer would else tell whether it was guessed right.
    """
    for item in batch.items:
        item.sent = {
            name: value
            for name, value in item.sent.items()
            if differs(item.old.get(name), value)
            or not batch.rights.may_field("read", name, batch.stored, item.old)
        }


def check_readonly(batch: Batch) -> None:
    """Refuse what callers may not set: judged on the stored record, as it was when they saw it."""
    never = shape_of(batch.entity).never_sent
    for item in batch.items:
        if item.is_new and never.isdisjoint(item.sent):
            continue
        locked = set() if item.is_new else state_fields(batch.entity, item.old, "readonly")
        for field in sent_fields(batch.entity, item):
            if field.name in locked or is_readonly(field, batch.stored, item.old):
                _refuse_readonly(batch, item, field)


def is_readonly(field: Field, stored: Evaluator, old: Row) -> bool:
    """Whether callers may not set a field; a condition cannot hold for a record that is not there yet."""
    if field.declaration.target is not None and field.declaration.target.owned:
        return bool(old)
    if isinstance(field.readonly, bool):
        return field.readonly
    return bool(old) and stored.holds(field.readonly, old)


def _refuse_readonly(batch: Batch, item: Item, field: Field) -> None:
    if item.is_new and item.sent[field.name] in NOTHING:
        del item.sent[field.name]
    else:
        batch.refuse(item, field.name, "readonly", f"{_label(batch, field)} cannot be changed here.")


def check_visible(batch: Batch) -> None:
    """Refuse values for fields that are hidden in the record as it will be."""
    hiding = shape_of(batch.entity).hiding
    for item in batch.items:
        if hiding.isdisjoint(item.sent):
            continue
        for field in sent_fields(batch.entity, item):
            if not batch.wanted.holds(field.visible, item.new, item.old or None):
                message = f"{_label(batch, field)} does not apply here and cannot be changed."
                batch.refuse(item, field.name, "hidden", message)


def check_required(batch: Batch) -> None:
    """Refuse records in which a required field is empty. A hidden field is not required."""
    for item in batch.items:
        needed = state_fields(batch.entity, item.new, "required")
        for field in _demanding(batch.entity, needed):
            if not is_empty(field, item) or batch.refusals.concern(item.position, field.name):
                continue
            if is_required(field, batch.wanted, item.new, item.old, needed):
                batch.refuse(item, field.name, "required", f"{_label(batch, field)} is required.")


def _demanding(entity: Entity, needed: Collection[str]) -> Iterable[Field]:
    """The fields that may be required of a record in whose state `needed` are."""
    shape = shape_of(entity)
    if not needed:
        return shape.demanding
    return (
        *shape.demanding,
        *(entity.fields[name] for name in needed if entity.fields[name] not in shape.demanding),
    )


def is_empty(field: Field, item: Item) -> bool:
    """Whether a field will hold nothing; many-to-many fields that were not looked at count as filled."""
    return field.name in item.new and item.new[field.name] in NOTHING


def is_required(field: Field, wanted: Evaluator, new: Row, old: Row, needed: Collection[str]) -> bool:
    """Whether a field must have a value; `needed` are those that the record's state asks for."""
    if field.required is False and field.name not in needed:
        return False
    demanded = field.name in needed or wanted.holds(field.required, new, old or None)
    return demanded and wanted.holds(field.visible, new, old or None)


def check_fields(batch: Batch) -> None:
    """Refuse records that break the `check` of a field. What is unknown passes."""
    checked = [field for field in batch.entity.fields.values() if field.check is not None]
    for item in batch.items:
        for field in checked:
            message = broken_check(batch, field, item)
            if message is not None:
                batch.refuse(item, field.name, "check", message)


def broken_check(batch: Batch, field: Field, item: Item) -> str | None:
    """What a field's check has against a record, or None."""
    if field.check is None or batch.refusals.concern(item.position, field.name):
        return None
    if batch.wanted.passes(field.check, item.new, item.old or None):
        return None
    locale = batch.context.principal.locale
    if field.declaration.message is not None:
        return text_of(field.declaration.message, locale)
    return f"{_label(batch, field)}: this must hold: {field.check.expression.source}"


def check_options(batch: Batch) -> None:
    """Refuse options that do not go with the choice that they depend on, where either of the two changed."""
    dependent = [field for field in batch.entity.fields.values() if field.declaration.depends_on]
    for item in batch.items:
        for field in dependent:
            names = (field.name, str(field.declaration.depends_on))
            changed = item.is_new or any(differs(item.old.get(n), item.new.get(n)) for n in names)
            message = unfit_option(batch, field, item) if changed else None
            if message is not None and not batch.refusals.concern(item.position, field.name):
                batch.refuse(item, field.name, "option_not_for", message)


def possible_options(field: Field, record: Row) -> list[str] | None:
    """The options that may be chosen in a record, in order; None where that depends on no other field."""
    depends_on = field.declaration.depends_on
    if depends_on is None:
        return None
    other = record.get(depends_on)
    return [one.value for one in field.declaration.choices if not one.values_for or other in one.values_for]


def unfit_option(batch: Batch, field: Field, item: Item) -> str | None:
    """What is wrong with an option of a field that depends on another one, or None."""
    possible = possible_options(field, item.new)
    value = item.new.get(field.name)
    chosen = value if isinstance(value, tuple) else () if value is None else (value,)
    wrong = [name for name in chosen if possible is not None and name not in possible]
    if not wrong:
        return None
    locale = batch.context.principal.locale
    label = next(text_of(o.label, locale) for o in field.declaration.choices if o.value == wrong[0])
    other = batch.entity.fields[str(field.declaration.depends_on)]
    return f"“{label}” does not go with what {_label(batch, other)} says."


def state_fields(entity: Entity, record: Row, demand: str) -> set[str]:
    """The fields that the record's workflow state makes `required` or `readonly`."""
    if entity.workflow is None:
        return set()
    state = entity.workflow.states.get(record.get(entity.workflow.field) or "")
    return set() if state is None else set(state.required if demand == "required" else state.readonly)


def sent_fields(entity: Entity, item: Item) -> Iterator[Field]:
    """The fields that the caller sent, as they were before the loop over them began."""
    found = [entity.field(name) for name in item.sent]
    return (field for field in found if field is not None)


def _label(batch: Batch, field: Field) -> str:
    return field_label(field, batch.context.principal.locale)
