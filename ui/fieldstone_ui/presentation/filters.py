"""Filter chips: an expression's parts as field, operator and value, and back.

A chip is a part of the top-level conjunction that one of the field's operators could have written; any other
part is shown as the expression it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache

from fieldstone.fields.filters import Operand, Operator
from fieldstone_ui.presentation.formats import Formats
from fieldstone_ui.presentation.looks import FieldLook

ME = "user"
LITERAL_CALL = re.compile(r"""^(?:date|datetime)\(["']([^"']+)["']\)$""")
TEXT_LITERAL = re.compile(r"""^(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')$""")
ISO_DATE = re.compile(r"^\d{4}-\d\d-\d\d$")
TEXTS = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
LIST_ITEM = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^,]+)\s*(?:,|$)""")


PERIODS = ("week", "month", "quarter", "year")
MY_TEAM = Operator("mine", "is", "{field} in user.teams", Operand.NONE)


def this_period(period: str) -> Operator:
    """ "is this quarter", for dates."""
    template = f'{{field}} between start_of("{period}", today()) and end_of("{period}", today())'
    return Operator(f"this_{period}", f"is this {period}", template, Operand.NONE)


THIS_PERIOD = tuple(this_period(period) for period in PERIODS)


def operators_of(look: FieldLook, own: Sequence[Operator]) -> tuple[Operator, ...]:
    """What can be asked of a field: what its type knows, "my team" and "this quarter"."""
    if look.targets == ("team",):
        return (MY_TEAM, *own)
    if look.widget != "date":
        return tuple(own)
    known = {operator.name for operator in THIS_PERIOD}
    return (*THIS_PERIOD, *(operator for operator in own if operator.name not in known))


@dataclass(frozen=True)
class Chip:
    """One part of a filter. `expression` is set where no operator fits. rest: the filter without it."""

    field: str = ""
    operator: str = ""
    value: str = ""
    expression: str = ""
    rest: str = ""
    remove_url: str = ""


@dataclass(frozen=True)
class Filterable:
    """A field that the builder offers, with its operators."""

    look: FieldLook
    operators: tuple[Operator, ...]


def chips_of(parts: Sequence[str], fields: Mapping[str, Filterable], formats: Formats) -> list[Chip]:
    """A chip for each part of the conjunction."""
    return [chip_of(part, without(parts, index), fields, formats) for index, part in enumerate(parts)]


def without(parts: Sequence[str], index: int) -> str:
    """The conjunction without one part."""
    return conjunction([part for place, part in enumerate(parts) if place != index])


def conjunction(parts: Sequence[str]) -> str:
    """Parts joined by `and`; one with an `or` in it is bracketed."""
    return " and ".join(f"({part})" if needs_brackets(part) and len(parts) > 1 else part for part in parts)


def needs_brackets(part: str) -> bool:
    """Whether a part binds looser than `and`."""
    return re.search(r"\b(or|if)\b|\?\?", TEXTS.sub("", part)) is not None


def chip_of(part: str, rest: str, fields: Mapping[str, Filterable], formats: Formats) -> Chip:
    """The chip of one part."""
    plain = part.strip()
    for field in fields.values():
        for operator in by_closeness(field.operators):
            found = pattern(operator.template, field.look.name).fullmatch(plain)
            if found and all(is_simple(value) for value in found.groupdict().values()):
                value = "my team" if operator is MY_TEAM else shown(found.groupdict(), field.look, formats)
                return Chip(field.look.label, operator.label, value, rest=rest)
    return Chip(expression=plain, rest=rest)


def by_closeness(operators: Sequence[Operator]) -> list[Operator]:
    """Operators without a value first: "is empty" rather than "is null"."""
    return sorted(operators, key=lambda operator: operator.operand is not Operand.NONE)


def is_simple(value: str) -> bool:
    """Whether a value is one, and not an expression that happens to stand in its place."""
    return re.search(r"\b(or|and|not|if|in)\b|\?\?", TEXTS.sub("", value)) is None


@cache
def pattern(template: str, field: str) -> re.Pattern[str]:
    """What an operator's template writes for a field, with any spacing."""
    pieces = re.split(r"\{(field|value|low|high)\}", template)
    out = []
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            out.append(
                r"\s*".join(
                    re.escape(word) for word in re.findall(r"\s+|\w+|[^\w\s]+", piece) if word.strip()
                )
            )
        elif piece == "field":
            out.append(re.escape(field))
        else:
            out.append(f"(?P<{piece}>{VALUE})")
    return re.compile(r"\s*".join(piece for piece in out if piece))


VALUE = r"""(?!=)(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^"'()]|\(\s*(?:"[^"]*"|'[^']*')?\s*\))+?"""


def shown(groups: Mapping[str, str], look: FieldLook, formats: Formats) -> str:
    """The value of a chip for people."""
    if "low" in groups:
        return f"{shown_one(groups['low'], look, formats)} to {shown_one(groups['high'], look, formats)}"
    value = groups.get("value", "").strip()
    if value.startswith("[") and value.endswith("]"):
        return ", ".join(shown_one(item.strip(), look, formats) for item in LIST_ITEM.findall(value[1:-1]))
    return shown_one(value, look, formats) if value else ""


def shown_one(literal: str, look: FieldLook, formats: Formats) -> str:
    """A literal of the rule language for people: an option's label, a number in the locale, a date, me."""
    if literal == ME:
        return "me"
    value = text_of(literal)
    if value in look.options:
        return look.options[value].label
    if ISO_DATE.match(value):
        return formats.short_date(date.fromisoformat(value))
    if look.numeric:
        return shown_number(value, look, formats)
    return value


def shown_number(value: str, look: FieldLook, formats: Formats) -> str:
    """A number as its column shows it."""
    try:
        number = Decimal(value.removesuffix("%"))
    except InvalidOperation:
        return value
    if look.widget == "money":
        amount = formats.money(number, whole=True)
        return f"{amount.symbol}{amount.amount}"
    return formats.percent(number) if look.widget == "percent" else formats.number(number)


def text_of(literal: str) -> str:
    """What a literal says: without quotes, or inside `date("…")`."""
    literal = literal.strip()
    called = LITERAL_CALL.match(literal)
    if called:
        return called[1]
    quoted = TEXT_LITERAL.match(literal)
    if quoted is None:
        return literal
    return re.sub(r"\\(.)", r"\1", quoted[1] if quoted[1] is not None else quoted[2])
