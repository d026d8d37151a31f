"""What rules write: saves within the save, in the name of the acting user, with the rights of their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from fieldstone.errors import Conflict, Forbidden, NotFound
from fieldstone.model.model import Entity
from fieldstone.records import defaults, rows, validation
from fieldstone.records.batch import Batch, Item
from fieldstone.records.ids import new_ids
from fieldstone.records.rows import Lock, Row, Values
from fieldstone.records.rules.acting import rule_context
from fieldstone.records.rules.transaction import Place, failed
from fieldstone_rules.types import Ref


def of_the_system(place: Place) -> Place:
    """The same place with the rights of the system."""
    return replace(place, as_user=False)


def create(batch: Batch, place: Place, entity: Entity, values: Sequence[Values]) -> list[Ref]:
    """Create records; a value that is not given takes its default."""
    inner = _inner(batch, place, entity, new_ids(len(values)))
    for item, given in zip(inner.items, values, strict=True):
        item.sent = dict(given)
    refs = [Ref(entity.name, item.id) for item in inner.items]
    if place.as_user:
        inner.rights.require_create()
        validation.check_readonly(inner)
    defaults.fill(inner)
    if not place.as_user:
        _forget_sent(inner)
    _save(inner)
    return refs


def update(batch: Batch, place: Place, changes: Mapping[Ref, Values]) -> None:
    """Change records, those of one entity together."""
    for name in dict.fromkeys(ref.entity for ref in changes):
        chosen = {ref.id: values for ref, values in changes.items() if ref.entity == name}
        inner = _inner(batch, place, batch.model.entities[name], sorted(chosen))
        _load(inner, place)
        for item in inner.items:
            item.new = {**item.old, **chosen[item.id]}
        if place.as_user:
            _check_caller(inner, chosen)
        items = list(inner.items)
        _save(inner)
        _tell_outer(batch, inner, items)


def _check_caller(inner: Batch, chosen: Mapping[UUID, Values]) -> None:
    """Treat what a rule changes like what the acting user sends: it is judged as stored and as wanted."""
    for item in inner.items:
        item.sent = dict(chosen[item.id])
    validation.drop_unchanged(inner)
    inner.items = [item for item in inner.items if item.sent]
    inner.rights.check_stored(inner)
    validation.check_readonly(inner)
    inner.refusals.raise_if_any()


def transition(batch: Batch, place: Place, refs: Sequence[Ref], name: str) -> None:
    """Take a transition of records of one entity. Raises Conflict where their state does not allow it."""
    entity = batch.model.entities[refs[0].entity]
    workflow = entity.workflow
    assert workflow is not None
    chosen = workflow.transitions[name]
    inner = _inner(batch, place, entity, [ref.id for ref in refs])
    _load(inner, place)
    for item in inner.items:
        if item.old[workflow.field] not in chosen.declaration.sources:
            raise Conflict(f"The transition {name} is not possible from {item.old[workflow.field]}.")
        if place.as_user and not inner.rights.may_take(chosen, inner.stored, item.old):
            raise Forbidden(f"You may not take the transition {name}.")
        item.sent = {workflow.field: chosen.declaration.target} if place.as_user else {}
        item.transition = chosen
        item.new = {**item.old, workflow.field: chosen.declaration.target}
    items = list(inner.items)
    _save(inner, may_wait=place.as_user)
    _tell_outer(batch, inner, items)


def share(batch: Batch, place: Place, given: Row) -> None:
    """Share a record. given: by the names of the parameters of the action."""
    from fieldstone.records import sharing  # noqa: PLC0415  sharing saves, and saving runs rules

    ref = given["record"]
    inner = _inner(batch, place, batch.model.entities[ref.entity], [ref.id])
    _load(inner, place)
    verb = "update" if given.get("update") else "read"
    sharing.store(inner, sharing.Sharing(given["with"], None, verb, given.get("until")))


def delete(batch: Batch, place: Place, refs: Sequence[Ref]) -> None:
    """Move records of one entity to the recycle bin, with what goes with them."""
    from fieldstone.records.delete import remove  # noqa: PLC0415  deleting runs rules itself

    inner = _inner(batch, place, batch.model.entities[refs[0].entity], [ref.id for ref in refs])
    _load(inner, place, Lock.REMOVED)
    if place.as_user:
        inner.rights.check_delete(inner)
    remove(inner)


def _inner(batch: Batch, place: Place, entity: Entity, ids: Sequence[UUID]) -> Batch:
    batch.run.touch(place, len(ids))
    batch.run.query(place)
    items = [Item(position, id_) for position, id_ in enumerate(ids)]
    inner = type(batch)(rule_context(batch.context, place), batch.connection, entity, items)
    inner.run = batch.run
    return inner


def _save(inner: Batch, *, may_wait: bool = False) -> None:
    """Take a batch through a save of its own: new records if nothing is stored of them, else changes.

    may_wait: its transitions are the acting user's, and refused where they need an approval.
    """
    from fieldstone.records import saving  # noqa: PLC0415  saving runs rules itself
    from fieldstone.records.approvals.needing import refuse_unapproved  # noqa: PLC0415  likewise

    write = saving.insert if inner.items[0].is_new else saving.change
    saving.judge(inner)
    if may_wait:
        refuse_unapproved(inner)
    write(inner)


def _load(inner: Batch, place: Place, lock: Lock = Lock.CHANGED) -> None:
    """Load and lock the records that a rule changes; one that is gone stops the rule."""
    ids = [item.id for item in inner.items]
    found = rows.load(inner.connection, inner.model, inner.entity, ids, lock)
    for item in inner.items:
        item.old = found.get(item.id, {})
        if not item.old or item.old["deleted_at"] is not None:
            record = Ref(inner.entity.name, item.id)
            message = f"The rule {place.rule} wants to change a record that is deleted."
            failed(place, message, record)
        if place.as_user and not inner.rights.may("read", inner.stored, item.old):
            raise NotFound("There is no such record, or you may not see it.")


def _forget_sent(inner: Batch) -> None:
    """Nobody sent these values, so nothing that binds callers binds them."""
    for item in inner.items:
        item.sent = {}


def _tell_outer(batch: Batch, inner: Batch, items: Sequence[Item]) -> None:
    """Have saves that are under way see what became of their records."""
    for item in items:
        outer = batch.run.open.get(Ref(inner.entity.name, item.id))
        if outer is not None and outer is not item:
            outer.new.update(item.new)
