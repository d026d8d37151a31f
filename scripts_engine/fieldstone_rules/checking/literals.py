"""What stands in the text itself: numbers, texts, lists, durations, dates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal

from lark import Token, Tree

from fieldstone_rules import durations, limits
from fieldstone_rules.checking.context import Checking, Names, describe
from fieldstone_rules.checking.names import title
from fieldstone_rules.durations import Duration
from fieldstone_rules.errors import RuleError
from fieldstone_rules.numbers import LARGEST_INTEGER
from fieldstone_rules.parsing import (
    MeasuredTree,
    parse_expression,
    span_of,
    subtrees,
    tokens,
    too_many_parts,
)
from fieldstone_rules.spans import Span
from fieldstone_rules.tree import Constant, Interpolation, ListOf, Node
from fieldstone_rules.types import Kind, Type, decimal, list_of, simple

_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "'": "'"}
_PRINTABLE = frozenset(
    {
        Kind.TEXT, Kind.CHOICE, Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.PERCENT, Kind.BOOLEAN, Kind.DATE,
        Kind.DATETIME, Kind.TIME, Kind.NULL, Kind.REFERENCE,
    }
)  # fmt: skip


def constant(value: object, type_: Type, span: Span) -> Constant:
    """A literal of a type that is not null."""
    return Constant(type_.required(), span, value)


def number(checking: Checking, tree: Tree[Token], _: Names) -> Node:
    """`42` or `3.14`."""
    written = str(tokens(tree, "NUMBER")[0])
    if len(written.replace(".", "").lstrip("0")) > limits.DIGITS:
        return checking.report(tree, "number_range", f"A number has at most {limits.DIGITS} digits.")
    if "." in written:
        scale = len(written) - written.index(".") - 1
        return constant(Decimal(written), decimal(None, scale), span_of(tree))
    if int(written) > LARGEST_INTEGER:
        return checking.report(
            tree, "number_range", "This number does not fit in 64 bits.", "write it with .0"
        )
    return constant(int(written), simple(Kind.INTEGER), span_of(tree))


def percent(checking: Checking, tree: Tree[Token], _: Names) -> Node:
    """`20%`: 20 in a percent field."""
    written = str(tokens(tree, "PERCENT")[0]).rstrip("%")
    if len(written) > limits.DIGITS:
        return checking.report(tree, "number_range", f"A number has at most {limits.DIGITS} digits.")
    return constant(Decimal(written), simple(Kind.PERCENT), span_of(tree))


def money(checking: Checking, tree: Tree[Token], _: Names) -> Node:
    """`1000 EUR`. The currency is kept in the type, for the comparison that it stands in."""
    written = str(tokens(tree, "NUMBER")[0])
    if len(written) > limits.DIGITS:
        return checking.report(tree, "number_range", f"A number has at most {limits.DIGITS} digits.")
    type_ = Type(Kind.MONEY, options=(str(tokens(tree, "CURRENCY")[0]),))
    return constant(Decimal(written), type_, span_of(tree))


def duration(checking: Checking, tree: Tree[Token], _: Names) -> Node:
    """`14 days` or `5 business days`."""
    written, unit = str(tokens(tree, "NUMBER")[0]), str(tokens(tree, "UNIT")[0]).removesuffix("s")
    if "." in written or len(written) > 12:
        return checking.report(
            tree, "duration", "A duration is a whole number of a unit.", "use a smaller unit"
        )
    count = int(written)
    if tokens(tree, "BUSINESS"):
        return _business(checking, tree, count, unit)
    span = durations.times(count, durations.UNITS[unit])
    if span.length() > durations.FARTHEST:
        return checking.report(tree, "number_range", "A duration is at most 3,000 years long.")
    type_ = Type(Kind.DURATION, options=("months",) if span.months else ())
    return constant(span, type_, span_of(tree))


def _business(checking: Checking, tree: Tree[Token], count: int, unit: str) -> Node:
    if unit not in ("day", "hour") or count > 40_000:
        return checking.report(tree, "duration", "Business time is counted in days or hours, at most 40,000.")
    span = Duration(business_days=count) if unit == "day" else Duration(business_seconds=count * 3600)
    return constant(span, Type(Kind.DURATION, options=("business",)), span_of(tree))


def true(_: Checking, tree: Tree[Token], __: Names) -> Node:
    """`true`."""
    return constant(True, simple(Kind.BOOLEAN), span_of(tree))


def false(_: Checking, tree: Tree[Token], __: Names) -> Node:
    """`false`."""
    return constant(False, simple(Kind.BOOLEAN), span_of(tree))


def null(_: Checking, tree: Tree[Token], __: Names) -> Node:
    """`null`."""
    return Constant(simple(Kind.NULL), span_of(tree), None)


def list_(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """`[a, b]`: items of one kind."""
    items = tuple(checking.check(item, names) for item in subtrees(tree))
    known = [item.type for item in items if item.type.kind is not Kind.NULL]
    unfit = next((type_ for type_ in known if type_.kind in _NO_ITEMS), None)
    if unfit is not None:
        return checking.report(tree, "type", f"A {describe(unfit)} cannot be in a list.")
    type_ = _common_type(known) if known else simple(Kind.NULL)
    if type_ is None:
        listed = ", ".join(sorted({describe(item) for item in known}))
        return checking.report(tree, "type", f"The items of a list are of one kind, not {listed}.")
    nullable = any(item.type.nullable for item in items)
    item_type = type_.optional() if nullable else type_.required()
    return ListOf(list_of(item_type), span_of(tree), items)


_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.PERCENT, Kind.MONEY})
_NO_ITEMS = frozenset({Kind.LIST, Kind.COLLECTION, Kind.JSON, Kind.COMPOUND})


def _common_type(types: list[Type]) -> Type | None:
    kinds = {type_.kind for type_ in types}
    if kinds <= {Kind.TEXT, Kind.CHOICE}:
        return simple(Kind.TEXT)
    if len(kinds) == 1 and kinds != {Kind.REFERENCE}:
        return replace(types[0], scale=None)
    if kinds == {Kind.REFERENCE}:
        entities = {entity for type_ in types for entity in type_.entities}
        return Type(Kind.REFERENCE, entities=tuple(sorted(entities)))
    return simple(Kind.DECIMAL) if kinds <= _NUMBERS else None


# ---- texts


def raw(checking: Checking, tree: Tree[Token], _: Names) -> Node:
    """`'text'`, taken as it stands but for escapes."""
    token = tokens(tree, "RAW")[0]
    return constant(
        _unescape(checking, token, str(token)[1:-1], span_of(token).start + 1),
        simple(Kind.TEXT),
        span_of(tree),
    )


def _unescape(checking: Checking, token: Token, written: str, offset: int) -> str:
    """The characters that a text stands for. Unknown escapes are reported, but in patterns `\\d` stays as
    it is.
    """
    parts: list[str] = []
    position = 0
    while position < len(written):
        character = written[position]
        if character != "\\":
            parts.append(character)
            position += 1
            continue
        following = written[position + 1]
        if following not in _ESCAPES and token.type == "TEXT":
            place = Span(offset + position, offset + position + 2)
            checking.report(place, "escape", f"`\\{following}` is no escape.", "write `\\\\` for a backslash")
        parts.append(_ESCAPES.get(following, "\\" + following))
        position += 2
    return "".join(parts)


def text(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """`"text {expression}"`."""
    token = tokens(tree, "TEXT")[0]
    inside = Span(span_of(token).start + 1, span_of(token).end - 1)
    pieces = _pieces(checking, inside, escaping=True)
    return _joined(
        checking, pieces, names, span_of(tree), lambda written, at: _unescape(checking, token, written, at)
    )


def template(checking: Checking, names: Names) -> Node:
    """A whole text with `{expressions}`, as a document holds it: without quotes, and without escapes."""
    whole = Span(0, len(checking.source))
    pieces = _pieces(checking, whole, escaping=False)
    return _joined(checking, pieces, names, whole, lambda written, _: written)


_Piece = tuple[int, int, bool]
"""A stretch of a text: (start, end, whether it is an expression)."""


def _joined(
    checking: Checking,
    pieces: list[_Piece],
    names: Names,
    span: Span,
    literal: Callable[[str, int], str],
) -> Node:
    """The parts of a text as one value. literal: what characters at a place stand for."""
    if len(pieces) > limits.current.nodes:
        return checking.report(span, "too_complex", too_many_parts())
    parts = [
        _interpolated(checking, names, start, stop)
        if is_expression
        else constant(literal(_braces(checking, start, stop), start), simple(Kind.TEXT), Span(start, stop))
        for start, stop, is_expression in pieces
    ]
    if all(isinstance(part, Constant) and isinstance(part.value, str) for part in parts):
        joined = "".join(part.value for part in parts if isinstance(part, Constant))
        return constant(joined, simple(Kind.TEXT), span)
    return Interpolation(simple(Kind.TEXT, nullable=False), span, tuple(parts))


def _braces(checking: Checking, start: int, stop: int) -> str:
    return checking.source[start:stop].replace("{{", "{").replace("}}", "}")


def _pieces(checking: Checking, inside: Span, *, escaping: bool) -> list[_Piece]:
    """The stretches of a text. escaping: a backslash belongs to what follows it."""
    source, end = checking.source, inside.end
    pieces: list[_Piece] = []
    position = literal = inside.start
    while position < end:
        pair = source[position : position + 2]
        if pair in ("{{", "}}") or (escaping and pair[0] == "\\"):
            position += 2
        elif pair[0] == "{":
            stop = _closing(source, position + 1, end)
            if stop is None:
                checking.report(
                    Span(position, position + 1), "syntax", "`{` is not closed.", "write `{{` for a brace"
                )
                break
            pieces += [(literal, position, False), (position + 1, stop, True)]
            position = literal = stop + 1
        else:
            position += 1
    return [*pieces, (literal, end, False)]


def _closing(source: str, position: int, end: int) -> int | None:
    quoted = False
    while position < end:
        character = source[position]
        if character == "\\" and quoted:
            position += 1
        elif character == "'":
            quoted = not quoted
        elif character == "}" and not quoted:
            return position
        position += 1
    return None


def _interpolated(checking: Checking, names: Names, start: int, stop: int) -> Node:
    try:
        tree = parse_expression(checking.source, start, stop)
    except RuleError as error:
        checking.problems.extend(error.problems)
        return Constant(simple(Kind.NULL), Span(start, stop), None)
    checking.parts += tree.size if isinstance(tree, MeasuredTree) else 1
    if checking.parts > limits.current.nodes:
        return checking.report(tree, "too_complex", too_many_parts())
    node = checking.check(tree, names)
    if node.type.kind not in _PRINTABLE:
        return checking.report(tree, "type", f"A {describe(node.type)} cannot be printed in a text.")
    if node.type.kind is Kind.REFERENCE:
        return title(checking, node, span_of(tree))
    return node


# ---- dates written as texts


def moment(checking: Checking, kind: Kind, text_: str, span: Span) -> Node:
    """`date("2026-11-21")`, `datetime("2026-11-21T08:30:00Z")`, `time("08:30")`."""
    readers = {Kind.DATE: _read_date, Kind.DATETIME: _read_datetime, Kind.TIME: _read_time}
    try:
        value = readers[kind](text_)
    except (ValueError, OverflowError):
        samples = {Kind.DATE: "2026-11-21", Kind.DATETIME: "2026-11-21T08:30:00Z", Kind.TIME: "08:30"}
        return checking.report(
            span, "date", f"`{text_[:40]}` is no {kind}.", f'write it as "{samples[kind]}"'
        )
    return constant(value, simple(kind), span)


def _read_date(text_: str) -> date:
    if len(text_) != 10:
        raise ValueError(text_)
    return date.fromisoformat(text_)


def _read_datetime(text_: str) -> datetime:
    value = datetime.fromisoformat(text_)
    if value.tzinfo is None or len(text_) < 16:
        raise ValueError(text_)
    return value.astimezone(UTC)


def _read_time(text_: str) -> time:
    value = time.fromisoformat(text_)
    if value.tzinfo is not None:
        raise ValueError(text_)
    return value
