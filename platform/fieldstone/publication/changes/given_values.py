"""The values that `convert` expressions give: looked at before, kept aside, and put into their new columns.

They are computed before anything else happens to the tables, while all that the expressions read is there,
and wait in temporary tables. Where the database can compute them, it does; elsewhere they are computed from
records, some at a time, by the same expression.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from fieldstone.access.system_user import system_context
from fieldstone.context import Context
from fieldstone.database.database import Database
from fieldstone.database.joined import JoinedDatabase
from fieldstone.fields.conversions import held, rounded, text_of
from fieldstone.fields.names import identifier
from fieldstone.fields.reference import ReferenceType
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.stored_list import StoredList
from fieldstone.fields.texts import ISO
from fieldstone.model.indexes import NotInTable, TableSource
from fieldstone.model.model import Entity, Field, Model
from fieldstone.model.rule_columns import computed
from fieldstone.model.system_fields import TITLE
from fieldstone.publication.changes.expressed import ExpressedField
from fieldstone.publication.changes.statements import InPython, Statement
from fieldstone.publication.changes.table_change import Example, Preview, TableChange
from fieldstone.records import rows
from fieldstone.records.batch import Batch, Item
from fieldstone.records.environment import Evaluator, environment
from fieldstone_rules import EvaluationError, Kind, Ref, parameters

_BATCH = 1000
_EXAMPLES = 10
_LONGEST = 80
_REFUSED: Any = object()
Asked = TypeVar("Asked", bound=sa.Select[*tuple[Any, ...]])

Column = sa.ColumnElement[Any]


@dataclass(frozen=True)
class Outcome:
    """What an expression makes of the records there are.

    lost: how many values become nothing; examples: the first of them. previews: the first records with what
    they have and will have. empty: how many live records have no value then.
    """

    lost: int
    examples: tuple[Example, ...]
    previews: tuple[Preview, ...]
    empty: int


def giving(
    connection: sa.Connection, database: Database, old: Model, new: Model, fields: tuple[ExpressedField, ...]
) -> Iterator[TableChange]:
    """The changes that compute values, and those that put them into their columns."""
    context = system_context(JoinedDatabase(database, connection), old)
    for each in fields:
        if each.expression is not None:
            yield from _given(connection, database, context, new, each)


def _given(
    connection: sa.Connection, database: Database, context: Context, new: Model, each: ExpressedField
) -> Iterator[TableChange]:
    outcome = _outcome(connection, context, each)
    aside = _aside(each)
    text = f"{each.element}: its values as `convert` gives them, record by record"
    if each.in_sql:
        found = _in_sql(context, each).where(_value(context, each).is_not(None))
        filling: Statement = sa.insert(aside).from_select([column.name for column in aside.c], found)
    else:
        filling = InPython(text, lambda at: _compute_all(at, database, context.model, each, aside))
    table = new.entities[each.entity].table
    yield TableChange(
        "look", each.element, each.before.table.name, (CreateTable(aside), filling), each.new,
        detail=_words(each, outcome), destructive=bool(outcome.lost), lost=outcome.lost,
        examples=outcome.examples, previews=outcome.previews, empty=outcome.empty,
    )  # fmt: skip  # the arguments on as few lines
    names = [column.name for column in each.new.columns]
    taken = sa.update(table).values({name: aside.c[name] for name in names}).where(table.c.id == aside.c.id)
    yield TableChange("fill", each.element, table.name, (taken,), each.new)


def _words(each: ExpressedField, outcome: Outcome) -> str:
    before, after = each.old.declaration.type, each.new.declaration.type
    kinds = f" from {before}" if before != after else ""
    lost = f", {outcome.lost:,} of which it gives nothing" if outcome.lost else ""
    return f"values convert{kinds} as `convert` says{lost}"


def _aside(each: ExpressedField) -> sa.Table:
    """Where the values wait; it goes with the transaction."""
    columns = [sa.Column(column.name, column.type) for column in each.new.columns]
    return sa.Table(
        identifier("_given", each.entity, each.new.name), sa.MetaData(),
        sa.Column("id", sa.Uuid, primary_key=True), *columns,
        prefixes=["TEMPORARY"], postgresql_on_commit="DROP",
    )  # fmt: skip  # the arguments on as few lines


# ---- what becomes of the records


def _outcome(connection: sa.Connection, context: Context, each: ExpressedField) -> Outcome:
    return _outcome_in_sql(connection, context, each) if each.in_sql else _counted(connection, context, each)


def _outcome_in_sql(connection: sa.Connection, context: Context, each: ExpressedField) -> Outcome:
    table, value = each.before.table, _value(context, each)
    filled, shown = _filled(each), _shown(each)
    lost = sa.and_(filled, value.is_(None))
    given = parameters(environment(context))
    counts = sa.select(
        sa.func.count().filter(lost),
        sa.func.count().filter(value.is_(None), table.c.deleted_at.is_(None)),
    ).select_from(table)
    number, empty = connection.execute(_with(counts, given)).one()
    asked = sa.select(table.c.id, table.c[TITLE], shown, value).order_by(table.c.id).limit(_EXAMPLES)
    bad = connection.execute(_with(asked.where(lost), given)).all() if number else []
    told = connection.execute(_with(asked.where(sa.or_(filled, value.is_not(None))), given)).all()
    return Outcome(
        number,
        tuple(_example(row[0], row[1], row[2]) for row in bad),
        tuple(_preview(*row) for row in told),
        empty,
    )


def _counted(connection: sa.Connection, context: Context, each: ExpressedField) -> Outcome:
    """The same, told record by record."""
    lost = empty = 0
    examples: list[Example] = []
    previews: list[Preview] = []
    for ids in _ids(connection, each.before):
        told = _told(connection, each, ids)
        for id_, value, live in _values(connection, context, each, ids):
            title, shown, filled = told[id_]
            nothing = value is None or value is _REFUSED
            empty += nothing and live
            lost += nothing and filled
            if nothing and filled and lost <= _EXAMPLES:
                examples.append(_example(id_, title, shown))
            if (filled or not nothing) and len(previews) < _EXAMPLES:
                after = None if nothing else _as_text(each.new, value)
                previews.append(_preview(id_, title, shown, after))
    return Outcome(lost, tuple(examples), tuple(previews), empty)


def _as_text(field: Field, value: Any) -> str:
    form = field.type.api_form(value)
    return str(form.get("id")) if isinstance(form, Mapping) else str(form)


def _told(
    connection: sa.Connection, each: ExpressedField, ids: list[UUID]
) -> dict[UUID, tuple[str | None, str | None, bool]]:
    table = each.before.table
    asked = sa.select(table.c.id, table.c[TITLE], _shown(each), _filled(each)).where(table.c.id.in_(ids))
    return {row[0]: (row[1], row[2], bool(row[3])) for row in connection.execute(asked)}


def _example(id_: UUID, title: str | None, text: str | None) -> Example:
    return Example(str(id_), title or "", _cut(text) or "")


def _preview(id_: UUID, title: str | None, before: str | None, after: Any) -> Preview:
    return Preview(str(id_), title or "", _cut(before), _cut(None if after is None else _plain(after)))


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _with(statement: Asked, given: Mapping[str, Any]) -> Asked:
    """The statement with what the expression asks of its surroundings."""
    names = set(statement.compile().params)
    return statement.params({name: value for name, value in given.items() if name in names})


# ---- the old values


def _filled(each: ExpressedField) -> Column:
    """Whether a record has a value that could be lost."""
    if each.old.link is not None:
        pairs = each.old.link.pairs()
        return sa.exists().where(pairs.source == each.before.table.c.id, *pairs.conditions)
    if each.old.formula is not None or not each.old.columns:
        return sa.false()
    column = each.before.table.c[each.old.columns[0].key]
    if isinstance(each.old.type, StoredList):
        return sa.func.cardinality(column) > 0
    return sa.or_(*(each.before.table.c[column.key].is_not(None) for column in each.old.columns))


def _shown(each: ExpressedField) -> Column:
    """The value as text, as far as the table tells it; the id of what is referred to."""
    table, field = each.before.table, each.old
    if isinstance(field.type, ReferenceType):
        return sa.cast(sa.func.coalesce(*(table.c[name] for name in field.type.targets.values())), sa.Text)
    if not field.columns:
        return sa.null()
    try:
        return text_of(field.type, TableSource(table))
    except NotInTable:
        return sa.cast(table.c[field.columns[0].key], sa.Text)


# ---- the new values, by the database


def _value(context: Context, each: ExpressedField) -> Column:
    """The value that the new field would hold; null where it holds none."""
    assert each.expression is not None
    value = computed(context.model, each.before.name, each.before.table, each.expression)
    if each.expression.type.kind in (Kind.TEXT, Kind.CHOICE):
        value = sa.func.nullif(value, "", type_=sa.Text())
    return sa.cast(held(each.new.type, rounded(each.new.type, value)), each.new.columns[0].type)


def _in_sql(context: Context, each: ExpressedField) -> sa.Select[Any]:
    asked = sa.select(each.before.table.c.id, _value(context, each))
    return _with(asked, parameters(environment(context)))


# ---- the new values, record by record


def _ids(connection: sa.Connection, entity: Entity) -> Iterator[list[UUID]]:
    key = entity.table.c.id
    asked = sa.select(key).order_by(key).limit(_BATCH)
    ids = list(connection.scalars(asked))
    while ids:
        yield ids
        ids = list(connection.scalars(asked.where(key > ids[-1])))


def _values(
    connection: sa.Connection, context: Context, each: ExpressedField, ids: list[UUID]
) -> Iterator[tuple[UUID, Any, bool]]:
    """Record, value (`_REFUSED`: there is none) and whether the record is live."""
    found = rows.load(connection, context.model, each.before, ids)
    items = [Item(place, id_, old=row, new=dict(row)) for place, (id_, row) in enumerate(found.items())]
    evaluator = Batch(context, connection, each.before, items).stored
    for id_, row in found.items():
        yield id_, _one(each, evaluator, row), row["deleted_at"] is None


def _one(each: ExpressedField, evaluator: Evaluator, row: rows.Row) -> Any:
    assert each.rule is not None
    try:
        value = evaluator.value(each.rule, row)
        if value is None:
            return None
        if each.as_text:
            return each.new.type.parse_text(str(value), ISO)
        if isinstance(value, Ref):
            value = Ref(each.renames.entity(value.entity), value.id)
        return each.new.type.read(each.new.type.api_form(value))
    except (EvaluationError, ValueRefused):
        return _REFUSED


def _compute_all(
    connection: sa.Connection, database: Database, model: Model, each: ExpressedField, aside: sa.Table
) -> None:
    context = system_context(JoinedDatabase(database, connection), model)
    names = [column.name for column in each.new.columns]
    for ids in _ids(connection, each.before):
        found = []
        for id_, value, _ in _values(connection, context, each, ids):
            if value is not None and value is not _REFUSED:
                cells = each.new.type.to_row(value)
                found.append({"id": id_} | {name: cells[name] for name in names})
        if found:
            connection.execute(sa.insert(aside), found)
