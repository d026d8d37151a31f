"""Who is calling: by bearer token, or by the session of somebody logged in."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import request
from flask_login import current_user

from fieldstone.access.principals import principal_for_token
from fieldstone.access.sessions import principal_for_session
from fieldstone.context import Principal
from fieldstone.errors import NotAuthenticated
from fieldstone.model.model import Model
from fieldstone.web.runtime import Runtime

SCHEME = "bearer"


def authenticate(runtime: Runtime, model: Model) -> Principal:
    """The caller. A sent token decides alone, also where there is a session.

    Raises `NotAuthenticated` when there is neither, or it does not count any more.
    """
    header = request.headers.get("Authorization")
    if header is not None:
        return principal_of(runtime, model, header)
    if current_user.is_authenticated:
        return principal_for_session(runtime.database, model, current_user.session)
    raise NotAuthenticated("Log in, or send a token: `Authorization: Bearer …`.")


def principal_of(runtime: Runtime, model: Model, header: str) -> Principal:
    """Who acts with the token in the header `Authorization`. Raises `NotAuthenticated`."""
    return principal_for_token(runtime.database, model, _token(header), datetime.now(UTC))


def _token(header: str) -> str:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != SCHEME or not token.strip():
        raise NotAuthenticated(
            "The header is written `Authorization: Bearer` and the token.", code="bad_token"
        )
    return token.strip()
