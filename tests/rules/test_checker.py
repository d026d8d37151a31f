"""What the checker says: every problem at once, at its place, with a code, a sentence and often a hint."""

from __future__ import annotations

import pytest

from fieldstone_rules import Expression, Kind, Problem, Purpose, RuleError, Scope, caret, check_expression
from fieldstone_rules.types import Type, simple

from .world import WORLD


def problems(source: str, purpose: Purpose = Purpose.VALUE, **scope: object) -> list[Problem]:
    with pytest.raises(RuleError) as refused:
        check_expression(source, Scope(WORLD, "opportunity", purpose, **scope))
    return list(refused.value.problems)


def accepted(source: str, purpose: Purpose = Purpose.VALUE, **scope: object) -> Expression:
    return check_expression(source, Scope(WORLD, "opportunity", purpose, **scope))


def test_all_problems_are_told_at_once_in_their_order() -> None:
    told = problems("accont == null and\n stage == 'win' and quantity > 'a'")
    assert [(p.code, p.line, p.column) for p in told] == [
        ("unknown_name", 1, 1),
        ("unknown_option", 2, 11),
        ("type", 2, 21),
    ]


def test_an_unknown_name_comes_with_the_nearest_one() -> None:
    assert problems("acount.name == 'x'")[0].hint == "did you mean `account`?"
    assert problems("account.nmae == 'x'")[0].hint == "did you mean `name`?"
    assert problems("lenn(name) == 1")[0].hint == "did you mean `len`?"


def test_one_mistake_is_told_once() -> None:
    assert len(problems("not (nothing.a.b + 1 > 2) or nothing == 3")) == 2


def test_a_caret_points_at_the_place() -> None:
    (problem,) = problems("quantity > 1 and\n  acount == null")
    assert caret("quantity > 1 and\n  acount == null", problem) == "  acount == null\n  ^^^^^^"


@pytest.mark.parametrize(
    ("source", "column", "hint"),
    [
        ("quantity = 5", 10, "to compare, write `==`"),
        ("active && flag", 8, "write `and`"),
        ("active || flag", 8, "write `or`"),
        ("quantity <> 5", 11, "write `!=`"),
        ("(quantity + 1", 14, "`)` is missing"),
        ("name == 'x", 9, "the text is not closed"),
        ("Name == 'x'", 1, "names are written in small letters, digits and _"),
    ],
)
def test_a_syntax_error_says_what_to_write(source: str, column: int, hint: str) -> None:
    (problem,) = problems(source)
    assert (problem.code, problem.column, problem.hint) == ("syntax", column, hint)


def test_an_empty_text_is_no_expression() -> None:
    assert problems("  ")[0].message == "An expression is missing."


def test_a_problem_inside_an_interpolation_points_into_the_text() -> None:
    assert [(p.code, p.column) for p in problems('"a {nothing} b"')] == [("unknown_name", 5)]


@pytest.mark.parametrize(
    ("source", "nullable"),
    [
        ("quantity", True),
        ("count", False),
        ("quantity ?? 0", False),
        ("if quantity != null then quantity else 0", False),
        ("if quantity == null then 0 else quantity", False),
        ("quantity != null and quantity > 1", False),
        ("quantity == null or quantity > 1", False),
        ("quantity > 1", True),
        ("if account.name != null then account.owner else owner", True),
        ("if account != null then account == null else true", False),
        ("if quantity in [1, 2] then quantity else 0", False),
        ("account.name", True),
        ("1 / 2", True),
    ],
)
def test_the_checker_knows_where_null_may_occur(source: str, nullable: bool) -> None:
    assert accepted(source).type.nullable is nullable


@pytest.mark.parametrize(
    "purpose", [Purpose.CONDITION, Purpose.FILTER, Purpose.PERMISSION, Purpose.DENY, Purpose.CHECK]
)
def test_a_condition_has_to_be_true_or_false(purpose: Purpose) -> None:
    assert problems("quantity", purpose)[0].message == "A condition is expected here, not a integer."


@pytest.mark.parametrize(
    ("source", "expected", "fits"),
    [
        ("1", simple(Kind.DECIMAL), True),
        ("1", simple(Kind.MONEY), True),
        ("20%", simple(Kind.PERCENT), True),
        ("1.5", simple(Kind.INTEGER), False),
        ("20%", simple(Kind.MONEY), False),
        ("null", simple(Kind.DATE), True),
        ("now()", simple(Kind.DATE), False),
        ("'won'", Type(Kind.CHOICE, options=("won", "lost")), True),
        ("'win'", Type(Kind.CHOICE, options=("won", "lost")), False),
        ("owner", Type(Kind.REFERENCE, entities=("user",)), True),
        ("owner", Type(Kind.REFERENCE, entities=("account",)), False),
    ],
)
def test_a_value_has_to_fit_where_it_goes(source: str, expected: Type, fits: bool) -> None:
    try:
        outcome = bool(accepted(source, expected=expected))
    except RuleError:
        outcome = False
    assert outcome is fits


@pytest.mark.parametrize("source", ["matches(name, 'a')", "today() + 1 business day > today()"])
@pytest.mark.parametrize("purpose", [Purpose.FILTER, Purpose.PERMISSION, Purpose.DENY])
def test_what_has_no_sql_form_is_refused_in_a_filter(source: str, purpose: Purpose) -> None:
    assert problems(source, purpose)[0].code == "not_lowerable"


def test_a_check_that_may_be_unknown_is_warned_of() -> None:
    assert [w.code for w in accepted("quantity > 1", Purpose.CHECK).warnings] == ["unknown_passes"]
    assert accepted("count > 1", Purpose.CHECK).warnings == ()


def test_forbidden_names_are_refused() -> None:
    forbidden = frozenset({"now", "today", "user", "settings"})
    assert [p.code for p in problems("now() > seen_at", forbidden=forbidden)] == ["not_allowed"]
    assert [p.code for p in problems("owner == user", forbidden=forbidden)] == ["not_allowed"]
    assert [p.code for p in problems("discount > settings.sales.discount_limit", forbidden=forbidden)] == [
        "not_allowed"
    ]


def test_old_has_a_meaning_only_while_saving() -> None:
    assert accepted("changed(name) and old.quantity < quantity and became(amount > 5) or is_new()", old=True)
    assert problems("is_new()")[0].code == "not_allowed"


def test_an_expression_tells_what_it_depends_on() -> None:
    expression = accepted("weighted > 1 and owner.manager.email == 'x' and exists(lines where price > 1)")
    assert ("opportunity", "stage") in expression.reads
    assert ("user", "email") in expression.reads
    assert ("line", "price") in expression.reads
    assert expression.paths == {("owner",), ("owner", "manager")}
    assert (expression.collections, expression.constant) == (True, False)


def test_an_expression_of_literals_is_constant() -> None:
    assert accepted("1 + 2 * 3").constant
    assert not accepted("today()").constant


def test_variables_come_before_fields() -> None:
    assert accepted("name", variables={"name": simple(Kind.INTEGER)}).type.kind is Kind.INTEGER


def test_keywords_may_be_names_of_fields() -> None:
    variables = {
        word: simple(Kind.INTEGER) for word in ("message", "order", "at", "target", "where", "test", "on")
    }
    for word in variables:
        assert accepted(f"{word} + 1 == {word}", variables=variables)


def test_a_formula_that_depends_on_itself_is_refused() -> None:
    assert accepted("weighted").type.kind is Kind.MONEY
