"""The filter of a list: its chips, the builder that adds one, and the words when it cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError, Malformed
from fieldstone.fields.filters import Operand, Operator
from fieldstone.model.model import Entity, Field
from fieldstone_ui import data
from fieldstone_ui.pages import queries
from fieldstone_ui.presentation import filters
from fieldstone_ui.presentation.entry import Reader, Refused, read_value
from fieldstone_ui.presentation.filters import Chip, Filterable
from fieldstone_ui.presentation.looks import FieldLook

INPUTS = {"date": "date", "datetime": "datetime-local", "time": "time"}
MOST_PARTS = 30
ASKED_AS = dict.fromkeys(("address", "person_name", "rich_text"), "text") | {
    "choices": "choice",
    "location": "number",
}
"""Widget → that of one value that a filter asks for."""


@dataclass(frozen=True)
class Choice:
    """Something to pick: an operator or an option."""

    value: str
    label: str

    @property
    def name(self) -> str:
        """The same as `value`, for operators."""
        return self.value


@dataclass(frozen=True)
class Builder:
    """What the chosen field can be compared with. input: its type; empty: none, or the values."""

    operators: Sequence[Choice]
    values: Sequence[Choice] = ()
    many: bool = False
    input: str = ""
    inputmode: str = ""


def install(pages: Blueprint) -> None:
    """Add the routes of the builder."""
    pages.get("/e/<entity>/filter", endpoint="add_filter")(add_filter)
    pages.get("/e/<entity>/filter/operators", endpoint="filter_operators")(filter_operators)


def filterable(entity: Entity) -> dict[str, Filterable]:
    """The fields that a filter can ask about."""
    fields = [
        *entity.fields.values(),
        *(f for n, f in entity.system.items() if n not in {"id", "version", "deleted_at"}),
    ]
    shown = [field for field in fields if data.may_read_field(entity, field.name) and field.type.operators()]
    made = [(data.look(entity, field.name), field.type.operators()) for field in shown]
    return {look.name: Filterable(look, filters.operators_of(look, own)) for look, own in made}


def chips(asked: queries.Asked, fields: dict[str, Filterable]) -> tuple[list[Chip], str]:
    """The chips of the filter in force, and what is wrong with it."""
    try:
        parts = data.conjuncts(asked.entity, asked.where)
    except FieldstoneError as error:
        said = error.errors[0].message if error.errors else error.message
        return [Chip(expression=asked.where[:200], remove_url=asked.url(where=""))], said
    made = filters.chips_of(parts, fields, data.formats())
    return [replace(chip, remove_url=asked.url(where=chip.rest)) for chip in made], ""


def filter_operators(entity: str) -> ResponseReturnValue:
    """The rest of the builder for the field chosen."""
    owner = data.entity(entity)
    field = filterable(owner).get(request.args.get("field", ""))
    return render_template("lists/operators.html", builder=builder(field) if field else None)


def builder(field: Filterable) -> Builder:
    """What can be asked of a field, and how its value is given."""
    operators = [operator for operator in field.operators if operator.operand is not Operand.TWO]
    choices = [Choice(operator.name, operator.label) for operator in operators]
    look = field.look
    if look.options:
        picks = [operator for operator in operators if operator.operand in {Operand.MANY, Operand.NONE}]
        values = [Choice(option.value, option.label) for option in look.options.values()]
        return Builder([Choice(o.name, o.label) for o in picks] or choices, values, many=bool(picks))
    if all(operator.operand is Operand.NONE for operator in operators):
        return Builder(choices)
    kind = INPUTS.get(look.widget, "text")
    return Builder(choices, input=kind, inputmode="decimal" if look.numeric else "")


def add_filter(entity: str) -> ResponseReturnValue:
    """Add what the builder says to the filter, and show the list."""
    owner = data.entity(entity)
    asked = queries.read_behind(owner)
    field = owner.field(request.args.get("field", ""))
    offered = filterable(owner)
    if field is None or field.name not in offered:
        return redirect(asked.url())
    part = built_part(field, offered[field.name])
    parts = [*data.conjuncts(owner, asked.where), part] if part else data.conjuncts(owner, asked.where)
    if len(parts) > MOST_PARTS:
        raise Malformed("This filter has too many parts. Remove some, or write it as an expression.")
    return redirect(asked.url(where=filters.conjunction(parts)))


def built_part(field: Field, offered: Filterable) -> str:
    """The expression of the builder's field, operator and values; empty if a value is missing."""
    operator = next(
        (o for o in offered.operators if o.name == request.args.get("operator")), offered.operators[0]
    )
    if operator.operand is Operand.NONE:
        return operator.expression(field.name)
    typed = [value for value in request.args.getlist("value") if value.strip()]
    if not typed:
        return ""
    return part_of(field, operator, offered.look, typed)


def part_of(field: Field, operator: Operator, look: FieldLook, typed: Sequence[str]) -> str:
    """The expression for what was typed in the reader's locale. Raises Malformed with a sentence."""
    reader = Reader(data.formats(), no_reference)
    single = replace(look, widget=ASKED_AS.get(look.widget, look.widget))
    try:
        values = [read_value(single, {"": [one]}, reader) for one in typed]
    except Refused as error:
        raise Malformed(str(error), code="bad_value") from error
    wanted = values if operator.operand is Operand.MANY else values[:1]
    return data.filter_part(field, operator, wanted)


def no_reference(_targets: Sequence[str], _typed: str) -> dict[str, str]:
    """References are picked, not typed, in a filter."""
    raise Refused("Pick one from the list.")
