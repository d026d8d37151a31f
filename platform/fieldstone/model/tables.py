"""The tables behind entities, named so that somebody with a BI tool can read them.

A declared field is never NOT NULL, though it may be required: `required` is judged by the records service on
every way in, and a field that becomes required must be addable to a table that already holds records.
References are foreign keys without an action: records move to the recycle bin and keep their row.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from fieldstone.fields import FieldType, field_type_of, identifier
from fieldstone.fields.formula import FormulaType
from fieldstone.fields.money import MoneyType
from fieldstone.fields.reference import reference_column
from fieldstone.fields.references import ReferencesType
from fieldstone.model.indexes import add_indexes
from fieldstone.model.model import Link
from fieldstone.model.system_fields import kept_text_columns, system_column, system_types
from fieldstone_metadata import declarations
from fieldstone_rules.schema import Through
from fieldstone_rules.types import Kind


@dataclass(frozen=True, eq=False)
class EntityTable:
    """An entity's table with the columns of its fields."""

    table: sa.Table
    columns: Mapping[str, tuple[sa.Column[Any], ...]]


@dataclass(frozen=True, eq=False)
class _Ground:
    """What all entities of a model share. storage: of all of them, by name. names: of the entities.

    making: held while a table is made, because threads may ask at once and tables know each other.
    """

    metadata: sa.MetaData
    names: frozenset[str]
    storage: dict[str, EntityStorage] = field(default_factory=dict)
    making: threading.RLock = field(default_factory=threading.RLock)


@dataclass(frozen=True, eq=False)
class EntityStorage:
    """How records of an entity are kept: the types bound to its fields, and its table once it is needed."""

    declaration: declarations.Entity
    types: Mapping[str, FieldType]
    system: Mapping[str, FieldType]
    ground: _Ground
    _links: dict[str, Link] = field(default_factory=dict)

    @cached_property
    def built(self) -> EntityTable:
        """The table with its columns."""
        with self.ground.making:
            known: EntityTable | None = self.__dict__.get("built")
            return known or _entity_table(self)

    def table(self) -> sa.Table:
        """The entity's table."""
        return self.built.table

    def columns(self, name: str) -> tuple[sa.Column[Any], ...]:
        """The columns of a field, in order."""
        return self.built.columns[name]

    def link(self, name: str) -> Link:
        """Where the pairs of a many-to-many field live."""
        with self.ground.making:
            if name not in self._links:
                self._links[name] = _link(self, name)
            return self._links[name]


def build_storage(
    entities: Mapping[str, declarations.Entity], schema: str
) -> tuple[sa.MetaData, Mapping[str, EntityStorage]]:
    """How all entities are kept in the database schema `schema`.

    Tables are made when they are first asked for: a process of a large application works with few of its
    entities, and each table costs memory and time.
    """
    ground = _Ground(sa.MetaData(schema=schema), frozenset(entities))
    shared = frozenset(_sharing_money(entities))
    for name, entity in entities.items():
        types = {key: field_type_of(declared, name) for key, declared in entity.fields.items()}
        system = system_types(entity, money=name in shared or holds_money(types))
        ground.storage[name] = EntityStorage(entity, types, system, ground)
    return ground.metadata, ground.storage


def _sharing_money(entities: Mapping[str, declarations.Entity]) -> Iterator[str]:
    """The entities whose records have a currency for the amounts of what lives inside them."""
    for entity in entities.values():
        if entity.parent is not None:
            types = {name: field_type_of(field, entity.name) for name, field in entity.fields.items()}
            yield from _around(entity, entities) if holds_money(types) else ()


def _around(entity: declarations.Entity, entities: Mapping[str, declarations.Entity]) -> Iterator[str]:
    """The entities of the records that those of an entity live inside, however deep."""
    if entity.parent is not None and entity.parent.target is not None:
        outside = entity.parent.target.entities[0]
        yield outside
        yield from _around(entities[outside], entities)


def holds_money(types: Mapping[str, FieldType]) -> bool:
    """Whether records of these fields have a currency."""
    return any(isinstance(t, MoneyType) or _is_money_formula(t) for t in types.values())


def _is_money_formula(field_type: FieldType) -> bool:
    formula = field_type.declaration.formula
    return isinstance(field_type, FormulaType) and formula is not None and formula.type.kind is Kind.MONEY


def _entity_table(storage: EntityStorage) -> EntityTable:
    entity, types, metadata = storage.declaration, storage.types, storage.ground.metadata
    schema = str(metadata.schema)
    columns = {name: field_type.columns(schema) for name, field_type in types.items()}
    columns |= {name: (system_column(name, schema, storage.ground.names),) for name in storage.system}
    first = ("id", *types)
    ordered = [*first, *(name for name in columns if name not in first)]
    parts = [column for name in ordered for column in columns[name]]
    table = sa.Table(entity.name, metadata, *parts, *kept_text_columns(), *_checks(entity, types))
    _name_constraints(table)
    add_indexes(table, entity, {**types, **storage.system})
    return EntityTable(table, columns)


def _checks(entity: declarations.Entity, types: Mapping[str, FieldType]) -> list[sa.Constraint]:
    checks = [check for field_type in types.values() for check in field_type.constraints()]
    for check in checks:
        check.name = identifier(f"ck_{entity.name}", str(check.name))
    return checks


def _name_constraints(table: sa.Table) -> None:
    table.primary_key.name = identifier("pk", table.name)
    for constraint in table.foreign_key_constraints:
        constraint.name = identifier(f"fk_{table.name}", *constraint.column_keys)


def _link(storage: EntityStorage, name: str) -> Link:
    many = storage.types[name]
    assert isinstance(many, ReferencesType)
    if many.through is not None:
        return _records(many.through, many.target, storage.ground.storage[many.through.entity])
    return _pairs(storage.declaration.name, name, many.target, storage.ground.metadata)


def _records(through: Through, target: str, linking: EntityStorage) -> Link:
    """The links that are records of an entity."""
    (source,), (other,) = linking.columns(through.near), linking.columns(through.far)
    reference = linking.types[through.near].declaration.target
    inside = reference is not None and reference.owned
    return Link(linking.table(), source, other, target, through, inside=inside)


def _pairs(entity: str, name: str, target: str, metadata: sa.MetaData) -> Link:
    schema = str(metadata.schema)
    ends = reference_column("source", entity, schema), reference_column("target", target, schema)
    for end in ends:
        end.primary_key, end.nullable = True, False
    table = sa.Table(identifier(entity, name), metadata, *ends)
    _name_constraints(table)
    sa.Index(identifier(f"ix_{table.name}", "target"), table.c.target)
    return Link(table, table.c.source, table.c.target, target)
