"""Conditions told to people: the parts of a conjunction, and those that do not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fieldstone.model.model import Entity, Model, Rule
from fieldstone.records.sentences import Teller
from fieldstone_rules.expression import expression_of
from fieldstone_rules.tree import And, Node


def unmet(model: Model, entity: Entity, rule: Rule, holds: Callable[[Rule], bool], locale: str) -> list[str]:
    """A sentence for each part of a condition that does not hold: what is the case instead."""
    return told_unmet(model, entity, rule, (part for part in parts(rule) if not holds(part)), locale)


def told_unmet(model: Model, entity: Entity, rule: Rule, missing: Iterable[Rule], locale: str) -> list[str]:
    """The sentences for some parts of the condition `rule` that do not hold."""
    teller = Teller(model, entity, locale, rule.expression.source)
    return [f"{teller.tell(part.expression.tree, holds=False)}." for part in missing]


def parts(rule: Rule) -> list[Rule]:
    """The operands of a condition's outermost `and`, or the condition itself."""
    expression = rule.expression
    tree = expression.tree
    if not isinstance(tree, And):
        return [rule]
    found = (
        expression_of(_source_of(node, expression.source), node, expression.scope) for node in tree.items
    )
    return [Rule(part) for part in found]


def _source_of(node: Node, source: str) -> str:
    return source[node.span.start : node.span.end].strip() or source
