"""What a filter chip can ask of a field: an operator with its label and the expression it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Operand(StrEnum):
    """How many values an operator takes."""

    NONE = "none"
    ONE = "one"
    TWO = "two"
    MANY = "many"


@dataclass(frozen=True)
class Operator:
    """One question about a field.

    name: stable, for programs. label: for people. template: the expression, with `{field}` and `{value}`
    (of two values `{low}` and `{high}`; of many, `{value}` is a list).
    """

    name: str
    label: str
    template: str
    operand: Operand = Operand.ONE

    def expression(self, field: str, *literals: str) -> str:
        """The expression for `field`, with values already written as literals of the rule language.

        Raises:
            ValueError: if the number of literals is not what the operator takes.
        """
        expected = {Operand.NONE: len(literals) == 0, Operand.ONE: len(literals) == 1}
        expected |= {Operand.TWO: len(literals) == 2, Operand.MANY: len(literals) > 0}
        if not expected[self.operand]:
            raise ValueError(f"{self.name} does not take {len(literals)} values")
        if self.operand is Operand.TWO:
            return self.template.format(field=field, low=literals[0], high=literals[1])
        value = f"[{', '.join(literals)}]" if self.operand is Operand.MANY else "".join(literals)
        return self.template.format(field=field, value=value)


IS_EMPTY = Operator("empty", "is empty", "{field} == null", Operand.NONE)
IS_SET = Operator("set", "is set", "{field} != null", Operand.NONE)
EQUALS = Operator("is", "is", "{field} == {value}")
DIFFERS = Operator("is_not", "is not", "{field} != {value}")
ONE_OF = Operator("any_of", "is any of", "{field} in {value}", Operand.MANY)
NONE_OF = Operator("none_of", "is none of", "{field} not in {value}", Operand.MANY)
CONTAINS = Operator("contains", "contains", "contains(lower({field}), lower({value}))")
STARTS = Operator("starts_with", "begins with", "starts_with(lower({field}), lower({value}))")
LESS = Operator("less", "is less than", "{field} < {value}")
AT_MOST = Operator("at_most", "is at most", "{field} <= {value}")
MORE = Operator("more", "is more than", "{field} > {value}")
AT_LEAST = Operator("at_least", "is at least", "{field} >= {value}")
BETWEEN = Operator("between", "is between", "{field} between {low} and {high}", Operand.TWO)
BEFORE = Operator("before", "is before", "{field} < {value}")
AFTER = Operator("after", "is after", "{field} > {value}")
TRUE = Operator("true", "is yes", "{field} == true", Operand.NONE)
FALSE = Operator("false", "is no", "{field} == false", Operand.NONE)
HAS = Operator("has", "has", "{value} in {field}")
LACKS = Operator("lacks", "has not", "{value} not in {field}")
THIS_MONTH = Operator(
    "this_month",
    "is this month",
    '{field} between start_of("month", today()) and end_of("month", today())',
    Operand.NONE,
)
IS_TODAY = Operator("today", "is today", "{field} == today()", Operand.NONE)
IS_PAST = Operator("past", "is in the past", "{field} < today()", Operand.NONE)
IS_RECORD = Operator("is", "is", "{field}.id == {value}")
IS_NO_RECORD = Operator("is_not", "is not", "{field}.id != {value}")
IS_ME = Operator("me", "is me", "{field} == user", Operand.NONE)

NULL_OPERATORS = (IS_EMPTY, IS_SET)
TEXT_OPERATORS = (CONTAINS, STARTS, EQUALS, DIFFERS, *NULL_OPERATORS)
NUMBER_OPERATORS = (EQUALS, DIFFERS, LESS, AT_MOST, MORE, AT_LEAST, BETWEEN, *NULL_OPERATORS)
CHOICE_OPERATORS = (EQUALS, DIFFERS, ONE_OF, NONE_OF, *NULL_OPERATORS)
TIME_OPERATORS = (EQUALS, BEFORE, AFTER, BETWEEN, *NULL_OPERATORS)
DATE_OPERATORS = (EQUALS, BEFORE, AFTER, BETWEEN, IS_TODAY, THIS_MONTH, IS_PAST, *NULL_OPERATORS)


def quoted(text: str) -> str:
    """A text literal of the rule language, in single quotes, which know no interpolation."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t")
    return f"'{escaped}'"
