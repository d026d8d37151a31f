"""Every limit of the rule language, run into: it stops with a message at a place, and it can be set."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fieldstone_rules import (
    Environment,
    EvaluationError,
    Kind,
    Problem,
    Purpose,
    RuleError,
    Scope,
    check_expression,
    compile_closure,
    compile_python,
    limits,
)
from fieldstone_rules.rule_files import RuleFiles
from fieldstone_rules.types import simple
from fieldstone_testing.effort import soon

from .rule_world import SalesWorld

WORLD = SalesWorld()


def problem_of(source: str, purpose: Purpose = Purpose.VALUE, files: RuleFiles | None = None) -> Problem:
    functions = files.functions if files is not None else {}
    with pytest.raises(RuleError) as refused:
        check_expression(source, Scope(WORLD, "opportunity", purpose, functions=functions))
    return refused.value.problems[0]


def nested(levels: int) -> str:
    return "abs(" * levels + "employees" + ")" * levels


NODES = "[" + ", ".join(["name"] * 2_001) + "]"


@pytest.mark.parametrize(
    ("source", "code", "message"),
    [
        (nested(24), "too_complex", "This is nested more than 24 levels deep."),
        (NODES, "too_complex", "An expression has at most 2,000 parts."),
        (f"'{'a' * 65_536}'", "too_long", "The text is longer than 64 KB."),
        ("owner.manager.manager.manager.manager.manager.name", "too_many_hops", "A path follows at most 4"),
        ("1" * 39, "number_range", "A number has at most 38 digits."),
        (
            "employees" + " - 1 + 1" * 13,
            "too_complex",
            "A chain of different operators has at most 24 parts.",
        ),
    ],
)
def test_a_text_beyond_a_limit_is_refused_at_its_place(source: str, code: str, message: str) -> None:
    problem = problem_of(source)
    assert (problem.code, problem.line) == (code, 1)
    assert problem.message.startswith(message)


def test_just_within_the_limits_all_is_well() -> None:
    scope = Scope(WORLD, "opportunity")
    for source in (nested(22), "employees" + " + employees" * 990, f"'{'a' * 65_534}'"):
        assert check_expression(source, scope).tree is not None


@pytest.mark.parametrize(
    ("changed", "source", "message"),
    [
        ({"depth": 5}, nested(6), "more than 5 levels"),
        ({"nodes": 100}, "employees" + " + 1" * 100, "at most 100 parts"),
        ({"source_bytes": 1024}, f"'{'a' * 1024}'", "longer than 1 KB"),
    ],
)
def test_a_limit_of_texts_can_be_set(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, int], source: str, message: str
) -> None:
    scope = Scope(WORLD, "opportunity")
    assert check_expression(source, scope)
    monkeypatch.setattr(limits, "current", replace(limits.current, **changed))
    assert message in problem_of(source).message


def test_a_deeper_limit_is_borne_by_all_evaluators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "current", replace(limits.current, depth=40))
    expression = check_expression(nested(38), Scope(WORLD, "opportunity", Purpose.FORMULA))
    environment = Environment(record={"employees": -3})
    assert compile_closure(expression)(environment) == compile_python(expression)(environment) == 3


# ---- texts that grow


DOUBLING = "function d0(x: text) = x + x\n" + "".join(
    f"function d{number}(x: text) = d{number - 1}(d{number - 1}(x))\n" for number in range(1, 6)
)
GROWING = [
    "f.d5(name)",
    "replace(f.d4(name), 'a', f.d4(name))",
    '"' + "{f.d4(long)}" * 20 + '"',
    "join([" + ", ".join(["f.d4(long)"] * 20) + "], '-')",
]


@pytest.mark.parametrize("source", GROWING)
def test_a_text_that_grows_too_long_has_no_value(source: str) -> None:
    functions = RuleFiles({"f": DOUBLING}, WORLD).functions
    long = {"long": simple(Kind.TEXT)}
    expression = check_expression(source, Scope(WORLD, "opportunity", variables=long, functions=functions))
    environment = Environment(record={"name": "a"}, variables={"long": "a" * 16})
    with soon():
        for compiled in (compile_closure(expression), compile_python(expression)):
            with pytest.raises(EvaluationError) as stopped:
                compiled(environment)
            assert (stopped.value.code, stopped.value.line) == ("out_of_range", 1)


def test_the_length_of_texts_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "current", replace(limits.current, text_length=10))
    expression = check_expression("name + name", Scope(WORLD, "opportunity"))
    assert compile_closure(expression)(Environment(record={"name": "12345"})) == "1234512345"
    with pytest.raises(EvaluationError):
        compile_closure(expression)(Environment(record={"name": "123456"}))


# ---- functions that grow


def test_functions_that_multiply_their_arguments_are_no_filters() -> None:
    problem = problem_of("f.d5(name) == 'a'", Purpose.FILTER, RuleFiles({"f": DOUBLING}, WORLD))
    assert (problem.code, problem.message) == ("not_lowerable", "This grows too large in the database.")


def test_functions_that_call_each_other_too_deeply_are_refused_where_they_do() -> None:
    source = "function f0(x: integer) = abs(x)\n" + "".join(
        f"function f{number}(x: integer) = {'abs(' * 10}f{number - 1}(x){')' * 10}\n"
        for number in range(1, 30)
    )
    with soon():
        problems = RuleFiles({"f": source}, WORLD).check().problems["f"]
        (problem,) = [problem for problem in problems if problem.severity == "error"]
        assert (problem.code, problem.line) == ("too_complex", 11)


def test_many_calls_of_large_functions_are_refused_soon() -> None:
    with soon():
        calls = "[" + ", ".join(["f.d5(name)"] * 400) + "]"
        problem = problem_of(calls, files=RuleFiles({"f": DOUBLING}, WORLD))
        assert (problem.code, problem.line) == ("too_complex", 1)


def test_functions_that_spread_are_refused_soon() -> None:
    source = "function f0(x: integer) = x + x\n" + "".join(
        f"function f{number}(x: integer) = f{number - 1}(x) + f{number - 1}(x)\n" for number in range(1, 40)
    )
    with soon():
        problems = RuleFiles({"f": source}, WORLD).check().problems["f"]
        assert [problem.code for problem in problems if problem.severity == "error"] == ["too_complex"] * 2
