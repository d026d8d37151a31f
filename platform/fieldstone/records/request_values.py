"""The values that a request brings to a statement."""

from __future__ import annotations

from typing import Any

from fieldstone.access.shared_predicates import RECEIVERS
from fieldstone.context import Context
from fieldstone.records.environment import environment
from fieldstone.records.statements import Statement
from fieldstone_rules import parameters

_OF_THE_PRINCIPAL = frozenset({"fs_user", "fs_user_teams", "fs_roles", "fs_now", RECEIVERS})


def request_values(context: Context, statement: Statement, own: dict[str, Any]) -> dict[str, Any]:
    """Parameter → value for a statement: `own` ones and what expressions read of the request.

    Most permissions ask for the user and the teams only; clock and settings are worked out where needed.
    """
    principal = context.principal
    if statement.names <= own.keys() | _OF_THE_PRINCIPAL:
        values = {
            "fs_user": principal.user,
            "fs_user_teams": principal.teams,
            "fs_roles": sorted(principal.roles),
            "fs_now": context.now,
        }
    else:
        values = parameters(environment(context))
    return values | {RECEIVERS: principal.receivers} | own
