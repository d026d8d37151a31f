"""What the pages and the API of one process run on."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from fieldstone.database.database import Database
from fieldstone.publication.current import CurrentModel
from fieldstone.settings import Settings
from fieldstone.web.login_attempts import LoginAttempts

EXTENSION = "fieldstone"


@dataclass(frozen=True)
class Runtime:
    """The tenant's database, the model that follows its publications, and the installation's settings."""

    settings: Settings
    database: Database
    current: CurrentModel
    attempts: LoginAttempts


def current_runtime() -> Runtime:
    """The runtime of the application that handles this request."""
    runtime: Runtime = current_app.extensions[EXTENSION]
    return runtime
