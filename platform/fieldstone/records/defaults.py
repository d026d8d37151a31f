"""What a new record gets where the caller said nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.fields.refusal import ValueRefused
from fieldstone.model.model import Entity, Field, Model, Rule
from fieldstone.model.organisation import organisation_currency
from fieldstone.records import money
from fieldstone.records.batch import Batch, Item
from fieldstone.records.labels import field_label
from fieldstone.records.rows import Values
from fieldstone.records.shape import shape_of
from fieldstone_rules import EvaluationError
from fieldstone_rules.schema import BASE_SUFFIX
from fieldstone_rules.types import Ref

CURRENCY = "currency"


def fill(batch: Batch) -> None:
    """Complete the new records of a batch: system fields first, then each default after those it reads."""
    start = _start(batch)
    for item in batch.items:
        item.new = start | {"id": item.id} | item.sent
        if item.new.get(CURRENCY, "") is None:
            item.new[CURRENCY] = start[CURRENCY]
    for field in _ordered(batch.model, batch.entity):
        if _reads_amounts(field.default):
            money.settle_amounts(batch)
        for item in batch.items:
            if field.name not in item.sent:
                set_default(batch, item, field)
    _fill_teams(batch)


def _start(batch: Batch) -> Values:
    """A record with what the platform knows, and nothing elsewhere."""
    now = batch.context.now
    known: Mapping[str, Any] = {
        "version": 1,
        "created_at": now,
        "created_by": batch.actor,
        "updated_at": now,
        "updated_by": batch.actor,
        "owner": batch.actor,
        CURRENCY: organisation_currency(batch.model),
    }
    shape, workflow = shape_of(batch.entity), batch.entity.workflow
    start = {name: known.get(name, nothing) for name, nothing in shape.empty.items()}
    start |= dict.fromkeys(shape.base_keys)
    return start | ({workflow.field: workflow.initial} if workflow else {})


def set_default(batch: Batch, item: Item, field: Field) -> None:
    """Give a record the default of one field; what cannot be used is among the refusals of the batch."""
    rule = field.default
    try:
        if rule is None:
            item.new[field.name] = _constant(batch.model, batch.entity, field)
        else:
            item.new[field.name] = field.type.read(batch.wanted.value(rule, item.new))
    except (EvaluationError, ValueRefused) as error:
        message = f"{field_label(field, batch.context.principal.locale)}: the default cannot be used: {error}"
        batch.refuse(item, field.name, "bad_default", message)


def _constant(model: Model, entity: Entity, field: Field) -> Any:
    """A default that is written as a value. The Python form is kept for all later records."""
    key = (__name__, "constant", entity.name, field.name)
    if key not in model.cache:
        declared = field.declaration.default
        model.cache[key] = field.type.read(declared.value if declared else None)
    return model.cache[key]


def _ordered(model: Model, entity: Entity) -> list[Field]:
    """The fields with a default, each behind those that its default reads."""
    key = (__name__, "order", entity.name)
    if key not in model.cache:
        waiting = {name: field for name, field in entity.fields.items() if _has_default(entity, field)}
        ordered: list[Field] = []
        while waiting:
            ready = next((f for f in waiting.values() if not _reads(f.default, entity, waiting)), None)
            chosen = ready or next(iter(waiting.values()))
            ordered.append(waiting.pop(chosen.name))
        model.cache[key] = ordered
    found: list[Field] = model.cache[key]
    return found


def _has_default(entity: Entity, field: Field) -> bool:
    under_workflow = entity.workflow is not None and field.name == entity.workflow.field
    return field.declaration.default is not None and not under_workflow and field.type.writable


def _reads(rule: Rule | None, entity: Entity, names: Mapping[str, Field]) -> bool:
    return rule is not None and any((entity.name, name) in rule.expression.reads for name in names)


def _reads_amounts(rule: Rule | None) -> bool:
    """Whether a default asks for an amount in the organisation's currency."""
    return rule is not None and any(name.endswith(BASE_SUFFIX) for _, name in rule.expression.reads)


def _fill_teams(batch: Batch) -> None:
    """The team is the first one of the owner."""
    if "team" not in batch.entity.system:
        return
    open_items = [item for item in batch.items if "team" not in item.sent and item.new["owner"] is not None]
    teams = _first_teams(batch, {item.new["owner"].id for item in open_items})
    for item in open_items:
        team = teams.get(item.new["owner"].id)
        item.new["team"] = None if team is None else Ref("team", team)


def _first_teams(batch: Batch, owners: set[UUID]) -> dict[UUID, UUID]:
    """User → the first of the user's teams. The acting user's is known without asking."""
    principal = batch.context.principal
    known = {principal.user: principal.teams[0]} if principal.teams else {}
    others = owners - {principal.user}
    return known | (_ask_first_teams(batch, others) if others else {})


def _ask_first_teams(batch: Batch, users: set[UUID]) -> dict[UUID, UUID]:
    entity = batch.model.entities.get("user")
    field = entity.fields.get("teams") if entity else None
    if field is None or field.link is None:
        return {}
    pairs = field.link.pairs()
    statement = (
        sa.select(pairs.source, sa.cast(sa.func.min(sa.cast(pairs.target, sa.Text)), sa.Uuid))
        .where(pairs.source.in_(sorted(users)), *pairs.conditions)
        .group_by(pairs.source)
    )
    return {row[0]: row[1] for row in batch.connection.execute(statement)}
