"""The formatter: even spaces and indentation, with the meaning, comments and line breaks kept."""

from __future__ import annotations

import pytest

from fieldstone_rules import RuleError, format_expression, format_file

MESSY = """
# what matters
function   big( deal:opportunity )=deal.amount>10   # large

trigger t on opportunity before save order 20 {
when changed(discount)   or
amount>3
set margin=if cost==null then null else amount- cost
    # note
  if a>- 1 { do notify( user :owner,text:"a  {b}" ) }
  else {
  fail 'no'   at name
  }
}


validation v on opportunity { check a in[1,2]
message "x" }
"""
NEAT = """# what matters
function big(deal: opportunity) = deal.amount > 10  # large

trigger t on opportunity before save order 20 {
  when changed(discount) or
  amount > 3
  set margin = if cost == null then null else amount - cost
  # note
  if a > -1 { do notify(user: owner, text: "a  {b}") }
  else {
    fail 'no' at name
  }
}

validation v on opportunity { check a in [1, 2]
  message "x" }
"""


def test_a_file_gets_one_look() -> None:
    assert format_file(MESSY) == NEAT


def test_formatting_twice_changes_nothing() -> None:
    assert format_file(NEAT) == NEAT


@pytest.mark.parametrize(
    ("messy", "neat"),
    [
        ("a+b*- c", "a + b * -c"),
        ("not(a)and b", "not (a) and b"),
        ("f( x ,-1 )", "f(x, -1)"),
        ("20 %3", "20 % 3"),
        ("discount==20%", "discount == 20%"),
        ("count(lines\n where a>1\n order by[-b,c])", "count(lines where a > 1 order by [-b, c])"),
        ("( regarding as account ).name", "(regarding as account).name"),
        ("a??b", "a ?? b"),
    ],
)
def test_an_expression_gets_one_look(messy: str, neat: str) -> None:
    assert format_expression(messy) == neat


def test_what_does_not_parse_is_not_formatted() -> None:
    with pytest.raises(RuleError):
        format_file("trigger x {")
