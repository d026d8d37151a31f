"""Plain YAML scalars by the core schema of YAML 1.2: `NO` and `on` are texts, decimals are exact.

Source: YAML 1.2.2, section 10.3.2 "Tag Resolution".
"""

from __future__ import annotations

import re
from decimal import Decimal

from fieldstone_metadata.nodes import Plain

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_DECIMAL_INTEGER = re.compile(r"[-+]?[0-9]+")
_OTHER_INTEGER = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,2})?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_MOST_DIGITS = 60


class NumberRefusedError(ValueError):
    """A number that has no exact finite value, or more digits than anything can store."""


def resolve(text: str) -> Plain:
    """The value of the plain scalar `text`: None, bool, int, Decimal or the text itself.

    Raises NumberRefusedError for `.inf`, `.nan` and numbers of more than 60 digits.
    """
    if not text or text[0] not in "0123456789+-.~nNtTfF":
        return text or None
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    return _number(text)


def _number(text: str) -> Plain:
    if _DECIMAL_INTEGER.fullmatch(text):
        return int(_sized(text))
    if _OTHER_INTEGER.fullmatch(text):
        return int(_sized(text), 0)
    if _DECIMAL.fullmatch(text):
        return Decimal(_sized(text))
    if _NOT_FINITE.fullmatch(text):
        raise NumberRefusedError(f"`{text}` is no number that can be stored")
    return text


def _sized(text: str) -> str:
    if len(text) > _MOST_DIGITS:
        raise NumberRefusedError(f"a number of {len(text)} characters is longer than anything can store")
    return text
