# ruff: noqa: ARG002 - the protocol names its parameters
"""A small world for the tests: entities, tables, and rows with everything that is awkward."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone_rules import (
    CollectionSource,
    EntitySchema,
    FieldSchema,
    InverseSchema,
    Kind,
    Pairs,
    Ref,
    Row,
    Type,
)
from fieldstone_rules.types import choice, collection, compound, decimal, list_of, reference, simple

STAGES = ("prospecting", "negotiation", "won", "lost")
_STATES = {
    "prospecting": {"probability": 10},
    "negotiation": {"probability": 50},
    "won": {"probability": 100},
    "lost": {"probability": 0},
}


_PLACE = compound({"city": simple(Kind.TEXT), "floor": simple(Kind.DECIMAL)})


def _fields(**types: Type) -> dict[str, FieldSchema]:
    return {name: FieldSchema(name, type_) for name, type_ in types.items()}


_COMMON = _fields(
    id=simple(Kind.TEXT, nullable=False),
    deleted_at=simple(Kind.DATETIME),
)

ENTITIES: dict[str, EntitySchema] = {
    "team": EntitySchema("team", _COMMON | _fields(name=simple(Kind.TEXT))),
    "user": EntitySchema(
        "user",
        _COMMON
        | _fields(
            name=simple(Kind.TEXT),
            email=simple(Kind.TEXT),
            timezone=simple(Kind.TEXT),
            manager=reference("user"),
            team=reference("team"),
        ),
    ),
    "account": EntitySchema(
        "account",
        _COMMON
        | _fields(
            name=simple(Kind.TEXT, nullable=False),
            country=simple(Kind.TEXT),
            employees=simple(Kind.INTEGER),
            owner=reference("user"),
            parent=reference("account"),
            place=_PLACE,
        )
        | {"size": FieldSchema("size", simple(Kind.INTEGER), expression="employees ?? 0")},
        {
            "opportunities": InverseSchema("opportunities", "opportunity", "account"),
            "notes": InverseSchema("notes", "note", "regarding"),
        },
        title="name",
    ),
    "contact": EntitySchema(
        "contact",
        _COMMON | _fields(name=simple(Kind.TEXT)),
        {"opportunities": InverseSchema("opportunities", "opportunity", "contacts", many=True)},
    ),
    "opportunity": EntitySchema(
        "opportunity",
        _COMMON
        | _fields(
            name=simple(Kind.TEXT),
            code=simple(Kind.TEXT, nullable=False),
            account=reference("account"),
            owner=reference("user"),
            team=reference("team"),
            contacts=collection("contact"),
            currency=simple(Kind.TEXT),
            amount__base=simple(Kind.MONEY),
            quantity=simple(Kind.INTEGER),
            count=simple(Kind.INTEGER, nullable=False),
            rate=decimal(20, 6),
            discount=simple(Kind.PERCENT),
            active=simple(Kind.BOOLEAN),
            flag=simple(Kind.BOOLEAN, nullable=False),
            close_date=simple(Kind.DATE),
            opened=simple(Kind.DATE, nullable=False),
            seen_at=simple(Kind.DATETIME),
            alarm=simple(Kind.TIME),
            pause=simple(Kind.DURATION),
            tags=list_of(simple(Kind.TEXT, nullable=False), nullable=True),
            place=_PLACE,
        )
        | {
            "amount": FieldSchema("amount", simple(Kind.MONEY), converted=True),
            "stage": FieldSchema(
                "stage", choice(STAGES, {"probability": simple(Kind.INTEGER)}), states=_STATES
            ),
            "weighted": FieldSchema(
                "weighted", simple(Kind.MONEY), expression="amount * stage.probability / 100"
            ),
            "line_total": FieldSchema("line_total", simple(Kind.MONEY), expression="sum(lines.price)"),
            "pin": FieldSchema("pin", simple(Kind.TEXT), secret=True),
        },
        {
            "lines": InverseSchema("lines", "line", "opportunity", owned=True, along=True),
            "notes": InverseSchema("notes", "note", "regarding"),
        },
        title="name",
    ),
    "line": EntitySchema(
        "line",
        _COMMON
        | _fields(
            opportunity=reference("opportunity", nullable=False),
            name=simple(Kind.TEXT),
            quantity=simple(Kind.INTEGER),
            price=decimal(18, 4),
            due=simple(Kind.DATE),
        ),
    ),
    "exchange_rate": EntitySchema(
        "exchange_rate",
        _COMMON
        | _fields(currency_code=simple(Kind.TEXT), valid_from=simple(Kind.DATE), rate=decimal(24, 12)),
    ),
    "note": EntitySchema(
        "note", _COMMON | _fields(text=simple(Kind.TEXT), regarding=reference("account", "opportunity"))
    ),
}


class World:
    """The schema of the tests."""

    def entity(self, name: str) -> EntitySchema | None:
        return ENTITIES.get(name)

    def entity_names(self) -> Iterable[str]:
        return ENTITIES

    def settings(self) -> Mapping[str, Mapping[str, Type]]:
        return {
            "sales": {"discount_limit": simple(Kind.PERCENT, nullable=False), "prefix": simple(Kind.TEXT)}
        }

    def roles(self) -> Iterable[str]:
        return ("sales_rep", "sales_manager")


WORLD = World()
METADATA = sa.MetaData()
TEXT = sa.Text(collation="C")
_SQL_TYPES: dict[Kind, Any] = {
    Kind.TEXT: TEXT,
    Kind.CHOICE: TEXT,
    Kind.INTEGER: sa.BigInteger,
    Kind.DECIMAL: sa.Numeric,
    Kind.MONEY: sa.Numeric,
    Kind.PERCENT: sa.Numeric,
    Kind.BOOLEAN: sa.Boolean,
    Kind.DATE: sa.Date,
    Kind.DATETIME: sa.DateTime(timezone=True),
    Kind.TIME: sa.Time,
    Kind.DURATION: postgresql.INTERVAL,
    Kind.LIST: postgresql.ARRAY(TEXT),
    Kind.REFERENCE: sa.Uuid,
    Kind.COMPOUND: postgresql.JSONB(none_as_null=True),
}


def _columns(entity: EntitySchema) -> Iterable[sa.Column[Any]]:
    for field in entity.fields.values():
        if field.name == "id":
            yield sa.Column("id", sa.Uuid, primary_key=True)
        elif len(field.type.entities) > 1:
            yield from (sa.Column(f"{field.name}_{target}", sa.Uuid) for target in field.type.entities)
        elif field.expression is None and not field.secret and field.type.kind is not Kind.COLLECTION:
            yield sa.Column(field.name, _SQL_TYPES[field.type.kind])


TABLES = {name: sa.Table(name, METADATA, *_columns(entity)) for name, entity in ENTITIES.items()}
LINKS = sa.Table(
    "opportunity_contacts", METADATA, sa.Column("opportunity_id", sa.Uuid), sa.Column("contact_id", sa.Uuid)
)


class WorldTables:
    """The tables, as the platform would tell them, without any restriction."""

    def table(self, entity: str) -> sa.FromClause:
        return TABLES[entity]

    def column(self, source: sa.FromClause, entity: str, field: str) -> sa.ColumnElement[Any]:
        return source.c[field]

    def target(self, source: sa.FromClause, entity: str, field: str, target: str) -> sa.ColumnElement[Any]:
        several = len(ENTITIES[entity].fields[field].type.entities) > 1
        return source.c[f"{field}_{target}" if several else field]

    def link(self, entity: str, field: str, ended: sa.ColumnElement[Any] | None = None) -> Pairs:
        rows = LINKS.alias()
        return Pairs(rows, rows.c.opportunity_id, rows.c.contact_id)

    def readable(self, source: sa.FromClause, entity: str, field: str | None) -> sa.ColumnElement[Any] | None:
        return None


class Memory:
    """Records in memory: the same world for the closures."""

    def __init__(self, records: Mapping[str, Sequence[Row]], links: Sequence[tuple[Any, Any]] = ()) -> None:
        self.records = {entity: {row["id"]: row for row in rows} for entity, rows in records.items()}
        self.links = links

    def record(self, ref: Ref) -> Row | None:
        return self.records.get(ref.entity, {}).get(ref.id)

    def collection(self, source: CollectionSource, of: Ref | None) -> Sequence[Row]:
        around = self.record(of) if source.along and of is not None else None
        there = (None, None if around is None else around["deleted_at"])
        rows = [row for row in self.records.get(source.entity, {}).values() if row["deleted_at"] in there]
        if of is None:
            return rows
        if source.many:
            wanted = self._linked(source, of)
            return [row for row in rows if row["id"] in wanted]
        return [row for row in rows if row[source.inverse_field or ""] == of]

    def _linked(self, source: CollectionSource, of: Ref) -> set[Any]:
        if source.inverse_field is None:
            return {contact for opportunity, contact in self.links if opportunity == of.id}
        return {opportunity for opportunity, contact in self.links if contact == of.id}
