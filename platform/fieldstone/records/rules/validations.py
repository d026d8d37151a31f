"""Validations: what must hold of a record, with a message for people where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fieldstone.records.environment import environment
from fieldstone.records.rules.compiled import ValidationRule, evaluate
from fieldstone.records.rules.related import RuleRelated
from fieldstone.records.rules.transaction import Meter, Place, failed
from fieldstone_rules import Environment, EvaluationError, Expression
from fieldstone_rules.types import Ref

if TYPE_CHECKING:
    from fieldstone.records.batch import Batch, Item


def check(batch: Batch, rules: Sequence[ValidationRule]) -> None:
    """Refuse the records for which a check does not hold; a check passes where it is unknown."""
    for rule in rules:
        meter, place = Meter(batch.run), Place(rule.name, rule.validation.line)
        related = RuleRelated(batch, meter, place)
        related.watch(batch.entity.name, (item.new for item in batch.items))
        facts = environment(batch.context, related)
        for item in list(batch.accepted):
            meter.step(place)
            _check_one(batch, rule, facts, item)


def _check_one(batch: Batch, rule: ValidationRule, facts: Environment, item: Item) -> None:
    validation = rule.validation
    facts.record, facts.old = item.new, item.old or None
    when = validation.when
    if when is not None and _value(batch, rule, facts, item, when) is not True:
        return
    for one in validation.checks:
        if not _value(batch, rule, facts, item, one.condition):
            message = _value(batch, rule, facts, item, one.message) or "This cannot be saved."
            batch.refuse(item, one.field, "validation", message)


def _value(batch: Batch, rule: ValidationRule, facts: Environment, item: Item, expression: Expression) -> Any:
    try:
        return evaluate(batch.model, expression)(facts)
    except EvaluationError as error:
        line = error.line or rule.validation.line
        message = f"The validation {rule.name} failed in line {line}: {error.message}"
        failed(Place(rule.name, line), message, Ref(batch.entity.name, item.id), item.position)
