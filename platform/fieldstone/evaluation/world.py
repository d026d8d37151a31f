"""What an expression sees when it is evaluated by itself: one record, and nothing else.

References lead to no record and collections are empty, in memory and in the database alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Any
from uuid import UUID

from fieldstone.errors import FieldError, Invalid
from fieldstone.evaluation.written_types import RECORD, Reader, read_type
from fieldstone.fields.base import FieldType
from fieldstone.fields.inputs import clean_text, record_id
from fieldstone.fields.money import BASE
from fieldstone.fields.refusal import ValueRefused
from fieldstone.model.model import Model
from fieldstone.model.organisation import organisation_calendar, organisation_currency, organisation_zone
from fieldstone_rules import (
    RESERVED,
    Calendar,
    EntitySchema,
    Environment,
    FieldSchema,
    Kind,
    PlainWeek,
    Row,
    Schema,
    Type,
)
from fieldstone_rules.types import simple

CURRENCY = "currency"
RECORD_ID = UUID(int=1)
"""The id of a record that does not say its own."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_MOST_FIELDS = 1_000


@dataclass(frozen=True, eq=False)
class World:
    """A schema, the entity of the record at hand (None: there is no record), and how its fields are read."""

    schema: Schema
    entity: str | None = None
    readers: Mapping[str, Reader] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    zone: tzinfo = UTC
    currency: str = "EUR"
    calendar: Calendar = field(default_factory=PlainWeek)

    def environment(self, written: Mapping[str, Any], now: datetime) -> Environment:
        """The surroundings of an evaluation at a moment. written: the record in the API's form. Raises
        Invalid.
        """
        return Environment(
            record=None if self.entity is None else self._record(written),
            now=now,
            zone=self.zone,
            currency=self.currency,
            calendar=self.calendar,
            settings=self.settings,
        )

    def _record(self, written: Mapping[str, Any]) -> Row:
        entity = self.schema.entity(self.entity or "")
        assert entity is not None
        bases = (f"{field.name}{BASE}" for field in entity.fields.values() if field.converted)
        values = dict.fromkeys([*entity.fields, *bases]) | _read(
            self.readers, _with_currency(entity, written)
        )
        values["id"] = values.get("id") or RECORD_ID
        return self._with_amounts(values)

    def _with_amounts(self, values: dict[str, Any]) -> dict[str, Any]:
        """With the organisation's currency, and its amount where that is the same."""
        if CURRENCY not in values:
            return values
        values[CURRENCY] = values[CURRENCY] or self.currency
        if values[CURRENCY] == self.currency:
            bases = [name for name in values if name.endswith(BASE) and values[name] is None]
            values |= {name: values.get(name.removesuffix(BASE)) for name in bases}
        return values


def _read(readers: Mapping[str, Reader], written: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a record. Raises Invalid with every field that is refused."""
    values, errors = {}, []
    for name, value in written.items():
        try:
            values[name] = _value(readers, name, value)
        except ValueRefused as refused:
            errors.append(FieldError(name[:80], refused.code, refused.message))
    if errors:
        message = f"{errors[0].field}: {errors[0].message}"
        raise Invalid(message, code=errors[0].code, errors=errors)
    return values


def _with_currency(entity: EntitySchema, written: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record with amounts such as `{"amount": "5", "currency": "EUR"}` as amounts of a record in that
    currency. Raises Invalid where they are in different ones.
    """
    money = {
        name for name in written if name in entity.fields and entity.fields[name].type.kind is Kind.MONEY
    }
    amounts = {name: written[name] for name in money if _is_amount(written[name])}
    currencies = {value["currency"] for value in amounts.values()} | {written.get("currency")} - {None}
    if not amounts:
        return written
    if len(currencies) > 1:
        raise Invalid("The amounts of a record are in one currency.", code="different_currencies")
    plain = {name: value["amount"] for name, value in amounts.items()}
    return {**written, **plain, CURRENCY: next(iter(currencies))}


def _is_amount(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"amount", "currency"}


def _value(readers: Mapping[str, Reader], name: str, value: Any) -> Any:
    if name not in readers:
        raise ValueRefused("unknown_field", "The record has no such field.")
    return None if value is None or value == "" else readers[name](value)


class _Fields:
    """The schema of one record whose fields were written down."""

    def __init__(self, entity: EntitySchema | None) -> None:
        self._entity = entity

    def entity(self, name: str) -> EntitySchema | None:
        """The record's entity, called `record`."""
        return self._entity if name == RECORD else None

    def entity_names(self) -> Iterable[str]:
        """None that an expression could name."""
        return ()

    def settings(self) -> Mapping[str, Mapping[str, Type]]:
        """None."""
        return {}

    def roles(self) -> Iterable[str]:
        """None."""
        return ()


NOTHING = World(_Fields(None))
"""A world without a record."""


def world_of_fields(written: Mapping[str, Any]) -> World:
    """The world of a record with these fields: name → written type. Raises Invalid."""
    if len(written) > _MOST_FIELDS:
        raise Invalid(f"A record has at most {_MOST_FIELDS} fields.", code="too_many")
    types = {"id": simple(Kind.TEXT, nullable=False)}
    readers: dict[str, Reader] = {"id": record_id}
    for name, text in written.items():
        try:
            _check_name(name)
            made = read_type(text)
        except ValueRefused as refused:
            raise Invalid(f"{name[:80]}: {refused.message}", code=refused.code) from None
        types[name], readers[name] = made.type, made.read
    if any(type_.kind is Kind.MONEY for type_ in types.values()):
        _add_currency(types, readers)
    fields = {
        name: FieldSchema(name, type_, converted=f"{name}{BASE}" in types) for name, type_ in types.items()
    }
    return World(_Fields(EntitySchema(RECORD, fields)), RECORD, readers)


def _check_name(name: str) -> None:
    if name == "id":
        raise ValueRefused("bad_name", "Every record has an id already.")
    if not _NAME.fullmatch(name) or name in RESERVED:
        raise ValueRefused("bad_name", "A field has a name of small letters, digits and `_`.")


def _add_currency(types: dict[str, Type], readers: dict[str, Reader]) -> None:
    """What an entity with money has beside it: its currency, and the amounts in the organisation's."""
    bases = [f"{name}{BASE}" for name, type_ in types.items() if type_.kind is Kind.MONEY]
    types.setdefault(CURRENCY, simple(Kind.TEXT))
    readers.setdefault(CURRENCY, clean_text)
    for base in bases:
        written = read_type("money")
        types.setdefault(base, written.type)
        readers.setdefault(base, written.read)


def world_of_model(model: Model, entity: str | None) -> World:
    """The world of a record of `entity` in an application. Raises Invalid if there is no such entity."""
    readers: dict[str, Reader] = {}
    if entity is not None:
        found = model.entities.get(entity)
        if found is None:
            raise Invalid(f"There is no entity “{entity[:80]}”.", code="unknown_entity")
        fields = {**found.system, **found.fields}
        readers = {name: partial(FieldType.read, field.type) for name, field in fields.items()}
        readers["id"] = record_id
    return World(
        model.rules_schema,
        entity,
        readers,
        model.settings,
        organisation_zone(model),
        organisation_currency(model),
        organisation_calendar(model),
    )
