"""Where a draft and what others did meet: in what was published since, and in drafts of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.database.database import Database
from fieldstone.drafts.draft import Draft, DraftFile, draft_of
from fieldstone_metadata import File
from fieldstone_metadata.declared_parts import Part, declared_parts


@dataclass(frozen=True)
class Conflict:
    """An element that two people changed differently.

    kind, name: of the element; "file" where the texts cannot be told apart by elements. by: who has it in
    a draft; None: it is published already, and the draft cannot be before the author has taken it in.
    base, mine, theirs: the element as plain values, None where it is not there.
    """

    layer: str
    path: str
    kind: str
    name: str
    by: UUID | None
    base: Any
    mine: Any
    theirs: Any


def conflicts(database: Database, draft: Draft) -> tuple[Conflict, ...]:
    """All conflicts at once: those with what was published, then those with drafts of others."""
    with database.read() as connection:
        others = [
            draft_of(connection, database.system, author)
            for author in _other_authors(connection, database, draft)
        ]
    with_others = (conflict for other in others for conflict in _between(draft, other))
    return (*conflicts_with_published(draft), *with_others)


def conflicts_with_published(draft: Draft) -> tuple[Conflict, ...]:
    """Those with what is published, which forbid to publish the draft."""
    return tuple(conflict for file in draft.files for conflict in _with_published(file))


def _other_authors(connection: sa.Connection, database: Database, draft: Draft) -> list[UUID]:
    """Those whose drafts change a file that this one changes too."""
    table = database.system.draft
    places = [(file.layer, file.path) for file in draft.files]
    if not places:
        return []
    same = sa.tuple_(table.c.layer, table.c.path).in_(places)
    others = sa.select(table.c.author).where(same, table.c.author != draft.author).distinct()
    return list(connection.scalars(others.order_by(table.c.author)))


def _with_published(file: DraftFile) -> Iterator[Conflict]:
    if file.theirs in (file.base, file.mine):
        return
    found = list(_clashes(file, file.theirs, None))
    yield from found
    if not found and not file.fits:
        yield Conflict(file.layer, file.path, "file", file.path, None, file.base, file.mine, file.theirs)


def _between(mine: Draft, other: Draft) -> Iterator[Conflict]:
    theirs = {(file.layer, file.path): file for file in other.files}
    for file in mine.files:
        found = theirs.get((file.layer, file.path))
        if found is not None and found.mine != file.mine:
            yield from _clashes(file, found.mine, other.author)


def _clashes(file: DraftFile, other: str | None, by: UUID | None) -> Iterator[Conflict]:
    base, mine, theirs = (_parts(file, text) for text in (file.base, file.mine, other))
    for part in dict.fromkeys((*base, *mine, *theirs)):
        values = (base.get(part), mine.get(part), theirs.get(part))
        if values[1] != values[0] != values[2] and values[1] != values[2]:
            yield Conflict(file.layer, file.path, *part, by, *values)


def _parts(file: DraftFile, text: str | None) -> Mapping[Part, Any]:
    return {} if text is None else declared_parts(file.layer, File(file.path, text))
