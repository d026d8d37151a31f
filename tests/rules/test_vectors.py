"""Conformance vectors: each says what an expression means; every evaluator has to agree."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from fieldstone_rules import Expression, Kind, Purpose, RuleError, Scope, check_expression
from fieldstone_rules.lowerable import why_not_lowerable

from .evaluators import ERROR, Bench, InMemory, comparable, plain_value
from .world import WORLD

VECTORS = Path(__file__).parent / "vectors"


@dataclass(frozen=True)
class Vector:
    """One line of a file: an expression, the records it is about, and its value."""

    file: str
    source: str
    records: dict[str, list[dict[str, Any]]]
    links: list[list[str]]
    value: Any


def _vectors(file: Path) -> list[Vector]:
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    found = []
    for group in document:
        for case in group["cases"]:
            records = {name: list(rows) for name, rows in group.get("records", {}).items()}
            row = {**group.get("row", {}), **(case[2] if len(case) > 2 else {})}
            records["opportunity"] = [row, *records.get("opportunity", [])]
            found.append(Vector(file.stem, case[0], records, group.get("links", []), case[1]))
    return found


ALL = [vector for file in sorted(VECTORS.glob("*.yaml")) for vector in _vectors(file)]
WITH_VALUE = [v for v in ALL if not (isinstance(v.value, dict) and "problem" in v.value)]
WITH_PROBLEM = [v for v in ALL if isinstance(v.value, dict) and "problem" in v.value]


@cache
def _checked(source: str) -> Expression:
    return check_expression(source, Scope(WORLD, "opportunity"))


IN_SQL = [v for v in WITH_VALUE if not list(why_not_lowerable(_checked(v.source).tree))]
CONDITIONS = [v for v in IN_SQL if _checked(v.source).type.kind is Kind.BOOLEAN]
READINGS = tuple(product((Purpose.FILTER, Purpose.DENY), ("{}", "not ({})")))


def _name(vector: Vector) -> str:
    return f"{vector.file}: {vector.source}"


def _expected(vector: Vector, expression: Expression) -> Any:
    fails = isinstance(vector.value, dict)
    return ERROR if fails else comparable(plain_value(expression.type, vector.value))


@pytest.mark.parametrize("vector", WITH_VALUE, ids=_name)
def test_closures_and_generated_code_give_the_value_of_the_vector(vector: Vector, memory: InMemory) -> None:
    memory.load(vector.records, vector.links)
    expression = _checked(vector.source)
    expected = _expected(vector, expression)
    assert memory.closure(expression) == expected
    assert memory.python(expression) == expected


@pytest.mark.parametrize("vector", IN_SQL, ids=_name)
def test_postgresql_gives_the_value_of_the_vector(vector: Vector, bench: Bench) -> None:
    bench.load(vector.records, vector.links)
    expression = _checked(vector.source)
    expected = _expected(vector, expression)
    assert bench.sql(expression) == (None if expected == ERROR else expected)


@pytest.mark.parametrize("vector", CONDITIONS, ids=_name)
def test_memory_and_postgresql_read_a_condition_alike(vector: Vector, bench: Bench) -> None:
    bench.load(vector.records, vector.links)
    read = {
        (purpose, shape): bench.check(shape.format(vector.source), purpose) for purpose, shape in READINGS
    }
    by_closures = {reading: bench.closure_ids(expression) for reading, expression in read.items()}
    assert {reading: bench.python_ids(expression) for reading, expression in read.items()} == by_closures
    assert {reading: bench.sql_ids(expression) for reading, expression in read.items()} == by_closures


@pytest.mark.parametrize("vector", WITH_PROBLEM, ids=_name)
def test_the_checker_refuses_what_the_vector_calls_a_problem(vector: Vector, bench: Bench) -> None:
    with pytest.raises(RuleError) as refused:
        bench.check(vector.source)
    assert vector.value["problem"] in {problem.code for problem in refused.value.problems}
