"""From the typed tree to Python code, node by node; each gives what the closure of that node gives."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from fieldstone_rules.closures import fail
from fieldstone_rules.durations import OutOfRange
from fieldstone_rules.environment import NOBODY, Environment, Value
from fieldstone_rules.functions.formatting import printed
from fieldstone_rules.gathers import gathered
from fieldstone_rules.generated.code import (
    ENVIRONMENT,
    Block,
    Unit,
    attribute,
    both,
    call,
    compare,
    constant,
    either,
    is_,
    is_not,
    item,
    name,
    unless_none,
    when,
)
from fieldstone_rules.joining import joined
from fieldstone_rules.tree import (
    OLD,
    RECORD,
    USER,
    About,
    Aggregate,
    And,
    Apply,
    Between,
    Binding,
    Call,
    Cast,
    Choose,
    Compare,
    Constant,
    Equal,
    Fallback,
    Field,
    Gather,
    HasRole,
    Interpolation,
    ListOf,
    Lookup,
    Node,
    Not,
    Or,
    OrganisationCurrency,
    Part,
    Setting,
    Truth,
    UserTeams,
    UserZone,
    Variable,
    Within,
)
from fieldstone_rules.types import Kind, Ref, reference

Getter = Callable[[Block], ast.expr]
"""Writes the code that gets a record; gives its name."""

_ORDER: Mapping[str, Callable[[], ast.cmpop]] = {"<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE}
_NONE = constant(None)


def emit_root(unit: Unit, tree: Node, *, sure: bool, otherwise: bool) -> None:
    """Define `evaluate`. sure: unknown becomes a truth value, which `otherwise` says."""

    def emit(block: Block) -> ast.expr:
        value = Emitter().emit(block, tree)
        if not sure:
            return value
        return is_not(value, False) if otherwise else is_(value, True)

    unit.function(emit, "evaluate")


def _of_environment(identifier: str) -> ast.expr:
    return attribute(name(ENVIRONMENT), identifier)


def _attribute_getter(identifier: str) -> Getter:
    return lambda block: block.assign(_of_environment(identifier))


def _user(block: Block) -> ast.expr:
    return _followed(block, block.assign(_of_environment("user")))


def _followed(block: Block, ref: ast.expr) -> ast.expr:
    record = attribute(_of_environment("related"), "record")
    return block.assign(unless_none([ref], call(record, ref)))


def _row(identifier: str) -> Getter:
    get = attribute(_of_environment("rows"), "get")
    return lambda block: block.assign(call(get, constant(identifier)))


@dataclass(frozen=True)
class Emitter:
    """Writes nodes. bindings: what `record` and its like are here. parameters: as in closures."""

    bindings: Mapping[str, Getter] = field(
        default_factory=lambda: {
            RECORD: _attribute_getter("record"),
            OLD: _attribute_getter("old"),
            USER: _user,
        }
    )
    parameters: Mapping[str, str] = field(default_factory=dict)

    def emit(self, block: Block, node: Node) -> ast.expr:
        """Write the code of a node; gives the name or constant that holds its value."""
        return block.assign(_EMITTERS[type(node)](self, block, node))

    def getter(self, node: Node) -> Getter:
        """How to get the record that a reference names."""
        if isinstance(node, Binding):
            return self.bindings.get(node.name) or _row(node.name)
        return lambda block: _followed(block, self.emit(block, node))


# ---- leaves


def _constant(_: Emitter, block: Block, node: Constant) -> ast.expr:
    return block.unit.value(node.value)


def _list(emitter: Emitter, block: Block, node: ListOf) -> ast.expr:
    return ast.Tuple([emitter.emit(block, entry) for entry in node.items], ast.Load())


def _variable(emitter: Emitter, _: Block, node: Variable) -> ast.expr:
    if node.name in emitter.parameters:
        return item(_of_environment("rows"), emitter.parameters[node.name])
    return item(_of_environment("variables"), node.name)


def _binding(emitter: Emitter, block: Block, node: Binding) -> ast.expr:
    if node.name == USER:
        return either(_of_environment("user"), block.unit.value(NOBODY))
    row = emitter.getter(node)(block)
    found = block.assign(unless_none([row], call(attribute(row, "get"), constant("id"))))
    entity = constant(node.type.entities[0])
    return unless_none([found], call(block.unit.value(Ref), entity, found))


def _field(emitter: Emitter, block: Block, node: Field) -> ast.expr:
    row = emitter.getter(node.of)(block)
    value = unless_none([row], item(row, node.name))
    if node.name != "id" or node.type.kind is not Kind.TEXT:
        return value
    found = block.assign(value)
    return unless_none([found], call(block.unit.value(str), found))


def _part(emitter: Emitter, block: Block, node: Part) -> ast.expr:
    whole = block.assign(emitter.emit(block, node.of))
    return unless_none([whole], call(attribute(whole, "get"), constant(node.name)))


def _about(emitter: Emitter, block: Block, node: About) -> ast.expr:
    get = emitter.getter(node.of)
    row = get(block)
    home = block.function

    def again(inner: Block) -> ast.expr:
        return row if inner.function == home else get(inner)

    result = block.variable(_NONE)
    with block.branch(is_not(row, None)):
        inside = replace(emitter, bindings={**emitter.bindings, RECORD: again})
        block.assign(inside.emit(block, node.body), result)
    return result


def _cast(emitter: Emitter, block: Block, node: Cast) -> ast.expr:
    ref = emitter.emit(block, node.of)
    same = compare(attribute(ref, "entity"), ast.Eq(), constant(node.entity))
    return when(both(is_not(ref, None), same), ref, _NONE)


def _setting(_: Emitter, __: Block, node: Setting) -> ast.expr:
    return item(item(_of_environment("settings"), node.app), node.key)


def _currency(_: Emitter, __: Block, ___: OrganisationCurrency) -> ast.expr:
    return _of_environment("currency")


def _user_zone(_: Emitter, __: Block, ___: UserZone) -> ast.expr:
    return _of_environment("user_zone_name")


def _teams(_: Emitter, block: Block, __: UserTeams) -> ast.expr:
    return call(block.unit.value(teams_of), name(ENVIRONMENT))


def _has_role(_: Emitter, __: Block, node: HasRole) -> ast.expr:
    return compare(constant(node.role), ast.In(), _of_environment("roles"))


def _lookup(emitter: Emitter, block: Block, node: Lookup) -> ast.expr:
    key = emitter.emit(block, node.of)
    return call(attribute(block.unit.value(dict(node.table)), "get"), key)


# ---- logic


def _and(emitter: Emitter, block: Block, node: And) -> ast.expr:
    return _chain(emitter, block, node, decided=False)


def _or(emitter: Emitter, block: Block, node: Or) -> ast.expr:
    return _chain(emitter, block, node, decided=True)


def _chain(emitter: Emitter, block: Block, node: And | Or, *, decided: bool) -> ast.expr:
    """The first item that decides ends it; an unknown one before that leaves the result unknown."""
    result = block.variable(emitter.emit(block, node.items[0]))
    for entry in node.items[1:]:
        with block.branch(is_not(result, decided)):
            value = emitter.emit(block, entry)
            matters = either(is_(value, decided), is_not(result, None))
            block.assign(when(matters, value, _NONE), result)
    return result


def _not(emitter: Emitter, block: Block, node: Not) -> ast.expr:
    value = emitter.emit(block, node.item)
    return unless_none([value], ast.UnaryOp(ast.Not(), value))


def _truth(emitter: Emitter, block: Block, node: Truth) -> ast.expr:
    return is_(emitter.emit(block, node.item), True)


def _choose(emitter: Emitter, block: Block, node: Choose) -> ast.expr:
    condition = block.assign(is_(emitter.emit(block, node.condition), True))
    result = block.variable(_NONE)
    with block.branch(condition):
        block.assign(emitter.emit(block, node.then), result)
    with block.branch(ast.UnaryOp(ast.Not(), condition)):
        block.assign(emitter.emit(block, node.otherwise), result)
    return result


def _fallback(emitter: Emitter, block: Block, node: Fallback) -> ast.expr:
    result = block.variable(emitter.emit(block, node.items[0]))
    for entry in node.items[1:]:
        with block.branch(is_(result, None)):
            block.assign(emitter.emit(block, entry), result)
    return result


# ---- comparisons


def _equal(emitter: Emitter, block: Block, node: Equal) -> ast.expr:
    left, right = emitter.emit(block, node.left), emitter.emit(block, node.right)
    return compare(left, ast.Eq(), right)


def _compare(emitter: Emitter, block: Block, node: Compare) -> ast.expr:
    left, right = _comparable(emitter, block, node.left), _comparable(emitter, block, node.right)
    return unless_none([left, right], compare(left, _ORDER[node.operator](), right))


def _comparable(emitter: Emitter, block: Block, node: Node) -> ast.expr:
    """A value that Python can order: durations by their length."""
    value = emitter.emit(block, node)
    if node.type.kind is not Kind.DURATION:
        return value
    return block.assign(unless_none([value], call(attribute(value, "length"))))


def _between(emitter: Emitter, block: Block, node: Between) -> ast.expr:
    parts = [_comparable(emitter, block, part) for part in (node.item, node.low, node.high)]
    return call(block.unit.value(between), *parts)


def _within(emitter: Emitter, block: Block, node: Within) -> ast.expr:
    value, items = emitter.emit(block, node.item), node.items
    if isinstance(items, ListOf) and all(isinstance(entry, Constant) for entry in items.items):
        known = frozenset(entry.value for entry in items.items if isinstance(entry, Constant))
        return compare(value, ast.In(), block.unit.value(known))
    listed = emitter.emit(block, items)
    return compare(value, ast.In(), either(listed, ast.Tuple([], ast.Load())))


# ---- texts, calls, collections


def _interpolation(emitter: Emitter, block: Block, node: Interpolation) -> ast.expr:
    values = [emitter.emit(block, part) for part in node.parts]
    called = call(block.unit.value(interpolated), name(ENVIRONMENT), *values)
    return block.attempt(OutOfRange, called, _out_of_range(block.unit, node))


def _call(emitter: Emitter, block: Block, node: Call) -> ast.expr:
    values = [emitter.emit(block, argument) for argument in node.arguments]
    given = [name(ENVIRONMENT), *values] if node.form.context else values
    called = call(block.unit.value(node.form.python), *given)
    attempted = unless_none(values, called)
    return block.attempt(OutOfRange, attempted, _out_of_range(block.unit, node))


def _out_of_range(unit: Unit, node: Node) -> ast.expr:
    """What stands for a value that leaves its range: an error, or nothing where it only filters."""
    if not unit.raising:
        return _NONE
    source, span = unit.source, node.span
    return call(unit.value(lambda: fail("out_of_range", "This value is too large.", source, span)))


def _apply(emitter: Emitter, block: Block, node: Apply) -> ast.expr:
    values = [emitter.emit(block, argument) for argument in node.arguments]
    keys = [f"#{node.name}.{parameter}" for parameter in node.parameters]
    bind = attribute(_of_environment("rows"), "__setitem__")
    for key, value in zip(keys, values, strict=True):
        block.do(call(bind, constant(key), value))
    inside = replace(emitter, parameters=dict(zip(node.parameters, keys, strict=True)))
    return inside.emit(block, node.body)


def _aggregate(emitter: Emitter, block: Block, node: Aggregate) -> ast.expr:
    collection = node.collection
    source, owner = block.unit.value(collection.source), _NONE
    fetched: ast.expr = call(attribute(_of_environment("related"), "collection"), source, owner)
    if collection.of is not None:
        of = emitter.emit(block, collection.of)
        fetch = call(attribute(_of_environment("related"), "collection"), source, of)
        fetched = when(is_(of, None), ast.Tuple([], ast.Load()), fetch)
    rows = block.assign(fetched)
    gather = call(name(_gather(emitter, block.unit, node)), name(ENVIRONMENT), rows)
    return block.attempt(OutOfRange, gather, _out_of_range(block.unit, node))


def _gather(emitter: Emitter, unit: Unit, node: Aggregate) -> str:
    """The name of the function that makes one value of rows: built of functions that are generated here."""
    collection, identifier = node.collection, unit.fresh("gather")

    def define(part: Node | None) -> str | None:
        return None if part is None else unit.function(lambda block: emitter.emit(block, part))

    row = Binding(reference(collection.source.entity), collection.span, collection.binding)
    value, where, separator = define(node.value or row), define(collection.where), define(node.separator)
    keys = [(define(key.value), key.descending) for key in collection.order]
    decimal = node.gather is Gather.SUM and node.type.kind is not Kind.INTEGER

    def finish(known: dict[str, Any]) -> None:
        gathering = gathered(
            node.gather,
            collection,
            known.get(where or ""),
            [(known[key or ""], descending) for key, descending in keys],
            value=_as_decimal(known[value or ""]) if decimal else known[value or ""],
            separator=known.get(separator or ""),
        )
        known[identifier] = gathering

    unit.late.append(finish)
    return identifier


# ---- what generated code calls


def teams_of(environment: Environment) -> tuple[Ref, ...]:
    """The user's teams as references."""
    return tuple(Ref("team", team) for team in environment.user_teams)


