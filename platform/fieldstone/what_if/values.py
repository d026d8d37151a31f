"""What a condition about somebody's rights reads of that user, written into the condition itself.

A statement that compares two users, or one under two models, asks each condition with values of its own.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from fieldstone.access.shared_predicates import RECEIVERS
from fieldstone.context import Context
from fieldstone.records.environment import environment
from fieldstone_rules import parameters


def asked_for(context: Context, condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """A condition asked for the user of a context, with its model and clock."""
    values = parameters(environment(context)) | {RECEIVERS: list(context.principal.receivers)}
    made: dict[str, sa.BindParameter[Any]] = {}

    def replaced(element: Any, **_options: Any) -> Any:
        if not isinstance(element, sa.BindParameter) or not element.required or element.key not in values:
            return None
        if element.key not in made:
            value = values[element.key]
            made[element.key] = sa.bindparam(element.key, value, type_=element.type, unique=True)
        return made[element.key]

    return visitors.replacement_traverse(condition, {}, replaced)
