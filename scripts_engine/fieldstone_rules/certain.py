"""What a check says of conditions whose outcome is certain: they never hold, or they always do."""

from __future__ import annotations

from collections.abc import Iterator

from fieldstone_rules.errors import Problem
from fieldstone_rules.expression import Expression
from fieldstone_rules.satisfiable import Facts, Finding, always, inner_conditions, never
from fieldstone_rules.spans import problem_at
from fieldstone_rules.syntax_errors import shorten
from fieldstone_rules.tree import OLD, Binding, Choose, Constant, Equal, Node, Or, walk
from fieldstone_rules.types import Kind

_UNUSED = "leave it out"


def certain_condition(
    expression: Expression, facts: Facts | None = None, *, severity: str = "error", known: str | None = None
) -> Iterator[Problem]:
    """What is wrong with a condition and the conditions in it.

    severity: of what never holds. known: what the facts are, as a hint; None if there are none.
    """
    if _has_broken_parts(expression):
        return
    facts = facts or Facts()
    tree, source = expression.tree, expression.source
    found = list(never(tree, facts))
    for finding in found:
        yield _never(source, finding, severity, known)
    if not found and not isinstance(tree, Constant) and always(tree, facts):
        hint = "did you mean `and`?" if isinstance(tree, Or) else known or _UNUSED
        yield problem_at(source, tree.span, "always_holds", "This always holds.", hint, severity="warning")
    yield from _inner(expression, severity)


def certain_parts(expression: Expression, *, severity: str = "error") -> Iterator[Problem]:
    """The conditions inside an expression that never hold: those of `if` and `where`."""
    if not _has_broken_parts(expression):
        yield from _inner(expression, severity)


def _inner(expression: Expression, severity: str) -> Iterator[Problem]:
    facts = Facts()
    for condition in inner_conditions(expression.tree):
        for finding in never(condition, facts):
            yield _never(expression.source, finding, severity, None)


def _has_broken_parts(expression: Expression) -> bool:
    """Whether null stands in for something that is wrong, such as a call of a broken function."""
    parts = list(walk(expression.tree))
    meant = {id(part.right) for part in parts if isinstance(part, Equal) and _is_old(part.left)}
    return any(
        isinstance(part, Constant)
        and part.value is None
        and part.type.kind is not Kind.BOOLEAN
        and id(part) not in meant
        and expression.source[part.span.start : part.span.end] != "null"
        for part in parts
    )


def _is_old(node: Node) -> bool:
    """Whether a node is the stored state, which `is_new()` compares with null."""
    return isinstance(node, Binding) and node.name == OLD


def _never(source: str, finding: Finding, severity: str, known: str | None) -> Problem:
    span, message, hint = finding.node.span, "This can never hold.", known
    if finding.clash is not None:
        one, other = (_shown(source, node) for node in finding.clash)
        message, hint = f"`{one}` and `{other}` can never both hold.", known or "did you mean `or`?"
    return problem_at(source, span, "never_holds", message, hint, severity=severity)


def _shown(source: str, node: Node) -> str:
    span = node.then.span if isinstance(node, Choose) else node.span  # `amount > 10 EUR` is a choice within
    return shorten(" ".join(source[span.start : span.end].split()))
