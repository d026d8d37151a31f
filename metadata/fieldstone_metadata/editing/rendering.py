"""Values as text in the style that the values around them have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fieldstone_metadata.editing.scalars import json_scalar, literal_lines, yaml_scalar

LONGEST_LINE = 100


@dataclass(frozen=True)
class Style:
    """How a file is written.

    step: spaces by which mappings are indented. dash: spaces before the `-` of a list below its key.
    flow: whether collections stand in brackets; None: as it reads best.
    """

    json: bool = False
    newline: str = "\n"
    step: int = 2
    dash: int = 2
    flow: bool | None = None


def scalar(value: Any, style: Style, *, flow: bool, quote: str = "") -> str:
    """A single value in one line. quote: the quotes it had so far."""
    return json_scalar(value) if style.json else yaml_scalar(value, flow=flow, style=quote)


def inline(value: Any, style: Style, *, flow: bool = False) -> str:
    """Any value in one line. flow: it stands inside brackets already."""
    if isinstance(value, Mapping):
        entries = (
            f"{scalar(key, style, flow=True)}: {inline(item, style, flow=True)}"
            for key, item in value.items()
        )
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(inline(item, style, flow=True) for item in value) + "]"
    return scalar(value, style, flow=flow)


def spread_json(value: Any, style: Style, column: int) -> str:
    """A JSON value over several lines; what is inside is indented from `column` on."""
    if not value or not isinstance(value, Mapping | list | tuple):
        return inline(value, style)
    inner, indent = column + style.step, style.newline + " " * (column + style.step)
    if isinstance(value, Mapping):
        parts = [f"{json_scalar(key)}: {spread_json(item, style, inner)}" for key, item in value.items()]
        opening, closing = "{}"
    else:
        parts = [spread_json(item, style, inner) for item in value]
        opening, closing = "[]"
    return opening + indent + f",{indent}".join(parts) + style.newline + " " * column + closing


def is_block(value: Any, style: Style, room: int) -> bool:
    """Whether a value is written over several lines in YAML. room: the columns that a line still has."""
    if isinstance(value, str):
        return "\n" in value and literal_lines(value) is not None
    if not value or not isinstance(value, Mapping | list | tuple):
        return False
    if _holds_lines(value) or style.flow is not None:
        return _holds_lines(value) or not style.flow
    return _has_mappings(value) or len(inline(value, style)) > room


def _holds_lines(value: Any) -> bool:
    if isinstance(value, str):
        return "\n" in value
    return any(_holds_lines(item) for item in _items(value))


def _has_mappings(value: Any) -> bool:
    """Whether a mapping holds mappings, which reads better with one in each line."""
    return isinstance(value, Mapping) and any(isinstance(item, Mapping) and item for item in value.values())


def _items(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []


def entry_lines(key: str, value: Any, style: Style, column: int, pad: int = 0) -> list[str]:
    """`key: value` as lines of block style that begin at `column`. pad: where values are aligned."""
    head = f"{scalar(key, style, flow=False)}:"
    rest = value_lines(value, style, column, LONGEST_LINE - column - len(head))
    first = head if not rest[0] else f"{head} ".ljust(pad) + rest[0]
    return [" " * column + first, *rest[1:]]


def item_lines(value: Any, style: Style, column: int) -> list[str]:
    """`- value` as lines of block style."""
    first = " " * column + "- "
    if is_block(value, style, LONGEST_LINE - column) and not isinstance(value, str):
        lines = collection_lines(value, style, column + 2)
        return [first + lines[0].lstrip(" "), *lines[1:]]
    rest = value_lines(value, style, column, LONGEST_LINE - column)
    return [first + rest[0], *rest[1:]]


def value_lines(value: Any, style: Style, column: int, room: int) -> list[str]:
    """A value behind a key that stands at `column`: the first line is the rest of that of the key."""
    if not is_block(value, style, room):
        return [inline(value, style)]
    if isinstance(value, str):
        return _literal(value, column + style.step)
    inner = column + (style.step if isinstance(value, Mapping) else style.dash)
    return ["", *collection_lines(value, style, inner)]


def collection_lines(value: Any, style: Style, column: int) -> list[str]:
    """A mapping or a list in block style, its keys or dashes at `column`."""
    loose = Style(style.json, style.newline, style.step, style.dash)
    if isinstance(value, Mapping):
        return [line for key, item in value.items() for line in entry_lines(key, item, loose, column)]
    return [line for item in value for line in item_lines(item, loose, column)]


def _literal(text: str, column: int) -> list[str]:
    found = literal_lines(text)
    header, lines = found or ("", [])
    return [header, *(" " * column + line if line else "" for line in lines)]
