"""`GET /api/v1/me`: who the caller is and what they hold."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from fieldstone.context import Principal, TokenLimits
from fieldstone.web.api.answers import json_value
from fieldstone.web.parameters import Parameters
from fieldstone.web.request_context import current_context


def install(api: Blueprint) -> None:
    """Add the route."""
    api.get("/me")(me)


def me() -> Response:
    """The acting user, with roles, teams and capabilities, and the limits of the token in use."""
    Parameters()
    return json_value(_told(current_context().principal))


def _told(principal: Principal) -> dict[str, Any]:
    return {
        "id": str(principal.user),
        "name": principal.name,
        "email": principal.email,
        "roles": sorted(principal.roles),
        "teams": [str(team) for team in principal.teams],
        "capabilities": sorted(principal.capabilities),
        "locale": principal.locale,
        "timezone": principal.timezone,
        "limits": _limits(principal.limits),
    }


def _limits(limits: TokenLimits | None) -> dict[str, Any] | None:
    if limits is None:
        return None
    return {
        "entities": None if limits.entities is None else sorted(limits.entities),
        "verbs": None if limits.verbs is None else sorted(limits.verbs),
    }
