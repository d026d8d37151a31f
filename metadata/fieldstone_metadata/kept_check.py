"""A check kept in a file, so that the next process goes on from it and checks only what has changed since.

What is read again is only a beginning: `check` takes over of it what would come out the same, so the verdict
is that of a whole check. A file of other code, of another Python or of other limits counts as none.
"""

from __future__ import annotations

import copyreg
import hashlib
import io
import os
import pickle
import stat
import sys
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from fieldstone_metadata.allocation import without_collection
from fieldstone_metadata.declarations import Application
from fieldstone_metadata.documents import ParsedFile, parse_file, remember_parsed
from fieldstone_metadata.field_types import FIELD_TYPES, FieldTypeDeclaration
from fieldstone_metadata.layer_files import File, Layer
from fieldstone_metadata.nodes import Node
from fieldstone_rules import limits
from fieldstone_rules.functions import FUNCTIONS, OPERATORS
from fieldstone_rules.functions.declaration import Form, FunctionDeclaration

_PACKAGES = ("fieldstone_metadata", "fieldstone_rules")
_LIBRARIES = ("PyYAML", "lark", "jsonschema-rs", "babel")
_CODE = frozenset({".py", ".json", ".lark"})
_DIGEST = hashlib.sha256().digest_size


_LEAST = 200_000
"""Characters: documents of fewer are checked nearly as soon as what was kept of them is read."""
_WORTHWHILE = 20
"""It is kept anew when a twentieth of the files have changed; until then the older check is near enough."""


class CheckStore:
    """Where a command leaves a check to the next one. least: characters of documents that are worth it."""

    def __init__(self, path: Path, least: int = _LEAST) -> None:
        self._path = path
        self._least = least
        self._recalled: KeptCheck | None = None
        self._files: Container[tuple[str, File]] | None = None

    def recall(self) -> KeptCheck | None:
        """The check that was left, if there is one; it is read once."""
        if self._recalled is None:
            self._recalled = recall_check(self._path)
            self._files = frozenset(self._recalled.parsed if self._recalled is not None else ())
        return self._recalled

    def forget(self) -> None:
        """Let go of what was read."""
        self._recalled = None

    def keep(self, layers: Sequence[Layer], application: Application) -> None:
        """Leave a check, where that spares the next process much; one that cannot be written is not kept."""
        files = [(layer.name, file) for layer in layers for file in layer.files]
        if sum(len(file.text) for _, file in files) < self._least:
            return
        if self._files is None:
            self.recall()
        known = self._files or ()
        if sum(file not in known for file in files) * _WORTHWHILE > len(files):
            with suppress(OSError):
                keep_check(self._path, layers, application)
                self._files = frozenset(files)


@dataclass(frozen=True, eq=False)
class KeptCheck:
    """An accepted check. layers: what was checked. parsed: their files as they were read."""

    layers: tuple[Layer, ...]
    application: Application
    parsed: Mapping[tuple[str, File], ParsedFile]


def keep_check(path: Path, layers: Sequence[Layer], application: Application) -> None:
    """Write an accepted check of `layers` to a file that only its owner can read. Raises OSError."""
    parsed = {(layer.name, file): parse_file(layer.name, file) for layer in layers for file in layer.files}
    body = _pickled(KeptCheck(tuple(layers), application, parsed))
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent) as file:
        file.write(_fingerprint(repr(limits.current)) + hashlib.sha256(body).digest() + body)
        file.flush()
        whole = Path(f"{file.name}.whole")
        os.link(file.name, whole)
        os.replace(whole, path)


def recall_check(path: Path) -> KeptCheck | None:
    """The check that was kept, whose files need not be read again; None if there is none of this code.

    A file that somebody else could have written is left alone: reading it would run what it says.
    """
    with suppress(OSError), path.open("rb") as file:
        if not _is_ours(os.fstat(file.fileno())):
            return None
        mark = file.read(_DIGEST)
        digest, body = file.read(_DIGEST), file.read() if mark == _fingerprint(repr(limits.current)) else b""
        if hashlib.sha256(body).digest() == digest:
            return _recalled(body)
    return None


def _is_ours(status: os.stat_result) -> bool:
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


@cache
def _fingerprint(of_limits: str) -> bytes:
    """What the outcome of a check depends on, besides the documents."""
    digest = hashlib.sha256(f"{sys.version} {of_limits}".encode())
    for library in _LIBRARIES:
        digest.update(f"{library} {metadata.version(library)}".encode())
    for file in _code():
        digest.update(f"{file.name} {file.stat().st_size}".encode() + file.read_bytes())
    return digest.digest()


def _code() -> Iterable[Path]:
    folders = (Path(str(resources.files(package))) for package in _PACKAGES)
    return sorted(file for folder in folders for file in folder.rglob("*") if file.suffix in _CODE)


# ---- objects to bytes: code is written as its name


def _pickled(kept: KeptCheck) -> bytes:
    written = io.BytesIO()
    pickler = pickle.Pickler(written, protocol=5)
    pickler.dispatch_table = copyreg.dispatch_table.copy() | {
        FieldTypeDeclaration: lambda declared: (_field_type, (declared.name,)),
        FunctionDeclaration: lambda declared: (_function, (declared.name,)),
        Form: _named_form,
        Node: _flat,
    }
    with without_collection():
        pickler.dump(kept)
    return written.getvalue()


def _recalled(body: bytes) -> KeptCheck:
    with without_collection():
        kept: KeptCheck = pickle.loads(body)  # noqa: S301  # written by us; see recall_check
    remember_parsed(kept.parsed)
    return kept


def _flat(node: Node) -> tuple[type[Node], tuple[Any, ...]]:
    """A node as its values: there are hundreds of thousands, and their names need not stand beside each."""
    return Node, tuple(getattr(node, name) for name in _NODE)


_NODE = tuple(field.name for field in fields(Node))


def _field_type(name: str) -> FieldTypeDeclaration:
    return FIELD_TYPES[name]


def _function(name: str) -> FunctionDeclaration:
    return _functions()[name]


def _form(function: str, place: int) -> Form:
    return _functions()[function].forms[place]


def _named_form(form: Form) -> tuple[Callable[..., Form], tuple[Any, ...]]:
    return _form, _places()[id(form)]


@cache
def _functions() -> Mapping[str, FunctionDeclaration]:
    return {**FUNCTIONS, **OPERATORS}


@cache
def _places() -> Mapping[int, tuple[str, int]]:
    """The form of a function by its identity → the function's name and its place there."""
    return {
        id(form): (name, place)
        for name, declared in _functions().items()
        for place, form in enumerate(declared.forms)
    }
