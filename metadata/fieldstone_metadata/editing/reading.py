"""A file as it is edited: its documents as nodes with places, and as plain values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fieldstone_metadata.editing.edit import EditRefused
from fieldstone_metadata.json_reader import read_json
from fieldstone_metadata.layer_files import DOCUMENT_SUFFIXES, LARGEST_FILE, File
from fieldstone_metadata.nodes import Node, Source, to_plain
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.yaml_reader import read_documents

_ODD_BREAK = re.compile("\r(?!\n)|[\x85\u2028\u2029\ufeff]")
_SURROGATES = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")


@dataclass(frozen=True)
class Reading:
    """A file's documents. root: of JSON, what holds them; None for YAML. values: they as plain values."""

    text: str
    nodes: tuple[Node, ...]
    values: tuple[Any, ...]
    json: bool
    root: Node | None = None

    def position(self, kind: str, name: str) -> int:
        """Which of the documents is that of a kind and name. Raises EditRefused."""
        found = [index for index, value in enumerate(self.values) if _is(value, kind, name)]
        if not found:
            raise EditRefused("not_found", f"There is no {kind} `{name}` in this file.")
        if len(found) > 1:
            message = f"The {kind} `{name}` stands in this file twice; make it one document first."
            raise EditRefused("not_supported", message)
        return found[0]


def read(file: File) -> Reading:
    """The documents of `file`. Raises EditRefused for a file that cannot be read whole, or changed surely."""
    if not file.path.endswith(DOCUMENT_SUFFIXES):
        message = f"`{file.path}` holds no YAML or JSON documents; change its text instead."
        raise EditRefused("not_supported", message)
    if len(file.text) > LARGEST_FILE:
        raise EditRefused("not_supported", f"`{file.path}` is too large to be changed.")
    if _ODD_BREAK.search(file.text):
        message = f"`{file.path}` has lines that end in an unusual way; change its text instead."
        raise EditRefused("not_supported", message)
    report = Report()
    found = _read_json(file, report) if file.path.endswith(".json") else _read_yaml(file, report)
    for problem in report.sorted():
        place = f"{file.path}:{problem.line}:{problem.column}"
        raise EditRefused("broken_file", f"Mend the file first: {place}: {problem.message}.")
    return found


def same(one: Any, other: Any) -> bool:
    """Whether two plain values are the same one, kinds of values and order of keys included."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


def normal(value: Any) -> Any:
    """A value as reading would give it: numbers with a fraction are exact decimals, sequences are lists."""
    if isinstance(value, dict):
        return {key: normal(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [normal(item) for item in value]
    return Decimal(repr(value)) if isinstance(value, float) else value


def _is(value: Any, kind: str, name: str) -> bool:
    return isinstance(value, dict) and (value.get("kind"), value.get("name")) == (kind, name)


def _read_yaml(file: File, report: Report) -> Reading:
    nodes = tuple(read_documents(Source("", file.path, file.text), report))
    return Reading(file.text, nodes, tuple(to_plain(node) for node in nodes), json=False)


def _read_json(file: File, report: Report) -> Reading:
    values = tuple(to_plain(node) for node in read_json(Source("", file.path, file.text), report))
    if report.problems:
        return Reading(file.text, (), (), json=True)
    same_length = _SURROGATES.sub(lambda pair: "x" * len(pair.group()), file.text)
    roots = read_documents(Source("", file.path, same_length), report)
    nodes = tuple(roots[0].children()) if roots else ()
    return Reading(file.text, nodes, values, json=True, root=roots[0] if roots else None)
