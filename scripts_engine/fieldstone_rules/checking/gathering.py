"""One value of many records: `count`, `sum`, `any`, `first` and their kin."""

from __future__ import annotations

from dataclasses import replace

from lark import Token, Tree

from fieldstone_rules.amounts import in_base
from fieldstone_rules.checking.context import Checking, Names, describe, is_null
from fieldstone_rules.checking.logic import condition
from fieldstone_rules.checking.names import resolve, step
from fieldstone_rules.functions.declaration import AMOUNT, COMPARABLE
from fieldstone_rules.parsing import span_of, subtrees, tokens
from fieldstone_rules.tree import Aggregate, Binding, Collection, Constant, Gather, Node, OrderKey
from fieldstone_rules.types import Kind, Type, reference, simple

_GATHERS = {gather.value: gather for gather in Gather} | {"exists": Gather.ANY}
_ALSO_SCALAR = frozenset({"min", "max", "join"})
_VALUELESS = frozenset({Gather.COUNT, Gather.ANY, Gather.ALL})
_ACROSS_CURRENCIES = frozenset({Gather.SUM, Gather.AVERAGE, Gather.MIN, Gather.MAX})
_NEEDS_FIELD = frozenset({Gather.SUM, Gather.AVERAGE, Gather.MIN, Gather.MAX, Gather.JOIN})


def is_plain(argument: Tree[Token]) -> bool:
    """Whether an argument is just an expression."""
    return len(subtrees(argument)) == 1 and not tokens(subtrees(argument)[0], "NAME")


def is_gathering(checking: Checking, name: str, arguments: list[Tree[Token]], names: Names) -> bool:
    """Whether a call gathers from a collection. `min`, `max` and `join` also take plain values."""
    if name not in _GATHERS:
        return False
    if name not in _ALSO_SCALAR:
        return True
    return bool(arguments) and (
        not is_plain(arguments[0]) or _begins_with_collection(checking, arguments[0], names)
    )


def _begins_with_collection(checking: Checking, argument: Tree[Token], names: Names) -> bool:
    """Whether an argument is a path through a collection, found out without leaving problems or rows
    behind.
    """
    tree = subtrees(subtrees(argument)[0])[0]
    if tree.data not in ("name", "follow"):
        return False
    probe = replace(checking, problems=[])
    return _split(probe, tree, names) is not None


def gather(
    checking: Checking, tree: Tree[Token], name: str, arguments: list[Tree[Token]], names: Names
) -> Node:
    """`sum(lines.total where …)` and its kin."""
    kind = _GATHERS[name]
    wanted = 2 if kind is Gather.JOIN else 1
    if len(arguments) != wanted:
        return checking.report(
            tree, "arguments", f"`{name}` takes {wanted} argument{'s' if wanted > 1 else ''} here."
        )
    found = collected(checking, arguments[0], names)
    if found is None:
        return Constant(simple(Kind.NULL), span_of(tree), None)
    collection, value = found
    separator = _separator(checking, arguments[1], names) if kind is Gather.JOIN else None
    return _aggregate(checking, tree, kind, collection, value=value, separator=separator)


def collected(
    checking: Checking, argument: Tree[Token], names: Names
) -> tuple[Collection, Node | None] | None:
    """The collection of an argument with its `where` and `order by`, and the value taken of each record; None
    and a problem if there is none.
    """
    source, *clauses = subtrees(argument)
    split = _split(checking, subtrees(source)[0], names)
    if split is None:
        if not checking.problems or checking.problems[-1].severity != "error":
            checking.report(source, "type", "A collection of records is expected here.")
        return None
    collection, path = split
    row = Binding(reference(collection.source.entity, nullable=False), collection.span, collection.binding)
    inner = _inner_names(names, row, tokens(source, "NAME"))
    value = _value(checking, row, path, inner)
    for clause in clauses:
        if clause.data == "where":
            collection = replace(collection, where=condition(checking, subtrees(clause)[0], inner))
        else:
            collection = replace(
                collection, order=tuple(_order(checking, key, inner) for key in subtrees(clause))
            )
    return collection, value


def _inner_names(names: Names, row: Binding, alias: list[Token]) -> Names:
    inner = replace(names, row=row)
    return inner.with_variable(str(alias[0]), row) if alias else inner


