"""Differential tests: on random expressions and hostile records, memory and PostgreSQL agree."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldstone_rules import Expression, Purpose, RuleError, SqlScope, lower, parameters

from .evaluators import ERROR, Bench, comparable
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


def _in_memory(world: Bench, expression: Expression) -> dict[Any, Any]:
    values = {}
    for row in _rows(world):
        here = Bench(world.connection)
        here.environment = replace(world.environment, record=row, rows={})
        value = here.closure(expression)
        values[row["id"]] = None if value == ERROR else value
    return values


@SETTINGS
@given(source=st.sampled_from(KINDS).flatmap(lambda kind: POOL[kind]))
def test_values_agree(world: Bench, source: str) -> None:
    expression = _checked(world, source, Purpose.FORMULA)
    assert expression is None or _in_memory(world, expression) == _in_database(world, expression)


@SETTINGS
@given(source=POOL["boolean"])
def test_filters_and_denials_agree(world: Bench, source: str) -> None:
    for purpose in (Purpose.FILTER, Purpose.DENY):
        for written in (source, f"not {source}"):
            expression = _checked(world, written, purpose)
            assert expression is None or world.closure_ids(expression) == world.sql_ids(expression)


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
