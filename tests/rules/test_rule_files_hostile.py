"""Damaged rule files: always an answer with places inside of the text, never a crash."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldstone_rules.rule_files import RuleFiles

from .rule_world import SalesWorld
from .test_rule_files import TOUR

_PIECES = ["{", "}", "(", ")", '"', "'", "#", "trigger ", "set ", "if ", "\n", "record", ".", ",", "=", "\\"]
_CUTS = st.lists(
    st.tuples(st.integers(0, len(TOUR)), st.integers(0, 40), st.sampled_from(_PIECES)), min_size=1, max_size=5
)


def damaged(cuts: list[tuple[int, int, str]]) -> str:
    text = TOUR
    for start, length, piece in cuts:
        text = text[:start] + piece + text[start + length :]
    return text


@settings(max_examples=60, deadline=None)
@given(_CUTS)
def test_a_damaged_file_is_answered_with_problems_in_it(cuts: list[tuple[int, int, str]]) -> None:
    source = damaged(cuts)
    result = RuleFiles({"sales": source}, SalesWorld()).check()
    lines = source.count("\n") + 1
    assert all(1 <= problem.line <= lines for problem in result.problems["sales"])


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_answered(source: str) -> None:
    result = RuleFiles({"sales": source}, SalesWorld()).check()
    assert set(result.problems) == {"sales"}


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(["__class__", "__init__", "format", "mro", "__globals__"]))
def test_nothing_of_python_is_in_reach(name: str) -> None:
    source = f"trigger t on opportunity before save {{ set name = record.{name} }}"
    assert RuleFiles({"sales": source}, SalesWorld()).check().problems["sales"]


# ---- five real errors are five problems

SOUND = (
    "function big(deal: opportunity) = deal.amount > 100",
    'validation v on opportunity {\n  when big(record)\n  check amount > 0 message "no {name}" at amount\n}',
    "trigger a on opportunity before save order 1 {\n  when changed(amount)\n  set margin = amount - cost\n}",
    "trigger b on opportunity after create {\n  for line in lines where quantity > 1 {\n"
    "    update line { quantity: line.quantity + 1 }\n  }\n}",
    'trigger c on account after create {\n  let made = create task { subject: "x {name}", owner: owner }\n'
    "  if owner != null { set owner.region = name }\n}",
    'score s on opportunity {\n  when stage == "won" -> 3\n}',
)
BROKEN = {
    "unknown_name": (0, "deal.amount", "deal.amonut", 1),
    "syntax": (2, "set margin =", "set margin", 3),
    "unknown_option": (5, '"won"', '"wno"', 2),
    "type": (3, "line.quantity + 1", "line.quantity + name", 3),
    "unknown_function": (1, "when big", "when bigg", 2),
    "never_holds": (3, "quantity > 1", "quantity > 1 and quantity < 1", 2),
    "unknown_action": (4, "set owner.region = name", "do nothing(x: 1)", 3),
    "defined_twice": (2, "trigger a", "trigger v", 1),
    "escape": (1, "no {name}", "no \\q {name}", 3),
}


def mutated(chosen: tuple[str, ...]) -> tuple[str, list[tuple[int, str]]]:
    """A file with some mistakes, and the line and code of each."""
    pieces = list(SOUND)
    for code in chosen:
        place, sound, broken, _ = BROKEN[code]
        assert sound in pieces[place]
        pieces[place] = pieces[place].replace(sound, broken, 1)
    starts = [1 + sum(piece.count("\n") + 1 for piece in SOUND[:place]) for place in range(len(SOUND))]
    expected = [(starts[BROKEN[code][0]] + BROKEN[code][3] - 1, code) for code in chosen]
    return "\n".join(pieces), sorted(expected)


def errors_in(source: str) -> list[tuple[int, str]]:
    problems = RuleFiles({"sales": source}, SalesWorld()).check().problems["sales"]
    return sorted((problem.line, problem.code) for problem in problems if problem.severity == "error")


def test_the_sound_file_has_no_errors() -> None:
    assert errors_in("\n".join(SOUND)) == []


@pytest.mark.parametrize("code", BROKEN)
def test_one_mistake_is_one_problem(code: str) -> None:
    source, expected = mutated((code,))
    assert errors_in(source) == expected


@pytest.mark.parametrize(
    "chosen",
    [
        chosen
        for chosen in combinations(BROKEN, 5)
        if not {"syntax", "defined_twice"} <= set(chosen)  # the one hides the other: the piece is not read
    ],
    ids="-".join,
)
def test_five_mistakes_are_these_five_problems(chosen: tuple[str, ...]) -> None:
    source, expected = mutated(chosen)
    assert errors_in(source) == expected


# ---- one declaration that cannot be read, between two that can

AHEAD = """function big(d: opportunity) = d.amount > 100

trigger first on opportunity before save order 1 {
  when changed(amount)
  set margin = amount
}

"""
BEHIND = """

