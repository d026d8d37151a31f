"""`GET /healthz`: whether this process can serve."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask, Response

from fieldstone.web.api.answers import json_value
from fieldstone.web.request_context import HEALTH_PATH
from fieldstone.web.runtime import current_runtime


def install(app: Flask) -> None:
    """Add the route."""
    app.get(HEALTH_PATH)(health)


def health() -> Response:
    """200 with the version of the model when the database answers; `Unavailable` (503) says what is wrong."""
    runtime = current_runtime()
    with runtime.database.read() as connection:
        connection.execute(sa.select(1))
    return json_value({"status": "ready", "publication": runtime.current.model.version})
