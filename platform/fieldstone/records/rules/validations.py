"""Validations: what must hold of a record, with a message for people where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fieldstone.records.environment import environment
from fieldstone.records.rules.answers import Answers, Case
from fieldstone.records.rules.compiled import ValidationRule
from fieldstone.records.rules.related import RuleRelated
from fieldstone.records.rules.telling import Telling
from fieldstone.records.rules.transaction import Meter, Place, failed
from fieldstone_rules import EvaluationError, Expression
from fieldstone_rules.types import Ref

if TYPE_CHECKING:
    from fieldstone.records.batch import Batch, Item


def check(batch: Batch, rules: Sequence[ValidationRule]) -> None:
    """Refuse the records for which a check does not hold; a check passes where it is unknown."""
    for rule in rules:
        _Checking(batch, rule).run()


class _Checking:
    """One validation at work on the records of a save."""

    def __init__(self, batch: Batch, rule: ValidationRule) -> None:
        self._batch = batch
        self._rule = rule
        self._meter, self._place = Meter(batch.run), Place(rule.name, rule.validation.line)
        related = RuleRelated(batch, self._meter, self._place)
        related.watch(batch.entity.name, (item.new for item in batch.items))
        self._facts = environment(batch.context, related)
        self._telling = Telling(batch, rule.validation)
        self._items = list(batch.accepted)
        self._answers = Answers(batch.model, batch.connection, self._facts, self._asked)

    def run(self) -> None:
        """Check all records."""
        for item in self._items:
            self._meter.step(self._place)
            self._check_one(item)

    def _check_one(self, item: Item) -> None:
        validation = self._rule.validation
        if validation.when is not None and self._value(item, validation.when) is not True:
            return
        for one in validation.checks:
            if not self._value(item, one.condition):
                message = self._value(item, self._telling.told(item, one.message))
                self._batch.refuse(item, one.field, "validation", message or "This cannot be saved.")

    def _value(self, item: Item, expression: Expression) -> Any:
        try:
            return self._answers.value(expression, item, _case(item), self._cases, self._unwritten)
        except EvaluationError as error:
            line = error.line or self._place.line
            message = f"The validation {self._rule.name} failed in line {line}: {error.message}"
            record = Ref(self._batch.entity.name, item.id)
            failed(Place(self._rule.name, line), message, record, item.position)

    def _cases(self) -> dict[Item, Case]:
        return {item: _case(item) for item in self._items}

    def _unwritten(self) -> set[str]:
        """The entities of which records are changed in memory only."""
        return {ref.entity for ref in self._batch.run.pending}

    def _asked(self, cases: int) -> None:
        self._batch.run.query(self._place)
        self._meter.step(self._place, cases)


def _case(item: Item) -> Case:
    return Case(item.new, item.old or None, {})
