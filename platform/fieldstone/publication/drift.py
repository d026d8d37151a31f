"""Drift: what somebody changed in the tables by hand, found by comparing them with the version in force.

What is missing or weaker than declared can be mended. What is there beyond what is declared is left alone:
nobody but its maker knows what it is for. What a publication left to be built afterwards is no drift.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from fieldstone.database.database import Database
from fieldstone.model.model import Model
from fieldstone.publication.afterwards.unfinished import PROMISED, TABLE, Unfinished, unfinished
from fieldstone.publication.alone.exclusive import be_the_only_publisher
from fieldstone.publication.alone.in_use import ACCESS_EXCLUSIVE, Needed, take_tables
from fieldstone.publication.apply import propose
from fieldstone.publication.changes import table_states
from fieldstone.publication.changes.existing import existing_tables
from fieldstone.publication.changes.statements import DIALECT, Statement, ddl, execute, sql_text
from fieldstone.publication.changes.tables import other_type
from fieldstone.publication.plan import Plan, make_plan
from fieldstone.publication.store import current_version

_WEAKENED = """
    SELECT t.relname AS table_name, o.conname AS name, o.contype = 'f' AS is_key, o.conenforced AS enforced
    FROM pg_constraint o JOIN pg_class t ON t.oid = o.conrelid
    WHERE t.relnamespace = to_regnamespace(:schema) AND NOT o.convalidated ORDER BY 1, 2
"""
_UNUSABLE = """
    SELECT t.relname AS table_name, i.relname AS name
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
    WHERE t.relnamespace = to_regnamespace(:schema) AND NOT x.indisvalid ORDER BY 1, 2
"""
_SWITCHED_OFF = """
    SELECT DISTINCT t.relname FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid
    WHERE t.relnamespace = to_regnamespace(:schema) AND g.tgenabled = 'D' ORDER BY 1
