"""YAML as people write it: comments, empty lines, any indentation, both styles, any quotes and breaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from fieldstone_metadata.editing.scalars import is_plain

TEXTS = st.text("abcxyz019 :#-'\"{}[],&*!|>%@=?~\\\n\té\xa0😀.", max_size=9)
SCALARS = st.one_of(
    TEXTS,
    st.sampled_from(["yes", "no", "null", "1.0", "2026-11-22", "12:30", "a: b", "a #b", "- a", "true", "~"]),
    st.integers(-99, 99),
    st.decimals(-9, 9, places=2),
    st.booleans(),
    st.none(),
)
NAMES = st.sampled_from(["alpha", "beta", "gamma", "delta", "label", "type"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.dictionaries(NAMES, inner, max_size=4), st.lists(inner, max_size=4)),
    max_leaves=8,
)
BODIES = st.dictionaries(NAMES, VALUES, min_size=1, max_size=4)

Draw = Callable[[st.SearchStrategy[Any]], Any]


@st.composite
def odd_documents(draw: Draw) -> tuple[str, dict[str, Any]]:
    """A text with two documents, and what the first says: `kind: view`, `name: first` and more."""
    value = {"kind": "view", "name": "first", "count": 7} | draw(BODIES)
    lines = [*_noise(draw, 0), *_mapping(draw, value, 0), "--- # next", "kind: view", "name: second", "# end"]
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    return newline.join(lines) + draw(st.sampled_from(["", newline])), value


def _noise(draw: Draw, column: int) -> list[str]:
    comment = f"{' ' * column}# {draw(st.sampled_from(['why', 'a: b', '- x']))}"
    return draw(st.sampled_from([[], [], [], [], [comment], [""], ["", comment]]))


def _mapping(draw: Draw, value: dict[str, Any], column: int) -> list[str]:
    lines: list[str] = []
    for index, (key, item) in enumerate(value.items()):
        head = draw(st.sampled_from([key, key, f'"{key}"', f"'{key}'"]))
        lines += _noise(draw, column) if index else []
        first, *rest = _value(draw, item, column, in_mapping=True)
        space = draw(st.sampled_from([" ", " ", "   "])) if first else ""
        lines += [" " * column + f"{head}:{space}{first}{_tail(draw, first)}", *rest]
    return lines


def _tail(draw: Draw, first: str) -> str:
    return draw(st.sampled_from(["", "", "  # why"]))


def _value(draw: Draw, value: Any, column: int, *, in_mapping: bool = False) -> list[str]:
    block = value and isinstance(value, dict | list) and draw(st.booleans())
    inner = column + draw(st.integers(1, 4))
    if block and isinstance(value, dict):
        return ["", *_mapping(draw, value, inner)]
    if block:
        return ["", *_list(draw, value, draw(st.sampled_from([column, inner])) if in_mapping else inner)]
    if (
        isinstance(value, str)
        and value.strip()
        and "\n" in value
        and value[0].isalnum()
        and "\t" not in value
    ):
        return (
            ["|-", *(" " * inner + line for line in value.split("\n"))]
            if value[-1] != "\n"
            else [_flow(draw, value)]
        )
    return [_flow(draw, value, flow=False)]


def _list(draw: Draw, value: list[Any], column: int) -> list[str]:
    lines: list[str] = []
    for index, item in enumerate(value):
        lines += _noise(draw, column) if index else []
        if item and isinstance(item, dict) and draw(st.booleans()):
            gap = draw(st.integers(1, 3))
            first, *rest = _mapping(draw, item, column + 1 + gap)
            lines += [" " * column + "-" + " " * gap + first.lstrip(" "), *rest]
        else:
            first, *rest = _value(draw, item, column)
            lines += [" " * column + "-" + (f" {first}" if first else ""), *rest]
    return lines


def _flow(draw: Draw, value: Any, *, flow: bool = True) -> str:
    comma = draw(st.sampled_from([", ", ",", " , "]))
    pad = draw(st.sampled_from(["", "", " "]))
    if isinstance(value, dict):
        inner = comma.join(f"{key}: {_flow(draw, item)}" for key, item in value.items())
        return f"{{{pad}{inner}{pad}}}"
    if isinstance(value, list):
        return f"[{pad}{comma.join(_flow(draw, item) for item in value)}{pad}]"
    return _scalar(draw, value, flow=flow)


def _scalar(draw: Draw, value: Any, *, flow: bool) -> str:
    if value is None:
        return draw(st.sampled_from(["null", "~"]))
    if not isinstance(value, str):
        return str(value).lower()
    styles = [
        '"'
        + "".join(f"\\U{ord(character):08x}" if character in '"\\\n\t' else character for character in value)
        + '"'
    ]
    if "\n" not in value and "\t" not in value:
        styles.append("'" + value.replace("'", "''") + "'")
    return value if is_plain(value, flow=flow) else draw(st.sampled_from(styles))
