"""JSON text to nodes with places.

JSON is read by the YAML reader, because that knows places, after Python's parser has
confirmed that it is JSON.
"""

from __future__ import annotations

import json
import re

from fieldstone_metadata.nodes import Node, Source
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.yaml_reader import read_documents

_SURROGATES = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


def read_json(source: Source, report: Report) -> list[Node]:
    """The one document of a JSON file, or several in a list; what is wrong goes to `report`."""
    try:
        json.loads(source.text)
    except json.JSONDecodeError as error:
        report.at(source, error.lineno, error.colno, "json_syntax", f"this is not valid JSON: {error.msg}")
        return []
    except (RecursionError, ValueError):
        pass  # too deep, or a number too long: the reader below says where
    readable = Source(source.layer, source.path, _SURROGATES.sub(_one_escape, source.text))
    roots = read_documents(readable, report)
    if roots and roots[0].broken:
        return [roots[0]]
    return roots[0].children() if roots else []


def _one_escape(pair: re.Match[str]) -> str:
    """YAML writes a character beyond U+FFFF as one escape, JSON as two."""
    high, low = int(pair.group(1), 16), int(pair.group(2), 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"
