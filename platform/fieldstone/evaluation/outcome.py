"""Evaluates an expression in every evaluator, and compares what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from fieldstone.database.database import Database
from fieldstone.errors import FieldError, Invalid
from fieldstone.evaluation.one_record import statement
from fieldstone.evaluation.world import World
from fieldstone.fields.value_forms import as_duration, part_form, value_form
from fieldstone_rules import (
    Environment,
    EvaluationError,
    Expression,
    Kind,
    Ref,
    Scope,
    Type,
    check_expression,
    compile_closure,
    compile_python,
    explain,
    parameters,
)
from fieldstone_rules.lowerable import why_not_lowerable

_LONGEST_STATEMENT = sa.text("SET LOCAL statement_timeout = '10s'")
_READ_ONLY = sa.text("SET TRANSACTION READ ONLY")


@dataclass(frozen=True)
class Traced:
    """A part of an expression, its place, and its value in the API's form."""

    source: str
    line: int
    column: int
    value: Any


@dataclass(frozen=True)
class Outcome:
    """What became of an expression.

    type: of its value. value: in the API's form. disagree: two evaluators gave different values; `values` has
    them by evaluator. trace: each part with its value, in the order of evaluation.
    """

    type: Type
    value: Any
    values: Mapping[str, Any]
    disagree: bool
    trace: tuple[Traced, ...] = ()


@dataclass(frozen=True)
class _Failure:
    """Instead of a value: it has none."""

    error: EvaluationError


def evaluate(
    database: Database, world: World, source: str, record: Mapping[str, Any], *, trace: bool = False
) -> Outcome:
    """The value of an expression about a record in the API's form.

    Raises RuleError where the text is wrong, Invalid where the record is, EvaluationError where there is no
    value, and the database's FieldstoneError.
    """
    expression = check_expression(source, Scope(world.schema, world.entity))
    environment = world.environment(record)
    _require_values(expression, environment)
    values = {name: run(expression, environment) for name, run in _IN_MEMORY.items()}
    if not list(why_not_lowerable(expression.tree)):
        values["sql"] = _in_database(database, world, expression, environment)
    reference = values["closures"]
    disagree = not all(_same(name, reference, value) for name, value in values.items())
    if isinstance(reference, _Failure) and not disagree:
        raise reference.error
    shown = {name: _shown(expression.type, value) for name, value in values.items()}
    steps = _traced(expression, environment) if trace and not isinstance(reference, _Failure) else ()
    return Outcome(expression.type, shown["closures"], shown, disagree, steps)


def _traced(expression: Expression, environment: Environment) -> tuple[Traced, ...]:
    return tuple(
        Traced(step.source, step.line, step.column, part_form(step.value))
        for step in explain(expression, environment)[1]
    )


def _require_values(expression: Expression, environment: Environment) -> None:
    """Refuse a record that lacks what the expression takes for given. Raises Invalid."""
    record, scope = environment.record, expression.scope
    entity = scope.schema.entity(scope.entity) if scope.entity is not None else None
    if record is None or entity is None:
        return
    read = sorted(name for of, name in expression.reads if of == entity.name and name in entity.fields)
    missing = [
        FieldError(name, "required", "It is always there, and the expression reads it.")
        for name in read
        if record.get(name) is None and _never_null(entity.fields[name].type)
    ]
    if missing:
        raise Invalid(f"{missing[0].field}: {missing[0].message}", code="required", errors=missing)


def _never_null(type_: Type) -> bool:
    return not type_.nullable and type_.kind is not Kind.COLLECTION


# ---- evaluators


def _in_closures(expression: Expression, environment: Environment) -> Any:
    return _value_of(compile_closure(expression), environment)


def _in_python(expression: Expression, environment: Environment) -> Any:
    return _value_of(compile_python(expression), environment)


def _value_of(evaluate: Callable[[Environment], Any], environment: Environment) -> Any:
    try:
        return evaluate(environment)
    except EvaluationError as error:
        return _Failure(error)


_IN_MEMORY: Mapping[str, Callable[[Expression, Environment], Any]] = {
    "closures": _in_closures,
    "python": _in_python,
}


def _in_database(database: Database, world: World, expression: Expression, environment: Environment) -> Any:
    """The value by PostgreSQL, in a transaction that can write nothing and is rolled back."""
    query = statement(expression, world.schema, environment.record)
    with database.transaction() as connection:
        connection.execute(_READ_ONLY)
        connection.execute(_LONGEST_STATEMENT)
        value = connection.execute(query, parameters(environment)).scalar_one()
        connection.rollback()
    return value


# ---- comparing and showing


def _same(evaluator: str, reference: Any, value: Any) -> bool:
    """Whether an evaluator says the same as the closures. SQL never fails: it has null there."""
    if isinstance(reference, _Failure):
        return value is None if evaluator == "sql" else isinstance(value, _Failure)
    return not isinstance(value, _Failure) and _comparable(reference) == _comparable(value)


def _comparable(value: Any) -> Any:
    """A value in a form that is the same from every evaluator."""
    if isinstance(value, Ref):
        return value.id
    if isinstance(value, timedelta):
        return as_duration(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, list | tuple):
        return tuple(_comparable(item) for item in value)
    if isinstance(value, bool):
        return value, "boolean"
    return Decimal(value) if isinstance(value, int) else value


def _shown(type_: Type, value: Any) -> Any:
    """A value in the API's form; a failure as its code."""
    return {"error": value.error.code} if isinstance(value, _Failure) else value_form(type_, value)
