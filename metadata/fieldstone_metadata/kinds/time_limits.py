"""Time limits of states: `5 business days`."""

from __future__ import annotations

from fieldstone_metadata.expressions import Expressions
from fieldstone_metadata.nodes import Node
from fieldstone_metadata.shapes import EntityShape
from fieldstone_rules import Environment, Expression, Purpose, compile_closure
from fieldstone_rules.durations import Duration
from fieldstone_rules.types import Kind, simple


def build_time_limit(state: Node, shape: EntityShape, expressions: Expressions) -> Expression | None:
    """How long a record may stay in a state; None without a limit, or where it is wrong."""
    node = state.get("time_limit")
    if node is None or node.broken:
        return None
    if state.plain("final", False) is True:
        message = "a final state is closed: nobody waits for a record to leave it"
        expressions.report.error_at_key(node, "no_effect", message)
        return None
    found = expressions.check(node, expressions.scope(shape.name, Purpose.VALUE, simple(Kind.DURATION)))
    if found is not None and _is_nothing(found):
        message = f"`{node.value}` is no time to stay: a record would be overdue at once"
        expressions.report.error(node, "bad_time_limit", message)
        return None
    return found


def _is_nothing(limit: Expression) -> bool:
    """Whether it is certain that there is no time to stay."""
    if not limit.constant:
        return False
    span: Duration = compile_closure(limit)(Environment())
    return max(span.months, span.days, span.microseconds, span.business_days, span.business_seconds) <= 0
