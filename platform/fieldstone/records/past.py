"""Records as they were: their present rows with what the history has kept of the values before.

Which records and fields there are follows from what the viewer may read now. A value of then is what the
first change after that instant found, or else the present one. One statement reads the history since then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.access.predicates import ViewerColumns, clause, joined_clause
from fieldstone.database.system import system_tables
from fieldstone.errors import Malformed
from fieldstone.fields.compound import CompoundType
from fieldstone.fields.formula import FormulaType
from fieldstone.fields.money import MoneyType
from fieldstone.fields.rich_text import RichTextType
from fieldstone.model.model import Entity, Field
from fieldstone.model.rule_columns import kept_column
from fieldstone.records.filters import system_scope
from fieldstone.records.query import malformed
from fieldstone.records.shape import shape_of
from fieldstone.records.source import Joins, RecordSource, Viewer
from fieldstone_rules import Pairs, SqlScope

Column = sa.ColumnElement[Any]
AT = "fs_at"
"""The parameter that holds the instant."""
ALWAYS_TOLD = ("id", "created_at", "created_by")
"""What never changes and so is told of every instant."""


def told_fields(entity: Entity) -> dict[str, Field]:
    """The fields of which the value at an instant is known, by name."""
    kept = shape_of(entity).kept if entity.declaration.track else ()
    found = {name: entity.system[name] for name in ALWAYS_TOLD}
    return found | {field.name: field for field in kept if _restored(field, sa.null()) is not None}


class PastSource(RecordSource):
    """A record as it was, in rows whose values are null where the viewer may not read them now."""

    def readable(self, field: Field) -> Column | None:  # noqa: ARG002  # the rows hold nothing else
        """No further restriction."""
        return None

    def column(self, name: str) -> Column:
        """A column of the rows, which hold what is kept as it was."""
        return self.rows.c[name]


def past_source(viewer: Viewer, entity: Entity, only: Column | None = None) -> PastSource:
    """The records that were there at the instant `AT` and that the viewer may read now; or `only` that one.

    Those in the recycle bin by now need the right to delete as well, as ever.
    """
    table, was = entity.table.alias(), _history_since(viewer, entity, only)
    scope = system_scope(viewer, entity.name, table, live=False)
    granted = viewer.access(entity.name)
    conditions = [table.c.created_at <= _instant(), _was_live(table, was)]
    may_read = joined_clause(viewer.model, granted.read, scope)
    may_delete = joined_clause(viewer.model, granted.delete, scope)
    conditions += [] if only is None else [table.c.id == only]
    conditions += [] if may_read is None else [may_read]
    conditions += [] if may_delete is None else [sa.or_(table.c.deleted_at.is_(None), may_delete)]
    base = sa.outerjoin(scope.apply(table), was, was.c.record == table.c.id)
    columns = [*_columns(viewer, entity, table, was), sa.cast(sa.null(), sa.DateTime).label("deleted_at")]
    rows = sa.select(*columns).select_from(base).where(*conditions).subquery("past")
    return PastSource(viewer, entity, rows, Joins())


def _instant() -> Column:
    return sa.cast(sa.bindparam(AT, type_=sa.Text()), sa.DateTime(timezone=True))


def _history_since(viewer: Viewer, entity: Entity, only: Column | None) -> sa.Subquery:
    """Per record, what its fields were before their first change since, and its first move since."""
    history = system_tables(viewer.model.schema).history
    change = sa.func.jsonb_each(history.c.changes).table_valued("key", sa.column("value", postgresql.JSONB))
    first_last: Any = postgresql.aggregate_order_by(change.c.value[0], history.c.id.desc())
    moves = sa.func.array_agg(postgresql.aggregate_order_by(history.c.action, history.c.id))
    move = moves.filter(history.c.action.in_(["delete", "restore"]))
    concerned = sa.true() if only is None else history.c.record == only
    return (
        sa.select(
            history.c.record,
            # Of several values under one key an object keeps the last, which is that of the first change.
            sa.func.jsonb_object_agg(change.c.key, first_last, type_=postgresql.JSONB)
            .filter(change.c.key.is_not(None))
            .label("fields"),
            sa.type_coerce(move, postgresql.ARRAY(sa.Text))[1].label("move"),
        )
        .select_from(history.outerjoin(change, sa.true()))
        .where(history.c.entity == entity.name, history.c.at > _instant(), concerned)
        .group_by(history.c.record)
        .subquery("was")
    )


def _was_live(table: sa.FromClause, was: sa.FromClause) -> Column:
    """What the first move since then tells; without one it is where it was."""
    return sa.case(
        (was.c.move == "delete", sa.true()),
        (was.c.move == "restore", sa.false()),
        else_=table.c.deleted_at.is_(None),
    )


def _columns(viewer: Viewer, entity: Entity, table: sa.FromClause, was: sa.FromClause) -> Iterable[Column]:
    granted = viewer.access(entity.name)
    now = {name: kept_column(viewer.model, entity.name, table, name) for name in table.c.keys()}  # noqa: SIM118  # columns are no mapping
    for field in told_fields(entity).values():
        right = granted.field_read(field.name)
        if right.constant is False:
            continue
        allowed = clause(viewer.model, right, entity.name, table)
        for name, value in _values(field, now, was).items():
            shown = value if allowed is None else sa.case((allowed, value))
            yield shown.label(name)


def _values(field: Field, now: Mapping[str, Column], was: sa.FromClause) -> Mapping[str, Column]:
    """The columns of a field at the instant. now: what they are at present."""
    if field.name in ALWAYS_TOLD:
        return {field.name: now[field.name]}
    changed = sa.func.jsonb_exists(was.c.fields, sa.literal(field.name, sa.Text))
    restored = _restored(field, was.c.fields[field.name]) or {}
    found: dict[str, Column] = {
        name: sa.case((changed, value), else_=now[name]) for name, value in restored.items()
    }
    base = field.type.base_key if isinstance(field.type, MoneyType | FormulaType) else None
    return found if base is None else found | {base: _in_base(found[field.name], field.name, base, now, was)}


def _in_base(amount: Column, name: str, base: str, now: Mapping[str, Column], was: sa.FromClause) -> Column:
    """An amount of then in the organisation's currency, at the rate that the record keeps now."""
    changed = sa.func.jsonb_exists_any(was.c.fields, _names(name, "currency"))
    unchanged = sa.func.coalesce(sa.not_(changed), sa.true())
    before = sa.func.jsonb_exists(was.c.fields, sa.literal("currency", sa.Text))
    currency = sa.case((before, was.c.fields["currency"].astext), else_=now["currency"])
    own = sa.cast(sa.bindparam("fs_currency", type_=sa.Text()), sa.Text)
    same = sa.and_(currency == now["currency"], now[name] != sa.literal_column("0"))
    return sa.case(
        (unchanged, now[base]),
        (currency == own, amount),
        (same, amount * now[base] / now[name]),
    )


