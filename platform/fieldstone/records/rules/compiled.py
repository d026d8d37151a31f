"""The rules of an entity, ready to run: once per publication."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fieldstone.model.model import Model
from fieldstone.records.rules.transaction import Place
from fieldstone_rules import Environment, Row
from fieldstone_rules.rule_files.collections import compile_order, compile_rows
from fieldstone_rules.rule_files.declarations import Event, For, Moment, Trigger, Validation

_MANY = 1_000_000_000


@dataclass(frozen=True, eq=False)
class TriggerRule:
    """A trigger with its full name. watched: the fields of its record whose change it waits for."""

    name: str
    trigger: Trigger
    watched: tuple[str, ...]

    @property
    def place(self) -> Place:
        """Where it begins."""
        return Place(self.name, self.trigger.line, self.trigger.as_user)

    def waits_for(self, events: Iterable[tuple[Event, str | None]]) -> bool:
        """Whether it waits for one of these events (with the transition's name)."""
        return any(
            occasion.event is event and occasion.transition in (None, transition)
            for occasion in self.trigger.occasions
            for event, transition in events
        )


@dataclass(frozen=True, eq=False)
class ValidationRule:
    """A validation with its full name."""

    name: str
    validation: Validation


@dataclass(frozen=True, eq=False)
class EntityRules:
    """The rules on one entity: triggers by `order`, then name; validations by name.

    late: the validations that read collections, and so see the whole batch after the write.
    """

    before: tuple[TriggerRule, ...]
    after: tuple[TriggerRule, ...]
    early: tuple[ValidationRule, ...]
    late: tuple[ValidationRule, ...]

    @property
    def any_after(self) -> bool:
        """Whether anything happens after the write, what `before` triggers set elsewhere included."""
        return bool(self.before or self.after or self.late)


def rules_of(model: Model, entity: str) -> EntityRules:
    """The rules on an entity."""
    key = (__name__, entity)
    if key not in model.cache:
        model.cache[key] = _collect(model, entity)
    found: EntityRules = model.cache[key]
    return found


def _collect(model: Model, entity: str) -> EntityRules:
    triggers = [
        _trigger(file.name, trigger)
        for file in model.application.rules.values()
        for trigger in file.triggers
        if trigger.entity == entity
    ]
    triggers.sort(key=lambda rule: (_place_in_order(rule.trigger), rule.name))
    validations = sorted(
        (
            ValidationRule(f"{file.name}.{validation.name}", validation)
            for file in model.application.rules.values()
            for validation in file.validations
            if validation.entity == entity
        ),
        key=lambda rule: rule.name,
    )
    return EntityRules(
        tuple(rule for rule in triggers if rule.trigger.moment is Moment.BEFORE),
        tuple(rule for rule in triggers if rule.trigger.moment is Moment.AFTER),
        tuple(rule for rule in validations if not rule.validation.collections),
        tuple(rule for rule in validations if rule.validation.collections),
    )


def _trigger(file: str, trigger: Trigger) -> TriggerRule:
    reads = trigger.when.reads if trigger.when is not None else frozenset()
    watched = sorted(name for entity, name in reads if entity == trigger.entity)
    return TriggerRule(f"{file}.{trigger.name}", trigger, tuple(watched))


def _place_in_order(trigger: Trigger) -> int:
    """Those without an `order` come last."""
    return _MANY if trigger.order is None else trigger.order


def rows_of(model: Model, loop: For) -> Callable[[Environment], list[Row]]:
    """The records that a loop goes through."""
    key = (__name__, loop)
    if key not in model.cache:
        model.cache[key] = compile_rows(loop.collection, loop.expression.source)
    found: Callable[[Environment], list[Row]] = model.cache[key]
    return found


def order_of(model: Model, loop: For) -> Callable[[Environment, list[Row]], list[Row]]:
    """How the records of a loop are brought into its order, where the database has chosen them."""
    key = (__name__, "order", loop)
    if key not in model.cache:
        model.cache[key] = compile_order(loop.collection, loop.expression.source)
    found: Callable[[Environment, list[Row]], list[Row]] = model.cache[key]
    return found
