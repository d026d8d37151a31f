"""Conditions that can never hold or always do are told, and none of those that can go either way."""

from __future__ import annotations

import pytest

from fieldstone_rules import Problem, Purpose, Scope, check_expression
from fieldstone_rules.certain import certain_condition
from fieldstone_rules.cost import cost_problem
from fieldstone_rules.rule_files import RuleFiles
from fieldstone_testing.effort import soon

from .rule_world import SalesWorld
from .world import WORLD


def told(source: str) -> list[Problem]:
    expression = check_expression(source, Scope(WORLD, "opportunity", Purpose.CONDITION, old=True))
    return list(certain_condition(expression))


def in_file(source: str) -> list[tuple[str, int, str]]:
    problems = RuleFiles({"sales": source}, SalesWorld()).check().problems["sales"]
    return [(p.code, p.line, p.severity) for p in problems if p.code != "untested"]


NEVER = [
    'stage == "won" and stage == "lost"',
    'flag and stage == "won" and (stage == "lost" or stage == "negotiation")',
    'stage in ["won", "lost"] and stage == "negotiation"',
    'stage not in ["prospecting", "negotiation", "won", "lost"] and stage != null',
    'name == null and name == "x"',
    "name == null and name != null",
    'name == null and starts_with(name, "x") and name > "a"',
    'account == null and account.name == "x"',
    'account.owner == null and account.owner.manager.email == "x"',
    'is_new() and old.name == "x"',
    "amount > 10 and amount < 5",
    "amount > 10 and amount <= 10",
    "amount > 1000 EUR and amount < 10 EUR",
    "quantity between 5 and 3",
    "quantity > 1 and quantity < 2",
    "quantity > 1.5 and quantity < 1.9",
    "quantity > 5 and not (quantity > 2)",
    "not (quantity > 5) and not (quantity <= 5)",
    "rate == 1.5 and rate == 1.25",
    'close_date > date("2026-01-02") and close_date < date("2026-01-01")',
    "active and not active",
    "active == true and active == false",
    "pause == 1 day and pause == 25 hours",
    "quantity != quantity",
    "name < name",
    "stage in []",
    "1 == 2",
    "false",
    "quantity > null",
    "account == account.parent and account == null and account.parent != null and account != null",
]
POSSIBLE = [
    'stage == "won" or stage == "lost"',
    'stage not in ["prospecting", "negotiation", "won", "lost"]',
    'stage == "won" and old.stage == "negotiation"',
    'account.name == "x" and account.parent.name == "y"',
    'account.name == "x" and owner.name == "y"',
    "quantity > 1 and quantity < 3",
    "rate > 1 and rate < 2",
    "rate >= 1 and rate <= 1",
    "quantity == null or quantity > 5",
    "amount > 10 and amount > 5",
    "amount > 1000 EUR and amount < 1000 USD",
    'name > "a" and name < "b"',
    "len(name) > 5 and len(name) < 3 + count",
    "count > 5 and account.employees < 3",
    'exists(lines where name == "a") and exists(lines where name == "b")',
    'any(lines as l where l.name == "a" and record.name == "b")',
    "team == null or flag",
    "active ?? false",
    "not active",
    "quantity <= quantity",
    "flag == active",
    "code == null",
    "close_date > today() and close_date < today() + 1 day",
    "seen_at > now() and seen_at < now() - 0 days",
    "changed(stage) and became(amount > 5)",
]


@pytest.mark.parametrize("source", NEVER)
def test_a_condition_that_can_never_hold_is_told(source: str) -> None:
    assert [(problem.code, problem.severity) for problem in told(source)] == [("never_holds", "error")]


@pytest.mark.parametrize("source", POSSIBLE)
def test_a_condition_that_can_go_either_way_is_no_matter(source: str) -> None:
    assert told(source) == []


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ('stage != "won" or stage != "lost"', "did you mean `and`?"),
        ("name == name", "leave it out"),
        ("quantity == null or quantity > 5 or quantity <= 5", "did you mean `and`?"),
        ("1 < 2", "leave it out"),
    ],
)
def test_a_condition_that_always_holds_is_warned_of(source: str, hint: str) -> None:
    assert [(p.code, p.severity, p.hint) for p in told(source)] == [("always_holds", "warning", hint)]


@pytest.mark.parametrize("source", ["quantity > 5 or quantity <= 5", "true", "count > 5 or count <= 5"])
def test_what_null_can_leave_open_does_not_always_hold(source: str) -> None:
    assert told(source) == []


def test_the_two_parts_that_exclude_each_other_are_named() -> None:
    (problem,) = told('flag and stage == "won" and amount > 1 and stage == "lost"')
    assert problem.message == '`stage == "won"` and `stage == "lost"` can never both hold.'
    assert problem.hint == "did you mean `or`?"


