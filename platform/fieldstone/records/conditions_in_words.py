"""Conditions told to people: the parts of a conjunction that do not hold, with the labels of fields."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from fieldstone.model.model import Entity, Rule
from fieldstone.records.labels import field_label
from fieldstone_rules import compile_closure
from fieldstone_rules.expression import expression_of
from fieldstone_rules.tree import And, Node

_WORD = re.compile(r"\"[^\"]*\"|'[^']*'|(?<![\w.])[a-z][a-z0-9_]*\b(?!\s*\()")


def unmet(entity: Entity, rule: Rule, holds: Callable[[Rule], bool], locale: str) -> list[str]:
    """A sentence for each part of a condition that does not hold."""
    return [
        f"{in_words(entity, source, locale)} is not met." for source, part in parts(rule) if not holds(part)
    ]


def parts(rule: Rule) -> list[tuple[str, Rule]]:
    """The operands of a condition's outermost `and` with their sources, or the condition itself."""
    expression = rule.expression
    tree = expression.tree
    if not isinstance(tree, And):
        return [(expression.source, rule)]
    found = []
    for node in tree.items:
        source = _source_of(node, expression.source)
        part = expression_of(source, node, replace(expression.scope))
        found.append((source, Rule(part, compile_closure(part))))
    return found


def in_words(entity: Entity, source: str, locale: str) -> str:
    """A condition with the labels of the record's fields in place of their names."""

    def word(match: re.Match[str]) -> str:
        field = entity.field(match.group())
        return f"“{field_label(field, locale)}”" if field is not None else match.group()

    return _WORD.sub(word, source)


def _source_of(node: Node, source: str) -> str:
    return source[node.span.start : node.span.end].strip() or source
