"""What saves ask about an entity again and again, found out once per publication."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from fieldstone.fields.any_reference import AnyReferenceType
from fieldstone.fields.base import FieldType
from fieldstone.fields.formula import FormulaType
from fieldstone.fields.money import MoneyType
from fieldstone.fields.reference import ReferenceType
from fieldstone.fields.references import ReferencesType
from fieldstone.model.model import Entity, Field

BOOKKEEPING = frozenset(
    {"id", "version", "created_at", "created_by", "updated_at", "updated_by", "deleted_at"}
)
ASSIGNED = ("owner", "team")


@dataclass(frozen=True, eq=False)
class Shape:
    """The fields of an entity by what a save does with them.

    fields: declared and system fields.
    plain: names of those stored as they are in one column of the same name. converted: the other stored ones.
    money: the amounts. base_keys: columns of the same in the organisation's currency.
    kept: those whose changes the history keeps; links that are records have one of their own.
    referring: those that refer to other records.
    demanding: those that may be required. links: the many-to-many ones. pairs: those of them that have a
    link table of their own; the links of the others are records.
    hiding: names of those that are not visible in each record. never_sent: of those that are never writable.
    empty: name → what a field holds when it holds nothing.
    """

    fields: tuple[Field, ...]
    plain: tuple[str, ...]
    converted: tuple[Field, ...]
    money: tuple[Field, ...]
    base_keys: tuple[str, ...]
    kept: tuple[Field, ...]
    referring: tuple[Field, ...]
    demanding: tuple[Field, ...]
    links: tuple[Field, ...]
    pairs: tuple[Field, ...]
    hiding: frozenset[str]
    never_sent: frozenset[str]
    empty: Mapping[str, Any]


_shapes: WeakKeyDictionary[Entity, Shape] = WeakKeyDictionary()


def shape_of(entity: Entity) -> Shape:
    """The shape of an entity."""
    found = _shapes.get(entity)
    if found is None:
        found = _shapes[entity] = _build(entity)
    return found


def empty(field: Field) -> Any:
    """What a field holds when it holds nothing: an empty tuple where it is a list, else None."""
    return field.type.empty


def _build(entity: Entity) -> Shape:
    fields = (*entity.fields.values(), *entity.system.values())
    stored = [field for field in fields if field.stored]
    held = [field for field in fields if field.stored or field.link]
    told = [field for field in held if field.name not in BOOKKEEPING and not _has_records(field)]
    declared = list(entity.fields.values())
    system = [entity.system[name] for name in ASSIGNED if name in entity.system]
    return Shape(
        fields=fields,
        plain=tuple(field.name for field in stored if _is_plain(field)),
        converted=tuple(field for field in stored if not _is_plain(field)),
        money=tuple(field for field in declared if isinstance(field.type, MoneyType)),
        base_keys=tuple(key for f in declared if (key := _base_key(f)) is not None),
        kept=tuple(told),
        referring=(*(f for f in declared if _refers(f)), *system),
        demanding=tuple(field for field in declared if field.required is not False),
        links=tuple(field for field in declared if field.link is not None),
        pairs=tuple(field for field in declared if field.link is not None and not _has_records(field)),
        hiding=frozenset(field.name for field in fields if field.visible is not True),
        never_sent=frozenset(field.name for field in fields if field.readonly is True),
        empty={field.name: empty(field) for field in held},
    )


def _base_key(field: Field) -> str | None:
    return field.type.base_key if isinstance(field.type, MoneyType | FormulaType) else None


def _refers(field: Field) -> bool:
    return isinstance(field.type, ReferenceType | AnyReferenceType | ReferencesType)


def _has_records(field: Field) -> bool:
    """Whether its links are records, which have a history of their own."""
    return field.link is not None and field.link.through is not None


def _is_plain(field: Field) -> bool:
    """Whether its type leaves values as the database gives them, in one column."""
    kind = type(field.type)
    return kind.from_row is FieldType.from_row and kind.to_row is FieldType.to_row
