"""Reading a mapping file: YAML to a `Mapping`, with every problem at its line and column."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from fieldstone.errors import FieldError, Malformed
from fieldstone.transfer import mapping_schema
from fieldstone.transfer.csv_file import Layout
from fieldstone.transfer.mapping import REFUSE, Constant, Feed, Formats, FromColumn, Lookup, Mapping
from fieldstone_metadata.nodes import Node, Source, to_plain
from fieldstone_metadata.problems import Problem
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.yaml_reader import read_documents

LARGEST = 1_000_000
"""Bytes; a mapping file describes some columns."""


class MappingRefused(Malformed):
    """A mapping file is wrong; `problems` says where, all at once."""

    code = "bad_mapping"
    title = "The mapping file is wrong"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        errors = [FieldError(None, p.code, _sentence(p), line=p.line, column=p.column) for p in problems]
        super().__init__("\n".join(f"{p}{_hint(p)}" for p in problems), errors=errors)


def read_mapping(path: Path) -> Mapping:
    """The mapping in the file `path`. Raises `MappingRefused` with all problems, `Malformed` for no file."""
    return parse_mapping(_text_of_file(path), str(path))


def parse_mapping(text: str, path: str) -> Mapping:
    """The mapping that `text` declares; `path` is named in problems. Raises `MappingRefused`."""
    report = Report()
    source = Source("", path, text)
    documents = read_documents(source, report)
    _refuse_if(report)
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        report.at(
            source, 1, 1, "not_a_mapping", "a mapping file is one YAML mapping with `entity` and `columns`"
        )
        raise MappingRefused(report.sorted())
    mapping_schema.check(documents[0], report)
    _refuse_if(report)
    return _mapping(documents[0], path)


def _refuse_if(report: Report) -> None:
    if report.problems:
        raise MappingRefused(report.sorted())


def _text_of_file(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise Malformed(
                f"{path} is larger than {LARGEST:,} bytes; is it a mapping file?", code="too_large"
            )
        return path.read_text("utf-8-sig")
    except OSError as failure:
        message = f"The mapping file {path} cannot be read: {failure.strerror}."
        raise Malformed(message, code="no_such_file") from failure
    except UnicodeDecodeError as failure:
        raise Malformed(f"The mapping file {path} is not UTF-8.", code="bad_encoding") from failure


def _mapping(root: Node, path: str) -> Mapping:
    formats = _formats(root.get("formats"), Formats())
    empty = frozenset([*_texts(root.get("empty")), ""])
    columns = root.get("columns")
    feeds = (
        []
        if columns is None
        else [
            _feed(column, node, entry, formats, empty)
            for column, node in columns.items()
            for entry in node.children()
        ]
    )
    return Mapping(
        path=path,
        entity=root.plain("entity"),
        layout=_layout(root.get("file")),
        feeds=tuple(feeds),
        constants=_constants(root.get("constants")),
        key=tuple(to_plain(node) for node in root.list_under("key")),
        key_place=_place(root.get("key")),
        entity_place=_place(root.get("entity")),
    )


def _layout(node: Node | None) -> Layout:
    stated = {} if node is None else dict(to_plain(node))
    if stated.get("delimiter") == "tab":
        stated["delimiter"] = "\t"
    return Layout(**stated)


def _formats(node: Node | None, inherited: Formats) -> Formats:
    if node is None:
        return inherited
    stated = {
        key: tuple(_texts(child)) if key in {"true", "false"} else to_plain(child)
        for key, child in node.items()
    }
    return Formats(**{**inherited.__dict__, **stated})


def _feed(column: str, at: Node, entry: Node, formats: Formats, empty: frozenset[str]) -> Feed:
    """One entry under a column: the name of a field, or a mapping with more."""
    column_place = at.place
    if isinstance(entry.value, str):
        return Feed(column, entry.value, formats, empty, place=_place(entry), column_place=column_place)
    values = entry.get("values")
    return Feed(
        column=column,
        field=entry.plain("field"),
        formats=_formats(entry.get("formats"), formats),
        empty=empty.union(_texts(entry.get("empty"))),
        values={} if values is None else {text: _text(child) for text, child in values.items()},
        default=_text(child) if (child := entry.get("default")) else None,
        template=_template(entry),
        factor=None if entry.plain("factor") is None else Decimal(entry.plain("factor")),
        lookup=_lookup(entry.get("lookup")),
        place=_place(entry.get("field")),
        column_place=column_place,
    )


def _lookup(node: Node | None) -> Lookup | None:
    if node is None:
        return None
    if isinstance(node.value, str):
        return Lookup(by=(node.value,), place=_place(node))
    ignored = [to_plain(child) for child in node.list_under("ignore")]
    return Lookup(
        by=tuple(to_plain(child) for child in node.list_under("by")),
        entity=node.plain("entity"),
        ignore_case="case" in ignored,
        ignore_spaces="spaces" in ignored,
        also={name: _from_column(child) for name, child in _entries(node, "also")},
        missing=node.plain("missing", REFUSE),
        create={name: _created(child) for name, child in _entries(node, "create")},
        place=_place(node),
    )


def _created(node: Node) -> Any:
    if isinstance(node.value, dict):
        return _from_column(node)
    return to_plain(node)


def _from_column(node: Node) -> FromColumn:
    return FromColumn(node.plain("column"), _template(node))


def _template(node: Node) -> str | None:
    template: str | None = node.plain("template")
    return template


def _entries(node: Node, key: str) -> list[tuple[str, Node]]:
    child = node.get(key)
    return [] if child is None else list(child.items())


def _constants(node: Node | None) -> tuple[Constant, ...]:
    entries = [] if node is None else list(node.items())
    return tuple(Constant(name, to_plain(child), child.place) for name, child in entries)


def _texts(node: Node | None) -> list[str]:
    return [] if node is None else [_text(child) for child in node.children() or [node]]


def _text(node: Node) -> str:
    """A scalar as it is written: `null`, `007` and `yes` without quotes mean these letters here."""
    if isinstance(node.value, str):
        return node.value
    return node.source.text[node.start : node.end]


def _place(node: Node | None) -> tuple[int, int]:
    return (1, 1) if node is None else (node.line, node.column)


def _sentence(problem: Problem) -> str:
    return problem.message + _hint(problem)


def _hint(problem: Problem) -> str:
    return f" ({problem.hint})" if problem.hint else ""
