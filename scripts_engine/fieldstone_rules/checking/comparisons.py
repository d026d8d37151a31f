"""What may be compared with what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from lark import Token, Tree

from fieldstone_rules.amounts import currency_of, in_base, in_different_currencies, is_money
from fieldstone_rules.checking.context import Checking, Names, describe, is_null
from fieldstone_rules.checking.lists import as_list
from fieldstone_rules.functions.declaration import COMPARABLE
from fieldstone_rules.parsing import span_of, subtrees, tokens
from fieldstone_rules.spans import Span
from fieldstone_rules.suggestions import did_you_mean
from fieldstone_rules.tree import (
    Aggregate,
    Between,
    Binding,
    Choose,
    Collection,
    Compare,
    Constant,
    Equal,
    Gather,
    ListOf,
    Node,
    Not,
    OrganisationCurrency,
    Variable,
    Within,
)
from fieldstone_rules.types import Kind, Type, reference, simple

_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.PERCENT, Kind.MONEY})
_TEXTS = frozenset({Kind.TEXT, Kind.CHOICE})
_DATES = frozenset({Kind.DATE, Kind.DATETIME, Kind.TIME})
_WHOLE = frozenset({Kind.JSON, Kind.COMPOUND})

Comparer = Callable[[Node, Node], Node]


def all_of(judged: Iterable[bool]) -> bool:
    """Whether all hold; judges every one, so that every problem is told."""
    return all(tuple(judged))


def common_type(nodes: Sequence[Node]) -> Type | None:
    """The type that holds all values, or None if there is none."""
    known = [node.type for node in nodes if node.type.kind is not Kind.NULL]
    if not known:
        return simple(Kind.NULL)
    nullable = any(node.type.nullable for node in nodes)
    type_ = _common_kind(known)
    return None if type_ is None else (type_.optional() if nullable else type_.required())


def _common_kind(types: list[Type]) -> Type | None:
    kinds = {type_.kind for type_ in types}
    if kinds & {Kind.COLLECTION, Kind.COMPOUND}:
        return None
    if kinds == {Kind.REFERENCE}:
        open_ended = any(not type_.entities for type_ in types)
        entities = {entity for type_ in types for entity in type_.entities}
        return reference(*(() if open_ended else sorted(entities)))
    if kinds == {Kind.CHOICE} and len({type_.options for type_ in types}) == 1:
        return types[0]
    if kinds <= _TEXTS:
        return simple(Kind.TEXT)
    if kinds == {Kind.DURATION}:
        return Type(
            Kind.DURATION, options=tuple(sorted({option for type_ in types for option in type_.options}))
        )
    if kinds == {Kind.MONEY} and len({type_.options for type_ in types}) > 1:
        return simple(Kind.MONEY)
    if kinds == {Kind.LIST}:
        return _common_list(types)
    if len(kinds) == 1:
        return replace(types[0], scale=None, precision=None)
    return simple(Kind.MONEY if Kind.MONEY in kinds else Kind.DECIMAL) if kinds <= _NUMBERS else None


def _common_list(types: list[Type]) -> Type | None:
    items = [type_.item for type_ in types if type_.item is not None]
    known = [item for item in items if item.kind is not Kind.NULL]
    common = _common_kind(known) if known else simple(Kind.NULL)
    if common is None:
        return None
    nullable = any(item.nullable for item in items)
    return replace(types[0], item=common.optional() if nullable else common.required())


def comparison(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """`a == b`, `a < b` and so on."""
    left_tree, right_tree = subtrees(tree)
    operator = str(tokens(tree, "COMPARE")[0])
    left, right = checking.check(left_tree, names), checking.check(right_tree, names)
    if not fits(checking, tree, left, right, order=operator not in ("==", "!=")):
        return Constant(simple(Kind.NULL), span_of(tree), None)
    return _with_currency(checking, left, right, lambda a, b: _compared(span_of(tree), operator, a, b))


def _compared(span: Span, operator: str, left: Node, right: Node) -> Node:
    left, right = _typed(left, right), _typed(right, left)
    if operator in ("==", "!="):
        type_ = common_type([left, right]) or left.type
        equal = Equal(simple(Kind.BOOLEAN, nullable=False), span, as_list(left, type_), as_list(right, type_))
        return equal if operator == "==" else Not(equal.type, span, equal)
    type_ = simple(Kind.BOOLEAN, nullable=left.type.nullable or right.type.nullable)
    if is_null(left):  # then both are
        return Constant(simple(Kind.BOOLEAN), span, None)
    return Compare(type_, span, operator, left, right)


def _typed(node: Node, other: Node) -> Node:
    """A bare null as a null of the kind that it is compared with."""
    return Constant(other.type.optional(), node.span, None) if is_null(node) else node


def fits(checking: Checking, place: Tree[Token] | Span, left: Node, right: Node, *, order: bool) -> bool:
    """Whether two values can be compared; reports why not."""
    collected = Kind.COLLECTION in (left.type.kind, right.type.kind)
    if (is_null(left) or is_null(right)) and not collected:
        for literal in (left, right):
            if order and checking.source[literal.span.start : literal.span.end] == "null":
                checking.report(
                    literal.span, "null_order", "Nothing is before or after null.", None, "warning"
                )
        return True
    reason = _why_not(left, right, order=order)
    if reason is not None:
        checking.report(place, "type", *reason)
        return False
    return known_option(checking, left, right) and known_option(checking, right, left)


def _why_not(left: Node, right: Node, *, order: bool) -> tuple[str, str | None] | None:
    kinds = {left.type.kind, right.type.kind}
    percent = _why_no_percent(left, right) or _why_no_percent(right, left)
    if percent is not None:
        return percent
    if Kind.COLLECTION in kinds:
        return "A collection is not compared as a whole.", "use `count(…)` or `exists(… where …)`"
    if common_type([left, right]) is None or kinds & _WHOLE:
        return _different(left, right)
    if kinds == {Kind.REFERENCE} and not _may_be_same(left.type, right.type):
        return f"A {describe(left.type)} is never a {describe(right.type)}.", None
    if Kind.DURATION in kinds and _has_months(left) != _has_months(right):
        return "Months and years do not compare with days.", None
    if order and not kinds <= COMPARABLE:
        return f"A {describe(left.type)} has no order.", None
    return None


def _different(left: Node, right: Node) -> tuple[str, str | None]:
    message = f"A {describe(left.type)} cannot be compared with a {describe(right.type)}."
    kinds = {left.type.kind, right.type.kind}
    dates = kinds & _DATES
    if dates and Kind.TEXT in kinds:
        kind = next(iter(dates))
        return message, f'write a {kind} as `{kind}("…")`'
    if Kind.COMPOUND in kinds:
        return message, "name a part of it, such as `address.city`"
    return message, "take the day with `date(…)`" if kinds == {Kind.DATE, Kind.DATETIME} else None


def _why_no_percent(literal: Node, other: Node) -> tuple[str, str | None] | None:
    if not is_percent_literal(literal) or other.type.kind is Kind.PERCENT:
        return None
    return "A percentage is only compared with a percent field.", "write the number without %"


def is_percent_literal(node: Node) -> bool:
    """Whether a node is written like `20%`."""
    return isinstance(node, Constant) and node.type.kind is Kind.PERCENT


def _may_be_same(left: Type, right: Type) -> bool:
    return not left.entities or not right.entities or bool(set(left.entities) & set(right.entities))


def _has_months(node: Node) -> bool:
    return "months" in node.type.options


def known_option(checking: Checking, choice: Node, literal: Node) -> bool:
    """Whether a literal compared with a choice is one of its options; reports it if not."""
    if choice.type.kind is not Kind.CHOICE or not choice.type.options:
        return True
    if isinstance(literal, ListOf):
        return all_of(known_option(checking, choice, item) for item in literal.items)
    if not isinstance(literal, Constant) or literal.value is None or literal.value in choice.type.options:
        return True
    options = choice.type.options
    hint = did_you_mean(str(literal.value), options) or "it is one of " + ", ".join(
        f"`{o}`" for o in options[:8]
    )
    checking.report(literal.span, "unknown_option", f"`{str(literal.value)[:60]}` is no option here.", hint)
    return False


# ---- in, between


def within(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """`a in b`."""
    item_tree, items_tree = subtrees(tree)
    item, items = checking.check(item_tree, names), checking.check(items_tree, names)
    boolean = simple(Kind.BOOLEAN, nullable=False)
    if isinstance(items, Collection):
        return _within_collection(checking, tree, item, items)
    if is_null(items):
        return Constant(boolean, span_of(tree), False)
    if items.type.kind is not Kind.LIST or items.type.item is None:
        message = f"`in` is followed by a list, not by a {describe(items.type)}."
        hint = "use `contains(text, part)`" if items.type.kind is Kind.TEXT else None
        return checking.report(items_tree, "type", message, hint)
    candidates = items.items if isinstance(items, ListOf) else (Variable(items.type.item, items.span, ""),)
    if not all_of(fits(checking, tree, item, candidate, order=False) for candidate in candidates):
        return Constant(simple(Kind.NULL), span_of(tree), None)
    return Within(boolean, span_of(tree), item, items)


def _within_collection(checking: Checking, tree: Tree[Token], item: Node, items: Collection) -> Node:
    entity = items.source.entity
    row = Binding(reference(entity, nullable=False), items.span, items.binding)
    if not fits(checking, tree, item, row, order=False):
        return Constant(simple(Kind.NULL), span_of(tree), None)
    boolean = simple(Kind.BOOLEAN, nullable=False)
    filtered = replace(items, where=Equal(boolean, items.span, row, item))
    return Aggregate(boolean, span_of(tree), Gather.ANY, filtered, None)


def not_within(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """`a not in b`."""
    inner = within(checking, tree, names)
    return Not(inner.type, span_of(tree), inner)


def between(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """`a between b and c`, both included."""
    item, low, high = (checking.check(part, names) for part in subtrees(tree))
    if not all_of(fits(checking, tree, item, bound, order=True) for bound in (low, high)):
        return Constant(simple(Kind.NULL), span_of(tree), None)
    nullable = any(node.type.nullable for node in (item, low, high))
    known = next((node for node in (item, low, high) if not is_null(node)), None)
    if known is None:
        return Constant(simple(Kind.BOOLEAN), span_of(tree), None)
    item, low, high = (_typed(node, known) for node in (item, low, high))
    return Between(simple(Kind.BOOLEAN, nullable=nullable), span_of(tree), item, low, high)


# ---- money


def _with_currency(checking: Checking, left: Node, right: Node, compare: Comparer) -> Node:
    """A comparison of amounts in the currency that both have, or in the organisation's."""
    for literal, other, flipped in ((right, left, False), (left, right, True)):
        if isinstance(literal, Constant) and literal.type.kind is Kind.MONEY and literal.type.options:
            return _with_literal(checking, literal, other, _flipped(compare) if flipped else compare)
    if is_money(left) and is_money(right) and in_different_currencies(left, right):
        bases = in_base(left, checking.schema), in_base(right, checking.schema)
        if bases[0] is not None and bases[1] is not None:
            return compare(bases[0], bases[1])
    return compare(left, right)


