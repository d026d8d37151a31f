"""What `fieldstone demo` fills a database with, for apps of tests: `filled_by=demonstration`."""

from __future__ import annotations

from datetime import UTC, datetime

from fieldstone.access.tokens import create_token
from fieldstone.access.users import require_user
from fieldstone.demonstration import fill
from fieldstone_testing.apps import App


def demonstration(app: App) -> None:
    """Make the people and the records of the small demonstration of the sales template."""
    fill(app.database, app.model, "sales", "small")


def token_of(app: App, email: str) -> str:
    """A bearer token of one of its people, such as `rep@northgate.example`."""
    user = require_user(app.database, app.model, email).id
    return create_token(app.database, user, author=user, now=datetime.now(UTC))
