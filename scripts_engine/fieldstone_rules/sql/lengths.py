"""Texts that stay within the longest a computed one may be: beyond it they are unknown, as numbers are."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from fieldstone_rules import limits
from fieldstone_rules.sql_values import Column
from fieldstone_rules.tree import Call, Constant, Interpolation, Node
from fieldstone_rules.types import Kind

_PRINTED = 200
"""At most so many characters has a number, date, time or boolean."""


class _Bounded(FunctionElement[str]):
    """A text, or null where it is too long. The text stands in the statement once, so that chains stay short:
    OFFSET 0 keeps PostgreSQL from putting it in both places.
    """

    name = "bounded_text"
    type = sa.Text()
    inherit_cache = True


@compiles(_Bounded)
def _write(element: _Bounded, compiler: SQLCompiler, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)
    fits = f"length(made.text) <= {int(limits.current.text_length)}"
    made = f"(SELECT {text} AS text OFFSET 0) AS made"  # what the compiler wrote
    return f"(SELECT CASE WHEN {fits} THEN made.text END FROM {made})"  # noqa: S608  # likewise


def bounded(node: Node, text: Column) -> Column:
    """The SQL for a node's text, null where that is too long; as it is where it never can be."""
    longest = _longest(node)
    return text if longest is not None and longest <= limits.current.text_length else _Bounded(text)


def _longest(node: Node) -> int | None:
    """How long a text can become at most; None: unknown."""
    if isinstance(node, Constant):
        return len(node.value) if isinstance(node.value, str) else _PRINTED
    if isinstance(node, Interpolation) or (isinstance(node, Call) and node.function.name == "+"):
        parts = node.parts if isinstance(node, Interpolation) else node.arguments
        known = [_longest(part) for part in parts]
        return None if None in known else sum(part for part in known if part is not None)
    return node.type.longest if node.type.kind in (Kind.TEXT, Kind.CHOICE) else _PRINTED
