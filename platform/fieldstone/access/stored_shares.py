"""Shares as they are stored: reading them, and keeping what their sharers hold up to date."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.access.principals import principals_of
from fieldstone.access.shared_predicates import share_table
from fieldstone.access.sharing import Share
from fieldstone.access.system_user import RIGHTS_ENTITIES, SYSTEM_USER
from fieldstone.context import Principal
from fieldstone.model.model import Model

_IDS = postgresql.ARRAY(sa.Uuid())


def shares_of(
    connection: sa.Connection, model: Model, entity: str, records: Iterable[UUID]
) -> dict[UUID, list[Share]]:
    """Record → its shares, the oldest first, those that are over included; one statement."""
    found: dict[UUID, list[Share]] = {record: [] for record in records}
    table = share_table(model)
    wanted = sa.bindparam(None, sorted(found), type_=_IDS)
    which = sa.and_(table.c.entity == entity, table.c.record == sa.any_(wanted))
    for row in connection.execute(sa.select(table).where(which).order_by(table.c.id)).mappings():
        share = read_share(row)
        found[share.record].append(share)
    return found


def standing_shares(
    connection: sa.Connection, model: Model, receiver: Principal, now: datetime
) -> list[tuple[Any, ...]]:
    """Of what is shared with somebody now, that which may end without anything being done to a record: shares
    with an end (by their ids), and what the sharers hold. In the same order as long as it is the same.
    """
    table = share_table(model)
    ending = sa.case((table.c.expires_at.is_not(None), sa.cast(table.c.id, sa.Text)))
    columns = (sa.cast(table.c.sharer, sa.Text), table.c.sharer_roles, table.c.sharer_teams, ending)
    teams = sa.bindparam(None, sorted(receiver.receivers), type_=_IDS)
    roles = sa.bindparam(None, sorted(receiver.roles), type_=postgresql.ARRAY(sa.Text()))
    statement = (
        sa.select(*columns)
        .distinct()
        .where(sa.or_(table.c.receiver == sa.any_(teams), table.c.role == sa.any_(roles)))
        .where(sa.or_(table.c.expires_at.is_(None), table.c.expires_at > now), table.c.ended_at.is_(None))
        .order_by(*columns)
    )
    return [tuple(map(str, row)) for row in connection.execute(statement)]


def read_share(row: Any) -> Share:
    """The share that a row holds."""
    values = dict(row)
    roles, teams = tuple(values.pop("sharer_roles")), tuple(values.pop("sharer_teams"))
    return Share(**values, sharer_roles=roles, sharer_teams=teams)


def follow_rights(connection: sa.Connection, model: Model, written: Iterable[str]) -> None:
    """Bring sharers up to date where records of entities were written that decide about rights."""
    if not set(RIGHTS_ENTITIES).isdisjoint(written):
        refresh_sharers(connection, model)


def refresh_sharers(connection: sa.Connection, model: Model) -> None:
    """Bring up to date what all sharers hold, within the transaction that changes it.

    Five statements, however many shares and sharers there are. One who is not active holds nothing.
    """
    table = share_table(model)
    sharers = list(
        connection.scalars(sa.select(table.c.sharer).where(table.c.sharer != SYSTEM_USER).distinct())
    )
    if not sharers:
        return
    principals = principals_of(connection, model, sharers)
    held = [
        {
            "whose": sharer,
            "roles": sorted(principals[sharer].roles) if sharer in principals else [],
            "teams": list(principals[sharer].teams) if sharer in principals else [],
        }
        for sharer in sharers
    ]
    values: dict[str, Any] = {"sharer_roles": sa.bindparam("roles"), "sharer_teams": sa.bindparam("teams")}
    connection.execute(sa.update(table).where(table.c.sharer == sa.bindparam("whose")).values(values), held)
