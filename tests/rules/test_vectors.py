"""Conformance vectors: each says what an expression means; every evaluator has to agree."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from fieldstone_rules import Kind, Purpose, RuleError
from fieldstone_rules.lowerable import why_not_lowerable

from .evaluators import ERROR, Bench, comparable, plain_value

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


def _name(vector: Vector) -> str:
    return f"{vector.file}: {vector.source}"


@pytest.mark.parametrize("vector", WITH_VALUE, ids=_name)
def test_every_evaluator_gives_the_value_of_the_vector(vector: Vector, bench: Bench) -> None:
    bench.load(vector.records, vector.links)
    expression = bench.check(vector.source)
    fails = vector.value == {"error": "out_of_range"}
    expected = ERROR if fails else comparable(plain_value(expression.type, vector.value))
    in_sql = None if fails else expected
    lowerable = not list(why_not_lowerable(expression.tree))
    assert bench.closure(expression) == expected
    assert [bench.sql(expression)] * lowerable == [in_sql] * lowerable


@pytest.mark.parametrize("vector", [v for v in WITH_VALUE if v.value in (True, False, None)], ids=_name)
def test_every_evaluator_reads_the_condition_of_the_vector_alike(vector: Vector, bench: Bench) -> None:
    bench.load(vector.records, vector.links)
    boolean = bench.check(vector.source).type.kind in (Kind.BOOLEAN, Kind.NULL)
    lowerable = not list(why_not_lowerable(bench.check(vector.source).tree))
    purposes = [Purpose.FILTER, Purpose.DENY] if boolean and lowerable else []
    expressions = [bench.check(vector.source, purpose) for purpose in purposes]
    expressions += [bench.check(f"not ({vector.source})", purpose) for purpose in purposes]
    assert [bench.sql_ids(e) for e in expressions] == [bench.closure_ids(e) for e in expressions]


@pytest.mark.parametrize("vector", WITH_PROBLEM, ids=_name)
def test_the_checker_refuses_what_the_vector_calls_a_problem(vector: Vector, bench: Bench) -> None:
    with pytest.raises(RuleError) as refused:
        bench.check(vector.source)
    assert vector.value["problem"] in {problem.code for problem in refused.value.problems}
