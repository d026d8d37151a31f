"""Layers as files: read from a folder, from the built-in `core` app, or from a template."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path

from fieldstone_metadata.app_names import app_names
from fieldstone_metadata.problems import MetadataError, Problem

DOCUMENT_SUFFIXES = (".yaml", ".yml", ".json")
RULES_SUFFIX = ".rules"
SUFFIXES = (*DOCUMENT_SUFFIXES, RULES_SUFFIX, ".csv")
LARGEST_FILE = 5 * 1024 * 1024
LARGEST_LAYER = 64 * 1024 * 1024
MOST_FILES = 10_000
LOCAL = "local"


@dataclass(frozen=True)
class File:
    """One file of a layer. path: relative to the layer's folder, with `/`."""

    path: str
    text: str


@dataclass(frozen=True)
class Layer:
    """The files of `core`, of an app, or of `local`. problems: files that could not be read."""

    name: str
    files: tuple[File, ...]
    problems: tuple[Problem, ...] = ()


def read_layer(path: Path) -> Layer:
    """The layer in the folder (or the one file) `path`: YAML, JSON, rules and CSV
    files, hidden ones left out.

    The layer is named after its `app` document, or `local` without one. Files that are too large or not
    UTF-8 become
    problems of the layer. Raises MetadataError where there is nothing to read, or far too much.
    """
    if not path.exists():
        raise _unreadable(str(path), "nothing_to_read", "there is no such file or folder")
    found = _paths_below(path)
    if not found:
        hint = f"documents are files that end in {', '.join(DOCUMENT_SUFFIXES)}"
        raise _unreadable(str(path), "nothing_to_read", "there are no documents here", hint)
    if len(found) > MOST_FILES:
        raise _unreadable(str(path), "too_large", f"this folder holds more than {MOST_FILES:,} files")
    if sum(file.stat().st_size for file in found) > LARGEST_LAYER:
        raise _unreadable(
            str(path), "too_large", f"the files here are larger than {_megabytes(LARGEST_LAYER)}"
        )
    root = path if path.is_dir() else path.parent
    return _layer_of([_read(file, file.relative_to(root).as_posix()) for file in found])


def read_layers(path: Path) -> list[Layer]:
    """The layer in `path`; or, if each of its folders is called as the layer that it holds, all of those.

    The latter is how an installation is exported. Raises as `read_layer`.
    """
    layers = [read_layer(folder) for folder in _folders(path)]
    exported = layers and [layer.name for layer in layers] == [folder.name for folder in _folders(path)]
    return layers if exported else [read_layer(path)]


def _folders(path: Path) -> list[Path]:
    """The folders in a folder that has documents in these only."""
    found = sorted({path / file.relative_to(path).parts[0] for file in _paths_below(path) if path.is_dir()})
    return found if all(child.is_dir() for child in found) else []


def _layer_of(results: list[File | Problem]) -> Layer:
    files = tuple(result for result in results if isinstance(result, File))
    name = layer_name(files)
    problems = tuple(replace(result, layer=name) for result in results if isinstance(result, Problem))
    return Layer(name, files, problems)


def layer_name(files: tuple[File, ...]) -> str:
    """The name of the app among `files`, or `local`."""
    documents = (file for file in files if file.path.endswith(DOCUMENT_SUFFIXES))
    return next((name for file in documents for name in app_names(file.path, file.text)), LOCAL)


def in_order_of_folders(layer: Layer) -> Layer:
    """The layer as `read_layer` gives it, whatever way its files came: first files, then folders."""
    return replace(layer, files=tuple(sorted(layer.files, key=_place)))


def _place(file: File) -> tuple[tuple[bool, str], ...]:
    *folders, name = file.path.split("/")
    return (*((True, folder) for folder in folders), (False, name))


def by_folder(files: Iterable[File]) -> dict[str, tuple[File, ...]]:
    """Folder → its files, by their paths in it; those in no folder come under an empty name."""
    found: dict[str, list[File]] = {}
    for file in files:
        folder, _, rest = file.path.partition("/")
        found.setdefault(folder if rest else "", []).append(File(rest or file.path, file.text))
    return {folder: tuple(each) for folder, each in found.items()}


def holds_layers(files: Iterable[File]) -> bool:
    """Whether files are those of an installation: all in folders that are called as the layers in them."""
    return all(folder == layer_name(found) for folder, found in by_folder(files).items())


def _paths_below(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            Path(folder, name)
            for name in sorted(names)
            if not name.startswith(".") and name.endswith(SUFFIXES)
        ]
    return [file for file in found if file.is_file()]


def _read(file: Path, path: str) -> File | Problem:
    try:
        if file.stat().st_size > LARGEST_FILE:
            message = f"this file is larger than {_megabytes(LARGEST_FILE)}, the most that one file may hold"
            return Problem(
                path, 1, 1, "too_large", message, "split it, or move records into several CSV files"
            )
        raw = file.read_bytes()
    except OSError as error:
        return Problem(path, 1, 1, "unreadable", f"this file cannot be read: {error.strerror}")
    try:
        return File(path, raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"this file is not UTF-8 text: byte {raw[error.start]:#04x} in line {line}"
        return Problem(path, line, 1, "not_utf8", message, "save the file as UTF-8")


def _unreadable(path: str, code: str, message: str, hint: str | None = None) -> MetadataError:
    return MetadataError([Problem(path, 1, 1, code, message, hint)])


def _megabytes(size: int) -> str:
    return f"{size // (1024 * 1024)} MB"


@cache
def core_layer() -> Layer:
    """The built-in `core` app: users, teams, role assignments and activities."""
    return Layer("core", read_layer(_shipped("core")).files)


def template_names() -> tuple[str, ...]:
    """The names of the industry templates that are shipped."""
    folder = _shipped("templates")
    return tuple(
        sorted(
            child.name
            for child in folder.iterdir()
            if child.is_dir() and not child.name.startswith((".", "_"))
        )
    )


@cache
def template_layer(name: str) -> Layer:
    """The template `name`. Raises MetadataError if there is none of that name."""
    if name not in template_names():
        raise _unreadable(
            name,
            "unknown_template",
            f"there is no template `{name}`",
            f"known: {', '.join(template_names())}",
        )
    return read_layer(_shipped("templates") / name)


def _shipped(name: str) -> Path:
    """A folder of this package; wheels are installed unpacked, so it is a real one."""
    return Path(str(resources.files("fieldstone_metadata"))) / name
