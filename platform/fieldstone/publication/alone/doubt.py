"""What became of a publication whose connection broke in the moment of its commit."""

from __future__ import annotations

import time
from collections.abc import Sequence

from fieldstone.database.database import Database
from fieldstone.errors import InDoubt, Unavailable
from fieldstone.publication.alone.exclusive import publishing_is_over
from fieldstone.publication.store import Publication, find_publication

PAUSES: Sequence[float] = (0.2, 0.5, 1, 2, 4, 8, 8)
"""Seconds between the looks: the database may have to start again first."""


def require_published(database: Database, version: int, checksum: str, note: str) -> None:
    """Look whether the publication `version` of these documents came into force.

    Raises Unavailable if it did not, and InDoubt if the database cannot be asked for too long.
    """
    for pause in PAUSES:
        time.sleep(pause)
        try:
            found = _found(database, version)
        except InDoubt:
            continue
        if found is None or (found.checksum, found.note) != (checksum, note):
            raise Unavailable(
                "The connection to the database broke in the moment of publishing. Nothing was published; "
                "try again."
            )
        return
    raise InDoubt(
        "The connection to the database broke in the moment of publishing, so it is not known whether "
        f"version {version} came into force. `fieldstone versions` tells as soon as the database answers "
        "again; to publish the same once more is safe and changes nothing if it did."
    )


def _found(database: Database, version: int) -> Publication | None:
    """The publication, once nobody is at work on it any more. Raises InDoubt as long as that is not known."""
    try:
        with database.transaction() as connection:
            if not publishing_is_over(connection, database):
                raise InDoubt("The database is still at work on it.")
            return find_publication(connection, database.system, version)
    except Unavailable as error:
        raise InDoubt(error.message) from error
