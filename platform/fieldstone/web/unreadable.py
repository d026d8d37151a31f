"""Which member of a JSON text cannot be taken: looked for only once something is known to be refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from fieldstone.errors import FieldError, Malformed

Check = Callable[[str], object]
"""Reads a number or a text; raises `Malformed` for one that cannot be taken."""
_REFUSED = object()


def place_of_number(text: str, check: Check) -> str | None:
    """Where in the JSON `text` the first number stands that cannot be taken (NaN and Infinity never can)."""

    def mark(number: str) -> object:
        return _REFUSED if _is_refused(number, check) else number

    read = json.JSONDecoder(parse_float=mark, parse_int=mark, parse_constant=lambda _: _REFUSED)
    return next((place for place, leaf in _leaves(read.decode(text)) if leaf is _REFUSED), None)


def place_of_text(value: Any, check: Check) -> str | None:
    """Where in `value` the first text stands that cannot be taken; of a name, the object around it."""
    texts = ((place, leaf) for place, leaf in _leaves(value) if isinstance(leaf, str))
    return next((place for place, text in texts if _is_refused(text, check)), None)


def _is_refused(text: str, check: Check) -> bool:
    try:
        check(text)
    except Malformed:
        return True
    return False


def tellable(name: str) -> str:
    """The name of a member as an answer can tell it, whatever it holds."""
    return name[:80].encode("utf-8", "replace").decode()


def named(refused: Malformed, place: str | None) -> Malformed:
    """A refusal that names the field where it is about one: `lines[2].quantity`, `records.3.name`."""
    if place is None:
        return refused
    told = FieldError(place, refused.code, refused.message)
    return Malformed(f"{place}: {refused.message}", code=refused.code, errors=[told])


def _leaves(value: Any, place: str | None = None) -> Iterator[tuple[str | None, Any]]:
    """Place → what is no list and no object, and the names of members."""
    if isinstance(value, dict):
        for name, child in value.items():
            yield place, name
            told = tellable(name)
            yield from _leaves(child, told if place is None else f"{place}.{told}")
    elif isinstance(value, list):
        for number, child in enumerate(value):
            inside = f"records.{number}" if place == "records" else f"{place or ''}[{number}]"
            yield from _leaves(child, inside)
    else:
        yield place, value
