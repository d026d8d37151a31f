"""Conditions that callers send: checked in the world they may see, lowered with their rights."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from fieldstone.access.predicates import ViewerColumns
from fieldstone.access.viewer import ViewerSchema
from fieldstone.errors import FieldError, Malformed
from fieldstone.model.rule_columns import SystemColumns
from fieldstone.records.query import malformed
from fieldstone.records.source import Viewer
from fieldstone_rules import Expression, Problem, Purpose, RuleError, Scope, SqlScope, check_expression, lower
from fieldstone_rules.tree import Collection, walk

Column = sa.ColumnElement[Any]

MOST_COLLECTIONS = 50
"""Through as many collections a condition goes: each is a subquery with the caller's rights in it, which
takes Python long to write, and no timeout of the database ends that.
"""


def viewer_scope(viewer: Viewer, entity: str, rows: sa.FromClause, *, live: bool) -> SqlScope:
    """Where the expressions of a viewer are lowered. live: as of `SqlScope`."""
    return SqlScope(ViewerColumns(viewer.model, viewer.access_key), entity, rows, live=live)


def system_scope(viewer: Viewer, entity: str, rows: sa.FromClause, *, live: bool) -> SqlScope:
    """Where permissions and what the publication says are lowered. live: as of `SqlScope`."""
    return SqlScope(SystemColumns(viewer.model), entity, rows, live=live)


def checked(viewer: Viewer, entity: str, source: str, parameter: str = "where") -> Expression:
    """A condition that a viewer sent.

    Raises:
        Malformed: with line, column and a hint for each problem.
    """
    if "\x00" in source or any("\ud800" <= letter <= "\udfff" for letter in source):
        raise malformed(
            parameter, "bad_expression", "A condition holds no characters that no text can hold.", 1, 1
        )
    schema = ViewerSchema(viewer.model, viewer.access_key)
    try:
        found = check_expression(source, Scope(schema, entity, Purpose.FILTER))
    except RuleError as error:
        raise _refused(error.problems, parameter) from None
    if sum(isinstance(node, Collection) for node in walk(found.tree)) > MOST_COLLECTIONS:
        message = f"A condition goes through at most {MOST_COLLECTIONS} collections."
        raise malformed(parameter, "bad_expression", message, 1, 1)
    return found


def condition(expression: Expression, scope: SqlScope) -> Column:
    """The clause of a checked condition, which may extend the joins of `scope`.

    Raises:
        Malformed: for what has no SQL form.
    """
    try:
        return lower(expression, scope)
    except RuleError as error:
        raise _refused(error.problems, "where") from None


def _refused(problems: tuple[Problem, ...], parameter: str) -> Malformed:
    errors = [
        FieldError(parameter, p.code, f"{p.message} ({p.hint})" if p.hint else p.message, 0, p.line, p.column)
        for p in problems[:20]
    ]
    first = errors[0]
    place = f"line {first.line}, column {first.column}"
    return Malformed(f"{parameter}: {first.message} ({place})", code="bad_expression", errors=errors)
