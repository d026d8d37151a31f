"""Publications in the database: their documents as they were written, and who published them when."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from uuid import UUID

import sqlalchemy as sa
from packaging.version import Version
from sqlalchemy.dialects.postgresql import insert

from fieldstone.database.migrations import NewerData
from fieldstone.database.system import SystemTables
from fieldstone_metadata import File, Layer

FIELDSTONE_VERSION = metadata.version("fieldstone")


@dataclass(frozen=True)
class Publication:
    """One version: what was in force from `at` until the next. checksum: of all its documents."""

    version: int
    at: datetime
    author: UUID
    note: str
    fieldstone_version: str
    checksum: str


def checksum(layers: Iterable[Layer]) -> str:
    """A fingerprint of all files of all layers, in hexadecimal; equal documents have equal ones."""
    digest = hashlib.sha256()
    for layer in layers:
        for file in layer.files:
            for part in (layer.name, file.path, file.text):
                digest.update(f"{len(part)}:".encode() + part.encode())
    return digest.hexdigest()


def current_version(connection: sa.Connection, system: SystemTables) -> int:
    """The version in force; 0 before the first."""
    return int(connection.execute(sa.select(system.current.c.version)).scalar_one())


def publications(connection: sa.Connection, system: SystemTables, limit: int = 100) -> list[Publication]:
    """The last publications, newest first."""
    table = system.publication
    rows = connection.execute(sa.select(table).order_by(table.c.version.desc()).limit(limit))
    return [Publication(**row) for row in rows.mappings()]


def find_publication(connection: sa.Connection, system: SystemTables, version: int) -> Publication | None:
    """The publication `version`, or None."""
    table = system.publication
    row = connection.execute(sa.select(table).where(table.c.version == version)).mappings().first()
    return Publication(**row) if row else None


def load_layers(connection: sa.Connection, system: SystemTables, version: int) -> tuple[Layer, ...]:
    """The documents of `version`, as they were published.

    Raises NewerData if a newer Fieldstone published them.
    """
    found = find_publication(connection, system, version)
    if found is not None and Version(found.fieldstone_version) > Version(FIELDSTONE_VERSION):
        raise NewerData(
            f"Publication {version} was made by Fieldstone {found.fieldstone_version}, and this is "
            f"{FIELDSTONE_VERSION}. Nothing was changed. Use the newer Fieldstone."
        )
    document, content = system.document, system.content
    rows = connection.execute(
        sa.select(document.c.layer, document.c.path, content.c.text)
        .join(content, content.c.checksum == document.c.checksum)
        .where(document.c.publication == version)
        .order_by(document.c.layer_position, document.c.position)
    )
    files: dict[str, list[File]] = {}
    for layer, path, text in rows:
        files.setdefault(layer, []).append(File(path, text))
    return tuple(Layer(name, tuple(found)) for name, found in files.items())


def save(
    connection: sa.Connection,
    system: SystemTables,
    version: int,
    layers: Sequence[Layer],
    *,
    author: UUID,
    note: str,
) -> None:
    """Keep `layers` as publication `version` and bring it into force, in the caller's transaction."""
    connection.execute(
        sa.insert(system.publication).values(
            version=version,
            author=author,
            note=note,
            fieldstone_version=FIELDSTONE_VERSION,
            checksum=checksum(layers),
        )
    )
    _save_documents(connection, system, version, layers)
    connection.execute(sa.update(system.current).values(version=version))
    connection.execute(sa.select(sa.func.pg_notify(system.schema, "publication")))


def _save_documents(
    connection: sa.Connection, system: SystemTables, version: int, layers: Sequence[Layer]
) -> None:
    documents, contents = [], {}
    for layer_position, layer in enumerate(layers):
        for position, file in enumerate(layer.files):
            mark = hashlib.sha256(file.text.encode()).hexdigest()
            contents[mark] = file.text
            documents.append(
                {
                    "publication": version,
                    "layer_position": layer_position,
                    "position": position,
                    "layer": layer.name,
                    "path": file.path,
                    "checksum": mark,
                }
            )
    texts = [{"checksum": mark, "text": text} for mark, text in contents.items()]
    connection.execute(insert(system.content).on_conflict_do_nothing(), texts)
    connection.execute(sa.insert(system.document), documents)
