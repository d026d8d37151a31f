"""The types of the rule language.

A type is a value: two equal types are interchangeable. `nullable` is part of it, because the checker tracks
where null may occur.

Python values of each kind: BOOLEAN `bool`, INTEGER `int`, DECIMAL, MONEY and PERCENT `decimal.Decimal`
(money is
the amount in the record's currency), TEXT and CHOICE `str`, DATE `datetime.date`, DATETIME an aware
`datetime.datetime` in UTC, TIME `datetime.time`, DURATION `fieldstone_rules.durations.Duration`, REFERENCE
`fieldstone_rules.types.Ref`, LIST `tuple`, JSON what `json.loads` gives, COMPOUND a mapping of part to its
value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from uuid import UUID

ANY_ENTITY: tuple[str, ...] = ()


class Kind(StrEnum):
    """What sort of value an expression has."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    PERCENT = "percent"
    TEXT = "text"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    DURATION = "duration"
    CHOICE = "choice"
    REFERENCE = "reference"
    LIST = "list"
    COLLECTION = "collection"
    JSON = "json"
    COMPOUND = "compound"
    NULL = "null"


@dataclass(frozen=True, slots=True)
class Ref:
    """The identity of a record: the value of a reference."""

    entity: str
    id: UUID


@dataclass(frozen=True)
class Type:
    """A type of the language.

    precision, scale: total and fractional decimal digits of a DECIMAL (None: unlimited).
    options: the names a CHOICE may take (empty: not known, any text).
    attributes: what can be read of a CHOICE under a workflow, such as `stage.probability`, and the parts of a
    COMPOUND, such as `address.city`: name → type.
    entities: the targets of a REFERENCE (empty: any entity), or the one entity of a COLLECTION.
    item: the type of the items of a LIST.
    longest: how many characters a TEXT has at most (None: not known); types that differ in it are equal.
    """

    kind: Kind
    nullable: bool = True
    precision: int | None = None
    scale: int | None = None
    options: tuple[str, ...] = ()
    attributes: Mapping[str, Type] = field(default_factory=dict, compare=False, hash=False)
    entities: tuple[str, ...] = ANY_ENTITY
    item: Type | None = None
    longest: int | None = field(default=None, compare=False)

    def required(self) -> Type:
        """This type without null."""
        return self._turned if self.nullable else self

    def optional(self) -> Type:
        """This type with null."""
        return self if self.nullable else self._turned

    @cached_property
    def _turned(self) -> Type:
        """The other of the two: they are asked for at every field, and few differ."""
        return replace(self, nullable=not self.nullable)


def simple(kind: Kind, *, nullable: bool = True) -> Type:
    """A type that is described by its kind alone."""
    return Type(kind, nullable)


def decimal(precision: int | None = None, scale: int | None = None, *, nullable: bool = True) -> Type:
    """An exact decimal of `precision` digits, `scale` of them behind the point."""
    return Type(Kind.DECIMAL, nullable, precision=precision, scale=scale)


def choice(
    options: tuple[str, ...], attributes: Mapping[str, Type] | None = None, *, nullable: bool = True
) -> Type:
    """One of `options`; `attributes` are what a workflow says of each state."""
    return Type(Kind.CHOICE, nullable, options=options, attributes=attributes or {})


def reference(*entities: str, nullable: bool = True) -> Type:
    """A reference to a record of one of `entities` (none given: of any entity)."""
    return Type(Kind.REFERENCE, nullable, entities=entities)


def collection(entity: str) -> Type:
    """The records of `entity` that belong together, such as those behind an inverse."""
    return Type(Kind.COLLECTION, nullable=False, entities=(entity,))


def list_of(item: Type, *, nullable: bool = False) -> Type:
    """A list of `item`."""
    return Type(Kind.LIST, nullable, item=item)


def compound(parts: Mapping[str, Type]) -> Type:
    """A value of several named parts, such as an address; it is read part by part."""
    return Type(Kind.COMPOUND, attributes=parts)
