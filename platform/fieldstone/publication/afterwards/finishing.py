"""Doing what publications left to be done: by one process at a time, in steps of which each is committed.

A process that is killed has done the steps that it committed; whoever comes next goes on behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

import sqlalchemy as sa
import structlog

from fieldstone.access.system_user import system_context
from fieldstone.database.database import Database
from fieldstone.database.failures import translate
from fieldstone.database.joined import JoinedDatabase
from fieldstone.errors import Busy, FieldstoneError, StaleModel, Unavailable
from fieldstone.model.model import Entity, Model
from fieldstone.publication.afterwards.builds import lacking, table_of
from fieldstone.publication.afterwards.kept_values import compute_for
from fieldstone.publication.afterwards.lone_connections import alone
from fieldstone.publication.afterwards.promises import take_back
from fieldstone.publication.afterwards.unfinished import PROMISED, TABLE, Unfinished, find, tell, unfinished
from fieldstone.publication.changes import table_states
from fieldstone.publication.changes.statements import execute
from fieldstone.publication.current import CurrentModel
from fieldstone.records import rows
from fieldstone.records.rows import Lock

_log = structlog.get_logger()
Told = Callable[[Unfinished], None]


def nobody(_one: Unfinished) -> None:
    """Tell nobody how far it is."""


def finish(
    database: Database,
    model: Model | None = None,
    *,
    told: Told = nobody,
    wanted: Callable[[], bool] = lambda: True,
) -> bool:
    """Do what is unfinished, as long as it is `wanted`; whether nobody else was doing it.

    model: in force, if the caller has it. told: how far each thing is, after each step. What cannot be done
    is left with its problem, and the rest goes on. Raises Unavailable if the database cannot be reached.
    """
    take_back(database)
    with alone(database, "finish") as connection:
        if connection is None:
            return False
        following = CurrentModel(database, model)
        tried: set[int] = set()
        while wanted() and (one := _next(connection, database, tried)) is not None:
            try:
                _step(database, connection, following, one, told)
            except (StaleModel, Busy):
                continue
            except Unavailable:
                raise
            except FieldstoneError as error:
                tried.add(one.place)
                _remember_problem(database, one, error)
    return True


def _next(connection: sa.Connection, database: Database, tried: set[int]) -> Unfinished | None:
    found = unfinished(connection, database.system)
    return next((one for one in found if one.place not in tried and one.kind != PROMISED), None)


def _remember_problem(database: Database, one: Unfinished, error: FieldstoneError) -> None:
    _log.warning("publication.unfinished", what=str(one), reason=error.message)
    table = database.system.unfinished
    with database.transaction() as connection:
        connection.execute(sa.update(table).where(table.c.place == one.place).values(problem=error.message))


def _step(
    database: Database, alone: sa.Connection, following: CurrentModel, one: Unfinished, told: Told
) -> None:
    """Compute the values of the next records, or build what a table lacks.

    alone: a connection that nobody else uses. Raises PlanRefused where a formula has no value, Busy where
    others hold what is needed, and StaleModel if another version came into force.
    """
    model = following.reload() or following.model
    if one.kind == TABLE:
        told(one)
        _build(database, alone, model, one)
        return
    after = database.run_write(
        model.version, lambda connection: _batch(database, connection, model, one.place)
    )
    if after is not None:
        told(after)


def _batch(database: Database, connection: sa.Connection, model: Model, place: int) -> Unfinished | None:
    """The next records, in one transaction; how far it is then. None where a publication has settled it."""
    one = find(connection, database.system, place)
    if one is None:
        return None
    entity = model.entities[one.table]
    total = one.total or _count(connection, entity)
    ids = _ids(connection, entity, one.after, database.fill_batch)
    if ids:
        rows.load(connection, model, entity, ids, Lock.CHANGED)
        context = system_context(JoinedDatabase(database, connection), model)
        compute_for(context, connection, {(entity.name, name) for name in one.names}, ids)
    done = one.done + len(ids)
    after = replace(one, after=ids[-1] if ids else one.after, done=done, total=max(total, done), problem=None)
    _remember(connection, database, after, ended=len(ids) < database.fill_batch)
    return after


def _build(database: Database, connection: sa.Connection, model: Model, one: Unfinished) -> None:
    """Build what a table lacks. Whoever is killed leaves an index that is not whole, which is built anew."""
    table = table_of(model, one.table)
    as_it_was = one.table not in table_states.altered(connection, database.system, model.schema)
    if table is not None:
        with _translated():
            for statements in lacking(connection, table).statements.values():
                for statement in statements:
                    execute(connection, statement)
    with database.write(model.version) as writing:
        mine = database.system.unfinished.c.place == one.place
        writing.execute(sa.delete(database.system.unfinished).where(mine))
        if table is not None and as_it_was:
            table_states.remember_one(writing, database.system, model.schema, one.table)
        tell(writing, database.system)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise translate(error) from error


def _remember(connection: sa.Connection, database: Database, one: Unfinished, *, ended: bool) -> None:
    table = database.system.unfinished
    mine = table.c.place == one.place
    if ended:
        connection.execute(sa.delete(table).where(mine))
        tell(connection, database.system)
        return
    place = {name: vars(one)[name] for name in ("after", "done", "total", "problem")}
    connection.execute(sa.update(table).where(mine).values(place))


def _count(connection: sa.Connection, entity: Entity) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(entity.table)) or 0


def _ids(connection: sa.Connection, entity: Entity, after: UUID | None, most: int) -> list[UUID]:
    key = entity.table.c.id
    chosen = sa.select(key).order_by(key).limit(most)
    return list(connection.scalars(chosen if after is None else chosen.where(key > after)))