def _flipped(compare: Comparer) -> Comparer:
    return lambda left, right: compare(right, left)


def _with_literal(checking: Checking, literal: Constant, amount: Node, compare: Comparer) -> Node:
    """`amount > 1000 EUR`: in the record's currency where it is that one, else in the organisation's where
    it is.
    """
    currency = currency_of(amount, checking.schema)
    if is_null(amount) or (isinstance(currency, Constant) and currency.value == literal.type.options[0]):
        return compare(amount, literal)
    if currency is None or isinstance(currency, Constant):
        message = "Only an amount in the currency of a record or the organisation compares with this one."
        return checking.report(literal.span, "currency", message)
    named = Constant(simple(Kind.TEXT, nullable=False), literal.span, literal.type.options[0])
    boolean, span = simple(Kind.BOOLEAN, nullable=False), literal.span
    base = in_base(amount, checking.schema)
    unknown: Node = Constant(simple(Kind.BOOLEAN), span, None)
    if base is not None and not isinstance(currency, OrganisationCurrency):
        organisation = OrganisationCurrency(named.type, span)
        converted = compare(base, literal)
        unknown = Choose(
            simple(Kind.BOOLEAN), span, Equal(boolean, span, organisation, named), converted, unknown
        )
    return Choose(
        simple(Kind.BOOLEAN), span, Equal(boolean, span, currency, named), compare(amount, literal), unknown
    )
