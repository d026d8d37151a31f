"""A plan: what publishing documents would do to the database that is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from fieldstone.database.system import SystemTables
from fieldstone.model.model import Field, Model
from fieldstone.publication.elements import Change, changes
from fieldstone.publication.refusals import Counts, Refusal, refusals
from fieldstone.publication.store import checksum
from fieldstone.publication.tables import (
    Statement,
    TableChange,
    sql_text,
    stored_otherwise,
    table_changes,
)
from fieldstone_metadata import Layer


@dataclass(frozen=True)
class Step:
    """One line of a plan. action: "create", "change" or "remove". rows: how many exist in what it touches."""

    action: str
    kind: str
    name: str
    detail: str
    rows: int
    statements: tuple[Statement, ...] = ()

    @property
    def sql(self) -> tuple[str, ...]:
        """The statements as PostgreSQL gets them; made when somebody looks."""
        return tuple(map(sql_text, self.statements))


@dataclass(frozen=True)
class Plan:
    """What publishing would do. base: the version that it would follow.

    steps: for people. statements: what is executed, in order. refusals: if there is any, nothing can be
    applied.
    drift: tables and columns that somebody made behind the platform's back; they are left alone.
    drifting: the tables that they are or stand in.
    unchanged: the documents are those in force, so there is nothing to do.
    """

    base: int
    steps: tuple[Step, ...]
    statements: tuple[Statement, ...]
    refusals: tuple[Refusal, ...]
    drift: tuple[str, ...]
    drifting: frozenset[str]
    unchanged: bool

    def as_json(self) -> dict[str, Any]:
        """The plan as plain values, for `--json` and the API."""
        return {
            "base": self.base,
            "unchanged": self.unchanged,
            "steps": [
                {
                    "action": step.action,
                    "kind": step.kind,
                    "name": step.name,
                    "detail": step.detail,
                    "rows": step.rows,
                    "sql": list(step.sql),
                }
                for step in self.steps
            ],
            "refusals": [vars(refusal) for refusal in self.refusals],
            "drift": list(self.drift),
        }


@dataclass(frozen=True)
class Difference:
    """What separates the documents of two models, `old` (in force, if anything is) and `new`.

    changes: element by element. It is found without a database, once for each publication.
    """

    old: Model | None
    new: Model
    changes: tuple[Change, ...]

    @property
    def entities(self) -> frozenset[str]:
        """The entities whose tables may differ, those that are gone included."""
        told = (change.name.split(".")[0] for change in self.changes if change.kind in {"entity", "field"})
        return frozenset(told) | stored_otherwise(self.old, self.new)


def difference(old: Model | None, new: Model) -> Difference:
    """What separates two models."""
    return Difference(old, new, tuple(changes(old.application if old else None, new.application)))


def make_plan(
    connection: sa.Connection,
    system: SystemTables,
    between: Difference,
    layers: Sequence[Layer],
    old_checksum: str | None,
) -> Plan:
    """What brings the database from one model to the other, whose documents are `layers`."""
    old, new = between.old, between.new
    counts = Counts(connection, new.schema)
    found = table_changes(connection, system, old, new, between.entities)
    return Plan(
        base=old.version if old else 0,
        steps=tuple(_steps(between, found, counts)),
        statements=tuple(_statements(found)),
        refusals=tuple(refusals(old, new, found, counts)),
        drift=tuple(change.element for change in found if change.unknown),
        drifting=frozenset(change.table for change in found if change.unknown),
        unchanged=checksum(layers) == old_checksum,
    )


def _statements(found: list[TableChange]) -> Iterator[Statement]:
    for change in found:
        yield from change.statements
        if change.action == "add" and change.field is not None and change.statements:
            yield from _fill(change.field, str(change.column))


def _fill(field: Field, column: str) -> Iterator[Statement]:
    """Records that exist get the plain default of a new field; an expression is meant for new ones only."""
    default = field.declaration.default
    if default is not None and default.expression is None:
        row = field.type.to_row(field.type.read(default.value))
        yield sa.update(field.columns[0].table).values({column: row[column]})


def _steps(between: Difference, found: list[TableChange], counts: Counts) -> Iterator[Step]:
    old, new = between.old, between.new
    sql: dict[str, list[Statement]] = {}
    tables: dict[str, str] = {}
    for change in found:
        element = _shown_as(change.element, old)
        tables.setdefault(element, change.table)
        sql.setdefault(element, []).extend(change.statements)
    for told in between.changes:
        element = f"{told.kind} {told.name}"
        table = tables.pop(element, None) or _table_of(told.kind, told.name, new)
        detail = _detail(told.action, told.kind, told.name, new)
        statements = tuple(sql.pop(element, ()))
        yield Step(told.action, told.kind, told.name, detail, counts.rows(table or ""), statements)
    # What the documents do not show: indexes and columns that follow from them, or that somebody removed.
    for element, table in tables.items():
        if sql[element]:
            kind, name = element.split(" ", 1)
            yield Step("create", kind, name, f"on {table}", counts.rows(table), tuple(sql[element]))


def _shown_as(element: str, old: Model | None) -> str:
    """The fields of a new entity are told with the entity."""
    kind, name = element.split(" ", 1)
    entity = name.split(".")[0]
    is_new = kind == "field" and (old is None or entity not in old.entities)
    return f"entity {entity}" if is_new else element


def _table_of(kind: str, name: str, new: Model) -> str | None:
    if kind not in {"entity", "field"}:
        return None
    entity = new.entities.get(name.split(".", maxsplit=1)[0])
    return entity.table.name if entity else None


def _detail(action: str, kind: str, name: str, new: Model) -> str:
    if action == "remove":
        return ""
    if kind == "entity":
        entity = new.entities[name]
        return ", ".join(entity.fields) if action == "create" else "its own keys"
    if kind == "field":
        entity_name, field = name.split(".")
        return new.entities[entity_name].fields[field].declaration.type
    return ""