"""


@dataclass(frozen=True)
class Deviation:
    """Something in a table that is not as declared.

    element: what people call it. text: what is so. mend: what makes it as declared; empty where only
    whoever made it knows what to do. hint: the SQL for them.
    """

    table: str
    element: str
    text: str
    mend: tuple[Statement, ...] = ()
    hint: str = ""

    @property
    def sql(self) -> tuple[str, ...]:
        """What mending it executes."""
        return tuple(map(sql_text, self.mend))


def deviations(database: Database) -> list[Deviation]:
    """All that is not as the version in force says, in all tables; nothing before the first version.

    What is still being built is left out, see `being_built`. Raises what `propose` raises.
    """
    with database.read() as connection:
        if current_version(connection, database.system) == 0:
            return []
    proposal = propose(database, [])
    with database.transaction() as connection:
        # It is mended in one transaction, however large a table is.
        between, layers = proposal.between, proposal.layers
        plan = make_plan(connection, database, between, layers, None, large_table=sys.maxsize)
        return _deviations(connection, database, between.new, plan)


def being_built(database: Database) -> list[Unfinished]:
    """The indexes and constraints that publications have built while others go on writing."""
    with database.read() as connection:
        return _being_built(connection, database)


def _being_built(connection: sa.Connection, database: Database) -> list[Unfinished]:
    return [one for one in unfinished(connection, database.system) if one.kind in {TABLE, PROMISED}]


def mend(database: Database) -> list[Deviation]:
    """Make all as declared that can be; what was mended.

    Raises what `propose` and `be_the_only_publisher` raise, and what the database refuses: then nothing is
    changed.
    """
    found = deviations(database)
    mended = [one for one in found if one.mend]
    left = {one.table for one in found if not one.mend}
    with database.transaction() as connection:
        be_the_only_publisher(connection, database, current_version(connection, database.system))
        take_tables(connection, [Needed(database.schema, one.table, ACCESS_EXCLUSIVE) for one in mended])
        for one in mended:
            for statement in one.mend:
                execute(connection, statement)
        for table in sorted({one.table for one in mended} - left):
            table_states.remember_one(connection, database.system, database.schema, table)
    return mended


def _deviations(connection: sa.Connection, database: Database, model: Model, plan: Plan) -> list[Deviation]:
    building = _being_built(connection, database)
    coming = frozenset(name for one in building for name in one.names)
    altered = table_states.altered(connection, database.system, model.schema)
    declared = {table.name: table for entity in model.entities.values() for table in entity.tables()}
    found = [*_missing(plan, declared), *_unknown(plan), *_columns(connection, declared, model.schema)]
    found += _weakened(connection, model.schema, coming)
    found += _unusable(connection, model.schema, coming)
    found += _switched_off(connection, model.schema)
    known = {one.table for one in found} | {one.of_table for one in building}
    for name in sorted((altered & declared.keys()) - known):
        found.append(Deviation(name, f"table {name}", "has indexes or constraints that are not declared"))
    return found


def _missing(plan: Plan, declared: Mapping[str, sa.Table]) -> Iterator[Deviation]:
    for step in plan.steps:
        if step.statements:
            table = step.lock.table if step.lock is not None else step.name.split(".")[0]
            text = f"is missing ({step.detail})" if step.detail else "is missing"
            yield Deviation(table if table in declared else step.name, step.element, text, step.statements)


def _unknown(plan: Plan) -> Iterator[Deviation]:
    for element in plan.drift:
        kind, name = element.split(" ", 1)
        table, _, column = name.partition(".")
        hint = f'ALTER TABLE "{table}" DROP COLUMN "{column}"' if column else f'DROP TABLE "{table}"'
        yield Deviation(table, f"{kind} {name}", "was made by hand and is left alone", hint=hint)


def _columns(connection: sa.Connection, declared: Mapping[str, sa.Table], schema: str) -> Iterator[Deviation]:
    """Columns of another type, or that may be empty where they may not, or the other way round."""
    there = existing_tables(connection, schema, declared)
    empty = _may_be_empty(connection, schema, declared)
    for table in (declared[name] for name in there):
        for column in table.columns:
            known = there[table.name].columns.get(column.name)
            if known is None:
                continue
            element = f"column {table.name}.{column.name}"
            if other_type(connection, known, column):
                wanted = column.type.compile(dialect=DIALECT)
                text = f"has the type {known} instead of {wanted}"
                how = f'ALTER COLUMN "{column.name}" TYPE {wanted} USING "{column.name}"::text::{wanted}'
                yield Deviation(table.name, element, text, (_altering(table, how),))
            if empty[table.name, column.name] != bool(column.nullable):
                text = "must have a value" if column.nullable else "may be empty"
                how = f'ALTER COLUMN "{column.name}" {"DROP" if column.nullable else "SET"} NOT NULL'
                yield Deviation(table.name, element, f"{text}, unlike declared", (_altering(table, how),))


def _may_be_empty(
    connection: sa.Connection, schema: str, declared: Mapping[str, sa.Table]
) -> dict[tuple[str, str], bool]:
    if not declared:
        return {}
    found = sa.inspect(connection).get_multi_columns(schema=schema, filter_names=sorted(declared))
    return {
        (table, str(column["name"])): bool(column["nullable"])
        for (_, table), columns in found.items()
        for column in columns
    }


def _altering(table: sa.Table, how: str) -> Statement:
    return ddl(f'ALTER TABLE "{table.schema}"."{table.name}" {how}')


def _weakened(connection: sa.Connection, schema: str, coming: Collection[str]) -> Iterator[Deviation]:
    """Constraints that do not hold for all rows. coming: those that are being looked at."""
    for row in connection.execute(sa.text(_WEAKENED), {"schema": schema}):
        if row.enforced and row.name in coming:
            continue
        place = f'ALTER TABLE "{schema}"."{row.table_name}"'
        on = [] if row.enforced else [ddl(f'{place} ALTER CONSTRAINT "{row.name}" ENFORCED')]
        valid = [ddl(f'{place} VALIDATE CONSTRAINT "{row.name}"')] if row.enforced else []
        text = "is not checked for all rows" if row.enforced else "is not enforced"
        mend: Sequence[Statement] = [*on, *valid] if row.enforced or row.is_key else ()
        yield Deviation(row.table_name, f"constraint {row.name}", text, tuple(mend))


def _unusable(connection: sa.Connection, schema: str, coming: Collection[str]) -> Iterator[Deviation]:
    """Indexes that are not whole. coming: those that are being built."""
    rows = connection.execute(sa.text(_UNUSABLE), {"schema": schema})
    for row in (row for row in rows if row.name not in coming):
        again = ddl(f'REINDEX INDEX "{schema}"."{row.name}"')
        yield Deviation(row.table_name, f"index {row.name}", "is not usable", (again,))


def _switched_off(connection: sa.Connection, schema: str) -> Iterator[Deviation]:
    for table in connection.scalars(sa.text(_SWITCHED_OFF), {"schema": schema}):
        on = ddl(f'ALTER TABLE "{schema}"."{table}" ENABLE TRIGGER ALL')
        text = "has triggers switched off, so references are not checked"
        yield Deviation(table, f"table {table}", text, (on,))
