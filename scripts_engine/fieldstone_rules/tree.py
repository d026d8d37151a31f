"""The typed tree: what an expression means, one class per construct.

The checker builds it from Lark's tree; the evaluators only read it. Names are resolved, sugar is gone (`!=`
is
`Not(Equal)`, `changed(x)` compares with `old`), and chains of one operator are flat or balanced, so the
tree is never
deep.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from fieldstone_rules.schema import Through
from fieldstone_rules.spans import Span
from fieldstone_rules.types import Type

if TYPE_CHECKING:
    from fieldstone_rules.functions.declaration import Form, FunctionDeclaration

RECORD = "record"
OLD = "old"
USER = "user"
PICKER = "#picker"
"""The record that picks another one, in a condition on what it may pick (see `picking`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A part of an expression with the type of its value and its place in the source."""

    type: Type
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Constant(Node):
    """A value that stands in the text."""

    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class ListOf(Node):
    """A list that is written out."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Variable(Node):
    """A value from `let`, `given`, a parameter, or the surroundings."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Binding(Node):
    """A record in scope: `record`, `old`, `user`, or the row of a collection (`row1`, `row2`…)."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Field(Node):
    """A plain field of the record that `of` refers to; null when there is no such record."""

    of: Node
    entity: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Part(Node):
    """One part of a field that has several, such as `address.city`; null when the field is."""

    of: Field
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class About(Node):
    """`body` evaluated with `record` standing for what `of` refers to: a formula behind a hop, or the old
    state.
    """

    of: Node
    entity: str
    name: str
    body: Node


@dataclass(frozen=True, slots=True, eq=False)
class Cast(Node):
    """A reference taken as one to `entity`; null when it is another kind."""

    of: Node
    entity: str


@dataclass(frozen=True, slots=True, eq=False)
class Setting(Node):
    """`settings.app.key`."""

    app: str
    key: str


@dataclass(frozen=True, slots=True, eq=False)
class OrganisationCurrency(Node):
    """The currency of the organisation, such as `EUR`."""


@dataclass(frozen=True, slots=True, eq=False)
class UserZone(Node):
    """`user.timezone` as the zone of a function: the organisation's where the user has none."""


@dataclass(frozen=True, slots=True, eq=False)
class UserTeams(Node):
    """`user.teams`: the teams of the acting user with the teams below."""


@dataclass(frozen=True, slots=True, eq=False)
class Lookup(Node):
    """What a fixed table says about a value, such as `stage.probability`; null for what it does not name."""

    of: Node
    table: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class And(Node):
    """Three-valued conjunction."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Or(Node):
    """Three-valued disjunction."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Not(Node):
    """Three-valued negation."""

    item: Node


@dataclass(frozen=True, slots=True, eq=False)
class Truth(Node):
    """Whether a condition is true: unknown becomes false."""

    item: Node


@dataclass(frozen=True, slots=True, eq=False)
class Equal(Node):
    """Total equality: null equals null and nothing else."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True, eq=False)
class Compare(Node):
    """Order; null on either side gives null. operator: `<`, `<=`, `>` or `>=`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, eq=False)
class Between(Node):
    """`low <= item and item <= high`, three-valued."""

    item: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True, eq=False)
class Within(Node):
    """Whether a list holds an item, by total equality; a null list holds nothing."""

    item: Node
    items: Node


@dataclass(frozen=True, slots=True, eq=False)
class Choose(Node):
    """`if condition then … else …`; an unknown condition counts as false."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True, eq=False)
class Fallback(Node):
    """The first of `items` that is not null."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Interpolation(Node):
    """A text with values in it; null prints as nothing."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Call(Node):
    """A function or arithmetic operator of the library; `form` is the overload that fits the arguments."""

    function: FunctionDeclaration
    form: Form
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class HasRole(Node):
    """Whether the acting user holds a role, directly or by inheritance."""

    role: str


@dataclass(frozen=True, slots=True, eq=False)
class Apply(Node):
    """A function of a rule file: `body` with the parameters bound to the arguments."""

    name: str
    parameters: tuple[str, ...]
    arguments: tuple[Node, ...]
    body: Node


class Gather(StrEnum):
    """How an aggregate makes one value of many records."""

    COUNT = "count"
    SUM = "sum"
    AVERAGE = "average"
    MIN = "min"
    MAX = "max"
    ANY = "any"
    ALL = "all"
    FIRST = "first"
    JOIN = "join"


@dataclass(frozen=True, slots=True)
class CollectionSource:
    """Where records come from: all of `entity`, or those behind the inverse or many-to-many `name` of
    `owner`.

    inverse_field: the reference of `entity` that names the owner; None for a many-to-many field of the owner.
    many: the pairs are kept in a link table, or are the records of the entity `through`.
    owned: the records share the currency of their owner. along: they (or their links) go to the recycle bin
    with their owner, and still belong to it there.
    """

    entity: str
    owner: str | None = None
    name: str | None = None
    inverse_field: str | None = None
    many: bool = False
    owned: bool = False
    through: Through | None = None
    along: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class OrderKey:
    """One key that records are sorted by; nulls come last either way."""

    value: Node
    descending: bool


@dataclass(frozen=True, slots=True, eq=False)
class Collection(Node):
    """Live records: of the record `of` (None: all of an entity), those for which `where` is true, in `order`.

    binding: the name by which `where`, `order` and the aggregate's value refer to each record.
    """

    source: CollectionSource
    of: Node | None
    binding: str
    where: Node | None
    order: tuple[OrderKey, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Aggregate(Node):
    """One value of a collection. value: what is gathered of each record; separator: between texts of JOIN."""

    gather: Gather
    collection: Collection
    value: Node | None
    separator: Node | None = None


def children(node: Node) -> list[Node]:
    """The nodes directly below a node."""
    found: list[Node] = []
    names = _BRANCHES.get(type(node))
    for name in _branches(type(node)) if names is None else names:
        value = getattr(node, name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Node):
                found.append(part)
            elif isinstance(part, OrderKey):
                found.append(part.value)
    return found


_BRANCHES: dict[type[Node], tuple[str, ...]] = {}


def _branches(kind: type[Node]) -> tuple[str, ...]:
    """The attributes of a kind of node that hold nodes. Trees are walked often, so it is worked out once."""
    hints = get_type_hints(kind, {**globals(), "FunctionDeclaration": object, "Form": object})
    _BRANCHES[kind] = tuple(entry.name for entry in fields(kind) if _holds_nodes(hints[entry.name]))
    return _BRANCHES[kind]


def _holds_nodes(hint: Any) -> bool:
    below = get_args(hint)
    return any(map(_holds_nodes, below)) if below else isinstance(hint, type) and issubclass(hint, _PARTS)


_PARTS = (Node, OrderKey)


def depth(node: Node) -> int:
    """How many levels a tree has, found without recursion."""
    deepest, waiting = 0, [(node, 1)]
    while waiting:
        current, level = waiting.pop()
        deepest = max(deepest, level)
        waiting += [(child, level + 1) for child in children(current)]
    return deepest


def walk(node: Node) -> Iterator[Node]:
    """A node and all nodes below it."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(children(current))
