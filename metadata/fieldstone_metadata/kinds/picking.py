"""What may be picked: the `where` of a reference, for each entity that it may lead to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from fieldstone_metadata.expressions import BOOLEAN, Expressions
from fieldstone_metadata.nodes import Node
from fieldstone_metadata.problems import Problem
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.shapes import EntityShape
from fieldstone_metadata.suggestions import did_you_mean
from fieldstone_rules import Expression, Purpose
from fieldstone_rules.picking import why_not_picked_by


def limits_of(
    field: Node, entity: EntityShape, targets: tuple[str, ...], expressions: Expressions
) -> Mapping[str, Expression]:
    """Target → the filter over its records in which `record` is the one that picks, of type `entity`.

    One expression holds for every target and has to be sound for each; a mapping names them one by one.
    Targets without a limit are absent, and so are those whose limit is wrong, which is reported.
    """
    found = {}
    for target, node in _sources(field, targets, expressions):
        told = Report()
        limit = _limit(node, entity, target, replace(expressions, report=told))
        shared = len(targets) > 1 and node is field.get("where")
        expressions.report.extend(_about(target, one) if shared else one for one in told.problems)
        if limit is not None:
            found[target] = limit
    return found


def _sources(field: Node, targets: tuple[str, ...], expressions: Expressions) -> Iterator[tuple[str, Node]]:
    """The node with the expression of each limited target."""
    where = field.get("where")
    if where is None:
        return
    if not isinstance(where.value, dict):
        yield from ((target, where) for target in targets)
        return
    named = {str(node.value) for node in field.list_under("to")}
    for name, node in where.items():
        if name in targets:
            yield name, node
        elif name not in named:  # else the name itself is wrong, and reported under `to`
            message = f"the reference does not lead to `{name}`, so nothing can limit it"
            expressions.report.error_at_key(node, "no_effect", message, did_you_mean(name, targets))


def _about(target: str, problem: Problem) -> Problem:
    """A problem of an expression that is meant for several entities."""
    hint = problem.hint or f"a mapping limits each entity by its own: `where: {{{target}: …}}`"
    return replace(problem, message=f"for `{target}`: {problem.message}", hint=hint)


def _limit(node: Node, entity: EntityShape, target: str, expressions: Expressions) -> Expression | None:
    scope = expressions.scope(target, Purpose.FILTER, BOOLEAN)
    found = expressions.check(node, replace(scope, picker=entity.name))
    for _, what in why_not_picked_by(found) if found is not None else ():
        message = f"{what} cannot limit what may be picked yet"
        expressions.report.error(node, "not_supported_yet", message)
        return None
    return found
