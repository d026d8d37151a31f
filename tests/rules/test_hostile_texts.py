"""Whatever is sent as an expression, the answer is a value or problems with places, soon and in little
memory.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql

from fieldstone_rules import (
    Environment,
    Purpose,
    RuleError,
    Scope,
    SqlScope,
    check_expression,
    compile_closure,
    lower,
)
from fieldstone_testing.effort import soon

from .evaluators import NOW
from .world import TABLES, WORLD, WorldTables

VALID = [
    "owner == user or team in user.teams",
    "exists(lines where price > 10 and name in ['a', \"b {quantity}\"])",
    "if stage == 'won' then amount * 2 else first(lines.price order by [-price, name])",
    "close_date between today() and today() + 7 days",
    "(account.owner.manager.email ?? 'x') != null and not starts_with(lower(name), '%')",
]
HOSTILE = {
    "parentheses": "(" * 60_000,
    "closed parentheses": "(" * 30_000 + "1" + ")" * 30_000,
    "brackets": "[" * 60_000,
    "minus signs": "-" * 60_000 + "1",
    "not": "not " * 15_000 + "true",
    "dots": "a" + ".a" * 30_000,
    "digits": "9" * 60_000,
    "decimals": "0." + "9" * 60_000,
    "long name": "a" * 60_000,
    "unclosed text": '"' + "a" * 60_000,
    "escapes": '"' + "\\" * 60_001,
    "braces": '"' + "{" * 60_001 + '"',
    "interpolations": '"' + "{1}" * 20_000 + '"',
    "calls": "f(" * 20_000,
    "ifs": "if true then " * 4_000,
    "dunder": "__class__",
    "attribute": "record.__class__.__mro__",
    "format trick": "'{0.__class__}'.format(1)",
    "null character": "name == '\0'",
    "surrogate": "name == '\ud800'",
    "division chain": "1" + "/1" * 1_000,
    "long list": "[" + "1," * 5_000 + "1]",
    "huge duration": "today() + 999999999999 years",
    "wheres": "count(lines where " * 3_000,
}


def check(source: str) -> None:
    check_expression(source, Scope(WORLD, "opportunity"))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_refused_soon_with_a_place(name: str) -> None:
    check("true")  # the grammar is loaded once
    with soon(), pytest.raises(RuleError) as refused:
        check(HOSTILE[name])
    assert all(problem.line >= 1 and len(problem.message) < 300 for problem in refused.value.problems)


@pytest.mark.parametrize("size", [64 * 1024 + 1, 1_000_000_000 // 1_000])
def test_a_text_beyond_64_kb_is_refused_unread(size: int) -> None:
    with pytest.raises(RuleError) as refused:
        check("(" * size)
    assert refused.value.problems[0].code == "too_long"


@pytest.mark.parametrize("source", ["1" + " + 1" * 900, "'a'" + " + 'a'" * 900, "true" + " and true" * 900])
def test_a_long_chain_of_one_operator_is_fine_everywhere(source: str) -> None:
    expression = check_expression(source, Scope(WORLD, "opportunity", Purpose.FORMULA))
    value = compile_closure(expression)(Environment(now=NOW))
    table = TABLES["opportunity"]
    lowered = lower(expression, SqlScope(WorldTables(), "opportunity", table))
    assert value in (901, "a" * 901, True)
    assert str(lowered.compile(dialect=postgresql.dialect()))


def test_a_chain_counts_once_and_nesting_counts_each_time() -> None:
    check("1" + " + 1" * 500)
    check("(" * 20 + "1" + ")" * 20)
    with pytest.raises(RuleError) as refused:
        check("(" * 25 + "1" + ")" * 25)
    assert "nested more than 24 levels" in refused.value.problems[0].message


def test_too_many_parts_are_refused() -> None:
    with pytest.raises(RuleError) as refused:
        check("[" + ", ".join(["name"] * 2_001) + "]")
    assert refused.value.problems[0].code == "too_complex"


def test_nested_doublings_do_not_explode_in_sql() -> None:
    source = "name"
    for _ in range(6):
        source = f"replace({source}, 'a', 'aa')"
    with pytest.raises(RuleError) as refused:
        check_expression(f"{source} == 'x'", Scope(WORLD, "opportunity", Purpose.FILTER))
    assert refused.value.problems[0].code == "not_lowerable"


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(source=st.text(max_size=200))
def test_any_text_gives_an_expression_or_problems(source: str) -> None:
    try:
        check(source)
    except RuleError as refused:
        told = refused.problems
    else:
        told = ()
    assert all(problem.message for problem in told)


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@given(
    source=st.sampled_from(VALID), start=st.integers(0, 60), length=st.integers(0, 12),
    insert=st.sampled_from(["", "(", ")", "'", '"', "{", "}", "[", "]", " and ", ".", "\\", "#", "9"]),
)  # fmt: skip
def test_a_mutated_expression_gives_an_expression_or_problems(
    source: str, start: int, length: int, insert: str
) -> None:
    mutated = source[:start] + insert + source[start + length :]
    try:
        check(mutated)
    except RuleError as refused:
        told = refused.problems
    else:
        told = ()
    assert all(1 <= problem.column <= len(mutated) + 1 for problem in told)
