"""A draft as it is stored: files that its author changed, each with the text that the change began from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from fieldstone.database.system import SystemTables
from fieldstone.publication.layers import CORE
from fieldstone.publication.store import current_version, load_layers
from fieldstone.publication.text_merging import merged
from fieldstone_metadata import File, Layer

Place = tuple[str, str]
"""A layer and the path of a file in it."""


@dataclass(frozen=True)
class DraftFile:
    """One changed file.

    mine: its text in the draft; None: it is to go. base: the published text that the change began from; None:
    there was none. theirs: the text that is published now; None: there is none.
    """

    layer: str
    path: str
    mine: str | None
    base: str | None
    theirs: str | None
    at: datetime

    @property
    def text(self) -> str | None:
        """The text with what was published since the change began, as far as that goes together."""
        if self.theirs in (self.base, self.mine):
            return self.mine
        if self.mine is None or self.base is None or self.theirs is None:
            return self.mine
        both = merged(self.base, self.mine, self.theirs)
        return self.mine if both is None else both

    @property
    def fits(self) -> bool:
        """Whether nothing that was published since would be lost."""
        if self.theirs in (self.base, self.mine):
            return True
        texts = (self.base, self.mine, self.theirs)
        return None not in texts and merged(*(text or "" for text in texts)) is not None


@dataclass(frozen=True)
class Draft:
    """An author's draft over version `base`, the one in force. published: the layers of that."""

    author: UUID
    base: int
    files: tuple[DraftFile, ...]
    published: tuple[Layer, ...]

    def over(self, published: tuple[Layer, ...]) -> Draft:
        """The same changes over other layers, which somebody may have published since the draft was read."""
        texts = texts_of(published)
        files = (replace(file, theirs=texts.get((file.layer, file.path))) for file in self.files)
        return replace(self, files=tuple(files), published=published)


def draft_of(connection: sa.Connection, system: SystemTables, author: UUID) -> Draft:
    """The draft of `author`, who may not have changed anything yet."""
    version = current_version(connection, system)
    published = load_layers(connection, system, version) if version else ()
    return Draft(author, version, tuple(_files(connection, system, author, published)), published)


def drafted_layers(draft: Draft) -> tuple[Layer, ...]:
    """The layers as they would be published; `core` is always the shipped one and left out."""
    files: dict[str, dict[str, str]] = {
        layer.name: {file.path: file.text for file in layer.files}
        for layer in draft.published
        if layer.name != CORE
    }
    for file in draft.files:
        texts = files.setdefault(file.layer, {})
        if file.text is None:
            texts.pop(file.path, None)
        else:
            texts[file.path] = file.text
    return tuple(Layer(name, tuple(_in_order(texts))) for name, texts in files.items() if texts)


def texts_of(layers: Sequence[Layer]) -> Mapping[Place, str]:
    """Layer and path → text."""
    return {(layer.name, file.path): file.text for layer in layers for file in layer.files}


def _in_order(texts: Mapping[str, str]) -> Iterator[File]:
    """Files in the order in which a folder with them would be read."""
    for path in sorted(texts, key=lambda path: (path.rpartition("/")[0].split("/"), path)):
        yield File(path, texts[path])


def _files(
    connection: sa.Connection, system: SystemTables, author: UUID, published: Sequence[Layer]
) -> Iterator[DraftFile]:
    table, content, now = system.draft, system.content, texts_of(published)
    rows = connection.execute(
        sa.select(table, content.c.text.label("base_text"))
        .outerjoin(content, content.c.checksum == table.c.base)
        .where(table.c.author == author)
        .order_by(table.c.layer, table.c.path)
    )
    for row in rows:
        theirs = now.get((row.layer, row.path))
        yield DraftFile(row.layer, row.path, row.text, row.base_text, theirs, row.at)
