"""Single values as text: the plainest YAML that every reader takes for the same value, or JSON.

Source: YAML 1.2.2, sections 5.7 (escapes), 7.3.3 (plain style) and 8.1.2 (literal style). What YAML 1.1 takes
for something else than a text (`yes`, `12:30`, a date) is quoted, so that other tools agree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from fieldstone_metadata.editing.edit import EditRefused
from fieldstone_metadata.yaml_scalars import NumberRefusedError, resolve

_MISREAD = re.compile(
    r"""y|n|yes|no|on|off|true|false|null|~|<<|=
    |[-+]?[0-9][0-9_,.:]*([eE][-+]?[0-9]+)?|[-+]?\.[0-9_]+([eE][-+]?[0-9]+)?
    |[-+]?0[xob][0-9a-f_]+|[-+]?\.(inf|nan)
    |[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt\s].*)?|---.*|\.\.\.(\s.*)?""",
    re.IGNORECASE | re.VERBOSE,
)
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`")
_FLOW_INDICATORS = frozenset(",[]{}")
_ESCAPES: Mapping[str, str] = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def yaml_scalar(value: Any, *, flow: bool, style: str = "") -> str:
    """`value` in one line. flow: it stands inside `{…}` or `[…]`. style: the quote that a text had so far.

    Raises EditRefused for values that YAML documents do not have.
    """
    if not isinstance(value, str):
        return _word(value)
    if style == "'" and _printable(value):
        return _single(value)
    if style == '"':
        return _double(value)
    if is_plain(value, flow=flow):
        return value
    return _single(value) if _printable(value) else _double(value)


def json_scalar(value: Any) -> str:
    """`value` as JSON in one line. Raises EditRefused for values that documents do not have."""
    if isinstance(value, str):
        return "".join(_json_escaped(json.dumps(value, ensure_ascii=False)))
    return _word(value)


def is_plain(text: str, *, flow: bool) -> bool:
    """Whether `text` needs no quotes."""
    if not text or text != text.strip() or not _printable(text) or _MISREAD.fullmatch(text):
        return False
    if _other_than_text(text) or (text[0] in _INDICATORS and not _begins_word(text)):
        return False
    if ": " in text or " #" in text or text.endswith(":"):
        return False
    return not flow or not _cut_in_flow(text)


def literal_lines(text: str) -> tuple[str, list[str]] | None:
    """The header (`|`, `|-`) and the lines of `text` as a literal block; None where it needs quotes."""
    lines = text.split("\n")
    header = "|-"
    if not lines[-1]:
        lines.pop()
        header = "|"
    if not lines or not lines[-1].strip() or not lines[0] or lines[0][0].isspace():
        return None
    return (header, lines) if all(_printable(line.replace("\t", " ")) for line in lines) else None


def _word(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f") if "." in format(value, "f") else f"{value:f}.0"
    raise EditRefused("bad_value", f"`{str(value)[:60]}` is no value that a document can hold.")


def _printable(text: str) -> bool:
    """Whether all characters may stand in a line of YAML as they are."""
    return text.isprintable() or all(_is_plain_character(character) for character in text)


def _is_plain_character(character: str) -> bool:
    return character.isprintable() or character == "\xa0"


def _other_than_text(text: str) -> bool:
    try:
        return not isinstance(resolve(text), str)
    except NumberRefusedError:
        return True


def _begins_word(text: str) -> bool:
    """Whether an indicator in front is part of a word, as in `-close_date`."""
    return text[0] == "-" and len(text) > 1 and text[1].isalpha()


def _cut_in_flow(text: str) -> bool:
    """Whether a plain text would end early inside brackets, or look as if it did."""
    cut = any(character in _FLOW_INDICATORS for character in text)
    return cut or text.count("(") > text.count(")") or text.count('"') % 2 == 1


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _double(text: str) -> str:
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if _is_plain_character(character):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escaped(text: str) -> Iterator[str]:
    for character in text:
        if _is_plain_character(character):
            yield character
        else:
            yield json.dumps(character)[1:-1]