def between(value: Value, least: Value, most: Value) -> bool | None:
    """`least <= value and value <= most`, three-valued."""
    if value is None:
        return None
    above = None if least is None else value >= least
    below = None if most is None else value <= most
    if above is False or below is False:
        return False
    return None if above is None or below is None else True


def interpolated(environment: Environment, *values: Value) -> str:
    """The parts of a text, joined; null prints as nothing. Raises OutOfRange."""
    return joined([printed(value, environment) for value in values if value is not None])


def _as_decimal(function: Callable[[Environment], Value]) -> Callable[[Environment], Value]:
    def evaluate(environment: Environment) -> Decimal | None:
        found = function(environment)
        return None if found is None else Decimal(found)

    return evaluate


_EMITTERS: Mapping[type[Node], Callable[[Emitter, Block, Any], ast.expr]] = {
    Constant: _constant,
    ListOf: _list,
    Variable: _variable,
    Binding: _binding,
    Field: _field,
    Part: _part,
    About: _about,
    Cast: _cast,
    Setting: _setting,
    OrganisationCurrency: _currency,
    UserTeams: _teams,
    UserZone: _user_zone,
    HasRole: _has_role,
    Lookup: _lookup,
    And: _and,
    Or: _or,
    Not: _not,
    Truth: _truth,
    Choose: _choose,
    Fallback: _fallback,
    Equal: _equal,
    Compare: _compare,
    Between: _between,
    Within: _within,
    Interpolation: _interpolation,
    Call: _call,
    Apply: _apply,
    Aggregate: _aggregate,
}
