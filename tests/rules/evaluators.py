"""Runs one expression in every evaluator, on the same records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from psycopg import pq

from fieldstone.database.prepared import Bound, Prepared
from fieldstone.records.statements import Statement
from fieldstone_rules import (
    Duration,
    Environment,
    EvaluationError,
    Expression,
    Kind,
    Purpose,
    Ref,
    Scope,
    SqlScope,
    Type,
    check_expression,
    compile_closure,
    compile_python,
    lower,
    parameters,
)
from fieldstone_rules.durations import UNITS, times
from fieldstone_rules.sql.constants import interval_text

from .world import ENTITIES, LINKS, TABLES, WORLD, Memory, WorldTables

ZONE = ZoneInfo("Europe/Berlin")
USER_ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
ME = UUID(int=101)
MY_TEAM = UUID(int=201)
RECORD = UUID(int=1)
ERROR = "error"

Records = Mapping[str, Sequence[Mapping[str, Any]]]


def ident(name: str) -> UUID:
    """A readable id: `account:1` is the same everywhere."""
    kind, _, number = name.partition(":")
    base = {
        "opportunity": 0,
        "user": 100,
        "team": 200,
        "account": 300,
        "contact": 400,
        "line": 500,
        "note": 600,
        "exchange_rate": 700,
    }
    return UUID(int=base[kind] + int(number))


def plain_value(type_: Type, written: Any) -> Any:
    """A value of a vector as Python value of a type."""
    if written is None:
        return None
    if type_.kind is Kind.LIST and type_.item is not None:
        return tuple(plain_value(type_.item, item) for item in written)
    if type_.kind is Kind.REFERENCE:
        return Ref(str(written).partition(":")[0], ident(str(written)))
    if type_.kind is Kind.COMPOUND:
        return {part: plain_value(type_.attributes[part], value) for part, value in written.items()}
    return _READERS.get(type_.kind, lambda value: value)(written)


def _duration(written: str) -> Duration:
    total = Duration()
    for part in written.split(","):
        count, unit = part.split()
        total += times(int(count), UNITS[unit.removesuffix("s")])
    return total


def _exact(written: object) -> Decimal:
    return Decimal(str(written))


_READERS: dict[Kind, Any] = {
    Kind.INTEGER: int,
    Kind.DECIMAL: _exact,
    Kind.MONEY: _exact,
    Kind.PERCENT: _exact,
    Kind.DATE: lambda written: written if isinstance(written, date) else date.fromisoformat(written),
    Kind.DATETIME: lambda written: datetime.fromisoformat(str(written)).astimezone(UTC),
    Kind.TIME: time.fromisoformat,
    Kind.DURATION: _duration,
}


def row_of(entity: str, written: Mapping[str, Any]) -> dict[str, Any]:
    """A full row: what is written, and null (or a plain value where null may not be) for the rest."""
    row: dict[str, Any] = {}
    for field in ENTITIES[entity].fields.values():
        if field.expression is None and field.type.kind is not Kind.COLLECTION:
            value = written.get(field.name, _FILLERS.get((entity, field.name)))
            row[field.name] = UUID(int=0) if field.name == "id" else plain_value(field.type, value)
    row["id"] = ident(str(written["id"])) if "id" in written else RECORD
    return row


_FILLERS: dict[tuple[str, str], Any] = {
    ("opportunity", "code"): "",
    ("opportunity", "count"): 0,
    ("opportunity", "flag"): False,
    ("opportunity", "opened"): "2026-01-31",
    ("account", "name"): "",
    ("line", "opportunity"): "opportunity:1",
}


class InMemory:
    """Records in memory, and the evaluators that work on them."""

    def __init__(self) -> None:
        self.environment = Environment(
            user=Ref("user", ME),
            user_teams=(MY_TEAM,),
            roles=frozenset({"sales_rep"}),
            now=NOW,
            zone=ZONE,
            user_zone=USER_ZONE,
            currency="EUR",
            settings={"sales": {"discount_limit": Decimal(20), "prefix": None}},
        )

    def load(self, records: Records, links: Sequence[Sequence[str]] = ()) -> None:
        """Put records where the evaluators look for them; the first opportunity is the record at hand."""
        rows = {entity: [row_of(entity, row) for row in given] for entity, given in records.items()}
        pairs = [(ident(one), ident(other)) for one, other in links]
        self.load_rows(rows, pairs)

    def load_rows(
        self, rows: Mapping[str, Sequence[dict[str, Any]]], pairs: Sequence[tuple[UUID, UUID]] = ()
    ) -> None:
        """The same, for complete rows."""
        self.environment = replace(
            self.environment, related=Memory(rows, pairs), record=next(iter(rows["opportunity"]))
        )

    def check(self, source: str, purpose: Purpose = Purpose.VALUE, **scope: Any) -> Expression:
        """The expression about an opportunity."""
        return check_expression(source, Scope(WORLD, "opportunity", purpose, **scope))

    def closure(self, expression: Expression) -> Any:
        """The value by closures, or ERROR."""
        try:
            return comparable(compile_closure(expression)(self.environment))
        except EvaluationError:
            return ERROR

    def python(self, expression: Expression) -> Any:
        """The value by generated Python, or ERROR."""
        try:
            return comparable(compile_python(expression)(self.environment))
        except EvaluationError:
            return ERROR

    def closure_ids(self, expression: Expression) -> set[UUID]:
        """The opportunities that a condition finds by closures."""
        return self._ids(expression, compile_closure(expression))

    def python_ids(self, expression: Expression) -> set[UUID]:
        """The opportunities that a condition finds by generated Python."""
        return self._ids(expression, compile_python(expression))

    def _ids(self, expression: Expression, evaluate: Any) -> set[UUID]:
        memory = self.environment.related
        assert isinstance(memory, Memory)
        wanted = expression.scope.purpose not in (Purpose.DENY, Purpose.CHECK)
        return {
            row["id"]
            for row in memory.records["opportunity"].values()
            if evaluate(replace(self.environment, record=row, rows={})) is wanted
        }


class Bench(InMemory):
    """The same records in the database too, and what PostgreSQL makes of an expression."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__()
        self.connection = connection

    def load_rows(
        self, rows: Mapping[str, Sequence[dict[str, Any]]], pairs: Sequence[tuple[UUID, UUID]] = ()
    ) -> None:
        """Put complete rows in both places."""
        for entity, given in rows.items():
            if given:
                self.connection.execute(sa.insert(TABLES[entity]), [_stored(entity, row) for row in given])
        if pairs:
            named = [{"opportunity_id": one, "contact_id": other} for one, other in pairs]
            self.connection.execute(sa.insert(LINKS), named)
        super().load_rows(rows, pairs)

    def sql(self, expression: Expression) -> Any:
        """The value by PostgreSQL for the record at hand."""
        table = TABLES["opportunity"]
        scope = SqlScope(WorldTables(), "opportunity", table)
        column = lower(expression, scope)
        assert self.environment.record is not None
        statement = (
            sa.select(column.label("value"))
            .select_from(scope.apply(table))
            .where(table.c.id == self.environment.record["id"])
        )
        value = self.connection.execute(statement, parameters(self.environment)).scalar_one()
        return comparable(value)

    def sql_ids(self, expression: Expression) -> set[UUID]:
        """The opportunities that a condition finds in PostgreSQL, asked as lists ask: as one text."""
        table = TABLES["opportunity"]
        scope = SqlScope(WorldTables(), "opportunity", table)
        clause = lower(expression, scope)
        kept = sa.not_(clause) if expression.scope.purpose in (Purpose.DENY, Purpose.CHECK) else clause
        statement = Statement(sa.select(table.c.id).select_from(scope.apply(table)).where(kept))
        found = statement.run(_Connected(self.connection), parameters(self.environment))
        return {UUID(one.decode()) for one in found.column(0)}


