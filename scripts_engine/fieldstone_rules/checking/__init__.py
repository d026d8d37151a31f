"""From Lark's tree to the typed tree: names, types and null, with all problems at once."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lark import Token, Tree

from fieldstone_rules.checking import arithmetic, calls, comparisons, literals, logic, names
from fieldstone_rules.checking.context import Checking, Names, Rule
from fieldstone_rules.parsing import subtrees
from fieldstone_rules.tree import Node


def _group(checking: Checking, tree: Tree[Token], scope: Names) -> Node:
    """`(a)`."""
    return checking.check(subtrees(tree)[0], scope)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "group": _group,
        "number": literals.number,
        "percent": literals.percent,
        "money": literals.money,
        "duration": literals.duration,
        "true": literals.true,
        "false": literals.false,
        "null": literals.null,
        "list": literals.list_,
        "raw": literals.raw,
        "text": literals.text,
        "name": names.name,
        "follow": names.follow,
        "cast": names.cast,
        "conjunction": logic.conjunction,
        "disjunction": logic.disjunction,
        "negation": logic.negation,
        "choose": logic.choose,
        "comparison": comparisons.comparison,
        "within": comparisons.within,
        "not_within": comparisons.not_within,
        "between": comparisons.between,
        "sum": arithmetic.chain,
        "product": arithmetic.chain,
        "negative": arithmetic.negative,
        "fallback": arithmetic.fallback,
        "call": calls.call,
        "call_of": calls.call_of,
    }
)
