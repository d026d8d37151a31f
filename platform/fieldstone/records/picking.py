"""What a reference may lead to for a record as it has been typed so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from fieldstone.context import Context
from fieldstone.model.compile import compile_rule
from fieldstone.model.model import Entity, Field, Model, Rule
from fieldstone.records import drafting, rows
from fieldstone.records.batch import Batch, Item, find_entity, refs_in
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.environment import evaluator
from fieldstone.records.lookup import USUAL_NUMBER, Found, lookup
from fieldstone.records.shape import shape_of
from fieldstone_rules import EvaluationError, Expression
from fieldstone_rules.picking import detach
from fieldstone_rules.types import Ref

Conditions = tuple[Expression, Mapping[str, Rule]]
"""A `where` with variables, and variable → its value about the record that picks."""

Wanted = tuple[str, Expression | None, Mapping[str, Any]]
"""An entity that may be picked from, on what condition if there is any, and the values of its variables."""


def pickable(  # noqa: PLR0917  a record is an entity, an id and what was typed
    context: Context,
    entity: str,
    id_: UUID | None,
    values: Mapping[str, Any],
    place: str,
    q: str | None = None,
    limit: int = USUAL_NUMBER,
) -> list[Found]:
    """Records that a limited reference may lead to, given what a form holds (the API's form) so far.

    id_: the record being edited, None for a new one. place: the reference, as `field_states` names it. What
    was typed and the caller may not read counts as empty, so that nothing follows about it. Nothing is found
    for a place that is none. Where the reference may lead to several entities, those of the first come first
    and `limit` is meant for each; what the caller may not read at all is left out.
    Raises `NotFound` if there is no such entity or record for the caller; else as `lookup`.
    """
    found = find_entity(context, entity)
    with context.database.read() as connection:
        batch = drafting.begin(context, connection, found, id_, values)
        _forget_unreadable(batch)
        drafting.complete(batch)
        asked = _asked(batch, place)
        if asked is None:
            return []
        wanted = list(_wanted(*asked))
    hits = (lookup(context, name, q, limit, where, variables) for name, where, variables in wanted)
    return [hit for some in hits for hit in some]


def _wanted(one: Batch, item: Item, field: Field) -> Iterator[Wanted]:
    """What is looked for in each entity that the reference of a record may lead to."""
    target = field.declaration.target
    for name in target.entities if target is not None else ():
        if not CallerRights(one.context, one.model.entities[name]).knows_entity:
            continue
        if target is None or name not in target.limits:
            yield name, None, {}
            continue
        condition, rules = _conditions(one.model, one.entity, field, name)
        yield name, condition, {key: _value(one, item, rule) for key, rule in rules.items()}


def _asked(batch: Batch, place: str) -> tuple[Batch, Item, Field] | None:
    """The record and the limited reference that a place names."""
    path, _, name = place.rpartition(".")
    for one in batch.together:
        field = one.entity.field(name)
        for item in one.items:
            if item.path == path and field is not None and _is_open(one, field):
                return one, item, field
    return None


def _is_open(batch: Batch, field: Field) -> bool:
    """Whether a field is limited, and the caller may know it."""
    target = field.declaration.target
    return target is not None and bool(target.limits) and batch.rights.knows_field(field)


def _conditions(model: Model, entity: Entity, field: Field, target: str) -> Conditions:
    """Made once per publication, so that the statement of a lookup is too."""
    key = (__name__, entity.name, field.name, target)
    if key not in model.cache:
        assert field.declaration.target is not None
        detached = detach(field.declaration.target.limits[target])
        rules = {one.name: compile_rule(one.expression) for one in detached.asked}
        model.cache[key] = (detached.condition, rules)
    found: Conditions = model.cache[key]
    return found


def _value(batch: Batch, item: Item, rule: Rule) -> Any:
    try:
        return batch.wanted.picking(item.new).value(rule, item.new)
    except EvaluationError:
        return None


def _forget_unreadable(batch: Batch) -> None:
    """Empty the typed references to what the caller may not read; one statement for each entity."""
    typed: dict[str, set[UUID]] = defaultdict(set)
    for _, _, ref in _typed(batch):
        typed[ref.entity].add(ref.id)
    readable = {Ref(name, id_) for name, ids in typed.items() for id_ in _readable(batch, name, ids)}
    for item, name, ref in list(_typed(batch)):
        if ref not in readable:
            kept = tuple(one for one in refs_in(item.sent[name]) if one in readable)
            item.sent[name] = kept if isinstance(item.sent[name], tuple) else None


def _typed(batch: Batch) -> Iterator[tuple[Item, str, Ref]]:
    for one in batch.together:
        names = [field.name for field in shape_of(one.entity).referring]
        for item in one.items:
            for name in names:
                yield from ((item, name, ref) for ref in refs_in(item.sent.get(name)))


def _readable(batch: Batch, name: str, ids: set[UUID]) -> Iterator[UUID]:
    entity = batch.model.entities.get(name)
    if entity is None:
        return
    found = rows.load(batch.connection, batch.model, entity, ids)
    rights = CallerRights(batch.context, entity)
    judge = evaluator(batch.context, batch.connection, found.values())
    for id_, record in found.items():
        if record["deleted_at"] is None and rights.may("read", judge, record):
            yield id_
