"""Differential tests: on random expressions and hostile records, all evaluators agree."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fieldstone_rules import (
    EvaluationError,
    Expression,
    Purpose,
    RuleError,
    SqlScope,
    compile_closure,
    compile_python,
    lower,
    parameters,
)
from fieldstone_rules.closures import Closure

from .evaluators import Bench, comparable
from .expressions import expressions, world_records
from .world import TABLES, Memory, WorldTables

EXAMPLES = int(os.environ.get("FIELDSTONE_RULES_EXAMPLES", "500"))
KINDS = ("boolean", "integer", "decimal", "text", "date", "datetime", "duration", "reference")
SETTINGS = settings(
    max_examples=EXAMPLES // 2, deadline=None, derandomize=EXAMPLES <= 500, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
POOL = expressions(3)
REFUSALS = frozenset({"too_complex", "not_lowerable", "unknown_option"})


@pytest.fixture(scope="module")
def world(engine: sa.Engine) -> Iterator[Bench]:
    with engine.connect() as connection:
        bench = Bench(connection)
        bench.load_rows(*world_records())
        yield bench
        connection.rollback()


def _rows(world: Bench) -> list[dict[str, Any]]:
    memory = world.environment.related
    assert isinstance(memory, Memory)
    return [dict(row) for row in memory.records["opportunity"].values()]


def _checked(world: Bench, source: str, purpose: Purpose) -> Expression | None:
    """The expression, or None where the random text asks for what the language refuses."""
    try:
        return world.check(source, purpose)
    except RuleError as refused:
        codes = {problem.code for problem in refused.problems}
    pytest.fail(f"{source}: {codes}") if codes - REFUSALS else None
    return None


def _in_database(world: Bench, expression: Expression) -> dict[Any, Any]:
    table = TABLES["opportunity"]
    scope = SqlScope(WorldTables(), "opportunity", table)
    column = lower(expression, scope)
    statement = sa.select(table.c.id, column.label("value")).select_from(scope.apply(table))
    rows = world.connection.execute(statement, parameters(world.environment))
    return {row.id: comparable(row.value) for row in rows}


def _in_memory(world: Bench, evaluate: Closure) -> dict[Any, Any]:
    """The value for each record; instead of one that it does not have, the place of the error."""
    values = {}
    for row in _rows(world):
        try:
            values[row["id"]] = comparable(evaluate(replace(world.environment, record=row, rows={})))
        except EvaluationError as error:
            values[row["id"]] = (error.code, error.line, error.column)
    return values


@SETTINGS
@given(source=st.sampled_from(KINDS).flatmap(lambda kind: POOL[kind]))
def test_values_agree(world: Bench, source: str) -> None:
    expression = _checked(world, source, Purpose.FORMULA)
    assume(expression is not None)
    in_memory = _in_memory(world, compile_closure(expression))
    assert in_memory == _in_memory(world, compile_python(expression)), source
    assert in_memory == _in_database(world, expression), source


@SETTINGS
@given(source=st.sampled_from(KINDS).flatmap(lambda kind: POOL[kind]))
def test_generated_code_fails_where_closures_fail(world: Bench, source: str) -> None:
    expression = _checked(world, source, Purpose.VALUE)
    assume(expression is not None)
    by_closures = _in_memory(world, compile_closure(expression))
    assert _in_memory(world, compile_python(expression)) == by_closures, source


@SETTINGS
@given(source=POOL["boolean"])
def test_filters_and_denials_agree(world: Bench, source: str) -> None:
    for purpose in (Purpose.FILTER, Purpose.DENY):
        for written in (source, f"not {source}"):
            expression = _checked(world, written, purpose)
            assume(expression is not None)
            in_memory = world.closure_ids(expression)
            assert in_memory == world.python_ids(expression), written
            assert in_memory == world.sql_ids(expression), written


def test_the_random_conditions_tell_records_apart(world: Bench) -> None:
    """Agreement on nothing, or on everything, would prove nothing."""
    telling = []

    @settings(
        max_examples=100,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(source=POOL["boolean"])
    def collect(source: str) -> None:
        expression = _checked(world, source, Purpose.FILTER)
        found = world.closure_ids(expression) if expression is not None else set()
        telling.append(0 < len(found) < len(_rows(world)))

    collect()
    assert sum(telling) > len(telling) // 4
