"""`and`, `or`, `not`, `if`, and what a condition tells about null."""

from __future__ import annotations

from functools import reduce

from lark import Token, Tree

from fieldstone_rules.checking.comparisons import common_type
from fieldstone_rules.checking.context import Checking, Names, Path, describe, is_null, path_of
from fieldstone_rules.checking.lists import as_list
from fieldstone_rules.parsing import span_of, subtrees
from fieldstone_rules.tree import And, Between, Choose, Compare, Constant, Equal, Node, Not, Or, Within
from fieldstone_rules.types import Kind, Type, simple

_NOTHING: frozenset[Path] = frozenset()


def links(tree: Tree[Token], kind: str) -> list[Tree[Token]]:
    """The operands of a chain of one operator, from left to right, without recursion."""
    operands: list[Tree[Token]] = []
    while tree.data == kind:
        left, right = subtrees(tree)
        operands.append(right)
        tree = left
    return [tree, *reversed(operands)]


def condition(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """A part that has to be a condition."""
    node = checking.check(tree, names)
    if node.type.kind not in (Kind.BOOLEAN, Kind.NULL):
        hint = "compare it with something" if node.type.kind is not Kind.COLLECTION else "write `exists(…)`"
        return checking.report(tree, "type", f"A condition is expected, not a {describe(node.type)}.", hint)
    return node


def _boolean(items: list[Node]) -> Type:
    return simple(Kind.BOOLEAN, nullable=any(item.type.nullable for item in items))


def conjunction(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """`a and b`: what `a` rules out is known in `b`."""
    items: list[Node] = []
    for operand in links(tree, "conjunction"):
        items.append(condition(checking, operand, names))
        names = names.knowing(present_if(items[-1], True))
    return And(_boolean(items), span_of(tree), tuple(items))


def disjunction(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """`a or b`: `b` matters where `a` is not true."""
    items: list[Node] = []
    for operand in links(tree, "disjunction"):
        items.append(condition(checking, operand, names))
        names = names.knowing(present_if(items[-1], False))
    return Or(_boolean(items), span_of(tree), tuple(items))


def negation(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """`not a`."""
    item = condition(checking, subtrees(tree)[0], names)
    return Not(item.type, span_of(tree), item)


def choose(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """`if a then b else c`."""
    test, yes, no = subtrees(tree)
    asked = condition(checking, test, names)
    then = checking.check(yes, names.knowing(present_if(asked, True)))
    otherwise = checking.check(
        no, names.knowing(present_if(asked, False)) if not asked.type.nullable else names
    )
    type_ = common_type([then, otherwise])
    if type_ is None:
        kinds = f"{describe(then.type)} and {describe(otherwise.type)}"
        return checking.report(tree, "type", f"Both branches give the same kind of value, not {kinds}.")
    if type_.kind is Kind.NULL:
        return Constant(type_, span_of(tree), None)
    return Choose(type_, span_of(tree), asked, as_list(then, type_), as_list(otherwise, type_))


def present_if(node: Node, truth: bool) -> frozenset[Path]:
    """The paths that cannot be null where a condition is true (or false)."""
    if isinstance(node, Not):
        return present_if(node.item, not truth)
    if isinstance(node, And if truth else Or):
        return reduce(frozenset.union, (present_if(item, truth) for item in node.items), _NOTHING)
    if isinstance(node, Equal):
        return _present_if_equal(node, truth)
    if isinstance(node, Compare):
        return _paths(node.left) | _paths(node.right)
    if isinstance(node, Between):
        return _paths(node.item) | _paths(node.low) | _paths(node.high) if truth else _NOTHING
    if isinstance(node, Within) and truth and not _may_hold_null(node.items):
        return _paths(node.item)
    return _NOTHING


def _may_hold_null(items: Node) -> bool:
    return items.type.item is None or items.type.item.nullable


def _present_if_equal(node: Equal, truth: bool) -> frozenset[Path]:
    for one, other in ((node.left, node.right), (node.right, node.left)):
        if is_null(other):
            return _NOTHING if truth else _paths(one)
        if truth and not other.type.nullable:
            return _paths(one)
    return _NOTHING


def _paths(node: Node) -> frozenset[Path]:
    """A path and the references it goes through: if `a.b` is present, so is `a`."""
    path = path_of(node)
    return frozenset(path[:length] for length in range(2, len(path) + 1)) if path else _NOTHING
