"""The installation that a command works on: settings, its database, and the model in force."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fieldstone.access.system_user import system_context
from fieldstone.context import Context
from fieldstone.database.database import Database
from fieldstone.database.embedded import EmbeddedDatabase, start
from fieldstone.errors import FieldstoneError
from fieldstone.logs import configure_logs
from fieldstone.model.model import Model
from fieldstone.publication.current import load_model
from fieldstone.publication.store import current_version
from fieldstone.settings import Settings, load_settings

_LONGEST_STATEMENT = 3600.0
"""Seconds. Commands import and publish; the limit for requests is not for them."""


class NothingPublished(FieldstoneError):
    """The command needs an application, and there is none yet."""

    status, code, title = 503, "nothing_published", "Nothing has been published yet"


@dataclass(frozen=True)
class Installation:
    """Settings and an open database.

    embedded: this process's share in the embedded server, if that is used.
    """

    settings: Settings
    database: Database
    embedded: EmbeddedDatabase | None

    def model(self) -> Model:
        """The model in force. Raises NothingPublished before the first publication."""
        with self.database.read() as connection:
            version = current_version(connection, self.database.system)
        if version == 0:
            raise NothingPublished(
                "Nothing has been published yet. Run `fieldstone apply PATH`, or `fieldstone demo`."
            )
        return load_model(self.database, version)

    def context(self, note: str | None = None) -> Context:
        """A context in which the platform acts on behalf of whoever sits at the command line."""
        return system_context(self.database, self.model(), source="command", note=note)


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Installation]:
    """The installation that the settings name, with its database running and its system tables up to date.

    Commands share the embedded database: whoever comes first starts it, the last one stops it.
    """
    chosen = settings or load_settings()
    configure_logs(chosen)
    embedded = None if chosen.database_url else start(chosen.home)
    database = _connect(chosen, embedded)
    try:
        database.prepare()
        yield Installation(chosen, database, embedded)
    finally:
        database.close()
        if embedded is not None:
            embedded.release()


def _connect(settings: Settings, embedded: EmbeddedDatabase | None) -> Database:
    given = settings.database_url
    url = given.get_secret_value() if given else embedded.url() if embedded else ""
    return Database(url, tenant=settings.tenant, statement_timeout=_LONGEST_STATEMENT)
