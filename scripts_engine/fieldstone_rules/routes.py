"""By which routes an expression reads: each field with the hops that lead from the record at hand to it.

Who keeps a value computed from other records walks a route backwards, from a record that changed to those
whose value may have changed with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fieldstone_rules.schema import BASE_SUFFIX, Through
from fieldstone_rules.tree import (
    RECORD,
    About,
    Aggregate,
    Apply,
    Binding,
    Cast,
    Choose,
    Collection,
    Constant,
    Fallback,
    Field,
    Node,
    Variable,
    children,
)

DELETED_AT = "deleted_at"
"""The field that says whether a record is in the recycle bin, which collections leave out."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One step from a record of `start` to records of `end`, by the reference `field` of `declaring`.

    backwards: the records arrived at declare the field and name the one left behind. many: the pairs are kept
    in a link table. field None: to all records of `end`.
    """

    start: str
    end: str
    declaring: str
    field: str | None
    backwards: bool = False
    many: bool = False


Route = tuple[Hop, ...]


@dataclass(frozen=True, slots=True)
class RoutedRead:
    """A field that an expression reads of the records at the end of a route (empty: of the record itself)."""

    route: Route
    entity: str
    field: str


Places = frozenset[tuple[Route, str]]
"""Where a record may be: routes with the entity at their end."""


def routed_reads(tree: Node, entity: str) -> frozenset[RoutedRead]:
    """Everything that a tree over a record of `entity` reads, unstored formulas followed."""
    reader = _Reader(entity)
    reader.read(tree, _Scope({RECORD: frozenset({((), entity)})}))
    return frozenset(reader.found)


@dataclass(frozen=True)
class _Scope:
    """What names stand for: bindings → places, parameters of a function → argument and its scope."""

    bindings: Mapping[str, Places]
    parameters: Mapping[str, tuple[Node, _Scope]] = field(default_factory=dict)

    def having(self, name: str, places: Places) -> _Scope:
        """The same with one binding more."""
        return _Scope({**self.bindings, name: places}, self.parameters)


class _Reader:
    """Collects what a tree reads."""

    def __init__(self, entity: str) -> None:
        self.entity = entity
        self.found: set[RoutedRead] = set()

    def read(self, node: Node, scope: _Scope) -> None:
        """Add what a node and all below it read."""
        if isinstance(node, Field):
            self._add(self._places(node.of, scope, node.entity), node.name)
            self.read(node.of, scope)
        elif isinstance(node, About):
            self.read(node.of, scope)
            self.read(node.body, scope.having(RECORD, self._places(node.of, scope, node.entity)))
        elif isinstance(node, Aggregate):
            self._read_aggregate(node, scope)
        elif isinstance(node, Apply):
            for argument in node.arguments:
                self.read(argument, scope)
            self.read(node.body, _applied(node, scope))
        else:
            for child in children(node):
                self.read(child, scope)

    def _read_aggregate(self, node: Aggregate, scope: _Scope) -> None:
        collection = node.collection
        if collection.of is not None:
            self.read(collection.of, scope)
        inner = scope.having(collection.binding, self._members(collection, scope))
        self._add(inner.bindings[collection.binding], DELETED_AT)
        keys = (key.value for key in collection.order)
        for part in (collection.where, *keys, node.value, node.separator):
            if part is not None:
                self.read(part, inner)

    def _members(self, collection: Collection, scope: _Scope) -> Places:
        """Where the records of a collection are; adds the field that makes them its records."""
        source = collection.source
        if source.owner is None or collection.of is None:
            return frozenset({((Hop(self.entity, source.entity, source.entity, None),), source.entity)})
        owners = self._places(collection.of, scope, source.owner)
        if source.through is not None:
            return self._through(owners, source.owner, source.through, source.entity)
        if source.inverse_field is None:
            self._add(owners, str(source.name))
            hop = Hop(source.owner, source.entity, source.owner, source.name, many=True)
            return _onwards(owners, hop)
        hop = Hop(
            source.owner, source.entity, source.entity, source.inverse_field, backwards=True, many=source.many
        )
        members = _onwards(owners, hop)
        self._add(members, source.inverse_field)
        return members

    def _through(self, owners: Places, owner: str, through: Through, entity: str) -> Places:
        """Where the records are that links lead to; the links are records that are read themselves."""
        linking = Hop(owner, through.entity, through.entity, through.near, backwards=True)
        links = _onwards(owners, linking)
        for name in (through.near, through.far, DELETED_AT):
            self._add(links, name)
        return _onwards(links, Hop(through.entity, entity, through.entity, through.far))

    def _add(self, places: Places, name: str) -> None:
        names = {name, name.removesuffix(BASE_SUFFIX)}
        self.found |= {RoutedRead(route, entity, one) for route, entity in places for one in names}

    def _places(self, node: Node, scope: _Scope, wanted: str) -> Places:
        """Where the record of the entity `wanted` is that a node names."""
        return frozenset(place for place in self._named(node, scope, wanted) if place[1] == wanted)

    def _named(self, node: Node, scope: _Scope, wanted: str) -> Iterable[tuple[Route, str]]:
        if isinstance(node, Binding):
            return scope.bindings.get(node.name, frozenset())
        if isinstance(node, Constant):
            return ()
        if isinstance(node, Cast):
            return self._places(node.of, scope, node.entity)
        if isinstance(node, Field):
            hop = Hop(node.entity, wanted, node.entity, node.name)
            return _onwards(self._places(node.of, scope, node.entity), hop)
        return self._computed(node, scope, wanted)

    def _computed(self, node: Node, scope: _Scope, wanted: str) -> Iterable[tuple[Route, str]]:
        """Where a record is that is chosen, gathered, or comes from a formula or a function."""
        if isinstance(node, About):
            of = self._places(node.of, scope, node.entity)
            return self._places(node.body, scope.having(RECORD, of), wanted)
        if isinstance(node, Choose):
            return self._places(node.then, scope, wanted) | self._places(node.otherwise, scope, wanted)
        if isinstance(node, Fallback):
            return [place for item in node.items for place in self._places(item, scope, wanted)]
        if isinstance(node, Aggregate):
            members = self._members(node.collection, scope)
            inner = scope.having(node.collection.binding, members)
            return members if node.value is None else self._places(node.value, inner, wanted)
        if isinstance(node, Apply):
            return self._places(node.body, _applied(node, scope), wanted)
        if isinstance(node, Variable) and node.name in scope.parameters:
            argument, outer = scope.parameters[node.name]
            return self._places(argument, outer, wanted)
        return frozenset({((Hop(self.entity, wanted, wanted, None),), wanted)})


def _applied(node: Apply, scope: _Scope) -> _Scope:
    bound = zip(node.parameters, node.arguments, strict=True)
    return _Scope(scope.bindings, {name: (argument, scope) for name, argument in bound})


def _onwards(places: Places, hop: Hop) -> Places:
    return frozenset(((*route, hop), hop.end) for route, _ in places)
