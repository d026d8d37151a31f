"""Files to documents: each a mapping with a `kind` and a `name`."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from threading import Lock

from fieldstone_metadata.document_schemas import SCHEMA_KINDS
from fieldstone_metadata.json_reader import read_json
from fieldstone_metadata.layer_files import DOCUMENT_SUFFIXES, LARGEST_FILE, RULES_SUFFIX, File, Layer
from fieldstone_metadata.names import name_fault, suggested_name
from fieldstone_metadata.nodes import Node, Source, words_in
from fieldstone_metadata.problems import Problem
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.suggestions import did_you_mean
from fieldstone_metadata.yaml_reader import read_documents

KINDS = SCHEMA_KINDS
"""The kinds of document that run."""

LATER_KINDS = ("report", "dashboard", "translation")
"""The kinds that are known and refused for now."""

RULES = "rules"
"""The kind of document that a `*.rules` file is."""


@dataclass(frozen=True)
class Document:
    """One document as it stands in a layer. root: its mapping, `kind` and `name` included."""

    kind: str
    name: str
    layer: str
    root: Node
    extends: bool = False


@dataclass(frozen=True)
class ParsedFile:
    """What a file holds: its documents, what is wrong so far, and the names in documents that are lost."""

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...]
    lost_names: frozenset[str] = frozenset()


def documents_of(layer: Layer, report: Report, lost_names: set[str] | None = None) -> list[Document]:
    """All documents of a layer, in the order of its files; what is wrong goes to `report`.

    `lost_names` receives the names in documents that could not be read.
    """
    report.extend(layer.problems)
    documents: list[Document] = []
    for file in layer.files:
        parsed = parse_file(layer.name, file)
        report.extend(parsed.problems)
        documents.extend(parsed.documents)
        if lost_names is not None:
            lost_names.update(parsed.lost_names)
    return documents


def parse_file(layer: str, file: File) -> ParsedFile:
    """The documents of one file. Remembered, so that a check after a change reads only what changed."""
    found = _parsed.get((layer, file))
    return found if found is not None else _parsed.keep((layer, file), _parse(layer, file))


def remember_parsed(files: Mapping[tuple[str, File], ParsedFile]) -> None:
    """Take files as parsed, with the very documents that some check was made of."""
    for key, parsed in files.items():
        _parsed.put(key, parsed)


class _ParsedFiles:
    """The files that were parsed, up to a number of those that were asked for last. Threads share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[tuple[str, File], ParsedFile] = OrderedDict()
        self._changing = Lock()

    def get(self, key: tuple[str, File]) -> ParsedFile | None:
        """What is known of a file."""
        with self._changing:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def keep(self, key: tuple[str, File], parsed: ParsedFile) -> ParsedFile:
        """What is known of a file by now: all threads get the same."""
        with self._changing:
            known = self._found.setdefault(key, parsed)
            while len(self._found) > self._most:
                self._found.popitem(last=False)
            return known

    def put(self, key: tuple[str, File], parsed: ParsedFile) -> None:
        """Know this of a file from now on."""
        with self._changing:
            self._found[key] = parsed
        self.keep(key, parsed)


_parsed = _ParsedFiles(most=16_384)


def _parse(layer: str, file: File) -> ParsedFile:
    report = Report()
    source = Source(layer, file.path, file.text)
    if len(file.text) > LARGEST_FILE:
        report.at(source, 1, 1, "too_large", f"this file is larger than {LARGEST_FILE // 1024**2} MB")
        return ParsedFile((), report.sorted())
    roots = _roots(source, report)
    documents = [None if root.broken else _document(root, layer, report) for root in roots]
    lost = [words_in(root) for root, document in zip(roots, documents, strict=True) if document is None]
    sound = tuple(document for document in documents if document is not None)
    return ParsedFile(sound, report.sorted(), frozenset().union(*lost))


def _roots(source: Source, report: Report) -> list[Node]:
    bad_character = _not_text(source.text)
    if bad_character is not None:
        report.at(
            source,
            1,
            1,
            "not_utf8",
            f"this file is not UTF-8 text: {bad_character}",
            "save the file as UTF-8",
        )
        return []
    for suffix, read in _READERS.items():
        if source.path.endswith(suffix):
            return read(source, report)
    return []


def _not_text(text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"a lone surrogate at character {error.start}"
    return None


def _read_rules(source: Source, report: Report) -> list[Node]:  # noqa: ARG001  as readers of other files are called
    """A rule file as a document that is named after it."""
    name = PurePosixPath(source.path).stem
    values = {"kind": RULES, "name": name, "text": source.text}
    nodes = {key: Node(value, source, 1, 1, 0, len(source.text)) for key, value in values.items()}
    return [Node(nodes, source, 1, 1, 0, len(source.text))]


_READERS: Mapping[str, Callable[[Source, Report], list[Node]]] = {
    ".json": read_json,
    ".rules": _read_rules,
    **{suffix: read_documents for suffix in DOCUMENT_SUFFIXES if suffix != ".json"},
}


def _document(root: Node, layer: str, report: Report) -> Document | None:
    if root.value is None and root.end == root.start:
        return None
    if not isinstance(root.value, dict):
        report.error(root, "not_a_document", "a document is a mapping with a `kind` and a `name`")
        return None
    kind, name = _kind(root, report), _name(root, report)
    if kind is None or name is None:
        return None
    extends = root.get("extends")
    return Document(kind, name, layer, root, extends is not None and extends.value is True)


def _kind(root: Node, report: Report) -> str | None:
    node = root.get("kind")
    if node is None or not isinstance(node.value, str):
        report.error(
            node or root, "kind_missing", "this document has no `kind`", f"one of {', '.join(KINDS)}"
        )
        return None
    if node.value == RULES and node.source.path.endswith(RULES_SUFFIX):
        return RULES
    if node.value == RULES:
        where = "write them into a file that ends in `.rules`"
        report.error(node, "unknown_kind", "rules do not stand in YAML or JSON", where)
        return None
    if node.value in LATER_KINDS:
        report.error(node, "not_supported_yet", f"documents of kind `{node.value}` are not supported yet")
        return None
    if node.value not in KINDS:
        hint = did_you_mean(node.value, (*KINDS, *LATER_KINDS), list_up_to=20)
        report.error(
            node, "unknown_kind", f"there is no kind of document called `{_short(node.value)}`", hint
        )
        return None
    return node.value


def _name(root: Node, report: Report) -> str | None:
    node = root.get("name")
    if node is None or not isinstance(node.value, str):
        report.error(node or root, "name_missing", "this document has no `name`, or one that is not text")
        return None
    fault = name_fault(node.value)
    if fault is not None:
        better = suggested_name(node.value)
        hint = f"for example `{better}`" if better else None
        report.error(node, "bad_name", f"`{_short(node.value)}` {fault}", hint)
        return None
    return node.value


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"
