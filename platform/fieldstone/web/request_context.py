"""The `Context` of the request at hand: who acts, on which model, when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import g, request

from fieldstone.context import Context, Principal
from fieldstone.model.model import Model
from fieldstone.web.access_log import REQUEST_ID, USER
from fieldstone.web.authentication import authenticate
from fieldstone.web.runtime import Runtime, current_runtime

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

API_PREFIX = "/api/"
DOCS_PATH = "/api/docs"
HEALTH_PATH = "/healthz"


def current_context() -> Context:
    """The context of this request, made when first asked for.

    Raises `NotAuthenticated` when nobody is logged in and no valid token was sent.
    """
    context: Context | None = g.get("context")
    return make_context() if context is None else context


def require_caller() -> None:
    """Before each call of the API. Raises `NotAuthenticated`."""
    current_context()


def make_context() -> Context:
    """Authenticate the caller and keep the context for the rest of the request."""
    runtime = current_runtime()
    model = runtime.current.model
    source = "api" if is_api_request() else "page"
    context = context_of(runtime, model, authenticate(runtime, model), source, request.environ)
    use_context(context)
    return context


def context_of(
    runtime: Runtime, model: Model, principal: Principal, source: str, environ: WSGIEnvironment
) -> Context:
    """The context of a request whose caller is known; the access log will name the caller."""
    environ[USER] = principal.name_in_logs
    return Context(
        model=model,
        database=runtime.database,
        principal=principal,
        now=datetime.now(UTC),
        source=source,
        request_id=environ.get(REQUEST_ID, ""),
    )


def use_context(context: Context) -> None:
    """Let the rest of this request run in `context`."""
    g.context = context


def forget_context() -> None:
    """Make the next `current_context()` start afresh, with the newest model."""
    g.pop("context", None)


def is_api_request() -> bool:
    """Whether a program asked, so that errors are told as problem documents."""
    path = request.path
    return path == HEALTH_PATH or (path.startswith(API_PREFIX) and path != DOCS_PATH)
