"""Saying what somebody did wrong when YAML does not read a value as it was meant.

YAML ends an unquoted value at `, [ ] { }` inside brackets, at ` #` and `: ` anywhere, and takes a leading
quote for a
quoted text. Those are the mistakes people make with expressions, so they are recognised and named.
"""

from __future__ import annotations

import re

import yaml

from fieldstone_metadata.nodes import Node, Source
from fieldstone_metadata.reporting import Report

_PLAIN_WORDS = {
    "mapping values are not allowed in this context": "a value here contains `: `, which begins a new key",
    "found character that cannot start any token": "a value may not begin with this character",
    "did not find expected alphabetic or numeric character": "a value may not begin with `*` or `&`",
    "found unexpected end of stream": "a quoted text is not closed",
    "did not find expected key": "this line fits neither the key above it nor its indentation",
    "did not find expected ',' or '}'": "the braces `{…}` are not closed, or a value in them is cut here",
    "did not find expected ',' or ']'": "the brackets `[…]` are not closed, or a value in them is cut here",
    "did not find expected '-' indicator": "this line fits neither the list above it nor its indentation",
    "could not find expected ':'": "a key is not followed by `:`",
    "found unknown escape character": 'a text in "…" contains a backslash that begins no escape',
}


def quote_it(value: str) -> str:
    """The hint to quote `value` as a whole."""
    quoted = value.replace("'", "''")
    rule = "a value that contains `, [ ] { } #` or `: `, or begins with a quote, is quoted as a whole"
    return f"{rule}: '{quoted}'"


def report_syntax_error(error: yaml.YAMLError, source: Source, lines_before: int, report: Report) -> int:
    """Reports a YAML syntax error of `source`. Returns the index in the text behind which to read on."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return _report_bad_character(error, source, report)
    line, column = mark.line + lines_before + 1, mark.column + 1
    start = _line_start(source.text, line)
    wording = str(getattr(error, "problem", None) or error)
    text = source.text[start:].split("\n", 1)[0] if start < len(source.text) else ""
    message = f"this is not valid YAML: {_PLAIN_WORDS.get(wording, wording)}"
    report.at(source, line, column, "yaml_syntax", message, _hint(source.text, line, text))
    return start


def _report_bad_character(error: yaml.YAMLError, source: Source, report: Report) -> int:
    index = int(getattr(error, "position", 0))
    line = source.text.count("\n", 0, index) + 1
    column = index - source.text.rfind("\n", 0, index)
    character = int(getattr(error, "character", 0))
    message = f"the character U+{character:04X} may not stand in a document"
    report.at(source, line, column, "bad_character", message)
    return len(source.text)


def _line_start(text: str, line: int) -> int:
    index = 0
    for _ in range(line - 1):
        index = text.find("\n", index) + 1
        if index == 0:
            return len(text)
    return index


def _hint(text: str, line: int, wrong_line: str) -> str | None:
    """A hint that quotes the value of the wrong line (or of the one before it,
    where the parser noticed late).
    """
    if "\t" in wrong_line[: len(wrong_line) - len(wrong_line.lstrip())]:
        return "indent with spaces, not with tabs"
    lines = text.split("\n")
    for candidate in (line - 1, line - 2):
        value = _suspect_value(lines[candidate]) if 0 <= candidate < len(lines) else None
        if value is not None:
            return quote_it(value)
    return None


_ENTRY = re.compile(r"^\s*(?:- +)*[\w-]+:\s+(.*\S)\s*$")
_INNER = re.compile(r"[\w-]+:\s+([^{},:]*[\[\"'(][^{}]*?)\s*(?:,\s*[\w-]+:|\}\s*$)")


def _suspect_value(line: str) -> str | None:
    """The value of a `key: value` line that YAML would cut, or None where nothing looks cut."""
    entry = _ENTRY.match(line)
    if entry is None or len(line) > 2_000:
        return None
    value = entry.group(1)
    if value.startswith("{"):
        inner = _INNER.search(value)
        return inner.group(1) if inner else _interpolation(value)
    cut = value[0] in "\"'[@%*&!`" or ": " in value or " #" in value
    return value if cut else None


def _interpolation(value: str) -> str | None:
    return value if re.match(r"\{\w+(\.\w+)*\}.", value) else None


def cut_by_comment(node: Node) -> bool:
    """Whether an unquoted value is followed by ` #` in its line: what looks like a
    comment may have been meant.
    """
    rest = node.source.text[node.end :].split("\n", 1)[0]
    return node.style == "" and rest.lstrip().startswith("#")


def report_cut_values(collection: Node, report: Report) -> None:
    """Reports unquoted values inside `{…}` and `[…]` that YAML ended at
    a comma: `{expression: round(a, 2)}`.
    """
    children = collection.value.items() if isinstance(collection.value, dict) else enumerate(collection.value)
    cut = [(key, child) for key, child in children if _is_cut(child)]
    for _, child in cut:
        child.broken = True
        message = f"the value `{child.value}` ends at a comma or bracket in the middle of an expression"
        rest = child.source.text[child.start :].split("\n", 1)[0][:80]
        whole = _balanced(rest)
        report.error(child, "yaml_cut", message, quote_it(whole))
    if cut and isinstance(collection.value, dict):
        _drop_remainders(collection)


def _is_cut(node: Node) -> bool:
    value = node.value
    if node.style or not isinstance(value, str):
        return False
    return value.count("(") > value.count(")") or value.count('"') % 2 == 1


def _balanced(text: str) -> str:
    """`text` up to where its parentheses and quotes are closed."""
    depth, quoted = 0, False
    for index, character in enumerate(text):
        quoted ^= character == '"'
        depth += 0 if quoted else (character == "(") - (character == ")")
        closes_something = character in ')"' and depth == 0 and not quoted
        if closes_something:
            return text[: index + 1]
    return text.rstrip(" }]")


def _drop_remainders(mapping: Node) -> None:
    """Removes the keys that are only the rest of a cut value, so that they are not reported again."""
    entries = list(mapping.value.items())
    mapping.value = {
        key: child for key, child in entries if child.value is not None or child.end > child.start
    }
