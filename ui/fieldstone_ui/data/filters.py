"""Filters in parts, and conditions of forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fieldstone.errors import Malformed
from fieldstone.fields.filters import Operator
from fieldstone.model.model import Entity, Field
from fieldstone.records.environment import environment
from fieldstone.records.filters import checked
from fieldstone.records.source import Viewer
from fieldstone_rules import EvaluationError, Expression, compile_closure
from fieldstone_rules.tree import And
from fieldstone_ui.data.reader import context

LONGEST_WHERE = 10_000


def conjuncts(owner: Entity, where: str) -> list[str]:
    """The parts of a filter that all have to hold. Raises Malformed for what is no filter."""
    if not where.strip():
        return []
    if len(where) > LONGEST_WHERE:
        raise Malformed("This filter is too long to be shown in parts.", code="too_long")
    current = context()
    tree = checked(Viewer(current.model, current.principal.access_key), owner.name, where).tree
    items = tree.items if isinstance(tree, And) else (tree,)
    return [where[item.span.start : item.span.end] for item in items]


def filter_part(field: Field, operator: Operator, values: Sequence[Any]) -> str:
    """One part of a filter, from values in the API's form. Raises Malformed for values that do not fit."""
    try:
        literals = [field.type.filter_literal(value, operator) for value in values]
        return operator.expression(field.name, *literals)
    except ValueError as error:
        raise Malformed(str(error), code="bad_value") from error


def holds(owner: Entity, condition: bool | Expression, record: Mapping[str, Any]) -> bool:
    """Whether a condition of a form is true of a record in the API's form; one that cannot be told holds."""
    if isinstance(condition, bool):
        return condition
    current = context()
    evaluate = current.model.cache.setdefault(("form", condition), compile_closure(condition))
    facts = environment(current)
    facts.record = {
        field.name: python_value(field, record.get(field.name)) for field in owner.fields.values()
    }
    try:
        return evaluate(facts) is True
    except (EvaluationError, KeyError):
        return True


def python_value(field: Field, value: Any) -> Any:
    """The Python value of a value in the API's form; None for one that cannot be read."""
    if isinstance(value, dict) and "title" in value:
        value = {"entity": value["entity"], "id": value["id"]}
    try:
        return None if value is None else field.type.read(value)
    except ValueError:
        return None
