"""Which expressions have a SQL form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from fieldstone_rules import limits
from fieldstone_rules.spans import Span
from fieldstone_rules.tree import (
    OLD,
    Apply,
    Between,
    Binding,
    Call,
    Constant,
    Equal,
    Node,
    Variable,
    Within,
    children,
    walk,
)
from fieldstone_rules.types import Kind


def why_not_lowerable(node: Node) -> Iterator[tuple[Span, str]]:
    """Where a tree has no SQL form, and why; nothing if it has one."""
    for part in walk(node):
        reason = _reason(part)
        if reason is not None:
            yield part.span, reason
    if weight(node) > limits.EXPANDED_NODES:
        yield node.span, "This grows too large in the database."


def _reason(part: Node) -> str | None:
    if isinstance(part, Call) and part.form.sql is None:
        return f"`{part.function.name}` cannot be used in a filter, permission or formula."
    if isinstance(part, Constant) and part.type.kind is Kind.DURATION and "business" in part.type.options:
        return "Business time cannot be used in a filter, permission or formula."
    if isinstance(part, Binding) and part.name == OLD:
        return "The old state of a record cannot be used in a filter, permission or formula."
    return None


def weight(node: Node, arguments: Mapping[str, int] = MappingProxyType({})) -> int:
    """How large a tree becomes in SQL, where some constructs mention their operands several times.

    arguments: how large each parameter is in the body of a function, which repeats what it is given.
    """
    if isinstance(node, Variable):
        return arguments.get(node.name, 1)
    if isinstance(node, Apply):
        sizes = (weight(argument, arguments) for argument in node.arguments)
        return 1 + weight(node.body, dict(zip(node.parameters, sizes, strict=True)))
    below = sum(weight(child, arguments) for child in children(node))
    return 1 + below * _mentions(node)


def _mentions(node: Node) -> int:
    if isinstance(node, Call):
        return node.form.repeats
    if isinstance(node, Equal) and node.left.type.nullable and node.right.type.nullable:
        return 3
    return 2 if isinstance(node, Equal | Within | Between) else 1
