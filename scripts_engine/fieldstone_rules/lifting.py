"""What of an expression the database computes for many records at once.

A collection of a whole entity (`deal where account == record.account`) may be large, so it is never fetched;
and of what belongs to a record (`sum(lines.total)`) often one value is wanted only.
The outermost part around it is lifted out: what it needs of the record at hand becomes the columns of a table
of frames, one row for each record, and one statement over that table gives the values of all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

from fieldstone_rules.expression import Expression
from fieldstone_rules.lowerable import why_not_lowerable
from fieldstone_rules.reading import collections_read
from fieldstone_rules.spans import NOWHERE, Span
from fieldstone_rules.tree import (
    OLD,
    RECORD,
    USER,
    About,
    Aggregate,
    Apply,
    Binding,
    Collection,
    Field,
    Node,
    OrderKey,
    Variable,
    walk,
)
from fieldstone_rules.types import Kind, reference

FRAME = "#frame"
"""What the table of frames is called in a lifted tree: as a binding and as an entity."""

_ROOTS = frozenset({RECORD, OLD, USER})
_LIFTED = (Aggregate, About, Apply)
Change = Callable[[Node], Node | None]


@dataclass(frozen=True, eq=False)
class Input:
    """A column of the frames. node: what is evaluated about each record to fill it."""

    name: str
    node: Node


@dataclass(frozen=True, eq=False)
class Lifted:
    """A part that the database computes. name: of the variable that stands for its value.

    node: reads nothing from outside but fields of the frame.
    """

    name: str
    node: Node
    inputs: tuple[Input, ...]


def lift(
    expression: Expression, wanted: Callable[[Lifted, Node], bool] | None = None
) -> tuple[Expression, tuple[Lifted, ...]]:
    """The expression with variables instead of the parts that read whole entities, and these parts.

    wanted: whether another part around a collection is lifted too.
    """
    found: list[Lifted] = []

    def change(node: Node) -> Node | None:
        if not isinstance(node, _LIFTED):
            return None
        must = reads_whole_entity(node)
        if not must and wanted is None:
            return None
        part = lifted(f"#lifted{len(found)}", node, members=not must)
        if not must and not (wanted is not None and wanted(part, node)):
            return node  # what is inside depends on names of its own
        found.append(part)
        return Variable(node.type, node.span, part.name)

    tree = rewritten(expression.tree, change)
    return (replace(expression, tree=tree), tuple(found)) if found else (expression, ())


def lifted(name: str, node: Node, *, members: bool = False) -> Lifted:
    """A part with what it reads from outside as columns of the frames.

    members: collections that belong to a record are left to the database too.
    """
    lifting = _Lifting(_rows(node), members)
    return Lifted(name, lifting.take(node, frozenset()), tuple(lifting.inputs))


def reads_whole_entity(node: Node) -> bool:
    """Whether a tree reads a collection of all records of an entity."""
    return any(isinstance(part, Collection) and part.of is None for part in walk(node))


def why_not_lifted(part: Lifted) -> Iterator[tuple[Span, str]]:
    """Where the database cannot compute a part, and why."""
    yield from why_not_lowerable(part.node)
    for node in (part.node, *(one.node for one in part.inputs)):
        if node.type.kind is Kind.REFERENCE and len(node.type.entities) != 1:
            yield node.span, "A reference to several kinds of records is cast where a whole entity is read."


def _rows(node: Node) -> frozenset[str]:
    """The names of the records of all collections in a tree."""
    return frozenset(part.binding for part in walk(node) if isinstance(part, Collection))


@dataclass
class _Lifting:
    """Takes a tree apart. rows: names of records that only the database knows. members: see `lifted`."""

    rows: frozenset[str]
    members: bool
    inputs: list[Input] = field(default_factory=list)

    def take(self, node: Node, hidden: frozenset[str]) -> Node:
        """The tree with fields of the frame. hidden: names that have another meaning here than outside."""
        if self._is_outer(node, hidden):
            self.inputs.append(Input(f"p{len(self.inputs)}", node))
            frame = Binding(reference(FRAME, nullable=False), NOWHERE, FRAME)
            return Field(node.type, node.span, frame, FRAME, self.inputs[-1].name)
        if isinstance(node, About):
            body = self.take(node.body, hidden | {RECORD})
            return replace(node, of=self.take(node.of, hidden), body=body)
        if isinstance(node, Apply):
            arguments = tuple(self.take(argument, hidden) for argument in node.arguments)
            return replace(node, arguments=arguments, body=self.take(node.body, hidden | {*node.parameters}))
        return rewritten(node, lambda child: None if child is node else self.take(child, hidden))

    def _is_outer(self, node: Node, hidden: frozenset[str]) -> bool:
        """Whether a part depends on what is outside, and on nothing that only the database knows."""
        if node.type.kind is Kind.COLLECTION or reads_whole_entity(node):
            return False
        if self.members and collections_read(node):
            return False
        names = {part.name for part in walk(node) if isinstance(part, Binding | Variable)}
        inside = names & (hidden | self.rows)
        return not inside and any(_is_outside(part) for part in walk(node))


def _is_outside(part: Node) -> bool:
    return isinstance(part, Variable) or (isinstance(part, Binding) and part.name in _ROOTS)


def rewritten(node: Node, change: Change) -> Node:
    """A tree in which `change` has put something else for some nodes; None keeps a node and goes on below."""
    other = change(node)
    if other is not None:
        return other
    changes = {}
    for entry in fields(node):
        before = getattr(node, entry.name)
        after = _rewritten(before, change)
        if after is not before:
            changes[entry.name] = after
    return replace(node, **changes) if changes else node


def _rewritten(value: Any, change: Change) -> Any:
    if isinstance(value, Node):
        return rewritten(value, change)
    if isinstance(value, OrderKey):
        found = rewritten(value.value, change)
        return value if found is value.value else replace(value, value=found)
    if isinstance(value, tuple):
        items = tuple(_rewritten(item, change) for item in value)
        return value if all(a is b for a, b in zip(items, value, strict=True)) else items
    return value
