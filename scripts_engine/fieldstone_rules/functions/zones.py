"""Functions read on the clock of a time zone that is named: `user.timezone`, or one written out.

Every form that reads the organisation's clock has a twin with one argument more. The name of the zone is
never null and always known, so the database cannot fail on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import sqlalchemy as sa

from fieldstone_rules.environment import Environment
from fieldstone_rules.functions.declaration import TEXT, Constants, Form


@cache
def zone_names() -> frozenset[str]:
    """The time zones that can be written out: those of the IANA database called after a place, and UTC."""
    return frozenset(name for name in available_timezones() if "/" in name) | {"UTC"}


def zoned(form: Form) -> Form:
    """The form with the name of a time zone as its last argument."""
    return replace(
        form,
        takes=(*form.takes, TEXT),
        required=None,
        python=_python(form.python),
        sql=None if form.sql is None else _sql(form.sql),
    )


def _python(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(environment: Environment, *arguments: Any) -> Any:
        *values, zone = arguments
        return function(replace(environment, zone=ZoneInfo(zone)), *values)

    return call


@dataclass(frozen=True)
class _InZone:
    """The request's constants with another zone."""

    now: Any
    zone: Any

    @property
    def today(self) -> Any:
        """The day in the zone."""
        return sa.cast(sa.func.timezone(self.zone, self.now, type_=sa.DateTime()), sa.Date)


def _sql(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(constants: Constants, *arguments: Any) -> Any:
        *values, zone = arguments
        return function(_InZone(constants.now, zone), *values)

    return call
