"""Which records the lines of a call have meant so far: no two lines may mean the same one.

They are kept in a file, so that millions of them take no memory.
"""

from __future__ import annotations

import hashlib
import sqlite3

from fieldstone.errors import Conflict, FieldError, FieldstoneError
from fieldstone.model.model import Entity
from fieldstone.records import uniqueness
from fieldstone.records.write_rows import Sent, Writing
from fieldstone.records.writing import to_json


class SeenKeys:
    """The keys of a call, with the line in which each first stood."""

    def __init__(self, entity: Entity, writing: Writing) -> None:
        self._entity = entity
        self._key = writing.key
        # An empty name means a file of its own that vanishes when it is closed.
        self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA synchronous = OFF")
        self._file.execute("CREATE TABLE seen (mark BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self._file.execute("BEGIN")

    def close(self) -> None:
        """Forget them all."""
        self._file.close()

    def refuse(self, line: int, sent: Sent) -> FieldstoneError | None:
        """What is wrong if an earlier line meant the same record."""
        mark = self._mark(sent)
        if mark is None:
            return None
        done = self._file.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (mark, line))
        if done.rowcount:
            return None
        (first,) = self._file.execute("SELECT line FROM seen WHERE mark = ?", (mark,)).fetchone()
        message = f"Line {first} means the same record already."
        field = self._key[0] if self._key else "id"
        entry = FieldError(field, "duplicate_key", message)
        return Conflict(message, code="duplicate_key", errors=[entry])

    def _mark(self, sent: Sent) -> bytes | None:
        """What tells the record apart; None where the line does not name one."""
        if not self._key:
            return None if sent.id is None else sent.id.bytes
        columns = uniqueness.key_columns(self._entity, sent.values, self._key)
        return None if columns is None else hashlib.sha256(to_json(columns).encode()).digest()[:16]