def test_the_place_is_the_part_that_cannot_hold() -> None:
    (problem,) = told('flag or (stage == "won" and stage == "lost")')
    assert (problem.line, problem.column, problem.end_column) == (1, 10, 44)


@pytest.mark.parametrize(
    "source",
    [
        "if amount > 5 and amount < 3 then flag else active",
        "exists(lines where price > 5 and price < 3)",
        "count(lines where name == null and name == 'x') == 1",
    ],
)
def test_conditions_inside_of_others_are_told(source: str) -> None:
    assert [problem.code for problem in told(source)] == ["never_holds"]


def test_a_search_for_contradictions_ends_soon() -> None:
    choices = " and ".join(f'(stage == "won" or quantity == {number})' for number in range(150))
    nested = "flag"
    for _ in range(10):
        nested = f"(if {nested} then active else flag)"
    with soon():
        assert told(choices) == []
        assert told(f"{nested} and amount > {'1' * 30}.0") == []


# ---- in rule files


def test_a_trigger_whose_when_can_never_hold_is_refused() -> None:
    source = """trigger t on opportunity before save {
  when stage == "won" and stage == "lost"
  set closed_on = today()
}"""
    assert in_file(source) == [("never_holds", 2, "error")]


@pytest.mark.parametrize(
    ("event", "when", "codes"),
    [
        ("transition win", 'stage == "negotiation"', ["never_holds"]),
        ("transition win", 'old.stage == "prospecting"', ["never_holds"]),
        ("transition win", 'old.stage == "negotiation"', ["always_holds"]),
        ("transition win", 'stage == "won"', ["always_holds"]),
        ("transition win", "amount > 5", []),
        ("transition lose", 'old.stage == "prospecting"', []),
        ("transition", 'stage == "won"', []),
        ("transition win, create", 'stage == "prospecting"', []),
        ("save", 'stage == "negotiation"', []),
    ],
)
def test_what_a_transition_says_of_the_state_counts(event: str, when: str, codes: list[str]) -> None:
    found = in_file(f"trigger t on opportunity before {event} {{ when {when} set closed_on = today() }}")
    assert [code for code, _, _ in found] == codes


def test_a_required_field_may_be_missing_before_a_save() -> None:
    assert in_file('trigger t on opportunity before save { when name == null set name = "x" }') == []


@pytest.mark.parametrize(
    ("when", "check", "codes"),
    [
        ('stage == "won"', 'stage != "lost"', ["always_holds"]),
        ('stage == "won"', 'stage == "lost"', ["never_holds"]),
        ('stage == "won"', "close_date != null", []),
        ('stage == "won" and close_date == null', "false", []),
        ("close_date == null", "closed_on == null", []),
    ],
)
def test_a_check_is_seen_behind_its_when(when: str, check: str, codes: list[str]) -> None:
    found = in_file(f'validation v on opportunity {{ when {when} check {check} message "no" }}')
    assert [code for code, _, _ in found] == codes


def test_conditions_of_statements_and_of_other_declarations_are_seen() -> None:
    source = """trigger t on opportunity after save {
  if amount > 5 and amount < 3 { do log(text: "a") }
  for line in lines where quantity == 1 and quantity == 2 { delete line }
}
assignment a on opportunity { when stage == "won" and stage == "lost" -> owner }
score s on opportunity { when employees > 5 and employees < 5 -> 3 }"""
    assert in_file(source) == [("never_holds", line, "error") for line in (2, 3, 5, 6)]


def test_a_function_is_looked_into_where_it_is_called() -> None:
    source = """function is_won(deal: opportunity) = deal.stage == "won"
trigger t on opportunity before save { when is_won(record) and stage == "lost" set closed_on = today() }
trigger u on opportunity before save order 2 { when is_won(record) and amount > 5 set closed_on = today() }"""
    assert in_file(source) == [("never_holds", 2, "error")]


# ---- cost


def cost_of(source: str) -> str | None:
    problem = cost_problem(check_expression(source, Scope(WORLD, "opportunity", Purpose.CONDITION)))
    return problem.code if problem is not None else None


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("exists(lines where price > 3 and exists(record.notes where text == 'a'))", None),
        ("exists(opportunity as o where o.account == record.account)", None),
        ("exists(opportunity as o where exists(opportunity as p where p.name == o.name))", "costly"),
        ("exists(line where exists(line where exists(line where name == 'a')))", "too_costly"),
    ],
)
def test_collections_in_collections_multiply(source: str, code: str | None) -> None:
    assert cost_of(source) == code


def test_loops_in_loops_multiply() -> None:
    def loops(count: int) -> str:
        opened = "".join(f"for l{number} in opportunity_line {{ " for number in range(count))
        return f"trigger t on account after save {{ {opened} delete l0 {'}' * count} }}"

    assert in_file(loops(1)) == []
    assert in_file(loops(3)) == [("too_costly", 1, "error")]
