"""Filters as chips: what an expression's parts say to people, and what is left without one of them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from fieldstone.fields import filters as operators
from fieldstone_ui.presentation.filters import Filterable, chips_of, conjunction, operators_of
from fieldstone_ui.presentation.formats import Formats, locale_of
from fieldstone_ui.presentation.looks import FieldLook
from fieldstone_ui.presentation.states import choice_looks

STAGES = choice_looks({"won": ("Won", "green"), "lost": ("Lost", "red")})
LOOKS = (
    (FieldLook("name", "Name", "text", "text"), operators.TEXT_OPERATORS),
    (FieldLook("amount", "Amount", "money", "money"), operators.NUMBER_OPERATORS),
    (FieldLook("stage", "Stage", "state", "choice", options=STAGES), operators.CHOICE_OPERATORS),
    (FieldLook("close", "Close", "date", "date"), operators.DATE_OPERATORS),
    (FieldLook("owner", "Owner", "person", "user", targets=("user",)), (operators.IS_ME, operators.EQUALS)),
    (FieldLook("team", "Team", "reference", "reference", targets=("team",)), (operators.EQUALS,)),
)
FIELDS = {look.name: Filterable(look, operators_of(look, own)) for look, own in LOOKS}
FORMATS = Formats(locale_of("en"), ZoneInfo("UTC"), datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("owner == user", ("Owner", "is me", "")),
        ("team in user.teams", ("Team", "is", "my team")),
        ("amount >= 10000", ("Amount", "is at least", "€10,000")),
        ("amount > 10000", ("Amount", "is more than", "€10,000")),
        ("amount between 10 and 20.5", ("Amount", "is between", "€10.00 to €20.50")),
        ('stage not in ["won", "lost"]', ("Stage", "is none of", "Won, Lost")),
        ("stage == 'won'", ("Stage", "is", "Won")),
        ("stage == null", ("Stage", "is empty", "")),
        ('close < date("2026-12-24")', ("Close", "is before", "24 Dec")),
        (
            'close between start_of("quarter", today()) and end_of("quarter", today())',
            ("Close", "is this quarter", ""),
        ),
        ("contains(lower(name), lower('o\\'hara'))", ("Name", "contains", "o'hara")),
    ],
)
def test_a_part_that_an_operator_writes_is_said_in_words(part, said):
    (chip,) = chips_of([part], FIELDS, FORMATS)
    assert (chip.field, chip.operator, chip.value) == said


@pytest.mark.parametrize(
    "part", ["amount > 1 or owner == user", "amount * 2 > 7", "other == 1", "count(lines) > 2"]
)
def test_any_other_part_is_shown_as_the_expression_it_is(part):
    (chip,) = chips_of([part], FIELDS, FORMATS)
    assert chip.expression == part


def test_removing_a_chip_leaves_the_rest_with_brackets_where_needed():
    chips = chips_of(["amount > 1", "owner == user or stage == 'won'", "close == null"], FIELDS, FORMATS)
    assert chips[0].rest == "(owner == user or stage == 'won') and close == null"
    assert chips[1].rest == "amount > 1 and close == null"


def test_a_word_inside_a_text_needs_no_brackets():
    assert conjunction(["name == 'now or never'", "amount > 1"]) == "name == 'now or never' and amount > 1"


def test_every_operator_of_the_builder_is_recognised_again():
    for look, own in LOOKS:
        for operator in operators_of(look, own):
            literals = {operators.Operand.NONE: (), operators.Operand.TWO: ("1", "2")}.get(
                operator.operand, ("'won'",)
            )
            (chip,) = chips_of([operator.expression(look.name, *literals)], FIELDS, FORMATS)
            assert (chip.field, chip.operator) == (look.label, operator.label)
