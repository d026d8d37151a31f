"""Changing a draft: elements, a file at a time, or all files of some layers. Nothing of it is in force yet.

Whoever changes the draft of an author waits for others who do, so that none of several requests is lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from fieldstone.database.database import Database
from fieldstone.drafts.draft import Draft, Place, draft_of, drafted_layers, texts_of
from fieldstone.errors import FieldError, Invalid, NotFound
from fieldstone.publication.layers import CORE, combined_layers
from fieldstone_metadata import Layer
from fieldstone_metadata.editing import DocumentEdit, EditRefused, LayeredEditing
from fieldstone_metadata.layer_files import LARGEST_FILE, SUFFIXES
from fieldstone_metadata.names import name_fault

_LONGEST_PATH = 200
MOST_FILES = 1_000
"""How many files one draft may change."""


def put_file(database: Database, author: UUID, place: Place, text: str | None, *, rebased: bool) -> Draft:
    """Have the file say `text` in the draft, or (None) go; the draft afterwards.

    rebased: the author has seen what is published now and taken it in, so that from now on the change counts
    from there. Otherwise it counts from where it began. Raises Invalid for a place where no file can be.
    """
    _check_place(place, text)
    with database.transaction() as connection:
        draft = locked_draft(connection, database, author)
        store(connection, database, draft, [(place, text)], rebased=rebased)
        return draft_of(connection, database.system, author)


def edit_documents(database: Database, author: UUID, edits: Sequence[DocumentEdit]) -> Draft:
    """Change elements of documents in the draft, all of them or none; the draft afterwards.

    Texts are changed where the elements stand and stay otherwise as they are. Raises Invalid for
    the first edit that does not fit, named by its position.
    """
    with database.transaction() as connection:
        draft = locked_draft(connection, database, author)
        layers = {layer.name: layer for layer in combined_layers(drafted_layers(draft), ())}
        editing = LayeredEditing(layers)
        for index, edit in enumerate(edits):
            try:
                editing.apply(edit)
            except EditRefused as refusal:
                error = FieldError(f"edits.{index}", refusal.code, refusal.message)
                raise Invalid(refusal.message, errors=[error]) from refusal
        for place, text in editing.changed.items():
            _check_place(place, text)
        store(connection, database, draft, list(editing.changed.items()), rebased=False)
        return draft_of(connection, database.system, author)


def put_layers(database: Database, author: UUID, layers: Sequence[Layer]) -> Draft:
    """Have whole layers be as given, files that they do not hold being gone; the draft afterwards.

    Raises Invalid for a place where no file can be.
    """
    for place, text in texts_of(layers).items():
        _check_place(place, text)
    with database.transaction() as connection:
        draft = locked_draft(connection, database, author)
        store(connection, database, draft, list(_changes(draft, layers)), rebased=True)
        return draft_of(connection, database.system, author)


def revert_file(database: Database, author: UUID, place: Place) -> Draft:
    """Forget the change of one file; the draft afterwards. Raises NotFound if it was not changed."""
    table = database.system.draft
    with database.transaction() as connection:
        _lock(connection, database, author)
        mine = sa.and_(table.c.author == author, table.c.layer == place[0], table.c.path == place[1])
        if not connection.execute(sa.delete(table).where(mine)).rowcount:
            raise NotFound(f"The draft does not change `{'/'.join(place)}`.")
        return draft_of(connection, database.system, author)


def discard(database: Database, author: UUID) -> int:
    """Forget the whole draft; how many files it changed."""
    table = database.system.draft
    with database.transaction() as connection:
        _lock(connection, database, author)
        return connection.execute(sa.delete(table).where(table.c.author == author)).rowcount


def locked_draft(connection: sa.Connection, database: Database, author: UUID) -> Draft:
    """The draft of an author, which nobody else changes before the transaction ends."""
    _lock(connection, database, author)
    return draft_of(connection, database.system, author)


def _lock(connection: sa.Connection, database: Database, author: UUID) -> None:
    name = f"{database.system.draft.fullname} {author}"
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))


def _changes(draft: Draft, layers: Sequence[Layer]) -> Iterator[tuple[Place, str | None]]:
    wanted, names = texts_of(layers), {layer.name for layer in layers}
    known = [*texts_of(draft.published), *((file.layer, file.path) for file in draft.files)]
    yield from wanted.items()
    yield from ((place, None) for place in dict.fromkeys(known) if place[0] in names and place not in wanted)


def store(
    connection: sa.Connection,
    database: Database,
    draft: Draft,
    changes: Sequence[tuple[Place, str | None]],
    *,
    rebased: bool,
) -> None:
    """Store changes; what is as published is no change, and is forgotten."""
    table, published = database.system.draft, texts_of(draft.published)
    begun = {(file.layer, file.path) for file in draft.files}
    _forget(
        connection, database, draft.author, [place for place, text in changes if published.get(place) == text]
    )
    rows = [
        {
            "author": draft.author,
            "layer": place[0],
            "path": place[1],
            "text": text,
            "base": _checksum(published.get(place)),
        }
        for place, text in changes
        if published.get(place) != text
    ]
    if len(begun | {(row["layer"], row["path"]) for row in rows}) > MOST_FILES:
        raise Invalid(f"A draft changes at most {MOST_FILES:,} files. Publish this one first.")
    if rows:
        statement = insert(table)
        kept = {"text": statement.excluded.text, "at": sa.func.now()}
        taken_in = {"base": statement.excluded.base} if rebased else {}
        keys = [table.c.author, table.c.layer, table.c.path]
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=kept | taken_in), rows)


def _forget(connection: sa.Connection, database: Database, author: UUID, places: Sequence[Place]) -> None:
    table = database.system.draft
    mine = sa.and_(table.c.author == author, sa.tuple_(table.c.layer, table.c.path).in_(places))
    if places:
        connection.execute(sa.delete(table).where(mine))


def _checksum(text: str | None) -> str | None:
    """Of a published text: under it the text is kept for as long as there are versions."""
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()


def _check_place(place: Place, text: str | None) -> None:
    layer, path = place
    parts = PurePosixPath(path).parts
    if layer == CORE:
        raise _refused("layer", "`core` comes with Fieldstone; change it in `local` with `extends: true`.")
    if name_fault(layer):
        raise _refused("layer", f"`{layer}` {name_fault(layer)}.")
    if not path.endswith(SUFFIXES):
        raise _refused("path", f"A document is a file that ends in {', '.join(SUFFIXES)}.")
    hidden = any(part.startswith(".") for part in parts)
    if hidden or path != "/".join(parts) or not path.isprintable() or len(path) > _LONGEST_PATH:
        message = (
            "A path is names with `/` between them that do not begin with a dot, 200 characters at most."
        )
        raise _refused("path", message)
    if text is not None and len(text.encode()) > LARGEST_FILE:
        raise _refused("text", f"A file holds at most {LARGEST_FILE // 2**20} MB.")


def _refused(field: str, message: str) -> Invalid:
    return Invalid(message, errors=[FieldError(field, "bad_place", message)])