class _Connected:
    """One connection in the place of a database, whose transaction holds the records."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def fetch(self, statement: Prepared, bound: Bound) -> pq.abc.PGresult:
        """What the statement gives."""
        driver: Any = self._connection.connection.driver_connection
        result: pq.abc.PGresult = driver.pgconn.exec_params(statement.text, bound)
        assert result.status == pq.ExecStatus.TUPLES_OK, result.error_message.decode()
        return result


def _stored(entity: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as the tables hold it."""
    stored: dict[str, Any] = {}
    for name, value in row.items():
        field = ENTITIES[entity].fields[name]
        if field.secret:
            continue
        if len(field.type.entities) > 1:
            stored |= {f"{name}_{target}": _id(value, target) for target in field.type.entities}
        else:
            stored[name] = _plain(value)
    return stored


def _id(value: Ref | None, target: str) -> UUID | None:
    return value.id if value is not None and value.entity == target else None


def _plain(value: Any) -> Any:
    if isinstance(value, Ref):
        return value.id
    if isinstance(value, Duration):
        return interval_text(value)
    if isinstance(value, dict):
        return {part: None if inner is None else str(inner) for part, inner in value.items()}
    return list(value) if isinstance(value, tuple) else value


def comparable(value: Any) -> Any:
    """A value in a form that is the same from every evaluator."""
    if isinstance(value, Ref):
        return value.id
    if isinstance(value, Duration):
        return value.length()
    if isinstance(value, timedelta):
        return Duration(days=value.days, microseconds=value.seconds * 1_000_000 + value.microseconds).length()
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, list | tuple):
        return tuple(comparable(item) for item in value)
    if isinstance(value, Decimal):
        return value.normalize() if value else Decimal(0)
    return value
