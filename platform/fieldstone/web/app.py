"""Puts the web application together: context, security, errors, API, and the pages of plugins."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Flask

from fieldstone.database.database import Database
from fieldstone.plugins import plugin_manager
from fieldstone.publication.current import CurrentModel
from fieldstone.settings import Settings
from fieldstone.web import bodies, csrf, docs_page, failures, health, sessions
from fieldstone.web.api import (
    approvals,
    belongings,
    branches,
    bulk,
    caller,
    comments,
    delete_preview,
    events,
    explaining,
    exporting,
    files,
    merging,
    metadata,
    operations,
    questions,
    reading,
    shares,
    transitions,
    upserting,
    writing,
)
from fieldstone.web.api.answers import PREFIX
from fieldstone.web.application import Application
from fieldstone.web.login_attempts import LoginAttempts
from fieldstone.web.openapi import routes
from fieldstone.web.request_context import require_caller
from fieldstone.web.runtime import EXTENSION, Runtime

LARGEST_BODY = 10 * 2**20
SESSION_LIFETIME = timedelta(hours=12)


def create_app(settings: Settings, database: Database, current: CurrentModel) -> Flask:
    """The WSGI application of one tenant.

    current: started already, or to be started before the first request. The system tables must exist.
    """
    app = Application()
    run_on(app, settings, database, current)
    _configure(app, settings, database)
    for part in (failures, sessions, csrf, health, docs_page):
        part.install(app)
    app.register_blueprint(api_blueprint())
    plugin_manager().hook.fieldstone_pages(app=app)
    return app


def run_on(app: Flask, settings: Settings, database: Database, current: CurrentModel) -> None:
    """Let an application, whose routes and templates know no tenant, answer from `database` from now on."""
    app.extensions[EXTENSION] = Runtime(settings, database, current, LoginAttempts())


def api_blueprint() -> Blueprint:
    """All routes of the API; who calls is known before anything else is looked at."""
    api = Blueprint("api", __name__, url_prefix=PREFIX)
    api.before_request(require_caller)
    api.before_request(bodies.refuse_encoded)
    for part in (
        reading, exporting, bulk, writing, upserting, transitions, approvals, belongings, branches, comments,
        delete_preview, files, merging, shares, questions, events, explaining, operations, metadata, caller,
        routes,
    ):  # fmt: skip
        part.install(api)
    return api


def _configure(app: Flask, settings: Settings, database: Database) -> None:
    secret = (
        settings.secret_key.get_secret_value() if settings.secret_key else database.secret("session").hex()
    )
    app.config.update(
        SECRET_KEY=secret,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=LARGEST_BODY,
        PERMANENT_SESSION_LIFETIME=SESSION_LIFETIME,
        SESSION_COOKIE_NAME="fieldstone_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PROPAGATE_EXCEPTIONS=False,
    )