def _names(*names: str) -> Column:
    return postgresql.array([sa.literal(name, sa.Text) for name in names], type_=sa.Text)


def _restored(field: Field, told: Column) -> Mapping[str, Column] | None:
    return field.type.restored_sql(told)


def is_comparable(entity: Entity, name: str) -> bool:
    """Whether conditions and orders may use a value of then; of some types a part is not in the history."""
    field = told_fields(entity).get(name)
    return field is not None and not isinstance(field.type, CompoundType | RichTextType)


def unknown_then(entity: Entity, text: str, parameter: str) -> Malformed:
    """The refusal of what is not known of the past."""
    message = (
        f"“{text[:80]}” cannot be asked of the past: the history keeps the values of {entity.name} itself, "
        "not what is computed, behind references, in collections or untracked."
    )
    return malformed(parameter, "unknown_then", message)


class PastColumns(ViewerColumns):
    """Where conditions about the past find their columns: in the rows of then and nowhere else."""

    def __init__(self, viewer: Viewer, entity: Entity) -> None:
        # The rows of then hold every value, also of what is still being filled.
        super().__init__(viewer.model.while_filling(frozenset()), viewer.access_key)
        self._entity = entity

    def table(self, entity: str) -> sa.FromClause:
        """What lies behind a reference or in a collection is not known of then."""
        raise unknown_then(self._entity, entity, "where")

    def link(self, entity: str, field: str, ended: Column | None = None) -> Pairs:  # noqa: ARG002  # as above
        raise unknown_then(self._entity, field, "where")

    def column(self, source: sa.FromClause, entity: str, field: str) -> Column:
        name = field.removesuffix("__base")
        if not is_comparable(self._entity, name):
            raise unknown_then(self._entity, name, "where")
        return super().column(source, entity, field)

    def target(self, source: sa.FromClause, entity: str, field: str, target: str) -> Column:
        if not is_comparable(self._entity, field):
            raise unknown_then(self._entity, field, "where")
        return super().target(source, entity, field, target)

    def readable(self, source: sa.FromClause, entity: str, field: str | None) -> Column | None:  # noqa: ARG002  # the rows hold nothing else
        """No further restriction."""
        return None


def past_scope(record: RecordSource) -> SqlScope:
    """Where a viewer's conditions about the past are lowered."""
    return SqlScope(PastColumns(record.viewer, record.entity), record.entity.name, record.rows)


def instant_text(at: datetime) -> str:
    """An instant as the statement takes it."""
    return at.isoformat()
