"""Conformance vectors: each says what an expression means; every evaluator has to agree."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from fieldstone_rules import Expression, Kind, Purpose, RuleError, Scope, check_expression
from fieldstone_rules.lowerable import why_not_lowerable

from .evaluators import ERROR, Bench, comparable, plain_value
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


def _checked(vector: Vector) -> Expression:
    return check_expression(vector.source, Scope(WORLD, "opportunity"))


IN_SQL = [v for v in WITH_VALUE if not list(why_not_lowerable(_checked(v).tree))]
CONDITIONS = [v for v in IN_SQL if _checked(v).type.kind is Kind.BOOLEAN]


def _name(vector: Vector) -> str:
    return f"{vector.file}: {vector.source}"


def _expected(vector: Vector, expression: Expression) -> Any:
    fails = isinstance(vector.value, dict)
    return ERROR if fails else comparable(plain_value(expression.type, vector.value))


@pytest.mark.parametrize("vector", WITH_VALUE, ids=_name)
def test_the_closure_gives_the_value_of_the_vector(vector: Vector, bench: Bench) -> None:
    bench.load(vector.records, vector.links)
    expression = bench.check(vector.source)
    assert bench.closure(expression) == _expected(vector, expression)


@pytest.mark.parametrize("vector", WITH_VALUE, ids=_name)
def test_the_generated_code_gives_the_value_of_the_vector(vector: Vector, bench: Bench) -> None:
    bench.load(vector.records, vector.links)
    expression = bench.check(vector.source)
    assert bench.python(expression) == _expected(vector, expression)


@pytest.mark.parametrize("vector", IN_SQL, ids=_name)
def test_postgresql_gives_the_value_of_the_vector(vector: Vector, bench: Bench) -> None:
    bench.load(vector.records, vector.links)
    expression = bench.check(vector.source)
    expected = _expected(vector, expression)
    assert bench.sql(expression) == (None if expected == ERROR else expected)


@pytest.mark.parametrize("purpose", [Purpose.FILTER, Purpose.DENY])
@pytest.mark.parametrize("shape", ["{}", "not ({})"])
@pytest.mark.parametrize("vector", CONDITIONS, ids=_name)
def test_memory_and_postgresql_read_a_condition_alike(
    vector: Vector, shape: str, purpose: Purpose, bench: Bench
) -> None:
    bench.load(vector.records, vector.links)
    expression = bench.check(shape.format(vector.source), purpose)
    assert bench.sql_ids(expression) == bench.closure_ids(expression) == bench.python_ids(expression)


@pytest.mark.parametrize("vector", WITH_PROBLEM, ids=_name)
def test_the_checker_refuses_what_the_vector_calls_a_problem(vector: Vector, bench: Bench) -> None:
    with pytest.raises(RuleError) as refused:
        bench.check(vector.source)
    assert vector.value["problem"] in {problem.code for problem in refused.value.problems}
