"""Renames where names stand as data: in the history, the feed, requests, shares, tokens, saved views.

They are rewritten in the transaction of the publication rather than translated when they are read: a name in
the data means one thing at any time, so two entities that exchange their names do not exchange their pasts,
and nobody pays for it at every reading. Who publishes pays once, in rows that the plan tells.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from fieldstone.database.system import SystemTables
from fieldstone.fields.any_reference import entity_column
from fieldstone.fields.choices import ChoicesType
from fieldstone.model.model import FILE_FIELD, Entity, Model
from fieldstone.publication.changes.json_names import JsonNames
from fieldstone.publication.changes.renames import ARCHIVED, Names, Renames
from fieldstone.publication.changes.statements import Statement
from fieldstone.publication.changes.table_change import TableChange
from fieldstone_metadata.names import FILE

Column = sa.ColumnElement[str]
ROLE_ASSIGNMENT = "role_assignment"
"""The entity of `core` whose records say who holds which role."""
_MARK = "~"
"""What no name begins with."""


def renamed_data(
    system: SystemTables, old: Model | None, new: Model, renames: Renames
) -> Iterator[TableChange]:
    """The changes of rows that name what is renamed. They follow the renaming of tables and columns.

    old: the model in force. Entities are renamed before fields, and those before options.
    """
    if old is None or not renames:
        return
    yield from _entities(system, old, new, renames)
    for entity, names in renames.fields.items():
        element = f"entity {entity}"
        for table in (system.approval, system.counter):
            yield from _each(element, table, _column(table, "field", names, table.c.entity == entity))
        yield from _each(element, new.entities[FILE].table, _of_files(new, entity, names))
        yield from _archived_fields(element, system, entity, names)
    yield from _roles(system, new, renames.roles)
    for (entity, field), names in renames.options.items():
        yield from _options(system, new.entities[entity], field, names)
    yield from _journals(system, old, new, renames)


def _entities(system: SystemTables, old: Model, new: Model, renames: Renames) -> Iterator[TableChange]:
    names = renames.entities
    if not names:
        return
    element = f"entity {next(iter(names.values()))}"
    plain = (
        system.outbox, system.operation, system.approval, system.time_limit, system.share,
        system.counter,
    )  # fmt: skip  # one line of tables
    for table in plain:
        yield from _each(element, table, _column(table, "entity", names, sa.true()))
    # What is archived belongs to what is declared under the name that it had, and is renamed with that.
    kept = _of_declared(names)
    if kept:
        yield from _each(element, system.archive, _column(system.archive, "entity", kept, sa.true()))
    yield from _each(element, system.token, [_tokens(system, names)])
    for table, column in _leading_anywhere(old, new, renames):
        yield from _each(element, table, _column(table, column, names, sa.true()))


def _roles(system: SystemTables, new: Model, names: Names) -> Iterator[TableChange]:
    """Who holds a role, what is shared with it, and what the history tells of that."""
    held = new.entities.get(ROLE_ASSIGNMENT)
    if not names or held is None:
        return
    element, told = f"role {next(iter(names.values()))}", system.history.c.changes
    yield from _each(element, held.table, _column(held.table, "role", names, sa.true()))
    yield from _each(element, system.share, _column(system.share, "role", names, sa.true()))
    values = JsonNames.of_values(system.history, told, held.name, "role", names)
    yield from _each(element, system.history, [values])


def _archived_fields(element: str, system: SystemTables, entity: str, names: Names) -> Iterator[TableChange]:
    table, kept = system.archive, _of_declared(names)
    if kept:
        yield from _each(element, table, _column(table, "field", kept, table.c.entity == entity))


def _of_declared(names: Names) -> dict[str, str]:
    """Without those that say that something went into the archive, or came back."""
    return {old: new for old, new in names.items() if ARCHIVED not in old + new}


def _leading_anywhere(old: Model, new: Model, renames: Renames) -> Iterator[tuple[sa.Table, str]]:
    """The columns that name the entity of a record of any entity."""
    for entity in new.entities.values():
        before = old.entities.get(renames.entity_before(entity.name)) or old.entities.get(entity.name)
        for field in entity.fields.values() if before is not None else ():
            known = before.fields.get(renames.field_before(entity.name, field.name)) if before else None
            if field.leads_anywhere and known is not None and known.leads_anywhere:
                yield entity.table, entity_column(field.name)


def _each(element: str, table: sa.Table, statements: list[Statement]) -> Iterator[TableChange]:
    yield from (TableChange("names", element, table.name, (statement,)) for statement in statements)


def _column(table: sa.Table, name: str, names: Names, where: sa.ColumnElement[bool]) -> list[Statement]:
    """Statements that give values of a column their new names; in two steps where names go in a circle."""
    column = table.c[name]
    circle = bool(set(names) & set(names.values()))
    given = {old: f"{_MARK}{new}" for old, new in names.items()} if circle else names
    statements: list[Statement] = [
        sa.update(table).values({name: _mapped(column, given)}).where(column.in_(list(names)), where)
    ]
    if circle:
        marked = [f"{_MARK}{new}" for new in names.values()]
        statements.append(
            sa.update(table).values({name: sa.func.substr(column, 2)}).where(column.in_(marked), where)
        )
    return statements


def _mapped(value: Column, names: Names) -> Column:
    return sa.case(dict(names), value=value, else_=value)


def _tokens(system: SystemTables, names: Names) -> Statement:
    """Tokens that are narrowed to entities name them in a list."""
    listed = system.token.c.entities
    one = sa.func.unnest(listed).table_valued("name", name="one").c.name
    renamed = sa.select(sa.func.array_agg(_mapped(one, names))).correlate(system.token).scalar_subquery()
    return (
        sa.update(system.token)
        .values(entities=renamed)
        .where(listed.overlap(sa.cast(list(names), ARRAY(sa.Text))))
    )


def _of_files(new: Model, entity: str, names: Names) -> list[Statement]:
    """A file names the field that holds it."""
    table = new.entities[FILE].table
    return _column(table, FILE_FIELD, names, table.c[entity_column("regarding")] == entity)


def _options(system: SystemTables, entity: Entity, field: str, names: Names) -> Iterator[TableChange]:
    element = f"field {entity.name}.{field}"
    column = entity.fields[field].columns[0]
    if isinstance(entity.fields[field].type, ChoicesType):
        yield TableChange("names", element, entity.table.name, (_choices(column, names),))
    else:
        yield from _each(element, entity.table, _column(entity.table, field, names, sa.true()))
    workflow = entity.workflow
    if workflow is not None and workflow.field == field:
        limits = system.time_limit
        yield from _each(element, limits, _column(limits, "state", names, limits.c.entity == entity.name))


def _choices(column: sa.Column[object], names: Names) -> Statement:
    """Several options of a record: those that become one stand in it once, where the first stood."""
    one = sa.func.unnest(column).table_valued("name", with_ordinality="place", name="one")
    told = (
        sa.select(_mapped(one.c.name, names).label("name"), sa.func.min(one.c.place).label("place"))
        .correlate(column.table)
        .group_by(sa.literal_column("1"))
        .subquery("told")
    )
    listed = sa.func.array_agg(sa.dialects.postgresql.aggregate_order_by(told.c.name, told.c.place))
    return (
        sa.update(column.table)
        .values({column.name: sa.select(listed).scalar_subquery()})
        .where(column.op("&&")(sa.cast(list(names), ARRAY(sa.Text))))
    )


def _journals(system: SystemTables, old: Model, new: Model, renames: Renames) -> Iterator[TableChange]:
    """What the history and waiting requests tell of fields and values."""
    told = JsonNames(old, new, renames, pairs=True)
    if renames.entities or any(told.concerned()):
        names = (*renames.entities.values(), *told.concerned())
        yield from _each(
            f"entity {names[0]}", system.history, [told.history(system.history, system.history.c.changes)]
        )
    sent, waiting = JsonNames(old, new, renames, pairs=False), system.approval
    for entity in sent.concerned():
        yield from _each(f"entity {entity}", waiting, [sent.statement(waiting, waiting.c.sent, entity)])
