"""Evaluates an expression in every evaluator, and compares what they say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from fieldstone.database.database import Database
from fieldstone.errors import FieldError, FieldstoneError, Invalid
from fieldstone.evaluation.one_record import OF_THE_REQUEST, Query, query
from fieldstone.evaluation.world import World
from fieldstone.fields.intervals import read_duration
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
from fieldstone_rules.schema import Schema

Evaluator = Callable[[Environment], Any]

_LONGEST_STATEMENT = sa.text("SET LOCAL statement_timeout = '10s'")
_OWN_PARAMETER = re.compile(rf"%\((?!{OF_THE_REQUEST})(\w+)\)s")
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


@dataclass(frozen=True)
class Prepared:
    """An expression that has been evaluated in memory. query: what asks the database, if it can be asked."""

    expression: Expression
    environment: Environment
    values: Mapping[str, Any]
    query: Query | None


@dataclass(frozen=True)
class _Compiled:
    """An expression in all its forms. query: what asks the database, if it has a SQL form."""

    expression: Expression
    evaluators: Mapping[str, Evaluator]
    query: Query | None


def evaluate(
    database: Database, world: World, source: str, record: Mapping[str, Any], *, trace: bool = False
) -> Outcome:
    """The value of an expression about a record in the API's form.

    Raises RuleError where the text is wrong, Invalid where the record is, EvaluationError where there is no
    value, and the database's FieldstoneError.
    """
    prepared = prepare(world, source, record, datetime.now(UTC))
    asked = [] if prepared.query is None else in_database(database, [prepared])
    if asked and isinstance(asked[0], FieldstoneError):
        raise asked[0]
    return outcome_of(prepared, *asked, trace=trace)


def prepare(world: World, source: str, record: Mapping[str, Any], now: datetime) -> Prepared:
    """Evaluate an expression in memory. Raises RuleError and Invalid, as `evaluate` does."""
    compiled = _compiled(world, source)
    environment = world.environment(record, now)
    _require_values(compiled.expression, world.schema, environment)
    values = {name: _value_of(run, environment) for name, run in compiled.evaluators.items()}
    return Prepared(compiled.expression, environment, values, compiled.query)


@lru_cache(maxsize=4096)
def _compiled(world: World, source: str) -> _Compiled:
    """Lines often ask the same of many records."""
    expression = check_expression(source, Scope(world.schema, world.entity))
    evaluators = {name: compile_(expression) for name, compile_ in _IN_MEMORY.items()}
    lowerable = not any(why_not_lowerable(expression.tree))
    return _Compiled(expression, evaluators, query(expression, world.schema) if lowerable else None)


def outcome_of(prepared: Prepared, *in_sql: Any, trace: bool = False) -> Outcome:
    """What became of an expression. in_sql: its value in the database, if that was asked.

    Raises EvaluationError where there is no value.
    """
    values = {**prepared.values, **({"sql": in_sql[0]} if in_sql else {})}
    expression, reference = prepared.expression, values["closures"]
    disagree = not all(_same(name, reference, value) for name, value in values.items())
    if isinstance(reference, _Failure) and not disagree:
        raise reference.error
    shown = {name: _shown(expression.type, value) for name, value in values.items()}
    traced = trace and not isinstance(reference, _Failure)
    steps = _traced(expression, prepared.environment) if traced else ()
    return Outcome(expression.type, shown["closures"], shown, disagree, steps)


def _traced(expression: Expression, environment: Environment) -> tuple[Traced, ...]:
    return tuple(
        Traced(step.source, step.line, step.column, part_form(step.value))
        for step in explain(expression, environment)[1]
    )


def _require_values(expression: Expression, schema: Schema, environment: Environment) -> None:
    """Refuse a record that lacks what the expression takes for given. Raises Invalid."""
    record, standing = environment.record, expression.scope.entity
    entity = schema.entity(standing) if standing is not None else None
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


def _value_of(evaluate: Evaluator, environment: Environment) -> Any:
    try:
        return evaluate(environment)
    except EvaluationError as error:
        return _Failure(error)


def _in_closures(expression: Expression) -> Evaluator:
    return compile_closure(expression)


def _in_python(expression: Expression) -> Evaluator:
    return compile_python(expression)


_IN_MEMORY: Mapping[str, Callable[[Expression], Evaluator]] = {
    "closures": _in_closures,
    "python": _in_python,
}


def in_database(database: Database, asked: Sequence[Prepared]) -> list[Any]:
    """The value of each expression by PostgreSQL, or the FieldstoneError that came instead.

    They are asked with one statement; should that fail, each is asked alone, so that one keeps no other from
    its value. All were prepared at the same moment in worlds of the same organisation.
    """
    if len(asked) > 1:
        try:
            return _asked_at_once(database, asked)
        except FieldstoneError:
            return [found for one in asked for found in in_database(database, [one])]
    try:
        return _asked_at_once(database, asked)
    except FieldstoneError as error:
        return [error]


def _asked_at_once(database: Database, asked: Sequence[Prepared]) -> list[Any]:
    """The values, in a transaction that can write nothing and of which nothing stays."""
    columns, values = [], dict(parameters(asked[0].environment))
    for place, one in enumerate(asked):
        if one.query is not None:
            columns.append(f"({_numbered(one.query.sql, place)})")
            own = one.query.parameters(one.environment.record)
            values |= {f"{name}_{place}": value for name, value in own.items()}
    with database.discarded() as connection:
        connection.execute(_READ_ONLY)
        connection.execute(_LONGEST_STATEMENT)
        found = connection.exec_driver_sql(f"SELECT {', '.join(columns)}", values).one()
    return [_read(one.expression.type, value) for one, value in zip(asked, found, strict=True)]


def _read(type_: Type, value: Any) -> Any:
    """A value as the database gives it."""
    is_duration = type_.kind is Kind.DURATION and value is not None
    return read_duration(value) if is_duration else value


def _numbered(sql: str, place: int) -> str:
    """A statement whose parameters are called after its place; those of the request are shared."""
    return _OWN_PARAMETER.sub(rf"%(\1_{place})s", sql)


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
