"""Which rules no test covers: told by the check as warnings, from what the tests do."""

from __future__ import annotations

import pytest

from fieldstone_rules.rule_files import RuleFiles

from .rule_world import SalesWorld

RULES = """
function doubled(n: integer) = n * 2
function unused(n: integer) = n
validation positive on opportunity { check amount >= 0 message "no" }
trigger on_create on opportunity before create { set employees = doubled(4) }
trigger on_amount on opportunity before update { when changed(amount) set margin = amount }
trigger on_win on opportunity after transition win { create order { opportunity: record } }
trigger on_order on order after create { create task { subject: "deliver" } }
trigger on_delete on task before delete { when subject == null fail "no" }
trigger on_commit on task after commit save { do log(text: "x") }
"""
ALL = {"doubled", "unused", "positive", "on_create", "on_amount", "on_win", "on_order", "on_delete"}


def untested(test: str) -> set[str]:
    """The names of the rules that are called untested."""
    problems = RuleFiles({"sales": RULES + test}, SalesWorld()).check().problems["sales"]
    assert not [problem for problem in problems if problem.severity == "error"]
    return {problem.message.split("`")[1] for problem in problems if problem.code == "untested"}


def test_without_tests_everything_is_untested_but_what_runs_as_a_job() -> None:
    assert untested("") == ALL


GIVEN = 'given d = create opportunity { name: "x" } given t = create task { }'
CREATED = {"positive", "on_create", "doubled"}


@pytest.mark.parametrize(
    ("statement", "covered"),
    [
        ("", CREATED),
        ("expect doubled(2) == unused(4)", CREATED | {"unused"}),
        ("update d { discount: 5% }", CREATED),
        ("update d { amount: 5 }", CREATED | {"on_amount"}),
        ("refuse set d.amount = 5", CREATED | {"on_amount"}),
        ("do transition(d, lose)", CREATED),
        ("do transition(d, win)", CREATED | {"on_win", "on_order"}),
        ("for one in opportunity { if 1 < 2 { delete t } }", CREATED | {"on_delete"}),
    ],
)
def test_a_test_covers_what_its_statements_set_off(statement: str, covered: set[str]) -> None:
    assert untested(f'test "t" {{ {GIVEN} {statement} }}') == ALL - covered


def test_a_mistake_is_told_without_complaints_about_missing_tests() -> None:
    problems = (
        RuleFiles({"sales": RULES + "function wrong() = nothing"}, SalesWorld()).check().problems["sales"]
    )
    assert "error" in {problem.severity for problem in problems}
    assert "untested" not in {problem.code for problem in problems}