validation last on opportunity {
  when big(record)
  check close_date != null and close_date > today() message "no {name}" at close_date
}
"""
UNREADABLE = [
    "trigger mid on opportunity before save {\n  set name = \n}",
    "trigger mid on opportunity before save {\n  set = 5\n}",
    "trigger mid on opportunity before save {\n  set name 'x'\n}",
    "trigger mid on opportunity before save {\n  set name == 'x'\n}",
    "trigger mid on opportunity before save {\n  set name = 'x'\n",
    "trigger mid on opportunity before save\n  set name = 'x'\n}",
    "trigger mid on opportunity before save {\n  set name = 'x'\n}}",
    "trigger mid opportunity before save {\n  set name = 'x'\n}",
    "trigger on opportunity before save {\n  set name = 'x'\n}",
    "trigger mid on opportunity save {\n  set name = 'x'\n}",
    "trigger mid on opportunity before saving {\n  set name = 'x'\n}",
    "triger mid on opportunity before save {\n  set name = 'x'\n}",
    'trigger mid on opportunity before save {\n  set name = "x\n}',
    "trigger mid on opportunity before save {\n  set name = 'x\n}",
    'trigger mid on opportunity before save {\n  set name = "a {name"\n}',
    'trigger mid on opportunity before save {\n  set name = "a {name +}"\n}',
    "trigger mid on opportunity before save {\n  if amount > 5 set name = 'x'\n}",
    "trigger mid on opportunity before save {\n  if amount > 5 { set name = 'x'\n}",
    "trigger mid on opportunity before save {\n  if amount > 5 { set name = 'x' } else set name = 'y'\n}",
    "trigger mid on opportunity before save {\n  if (amount > 5 { set name = 'x' }\n}",
    "trigger mid on opportunity before save {\n  while amount > 5 { set name = 'x' }\n}",
    "trigger mid on opportunity after save {\n  for line lines { update line { quantity: 1 } }\n}",
    "trigger mid on opportunity after save {\n  for line in lines where { update line { quantity: 1 } }\n}",
    "trigger mid on opportunity after save {\n  create task { subject 'x' }\n}",
    "trigger mid on opportunity after save {\n  create task { subject: 'x' owner: owner }\n}",
    "trigger mid on opportunity after save {\n  create task subject: 'x'\n}",
    "trigger mid on opportunity after save {\n  do log text: 'x'\n}",
    "trigger mid on opportunity after save {\n  do log(text: 'x'\n}",
    "validation mid on opportunity {\n  check amount > 0\n}",
    "validation mid on opportunity {\n  check message 'x'\n}",
    "validation mid on opportunity {\n  message 'x'\n}",
    "validation mid on opportunity {\n}",
    "function mid(d: opportunity) { d.amount }",
    "function mid(d opportunity) = d.amount",
    "function mid(d: opportunity) = ",
    "function (d: opportunity) = d.amount",
    "trigger mid on opportunity before save {\n  set name = 'x';\n}",
    "trigger mid on opportunity before save {\n  set name := 'x'\n}",
    "trigger mid on opportunity before save {\n  set name = name && 'x'\n}",
    "trigger mid on opportunity before save {\n  set name = amount > 5 ? 'x' : 'y'\n}",
    "trigger mid on opportunity before save {\n  let = 5\n}",
    "trigger mid on opportunity before save {\n  fail\n}",
    "score mid on opportunity {\n  when amount > 5 = 3\n}",
    "sla mid on opportunity {\n  start when stage == 'won'\n  target 5 hours calendar\n}",
    "assignment mid on opportunity {\n  when amount > 5 => owner\n}",
    "schedule mid on task at 6 {\n  delete record\n}",
    "test mid {\n  expect 1 == 1\n}",
    'test "mid" as {\n  expect 1 == 1\n}',
    "@#$%^",
    "}",
    "hello world this is no rule",
]


@pytest.mark.parametrize("broken", UNREADABLE)
def test_what_cannot_be_read_is_one_problem_at_its_place(broken: str) -> None:
    problems = RuleFiles({"sales": AHEAD + broken + BEHIND}, SalesWorld()).check().problems["sales"]
    (problem,) = [problem for problem in problems if problem.code != "untested"]
    first = AHEAD.count("\n") + 1
    assert problem.code == "syntax"
    assert first <= problem.line <= first + broken.count("\n") + 1


@pytest.mark.parametrize(
    ("statement", "hint"),
    [
        ("set = 5", "a name is missing"),
        ("let = 5", "a name is missing"),
        ("set name == 'x'", "to set a field or name a value, write one `=`"),
        ("if amount = 5 { fail 'no' }", "to compare, write `==`"),
        ("if amount === 5 { fail 'no' }", "to compare, write `==`"),
    ],
)
def test_a_sign_too_much_or_too_few_is_explained(statement: str, hint: str) -> None:
    source = f"trigger t on opportunity before save {{ {statement} }}"
    (problem,) = RuleFiles({"sales": source}, SalesWorld()).check().problems["sales"]
    assert problem.hint == hint
