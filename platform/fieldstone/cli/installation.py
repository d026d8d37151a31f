"""The installation that a command works on: settings, its database, and the model in force."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

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
from fieldstone_metadata.kept_check import CheckStore

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


@dataclass(frozen=True)
class Server:
    """A running database server. embedded: this process's share in it, if it is the embedded one."""

    settings: Settings
    url: str | sa.URL
    embedded: EmbeddedDatabase | None


@contextmanager
def server(settings: Settings | None = None) -> Iterator[Server]:
    """The server that the settings name, running; nothing is made in it.

    Commands share the embedded database: whoever comes first starts it, the last one stops it.
    """
    chosen = settings or load_settings()
    configure_logs(chosen)
    given = chosen.database_url
    if given is not None:
        yield Server(chosen, given.get_secret_value(), None)
        return
    embedded = start(chosen.home)
    try:
        yield Server(chosen, embedded.url(), embedded)
    finally:
        embedded.release()


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Installation]:
    """The installation that the settings name, with its database running and its system tables up to date."""
    with server(settings) as found:
        chosen = found.settings
        database = Database(
            found.url,
            tenant=chosen.tenant,
            statement_timeout=_LONGEST_STATEMENT,
            files=chosen.file_store(),
            secret_keys=chosen.keys_of_secrets(),
            large_table=chosen.large_table,
            fill_batch=chosen.fill_batch,
            checks=CheckStore(chosen.home.expanduser() / "checks" / f"{chosen.tenant}.pickle"),
        )
        try:
            database.prepare()
            yield Installation(chosen, database, found.embedded)
        finally:
            database.close()
