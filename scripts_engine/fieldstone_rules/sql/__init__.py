"""The SQL evaluator: expressions as SQLAlchemy columns with bind parameters."""

from __future__ import annotations

import sqlalchemy as sa

from fieldstone_rules.errors import RuleError
from fieldstone_rules.expression import CONDITIONS, UNKNOWN_IS_TRUE, Expression
from fieldstone_rules.lowerable import why_not_lowerable
from fieldstone_rules.spans import problem_at
from fieldstone_rules.sql.conditions import READINGS
from fieldstone_rules.sql.constants import RequestConstants
from fieldstone_rules.sql.lowering import CONSTANTS, Lowering, Place
from fieldstone_rules.sql.scope import SqlScope
from fieldstone_rules.sql_values import Column, negation
from fieldstone_rules.tree import RECORD
from fieldstone_rules.types import Kind


def lower(expression: Expression, scope: SqlScope, constants: RequestConstants = CONSTANTS) -> Column:
    """The expression as a column of a statement over `scope`, whose joins it may extend.

    Conditions give a clause that may be null where it means false; for `deny` and checks it may be null
    where it means true, so `NOT clause` keeps only what is certainly not denied. A value that leaves its
    range is null.
    constants: who asks and when, where that is not the request's user.
    Raises RuleError for what has no SQL form.
    """
    problems = [
        problem_at(expression.source, span, "not_lowerable", message)
        for span, message in why_not_lowerable(expression.tree)
    ]
    if problems:
        raise RuleError(problems, expression.source)
    lowering = Lowering(READINGS, {RECORD: Place(scope, ())}, constants=constants)
    purpose = expression.scope.purpose
    if purpose in UNKNOWN_IS_TRUE:
        return negation(lowering.is_false(expression.tree))
    if purpose in CONDITIONS:
        return lowering.is_true(expression.tree)
    column = lowering.value(expression.tree)
    stays = expression.type.kind is not Kind.INTEGER or isinstance(column.type, sa.Integer)
    return column if stays else sa.cast(column, sa.BigInteger)
