"""`+ - * / %`, the minus sign and `??`."""

from __future__ import annotations

from collections.abc import Sequence

from lark import Token, Tree

from fieldstone_rules import limits
from fieldstone_rules.checking.comparisons import common_type, is_percent_literal
from fieldstone_rules.checking.context import Checking, Names, describe, is_null
from fieldstone_rules.checking.lists import as_list
from fieldstone_rules.checking.logic import links
from fieldstone_rules.functions import OPERATORS
from fieldstone_rules.numbers import negate
from fieldstone_rules.parsing import span_of, subtrees
from fieldstone_rules.spans import Span
from fieldstone_rules.tree import Call, Constant, Fallback, Node
from fieldstone_rules.types import Kind, simple

_ASSOCIATIVE = frozenset({"+", "*"})
_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.PERCENT, Kind.MONEY, Kind.NULL})
_TEXTS = frozenset({Kind.TEXT, Kind.CHOICE, Kind.NULL})


def chain(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """`a + b - c` or `a * b / c`, from left to right."""
    operators = _signs(tree, str(tree.data))
    operands = [checking.check(operand, names) for operand in links(tree, str(tree.data))]
    if len(operands) > limits.LINKS:
        return _long_chain(checking, tree, operators, operands)
    node = operands[0]
    for sign, operand in zip(operators, operands[1:], strict=True):
        node = operation(checking, sign, [node, operand], Span(node.span.start, operand.span.end))
    return node


def _signs(tree: Tree[Token], kind: str) -> list[str]:
    signs: list[str] = []
    while tree.data == kind:
        signs.append(next(str(child) for child in tree.children if isinstance(child, Token)))
        tree = subtrees(tree)[0]
    return signs[::-1]


def _long_chain(
    checking: Checking, tree: Tree[Token], signs: Sequence[str], operands: Sequence[Node]
) -> Node:
    """A long chain as a balanced tree, which gives the same value where the operator is associative."""
    kinds = {operand.type.kind for operand in operands}
    sign = signs[0]
    if set(signs) != {sign} or sign not in _ASSOCIATIVE or not (kinds <= _NUMBERS or kinds <= _TEXTS):
        message = f"A chain of different operators has at most {limits.LINKS} parts."
        return checking.report(tree, "too_complex", message, "set parentheses")
    return _balanced(checking, sign, operands)


def _balanced(checking: Checking, sign: str, operands: Sequence[Node]) -> Node:
    if len(operands) == 1:
        return operands[0]
    middle = len(operands) // 2
    halves = [_balanced(checking, sign, operands[:middle]), _balanced(checking, sign, operands[middle:])]
    return operation(checking, sign, halves, Span(operands[0].span.start, operands[-1].span.end))


def operation(checking: Checking, sign: str, operands: list[Node], span: Span) -> Node:
    """One operator on its operands."""
    if any(is_percent_literal(operand) for operand in operands):
        message = "A percentage is only compared with or assigned to a percent field."
        return checking.report(span, "type", message, "divide by 100")
    if any(is_null(operand) for operand in operands):
        return Constant(simple(Kind.NULL), span, None)
    declaration = OPERATORS[sign]
    types = [operand.type for operand in operands]
    currencies = {type_.options for type_ in types if type_.kind is Kind.MONEY and type_.options}
    if sign in "+-" and len(currencies) > 1:
        message = "Amounts of different currencies do not add up."
        return checking.report(span, "currency", message, "write `convert(…)`")
    form = next((form for form in declaration.forms if form.accepts(types)), None)
    if form is None:
        return checking.report(span, "type", *_why_not(sign, operands))
    return Call(form.result(types), span, declaration, form, tuple(operands))


def _why_not(sign: str, operands: Sequence[Node]) -> tuple[str, str | None]:
    kinds = [operand.type.kind for operand in operands]
    if sign == "negative":
        return f"A {describe(operands[0].type)} has no negative.", None
    message = f"`{sign}` does not work on a {describe(operands[0].type)} and a {describe(operands[1].type)}."
    if Kind.TEXT in kinds and sign == "+":
        return message, 'print it into the text: "… {name}"'
    if Kind.DATE in kinds and Kind.INTEGER in kinds:
        return message, "say the unit: `+ 3 days`"
    if Kind.MONEY in kinds and sign in "+-":
        return message, "money and a bare number do not add up; write the currency or multiply"
    return message, None


def negative(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """`-a`; in front of a number it is part of the number."""
    operand = checking.check(subtrees(tree)[0], names)
    if isinstance(operand, Constant) and operand.type.kind in (Kind.INTEGER, Kind.DECIMAL, Kind.MONEY):
        return Constant(operand.type, span_of(tree), negate(operand.value))
    return operation(checking, "negative", [operand], span_of(tree))


def fallback(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """`a ?? b`."""
    return first_present(
        checking, [checking.check(part, names) for part in links(tree, "fallback")], span_of(tree)
    )


def first_present(checking: Checking, items: list[Node], span: Span) -> Node:
    """The first of some values that is not null."""
    type_ = common_type(items)
    if type_ is None:
        kinds = " and ".join(dict.fromkeys(describe(item.type) for item in items))
        return checking.report(span, "type", f"All values are of one kind, not {kinds}.")
    if type_.kind is Kind.NULL:
        return Constant(type_, span, None)
    certain = any(not item.type.nullable for item in items)
    listed = tuple(as_list(item, type_) for item in items)
    return Fallback(type_.required() if certain else type_, span, listed)
