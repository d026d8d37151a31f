"""Writing layers into folders, so that a folder under version control shows only what really changed."""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fieldstone_metadata.layer_files import SUFFIXES, Layer, holds_layers
from fieldstone_metadata.problems import MetadataError, Problem

_SHOWN = 5


@dataclass(frozen=True)
class Written:
    """What became of the files of a folder, by their paths in it; those that were so already are left out."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int


def write_layers(layers: Sequence[Layer], folder: Path, *, prune: bool = False) -> Written:
    """Write one layer into `folder`, or several into a folder each that is called as the layer.

    One that would be read as several, as all its files are in folders called as the layers in them, is
    written as those are.

    Files with the same content are not touched. Hidden files and files that are no documents are none of our
    business. prune: remove documents that the layers do not have; without it they are refused, as a later
    `apply` of the folder would publish them too. Raises MetadataError, and then nothing was written.
    """
    wanted = _wanted(layers)
    others = _others(folder, wanted)
    if others and not prune:
        raise _refused(folder, others)
    changed = {path: text for path, text in wanted.items() if _text_in(folder / path) != text}
    for path, text in changed.items():
        _write(folder / path, text)
    for path in others:
        (folder / path).unlink()
    return Written(tuple(changed), tuple(others), len(wanted) - len(changed))


def _wanted(layers: Sequence[Layer]) -> Mapping[str, str]:
    """Path → text. Raises MetadataError for a path that would lead out of the folder."""
    wanted = {}
    alone = len(layers) == 1 and not holds_layers(layers[0].files)
    for layer in layers:
        for file in layer.files:
            path = PurePosixPath(file.path) if alone else PurePosixPath(layer.name, file.path)
            if path.is_absolute() or ".." in path.parts:
                message = "this path leads out of the folder of its layer"
                raise MetadataError([Problem(file.path, 1, 1, "bad_path", message, layer=layer.name)])
            wanted[str(path)] = file.text
    return wanted


def _others(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """Documents in the folder that are not wanted, hidden ones left out."""
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        documents = (name for name in names if name.endswith(SUFFIXES) and not name.startswith("."))
        found += [Path(root, name).relative_to(folder).as_posix() for name in documents]
    return sorted(path for path in found if path not in wanted)


def _refused(folder: Path, others: Sequence[str]) -> MetadataError:
    shown = ", ".join(others[:_SHOWN]) + (f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else "")
    message = f"this folder holds documents that do not belong to what is written: {shown}"
    hint = "choose another folder, or have them removed (`--prune`)"
    return MetadataError([Problem(str(folder), 1, 1, "other_documents", message, hint)])


def _text_in(path: Path) -> str | None:
    """The text of a file; None where there is none that could be read as one."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def _write(path: Path, text: str) -> None:
    """All of it or nothing: a process that is killed leaves the file as it was. A byte order mark stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mark = BOM_UTF8 if path.is_file() and path.read_bytes().startswith(BOM_UTF8) else b""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(mark + text.encode())
    beside.replace(path)
