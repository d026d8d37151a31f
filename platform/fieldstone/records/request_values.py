"""The values that a request brings to a statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fieldstone.access.shared_predicates import RECEIVERS
from fieldstone.context import Context, Principal
from fieldstone.records.environment import environment
from fieldstone.records.statements import Statement, wire
from fieldstone_rules import parameters

_NOW = "fs_now"
_OF_THE_REQUEST = frozenset({"fs_user", "fs_user_teams", "fs_roles", _NOW, RECEIVERS})


def request_values(context: Context, statement: Statement, own: dict[str, Any]) -> dict[str, Any]:
    """Parameter → value for a statement: `own` ones and what expressions read of the request.

    Most permissions ask for the user and the teams only; clock and settings are worked out where needed.
    """
    told = _told_of(context.principal)
    if statement.names.difference(_OF_THE_REQUEST, own):
        return {**parameters(environment(context)), RECEIVERS: told[RECEIVERS], **own}
    return {**told, _NOW: context.now, **own}


def _told_of(principal: Principal) -> Mapping[str, bytes | None]:
    """What permissions ask of a principal, written for the database once for all requests."""
    found: Mapping[str, bytes | None] | None = principal.kept.get(__name__)
    if found is None:
        values = {
            "fs_user": principal.user,
            "fs_user_teams": principal.teams,
            "fs_roles": sorted(principal.roles),
            RECEIVERS: principal.receivers,
        }
        found = principal.kept[__name__] = {name: wire(value) for name, value in values.items()}
    return found
