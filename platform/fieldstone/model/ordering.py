"""The notation of orders: a field or a path of fields, with `-` in front for descending."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa


@dataclass(frozen=True)
class OrderKey:
    """One key of an order. path: field names, the last one read behind the hops before it."""

    path: tuple[str, ...]
    descending: bool = False


def parse_key(text: str) -> OrderKey:
    """`-account.name` → (("account", "name"), descending)."""
    plain = text.strip()
    return OrderKey(tuple(plain.removeprefix("-").split(".")), plain.startswith("-"))


def directed(
    expression: sa.ColumnElement[Any], *, descending: bool, nullable: bool = True
) -> sa.ColumnElement[Any]:
    """The term of ORDER BY; records without a value come last either way."""
    term = expression.desc() if descending else expression.asc()
    return term.nulls_last() if nullable and descending else term
