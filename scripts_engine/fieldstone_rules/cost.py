"""What an expression costs at worst, in steps: declared per function, multiplied over collections.

It is an estimate before anything runs, for collections of a usual size; the limits while a rule runs
(`STEPS_OF_A_RULE` and its kin) count what really happens.
"""

from __future__ import annotations

from fieldstone_rules import limits
from fieldstone_rules.errors import Problem
from fieldstone_rules.expression import Expression
from fieldstone_rules.functions import FUNCTIONS
from fieldstone_rules.spans import problem_at
from fieldstone_rules.tree import Aggregate, Call, Collection, Node, children

RECORDS_BEHIND = 100
"""How many records an inverse or a many-to-many is taken to hold."""
RECORDS_OF_ENTITY = 1_000
"""How many records a whole entity is taken to have."""


def records_in(collection: Collection) -> int:
    """How many records a collection is taken to have."""
    return RECORDS_OF_ENTITY if collection.of is None else RECORDS_BEHIND


def cost(node: Node) -> int:
    """The steps that a tree costs."""
    if isinstance(node, Aggregate):
        return FUNCTIONS[node.gather].cost + sum(cost(child) for child in children(node))
    if isinstance(node, Collection):
        reached = cost(node.of) if node.of is not None else 0
        for_each = [*([node.where] if node.where is not None else []), *(key.value for key in node.order)]
        return reached + records_in(node) * (1 + sum(cost(part) for part in for_each))
    own = node.function.cost if isinstance(node, Call) else 1
    return own + sum(cost(child) for child in children(node))


def cost_problem(expression: Expression) -> Problem | None:
    """What is wrong with the cost of an expression: an error beyond the limit, a warning well before it."""
    steps = cost(expression.tree)
    if steps <= limits.COSTLY:
        return None
    refused = steps > limits.COST
    code, severity = ("too_costly", "error") if refused else ("costly", "warning")
    return problem_at(
        expression.source,
        expression.tree.span,
        code,
        told(steps, refused=refused),
        "collections in the `where` of others multiply; keep a stored formula on the inner records",
        severity=severity,
    )


def told(steps: int, *, refused: bool) -> str:
    """The sentence about a cost."""
    allowed = f"; at most {limits.COST:,} are allowed" if refused else ""
    return f"This takes about {steps:,} steps for a single record{allowed}."
