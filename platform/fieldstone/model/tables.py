"""The tables behind entities, named so that somebody with a BI tool can read them.

A declared field is never NOT NULL, though it may be required: `required` is judged by the records service on
every way in, and a field that becomes required must be addable to a table that already holds records.
References are foreign keys without an action: records move to the recycle bin and keep their row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
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
    """An entity's table with the types bound to its fields and the link tables of its many-to-many fields."""

    table: sa.Table
    types: Mapping[str, FieldType]
    system: Mapping[str, FieldType]
    columns: Mapping[str, tuple[sa.Column[Any], ...]]
    links: Mapping[str, Link] = field(default_factory=dict)


def build_tables(
    entities: Mapping[str, declarations.Entity], schema: str
) -> tuple[sa.MetaData, dict[str, EntityTable]]:
    """The tables of all entities in the database schema `schema`."""
    metadata = sa.MetaData(schema=schema)
    names = frozenset(entities)
    shared = frozenset(_sharing_money(entities))
    built = {name: _entity_table(entity, metadata, names, shared) for name, entity in entities.items()}
    return metadata, {
        name: replace(table, links=_links(entities[name], built, metadata)) for name, table in built.items()
    }


def _sharing_money(entities: Mapping[str, declarations.Entity]) -> Iterator[str]:
    """The entities whose records have a currency for the amounts of what lives inside them."""
    for entity in entities.values():
        if entity.parent is not None and entity.parent.target is not None:
            types = {name: field_type_of(field, entity.name) for name, field in entity.fields.items()}
            yield from entity.parent.target.entities if holds_money(types) else ()


def holds_money(types: Mapping[str, FieldType]) -> bool:
    """Whether records of these fields have a currency."""
    return any(isinstance(t, MoneyType) or _is_money_formula(t) for t in types.values())


def _is_money_formula(field_type: FieldType) -> bool:
    formula = field_type.declaration.formula
    return isinstance(field_type, FormulaType) and formula is not None and formula.type.kind is Kind.MONEY


def _entity_table(
    entity: declarations.Entity, metadata: sa.MetaData, names: frozenset[str], shared: frozenset[str]
) -> EntityTable:
    schema = str(metadata.schema)
    types = {name: field_type_of(field, entity.name) for name, field in entity.fields.items()}
    system = system_types(entity, money=holds_money(types) or entity.name in shared)
    columns = {name: field_type.columns(schema) for name, field_type in types.items()}
    columns |= {name: (system_column(name, schema, names),) for name in system}
    first = ("id", *types)
    ordered = [*first, *(name for name in columns if name not in first)]
    parts = [column for name in ordered for column in columns[name]]
    table = sa.Table(entity.name, metadata, *parts, *kept_text_columns(), *_checks(entity, types))
    _name_constraints(table)
    add_indexes(table, entity, types | system)
    return EntityTable(table, types, system, columns)


def _checks(entity: declarations.Entity, types: Mapping[str, FieldType]) -> list[sa.Constraint]:
    checks = [check for field_type in types.values() for check in field_type.constraints()]
    for check in checks:
        check.name = identifier(f"ck_{entity.name}", str(check.name))
    return checks


def _name_constraints(table: sa.Table) -> None:
    table.primary_key.name = identifier("pk", table.name)
    for constraint in table.foreign_key_constraints:
        constraint.name = identifier(f"fk_{table.name}", *constraint.column_keys)


def _links(
    entity: declarations.Entity, built: Mapping[str, EntityTable], metadata: sa.MetaData
) -> dict[str, Link]:
    types = built[entity.name].types
    many = {name: t for name, t in types.items() if isinstance(t, ReferencesType)}
    return {
        name: _link(entity.name, name, field_type.target, metadata)
        if field_type.through is None
        else _records(field_type.through, field_type.target, built)
        for name, field_type in many.items()
    }


def _records(through: Through, target: str, built: Mapping[str, EntityTable]) -> Link:
    """The links that are records of an entity."""
    linking = built[through.entity]
    (source,), (other,) = linking.columns[through.near], linking.columns[through.far]
    reference = linking.types[through.near].declaration.target
    return Link(
        linking.table, source, other, target, through, inside=reference is not None and reference.owned
    )


def _link(entity: str, field: str, target: str, metadata: sa.MetaData) -> Link:
    schema = str(metadata.schema)
    ends = reference_column("source", entity, schema), reference_column("target", target, schema)
    for end in ends:
        end.primary_key, end.nullable = True, False
    table = sa.Table(identifier(entity, field), metadata, *ends)
    _name_constraints(table)
    sa.Index(identifier(f"ix_{table.name}", "target"), table.c.target)
    return Link(table, table.c.source, table.c.target, target)
