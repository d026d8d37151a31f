"""The names of the apps that a file declares, read before anything else is known of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fieldstone_metadata.json_reader import read_json
from fieldstone_metadata.nodes import Node, Source
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.yaml_reader import read_documents

_APP = re.compile(r"\bkind[\"']?\s*:\s*[\"']?app\b")
_NAME = re.compile(r"^\s*[\"']?name[\"']?:\s*[\"']?([a-z][a-z0-9_]*)", re.MULTILINE)


def app_names(path: str, text: str) -> Iterator[str]:
    """The names in the `app` documents of a file, those left out that change the app of another layer.

    Of a file that may be as large as a whole app only the documents are read that look like one. A document
    with mistakes in it tells its name where that can be seen.
    """
    for found in _APP.finditer(text):
        document = text if path.endswith(".json") else _document_around(text, found.start())
        yield from _names(path, document)


def _names(path: str, text: str) -> Iterator[str]:
    read = read_json if path.endswith(".json") else read_documents
    roots = read(Source("", path, text), Report())
    if any(root.broken or not isinstance(root.value, dict) for root in roots) or not roots:
        yield from _NAME.findall(text)[:1]
        return
    for root in roots:
        if _is_app(root):
            yield str(root.plain("name"))


def _is_app(root: Node) -> bool:
    return (
        root.plain("kind") == "app"
        and root.plain("extends") is not True
        and isinstance(root.plain("name"), str)
    )


def _document_around(text: str, index: int) -> str:
    begin = text.rfind("\n---", 0, index) + 1
    end = text.find("\n---", index)
    return text[begin : end if end >= 0 else len(text)]
