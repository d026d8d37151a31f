"""What a request brings along, as bind parameters with fixed names: statements are compiled once and run
often.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone_rules.durations import Duration
from fieldstone_rules.environment import NOBODY, Environment, zone_name
from fieldstone_rules.sql_values import INTERVAL, MOMENT, Column
from fieldstone_rules.types import Kind, Ref, Type

_TYPES: dict[Kind, Any] = {
    Kind.BOOLEAN: sa.Boolean(),
    Kind.INTEGER: sa.BigInteger(),
    Kind.DECIMAL: sa.Numeric(),
    Kind.MONEY: sa.Numeric(),
    Kind.PERCENT: sa.Numeric(),
    Kind.TEXT: sa.Text(),
    Kind.CHOICE: sa.Text(),
    Kind.DATE: sa.Date(),
    Kind.DATETIME: MOMENT,
    Kind.TIME: sa.Time(),
    Kind.DURATION: INTERVAL,
    Kind.REFERENCE: sa.Uuid(),
    Kind.JSON: postgresql.JSONB(),
    Kind.COMPOUND: postgresql.JSONB(),
    Kind.NULL: sa.Text(),
}


def sql_type(type_: Type) -> Any:
    """The SQLAlchemy type for values of a type."""
    if type_.kind is Kind.LIST and type_.item is not None:
        return postgresql.ARRAY(sql_type(type_.item))
    return _TYPES[type_.kind]


class RequestConstants:
    """The bind parameters that stand for the request."""

    now: Column = sa.bindparam("fs_now", type_=MOMENT)
    today: Column = sa.bindparam("fs_today", type_=sa.Date())
    zone: Column = sa.bindparam("fs_zone", type_=sa.Text())
    user_zone: Column = sa.bindparam("fs_user_zone", type_=sa.Text())
    currency: Column = sa.bindparam("fs_currency", type_=sa.Text())
    user: Column = sa.bindparam("fs_user", type_=sa.Uuid())
    user_teams: Column = sa.bindparam("fs_user_teams", type_=postgresql.ARRAY(sa.Uuid()))
    roles: Column = sa.bindparam("fs_roles", type_=postgresql.ARRAY(sa.Text()))

    @classmethod
    def of_another(cls, user: Column, user_teams: Column, roles: Column) -> RequestConstants:
        """The same request with somebody else in the place of its user."""
        constants = cls()
        constants.user, constants.user_teams, constants.roles = user, user_teams, roles
        return constants

    def setting(self, app: str, key: str, type_: Type) -> Column:
        """`settings.app.key`."""
        return _converted(sa.bindparam(f"fs_setting__{app}__{key}", type_=_bound_type(type_)), type_)

    def variable(self, name: str, type_: Type) -> Column:
        """A variable of the surroundings."""
        return _converted(sa.bindparam(f"fs_variable__{name}", type_=_bound_type(type_)), type_)


def _bound_type(type_: Type) -> Any:
    return sa.Text() if type_.kind is Kind.DURATION else sql_type(type_)


def _converted(parameter: Column, type_: Type) -> Column:
    """The parameter with its type: PostgreSQL would else take that of what it is compared with."""
    return sa.cast(parameter, INTERVAL if type_.kind is Kind.DURATION else sql_type(type_))


def parameters(environment: Environment) -> dict[str, Any]:
    """The values of the fixed bind parameters for a request."""
    values: dict[str, Any] = {
        "fs_now": environment.now,
        "fs_today": environment.today,
        "fs_zone": zone_name(environment.zone),
        "fs_user_zone": environment.user_zone_name,
        "fs_currency": environment.currency,
        "fs_user": (environment.user or NOBODY).id,
        "fs_user_teams": list(environment.user_teams),
        "fs_roles": sorted(environment.roles),
    }
    for app, settings in environment.settings.items():
        values |= {f"fs_setting__{app}__{key}": _bound(value) for key, value in settings.items()}
    return values | variable_parameters(environment.variables)


def variable_parameters(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the bind parameters for variables of the surroundings."""
    return {f"fs_variable__{name}": _bound(value) for name, value in variables.items()}


def _bound(value: Any) -> Any:
    if isinstance(value, Ref):
        return value.id
    if isinstance(value, Duration):
        return interval_text(value)
    return [_bound(item) for item in value] if isinstance(value, tuple) else value


def interval_text(duration: Duration) -> str:
    """A duration as PostgreSQL reads it."""
    return f"{duration.months} months {duration.days} days {duration.microseconds} microseconds"
