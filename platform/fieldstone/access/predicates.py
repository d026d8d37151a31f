"""Decisions as SQL: a permission is part of the statement, so nothing that reads can forget it.

Conditions of roles read with the system's rights (rules.md, "Whose rights").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from fieldstone.access.decisions import Decision
from fieldstone.access.grants import AccessKey, access_for_key
from fieldstone.model.model import Condition, Model, Rule
from fieldstone.model.rule_columns import KEPT_TITLE, SystemColumns, computed
from fieldstone_rules import SqlScope, lower

Column = sa.ColumnElement[Any]


def joined_clause(decision: Decision, scope: SqlScope) -> Column | None:
    """The clause of a decision for the record of `scope`, whose joins it may extend; None: always allowed."""
    return _clause(decision, lambda rule: lower(rule.expression, scope))


def clause(model: Model, decision: Decision, entity: str, source: sa.FromClause) -> Column | None:
    """The clause of a decision for the record at `source`, without joins; None: always allowed."""
    return _clause(decision, lambda rule: computed(model, entity, source, rule.expression))


def _clause(decision: Decision, lowered: Callable[[Rule], Column]) -> Column | None:
    if decision.constant is not None:
        return None if decision.constant else sa.false()

    def of(condition: Condition) -> Column:
        return lowered(condition) if isinstance(condition, Rule) else sa.literal(condition)

    granted = [sa.and_(*(of(condition) for condition in part)) for part in decision.grants if part]
    parts = [sa.or_(*granted)] if len(granted) == len(decision.grants) else []
    parts += [of(denial).is_(sa.false()) for denial in decision.denials]
    return sa.and_(*parts)


class ViewerColumns(SystemColumns):
    """The tables as the holder of an access key sees them: unreadable records and values are null."""

    def __init__(self, model: Model, access_key: AccessKey) -> None:
        super().__init__(model)
        self._access_key = access_key

    def readable(self, source: sa.FromClause, entity: str, field: str | None) -> Column | None:
        """The right to a record (field None) or to one of its fields in a record that may be read."""
        granted = access_for_key(self.model, self._access_key, entity)
        if field is None:
            return clause(self.model, granted.read, entity, source)
        if field == KEPT_TITLE:
            return None
        return clause(self.model, granted.field_read(field), entity, source)
