"""Layers as zip files, with a folder for each. What comes in is as hostile as any other body."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence

from fieldstone.errors import Malformed, TooLarge
from fieldstone_metadata import File, Layer
from fieldstone_metadata.layer_files import (
    LARGEST_FILE,
    LARGEST_LAYER,
    MOST_FILES,
    SUFFIXES,
    by_folder,
    holds_layers,
    layer_name,
)

ZIP = "application/zip"
_MOMENT = (1980, 1, 1, 0, 0, 0)
"""The same for all files, so that equal documents make equal archives."""


def zipped(layers: Sequence[Layer]) -> bytes:
    """An archive of layers."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for layer in layers:
            for file in layer.files:
                archive.writestr(zipfile.ZipInfo(f"{layer.name}/{file.path}", _MOMENT), file.text)
    return target.getvalue()


def unzipped(body: bytes) -> list[Layer]:
    """The layers in an archive: one, or a folder for each that is called as the layer that it holds.

    Hidden files and files that are no documents are left out. Raises Malformed and TooLarge.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            texts = dict(_texts(archive))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError, OSError) as error:
        raise Malformed(f"This is no zip file that can be read: {error}.", code="broken_zip") from None
    if not texts:
        raise Malformed("The zip file holds no documents.", code="nothing_to_read")
    return _layers(texts)


def _texts(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    members = [member for member in archive.infolist() if _is_document(member)]
    if len(members) > MOST_FILES or sum(member.file_size for member in members) > LARGEST_LAYER:
        raise TooLarge(f"The zip file unpacks to more than {MOST_FILES:,} files or {LARGEST_LAYER >> 20} MB.")
    for member in members:
        with archive.open(member) as content:
            raw = content.read(LARGEST_FILE + 1)
        if len(raw) > LARGEST_FILE:
            raise TooLarge(f"`{member.filename[:200]}` is larger than {LARGEST_FILE >> 20} MB.")
        try:
            yield member.filename, raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            message = f"`{member.filename[:200]}` is not UTF-8 text (byte {error.start})."
            raise Malformed(message, code="not_utf8") from None


def _is_document(member: zipfile.ZipInfo) -> bool:
    hidden = any(part.startswith(".") for part in member.filename.split("/"))
    return member.filename.endswith(SUFFIXES) and not hidden


def _layers(texts: dict[str, str]) -> list[Layer]:
    files = tuple(File(path, text) for path, text in texts.items())
    if holds_layers(files):
        return [Layer(folder, found) for folder, found in by_folder(files).items()]
    return [Layer(layer_name(files), files)]
