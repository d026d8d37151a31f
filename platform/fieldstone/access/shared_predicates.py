"""What was shared with somebody, as SQL: one more way in which a permission can hold for a record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.access.decisions import Shared
from fieldstone.access.sharing import grants_on
from fieldstone.database.system import system_tables
from fieldstone.model.model import Model
from fieldstone.model.rule_columns import computed
from fieldstone_metadata import declarations
from fieldstone_rules import Expression, RequestConstants

Column = sa.ColumnElement[Any]

RECEIVERS = "fs_receivers"
"""The parameter that holds the user and the teams with whom something may have been shared."""

_SHARING = "_sharing"
_ADMIN, _PRIVATE_DATA = "admin", "private_data"
_NOW: Column = RequestConstants.now
_ROLES: Column = RequestConstants.roles
_RECEIVERS: Column = sa.bindparam(RECEIVERS, type_=postgresql.ARRAY(sa.Uuid()))

# Written without their table, so that what is built from them stays inside the one query over shares.
_SHARERS_ROLES: Column = sa.literal_column(f"{_SHARING}.sharer_roles", postgresql.ARRAY(sa.Text()))
_SHARER = RequestConstants.of_another(
    user=sa.literal_column(f"{_SHARING}.sharer", sa.Uuid()),
    user_teams=sa.literal_column(f"{_SHARING}.sharer_teams", postgresql.ARRAY(sa.Uuid())),
    roles=_SHARERS_ROLES,
)


def shared_clause(model: Model, asked: Shared, source: sa.FromClause) -> Column:
    """Whether the record at `source` was shared with the request's user by somebody who may do as much.

    The ids of all that was shared come first: they are found once for each statement, and by them the
    records through their key.
    """
    shares = share_table(model)
    received = sa.select(shares.c.record).where(*_received(shares, asked))
    known: Column = source.c.id == sa.any_(sa.func.array(received.scalar_subquery(), type_=_IDS))
    sharing = shares.alias(_SHARING)
    one: Column = sa.literal_column("1")
    valid = sa.select(one).where(sharing.c.record == source.c.id, *_received(sharing, asked))
    return sa.and_(known, valid.where(_sharer_may(model, asked, source)).correlate(source).exists())


_IDS = postgresql.ARRAY(sa.Uuid())


def share_table(model: Model) -> sa.Table:
    """The table of shares of the tenant that a model belongs to."""
    key = (__name__, "table")
    if key not in model.cache:
        model.cache[key] = system_tables(model.schema).share
    found: sa.Table = model.cache[key]
    return found


def _received(shares: sa.FromClause, asked: Shared) -> Iterator[Column]:
    """What the request's user may use: of this entity, for this verb, neither taken back nor expired."""
    yield shares.c.entity == asked.entity
    yield shares.c.ended_at.is_(None)
    yield sa.or_(shares.c.receiver == sa.any_(_RECEIVERS), shares.c.role == sa.any_(_ROLES))
    yield sa.or_(shares.c.expires_at.is_(None), shares.c.expires_at > _NOW)
    if asked.verb != "read":
        yield shares.c.verb == asked.verb


def _sharer_may(model: Model, asked: Shared, source: sa.FromClause) -> Column:
    """Whether the roles of the sharer grant what was shared."""
    granted = [_granted(model, asked, role, grant, source) for role, grant in grants_on(model, asked.entity)]
    denied = [
        sa.or_(
            sa.not_(_holds(role)), _condition(model, asked, grant.deny[asked.verb], source).is_(sa.false())
        )
        for role, grant in grants_on(model, asked.entity)
        if asked.verb in grant.deny
    ]
    knows = [_knows_private(model)] if _is_private(model, asked) else []
    return sa.or_(_names(_ADMIN), sa.and_(sa.or_(sa.false(), *granted), *denied, *knows))


def _granted(
    model: Model,
    asked: Shared,
    role: declarations.Role,
    grant: declarations.EntityGrant,
    source: sa.FromClause,
) -> Column:
    conditions = [getattr(grant, asked.verb)]
    if asked.field is not None:
        conditions.append(_field_condition(asked, asked.field, role))
    parts = [_condition(model, asked, condition, source) for condition in conditions]
    return sa.and_(_holds(role), *parts)


def _field_condition(asked: Shared, field: str, role: declarations.Role) -> bool | Expression:
    """What a role says of the field. Inside the shared record, what holds of some only holds of none."""
    grant = role.entities.get(asked.inside or asked.entity)
    narrowed = None if grant is None else grant.fields.get(field)
    condition = None if narrowed is None else getattr(narrowed, asked.verb)
    if condition is None:
        return True
    return condition is True if asked.inside is not None else condition


def _condition(model: Model, asked: Shared, condition: bool | Expression, source: sa.FromClause) -> Column:
    if isinstance(condition, bool):
        return sa.true() if condition else sa.false()
    return computed(model, asked.entity, source, condition, _SHARER)


def _holds(role: declarations.Role) -> Column:
    return _names(role.name)


def _names(role: str) -> Column:
    return sa.literal(role, sa.Text) == sa.any_(_SHARERS_ROLES)


def _is_private(model: Model, asked: Shared) -> bool:
    field = model.entities[asked.inside or asked.entity].fields.get(asked.field or "")
    return field is not None and field.declaration.private


def _knows_private(model: Model) -> Column:
    capable = [role for role in model.roles.values() if _PRIVATE_DATA in role.capabilities]
    return sa.or_(sa.false(), *(_holds(role) for role in capable))
