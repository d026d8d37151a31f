"""Generated Python: built from the tree, without builtins, and sound where trees are large."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fieldstone_rules import (
    Environment,
    EvaluationError,
    Purpose,
    Row,
    Scope,
    check_expression,
    compile_closure,
    compile_python,
    limits,
)

from .evaluators import Bench
from .world import WORLD


def _compiled(source: str, **scope: object):
    return compile_python(check_expression(source, Scope(WORLD, "opportunity", **scope)))


def test_generated_code_sees_no_builtins() -> None:
    evaluate = _compiled("len(name) + count(lines where lower(name) == 'a')")
    assert evaluate.__globals__["__builtins__"] == {}


def test_texts_of_a_rule_occur_in_the_code_as_constants_only() -> None:
    hostile = "__import__('os').system('true')".replace("'", "\\'")
    evaluate = _compiled(f"'{hostile}' + name")
    assert "system" not in "".join(evaluate.__code__.co_names)
    assert evaluate(Environment(record={"name": "!"})) == "__import__('os').system('true')!"


def test_an_error_tells_its_place() -> None:
    evaluate = _compiled("1 +\n  count * 2")
    with pytest.raises(EvaluationError) as failed:
        evaluate(Environment(record={"count": 2**63 - 1}))
    assert (failed.value.code, failed.value.line, failed.value.column) == ("out_of_range", 2, 3)


@pytest.mark.parametrize(
    ("purpose", "value"),
    [
        (Purpose.CONDITION, False),
        (Purpose.FILTER, False),
        (Purpose.PERMISSION, False),
        (Purpose.DENY, True),
        (Purpose.CHECK, True),
        (Purpose.VALUE, None),
    ],
)
def test_unknown_counts_at_the_root_as_the_purpose_says(purpose: Purpose, value: bool | None) -> None:
    assert _compiled("active", purpose=purpose)(Environment(record={"active": None})) is value


@pytest.mark.parametrize(
    "source",
    [
        "changed(name)",
        "old.name",
        "old.weighted",
        "became(quantity > 1)",
        "is_new()",
        "old == null",
    ],
)
@pytest.mark.parametrize("old", [None, {"quantity": 1, "name": "b", "amount": 2, "stage": "won"}])
def test_changes_are_seen_as_closures_see_them(source: str, old: Row | None, bench: Bench) -> None:
    bench.load({"opportunity": [{"name": "a", "quantity": 2, "stage": "won"}]})
    expression = check_expression(source, Scope(WORLD, "opportunity", old=True))
    stored = old if old is None else {**bench.environment.record, **old}
    environment = replace(bench.environment, old=stored)
    assert compile_python(expression)(environment) == compile_closure(expression)(environment)


@pytest.mark.parametrize(
    "source",
    [
        " + ".join(["quantity"] * 900),
        " or ".join(["quantity == 1"] * 400),
        " ?? ".join(["quantity"] * 900),
        "(" * (limits.current.depth - 2) + "quantity" + ")" * (limits.current.depth - 2),
        "if flag then quantity else " * (limits.current.depth - 2) + "0",
        "abs(" * (limits.current.depth - 2) + "quantity" + ")" * (limits.current.depth - 2),
    ],
    ids=["sum", "or", "fallback", "brackets", "if", "calls"],
)
def test_expressions_as_large_as_they_may_be_are_compiled(source: str) -> None:
    expression = check_expression(source, Scope(WORLD, "opportunity"))
    environment = Environment(record={"quantity": 2, "flag": False})
    assert compile_python(expression)(environment) == compile_closure(expression)(environment)
