"""The tutorial on expressions tells the truth: each line of its tables is evaluated, in every evaluator."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fieldstone.evaluation import NOTHING, evaluate, result, world_of_fields
from fieldstone_rules import RuleError

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial" / "expressions-in-15-minutes.md").read_text("utf-8")
LINE = re.compile(r"^\|(?: `=.*` \|)? `(?P<expression>[^`]+)` \| `(?P<value>[^`]+)` \|$", re.MULTILINE)
LINES = [(match["expression"], match["value"]) for match in LINE.finditer(PAGE)]
RECORD = json.loads(re.search(r"<!-- record -->\n```json\n(.*?)```", PAGE, re.DOTALL)[1])
FIELDS = {
    "name": "text",
    "amount": "money",
    "quantity": "integer",
    "rate": "decimal",
    "stage": "choice(open, won, lost)",
    "email": "email",
    "close_date": "date",
    "seen_at": "datetime",
    "tags": "tags",
}


@pytest.fixture(scope="module")
def database(module_app_from):
    return module_app_from("kind: app\nname: empty\nversion: 1.0.0\n").database


def test_the_tables_are_found():
    assert len(LINES) == sum(line.startswith("| `") for line in PAGE.splitlines())


@pytest.mark.parametrize(("expression", "value"), LINES, ids=[expression for expression, _ in LINES])
def test_an_expression_of_the_tutorial_has_the_value_beside_it(expression, value, database):
    answer = result(evaluate(database, world_of_fields(FIELDS), expression, RECORD), trace=False)
    assert (answer["value"], "disagree" in answer) == (json.loads(value), False)


def test_the_first_command_prints_what_the_tutorial_shows(database):
    outcome = result(evaluate(database, NOTHING, "round(2.345, 2)", {}), trace=False)
    assert outcome == {"type": "decimal", "value": "2.35"}


def test_the_mistake_of_the_tutorial_is_told_as_shown(database):
    with pytest.raises(RuleError) as refused:
        evaluate(database, NOTHING, "rond(2.345, 2)", {})
    [problem] = refused.value.problems
    assert f"1:1: {problem.code}: {problem.message} ({problem.hint})" in PAGE
