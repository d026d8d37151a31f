"""One look for all rule texts: spaces and indentation are set, line breaks and comments stay where people
put them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fieldstone_rules.parsing import parse_expression, parse_file

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
      | (?P<text>"[^"\\]*(?:\\.[^"\\]*)*" | '[^'\\]*(?:\\.[^'\\]*)*')
      | (?P<number>[0-9]+(?:\.[0-9]+)?%?)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<line>\n)
      | (?P<sign>->|\?\?|==|!=|<=|>=|.)""",
    re.VERBOSE | re.DOTALL,
)
_INDENT = "  "
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_OPERATORS = frozenset({"+", "-", "*", "/", "%", "??", "==", "!=", "<", "<=", ">", ">=", "=", "->"})
_SPACED_WORDS = frozenset(
    {
        "if", "then", "else", "and", "or", "not", "in", "between", "where", "by", "when", "check", "expect",
        "set", "as", "update", "delete", "target", "calendar", "limit", "order", "refuse", "otherwise", "at",
    }
)  # fmt: skip
_CONTINUING = frozenset({"and", "or", "then", "where", "order", "in", "between", "as"}) | _OPERATORS


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def format_expression(source: str) -> str:
    """An expression on one line with even spaces. Raises RuleError if it does not parse."""
    parse_expression(source)
    tokens = [token for token in _tokens(source) if token.kind not in ("line", "comment")]
    return _joined(tokens)


def format_file(source: str) -> str:
    """A rule file with even spaces and indentation, its comments and line breaks kept. Raises RuleError."""
    parse_file(source)
    lines, depth = [], 0
    for line in _lines(source):
        depth_here = depth - _leading_closers(line)
        lines.append(_INDENT * (depth_here + _continues(line)) + _joined(line) if line else "")
        depth += sum(
            (token.text in _OPENING) - (token.text in _CLOSING) for token in line if token.kind == "sign"
        )
    return _without_blank_runs(lines)


def _depth_change(token: _Token) -> int:
    return (token.text in _OPENING) - (token.text in _CLOSING) if token.kind == "sign" else 0


def _tokens(source: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(source):
        kind, text = match.lastgroup or "", match.group()
        if not (kind == "sign" and text.isspace()):
            yield _Token(kind, text)


def _lines(source: str) -> list[list[_Token]]:
    lines: list[list[_Token]] = [[]]
    for token in _tokens(source):
        if token.kind == "line":
            lines.append([])
        else:
            lines[-1].append(token)
    return lines


def _leading_closers(line: list[_Token]) -> int:
    count = 0
    while count < len(line) and line[count].text in _CLOSING:
        count += 1
    return count


def _continues(line: list[_Token]) -> bool:
    """Whether a line goes on with the expression before it."""
    return line[0].kind in ("sign", "word") and line[0].text in _CONTINUING and not _is_declaration_part(line)


def _is_declaration_part(line: list[_Token]) -> bool:
    return line[0].text == "order" and len(line) > 1 and line[1].kind == "number"


def _without_blank_runs(lines: list[str]) -> str:
    text = "\n".join(line.rstrip() for line in lines).strip("\n")
    return re.sub(r"\n{3,}", "\n\n", text) + "\n"


def _joined(tokens: list[_Token]) -> str:
    """Tokens on one line."""
    parts: list[str] = []
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        if before is not None and _space(before, token, _is_prefix(tokens, index - 1)):
            parts.append("  " if token.kind == "comment" else " ")
        parts.append(token.text)
    return "".join(parts)


def _is_prefix(tokens: list[_Token], index: int) -> bool:
    """Whether a minus stands before a value instead of between two."""
    if tokens[index].text != "-":
        return False
    before = tokens[index - 1] if index else None
    return (
        before is None
        or before.text in _OPERATORS | _OPENING | {",", ":"}
        or (before.kind == "word" and before.text in _SPACED_WORDS | {"by"})
    )


def _space(before: _Token, token: _Token, after_prefix: bool) -> bool:
    if "." in (before.text, token.text) or after_prefix:
        return False
    if token.text in (",", ":", ")", "]") or before.text in ("(", "["):
        return token.kind == "comment"
    if before.text == "{" and token.text == "}":
        return False
    if token.text == "(":
        return before.kind != "word" or before.text in _SPACED_WORDS
    return True
