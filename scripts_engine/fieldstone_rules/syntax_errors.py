"""Plain sentences for text that does not parse."""

from __future__ import annotations

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from fieldstone_rules.errors import Problem
from fieldstone_rules.spans import Span, problem_at
from fieldstone_rules.suggestions import did_you_mean

_HINTS = {
    "=": "to compare, write `==`",
    "&&": "write `and`",
    "||": "write `or`",
    "&": "write `and`",
    "|": "write `or`",
    "!": "write `not`",
    "<>": "write `!=`",
    ";": "no sign is needed between statements",
    "'": "the text is not closed",
    '"': "the text is not closed, or stands inside {…} where texts use '…'",
    "$": "names are written without a sign: amount",
    "[": "a list stands alone: [1, 2]",
}
_SIGNS = {
    "RPAR": ")", "LPAR": "(", "RSQB": "]", "LSQB": "[", "RBRACE": "}", "LBRACE": "{", "COMMA": ",",
    "COLON": ":", "EQUAL": "=", "DOT": ".",
}  # fmt: skip
_OPENING = {"(": ")", "[": "]", "{": "}"}
_LONGEST_SHOWN = 30


def explain(source: str, error: UnexpectedInput, end: int) -> Problem:
    """The problem behind what the parser stumbled over."""
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        return _unexpected(source, error.token, set(error.expected))
    if isinstance(error, UnexpectedCharacters):
        return _unexpected_character(source, error.pos_in_stream or 0)
    return _ended(source, end)


def _unexpected(source: str, token: Token, expected: set[str]) -> Problem:
    span = Span(token.start_pos or 0, token.end_pos or 0)
    shown = shorten(str(token))
    return problem_at(
        source, span, "syntax", f"`{shown}` cannot stand here.", _hint(source, span, token, expected)
    )


def _hint(source: str, span: Span, token: Token, expected: set[str]) -> str | None:
    if str(token) == "=" and expected == {"NAME"}:
        return "a name is missing"
    if str(token) == "=" and source[: span.start].endswith("=") and not source[: span.start].endswith("=="):
        return "to set a field or name a value, write one `=`"
    for start in (span.start, max(span.start - 1, 0)):
        if source[start : start + 2] in _HINTS:
            return _HINTS[source[start : start + 2]]
    if str(token) in _HINTS:
        return _HINTS[str(token)]
    words = sorted(name.lower() for name in expected if name not in _SIGNS)
    if token.type == "NAME":
        return did_you_mean(str(token), words) or _missing_sign(expected)
    return _missing_sign(expected)


def _missing_sign(expected: set[str]) -> str | None:
    signs = [f"`{_SIGNS[name]}`" for name in sorted(expected) if name in _SIGNS]
    return f"expected {' or '.join(signs)}" if 0 < len(signs) <= 2 else None


def _unexpected_character(source: str, offset: int) -> Problem:
    span = Span(offset, offset + 1)
    character = source[offset : offset + 1]
    hint = _HINTS.get(source[offset : offset + 2]) or _HINTS.get(character)
    if character.isalpha() and hint is None:
        hint = "names are written in small letters, digits and _"
    return problem_at(source, span, "syntax", f"`{character}` cannot stand here.", hint)


def _ended(source: str, end: int) -> Problem:
    at = len(source[:end].rstrip())
    if not source[:end].strip():
        return problem_at(source, Span(0, 0), "syntax", "An expression is missing.")
    return problem_at(source, Span(at, at), "syntax", "The text ends too early.", _unclosed(source[:end]))


def _unclosed(text: str) -> str | None:
    """Which bracket is still open at the end, when brackets in texts are left out of the count roughly."""
    open_signs: list[str] = []
    for character in text:
        if character in _OPENING:
            open_signs.append(_OPENING[character])
        elif open_signs and character == open_signs[-1]:
            open_signs.pop()
    return f"`{open_signs[-1]}` is missing" if open_signs else None


def shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