def _split(checking: Checking, tree: Tree[Token], names: Names) -> tuple[Collection, list[Token]] | None:
    """A path as the collection in it and the names behind."""
    behind: list[Token] = []
    while tree.data == "follow" and not _is_whole_entity(tree):
        behind.insert(0, tokens(tree, "NAME")[0])
        tree = subtrees(tree)[0]
    node = (
        resolve(checking, tokens(tree, "NAME")[0], names)
        if tree.data == "name"
        else checking.check(tree, names)
    )
    while behind and not isinstance(node, Collection) and not is_null(node):
        node = step(checking, node, behind.pop(0), names)
    return (node, behind) if isinstance(node, Collection) else None


def _is_whole_entity(tree: Tree[Token]) -> bool:
    base = subtrees(tree)[0]
    return base.data == "name" and str(base.children[0]) == "entity"


def _value(checking: Checking, row: Binding, path: list[Token], names: Names) -> Node | None:
    node: Node = row
    for token in path:
        node = step(checking, node, token, names)
    return node if path else None


def _order(checking: Checking, key: Tree[Token], names: Names) -> OrderKey:
    first, *rest = tokens(subtrees(key)[0], "NAME")
    node = resolve(checking, first, names)
    for token in rest:
        node = step(checking, node, token, names)
    if not is_null(node) and node.type.kind not in COMPARABLE | {Kind.BOOLEAN}:
        checking.report(key, "type", f"A {describe(node.type)} has no order.")
    return OrderKey(_comparable_amount(checking, node), bool(tokens(key, "MINUS")))


def _comparable_amount(checking: Checking, node: Node) -> Node:
    """An amount that can be compared between records: in the organisation's currency where there is one."""
    return in_base(node, checking.schema) or node


def _separator(checking: Checking, argument: Tree[Token], names: Names) -> Node:
    node = checking.check(subtrees(subtrees(argument)[0])[0], names)
    if node.type.kind not in (Kind.TEXT, Kind.NULL):
        return checking.report(argument, "type", "The separator is a text.")
    return node


def _aggregate(
    checking: Checking,
    tree: Tree[Token],
    kind: Gather,
    collection: Collection,
    *,
    value: Node | None,
    separator: Node | None,
) -> Node:
    if value is not None and is_null(value):
        return value
    problem = _why_not(kind, collection, value)
    if problem is not None:
        return checking.report(tree, "type", *problem)
    across = not collection.source.owned and kind in _ACROSS_CURRENCIES
    if across and value is not None:
        value = _comparable_amount(checking, value)
    value = None if kind in _VALUELESS else value
    return Aggregate(_type(kind, collection, value), span_of(tree), kind, collection, value, separator)


def _why_not(kind: Gather, collection: Collection, value: Node | None) -> tuple[str, str | None] | None:
    if kind is Gather.ALL and collection.where is None:
        return "`all` needs a condition.", "write `all(… where …)`"
    if value is None:
        if kind in _NEEDS_FIELD:
            return f"`{kind}` needs a field of the records.", f"write `{kind}(collection.field)`"
        return None
    if kind in _VALUELESS:
        return f"`{kind}` takes the records, not a field of them.", "put the field into `where`"
    if value.type.kind in (Kind.COLLECTION, Kind.LIST, Kind.JSON, Kind.COMPOUND):
        return f"A {describe(value.type)} cannot be gathered.", None
    if kind in (Gather.SUM, Gather.AVERAGE) and value.type.kind not in AMOUNT:
        return f"`{kind}` adds numbers, not a {describe(value.type)}.", None
    if kind in (Gather.MIN, Gather.MAX) and value.type.kind not in COMPARABLE:
        return f"A {describe(value.type)} has no order.", None
    if kind is Gather.JOIN and value.type.kind not in (Kind.TEXT, Kind.CHOICE):
        return f"`join` joins texts, not a {describe(value.type)}.", None
    return None


def _type(kind: Gather, collection: Collection, value: Node | None) -> Type:
    if kind is Gather.COUNT:
        return simple(Kind.INTEGER, nullable=False)
    if kind in (Gather.ANY, Gather.ALL):
        return simple(Kind.BOOLEAN, nullable=False)
    if value is None:
        return reference(collection.source.entity)
    if kind is Gather.SUM:
        return simple(_added(value.type.kind), nullable=False)
    if kind is Gather.AVERAGE:
        return simple(Kind.MONEY if value.type.kind is Kind.MONEY else Kind.DECIMAL)
    if kind is Gather.JOIN:
        return simple(Kind.TEXT)
    return replace(value.type, nullable=True)


def _added(kind: Kind) -> Kind:
    return kind if kind in (Kind.INTEGER, Kind.MONEY) else Kind.DECIMAL
