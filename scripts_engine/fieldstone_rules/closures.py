"""The reference evaluator: each node of the tree becomes a Python closure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from fieldstone_rules import comparing
from fieldstone_rules.durations import OutOfRange
from fieldstone_rules.environment import NOBODY, Environment, Row, Value
from fieldstone_rules.errors import EvaluationError
from fieldstone_rules.expression import CONDITIONS, UNKNOWN_IS_TRUE, Expression, Purpose
from fieldstone_rules.functions.formatting import printed
from fieldstone_rules.gathers import gathered
from fieldstone_rules.joining import joined
from fieldstone_rules.spans import Span, line_and_column
from fieldstone_rules.tree import (
    OLD,
    RECORD,
    USER,
    About,
    Aggregate,
    And,
    Apply,
    Binding,
    Call,
    Cast,
    Choose,
    Constant,
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
)
from fieldstone_rules.types import Kind, Ref, reference

Closure = Callable[[Environment], Value]
Getter = Callable[[Environment], Row | None]
Watcher = Callable[[Node, Value], None]

RAISING = frozenset({Purpose.VALUE, Purpose.DEFAULT})


def compile_closure(expression: Expression, watch: Watcher | None = None) -> Closure:
    """The expression as a function of an environment.

    Unknown becomes false for conditions, true for `deny` and checks. An integer that leaves 64 bits raises
    EvaluationError where a value is returned and is unknown elsewhere. watch: told the value of every part.
    """
    purpose = expression.scope.purpose
    compiler = Compiler(expression.source, raising=purpose in RAISING, watch=watch)
    closure = compiler.compile(expression.tree)
    if purpose in UNKNOWN_IS_TRUE:
        return lambda environment: closure(environment) is not False
    if purpose in CONDITIONS:
        return lambda environment: closure(environment) is True
    return closure


def _record(environment: Environment) -> Row | None:
    return environment.record


def _old(environment: Environment) -> Row | None:
    return environment.old


def _user(environment: Environment) -> Row | None:
    return environment.related.record(environment.user) if environment.user is not None else None


def _row(name: str) -> Getter:
    return lambda environment: environment.rows.get(name)


@dataclass(frozen=True)
class Compiler:
    """Compiles nodes. bindings: what `record` and its like are here. parameters: of the function whose
    body this is. place: where the formula or function stands in `source` whose body this is.
    """

    source: str = ""
    raising: bool = True
    watch: Watcher | None = None
    bindings: Mapping[str, Getter] = field(default_factory=lambda: {RECORD: _record, OLD: _old, USER: _user})
    parameters: Mapping[str, str] = field(default_factory=dict)
    place: Span | None = None

    def compile(self, node: Node) -> Closure:
        """The closure of a node."""
        closure = _COMPILERS[type(node)](self, node)
        return closure if self.watch is None else _watched(node, closure, self.watch)

    def about(self, getter: Getter, place: Span) -> Compiler:
        """A compiler for which `record` is another one."""
        bindings = {**self.bindings, RECORD: getter}
        return replace(self, watch=None, bindings=bindings, place=self.place or place)

    def within(self, parameters: Mapping[str, str], place: Span) -> Compiler:
        """A compiler for the body of a function."""
        return replace(self, watch=None, parameters=parameters, place=self.place or place)

    def getter(self, node: Node) -> Getter:
        """How to get the record that a reference names."""
        if isinstance(node, Binding):
            return self.bindings.get(node.name) or _row(node.name)
        reference = self.compile(node)

        def get(environment: Environment) -> Row | None:
            ref = reference(environment)
            return None if ref is None else environment.related.record(ref)

        return get


def _watched(node: Node, closure: Closure, watch: Watcher) -> Closure:
    def evaluate(environment: Environment) -> Value:
        value = closure(environment)
        watch(node, value)
        return value

    return evaluate


# ---- leaves


def _constant(_: Compiler, node: Constant) -> Closure:
    value = node.value
    return lambda _: value


def _list(compiler: Compiler, node: ListOf) -> Closure:
    items = [compiler.compile(item) for item in node.items]
    return lambda environment: tuple(item(environment) for item in items)


def _variable(compiler: Compiler, node: Variable) -> Closure:
    name = node.name
    if name in compiler.parameters:
        key = compiler.parameters[name]
        return lambda environment: environment.rows[key]
    return lambda environment: environment.variables[name]


def _binding(compiler: Compiler, node: Binding) -> Closure:
    if node.name == USER:
        return lambda environment: environment.user or NOBODY
    entity, get = node.type.entities[0], compiler.getter(node)

    def evaluate(environment: Environment) -> Ref | None:
        row = get(environment)
        return None if row is None or row.get("id") is None else Ref(entity, row["id"])

    return evaluate


def _field(compiler: Compiler, node: Field) -> Closure:
    name, get = node.name, compiler.getter(node.of)

    def evaluate(environment: Environment) -> Value:
        row = get(environment)
        return None if row is None else row[name]

    if name == "id" and node.type.kind is Kind.TEXT:
        return lambda environment: _written(evaluate(environment))
    return evaluate


def _written(value: Value) -> str | None:
    return None if value is None else str(value)


def _part(compiler: Compiler, node: Part) -> Closure:
    whole, name = compiler.compile(node.of), node.name

    def evaluate(environment: Environment) -> Value:
        value = whole(environment)
        return None if value is None else value.get(name)

    return evaluate


def _about(compiler: Compiler, node: About) -> Closure:
    get = compiler.getter(node.of)
    body = compiler.about(get, node.span).compile(node.body)
    return lambda environment: None if get(environment) is None else body(environment)


def _cast(compiler: Compiler, node: Cast) -> Closure:
    reference, entity = compiler.compile(node.of), node.entity

    def evaluate(environment: Environment) -> Ref | None:
        ref = reference(environment)
        return ref if ref is not None and ref.entity == entity else None

    return evaluate


def _setting(_: Compiler, node: Setting) -> Closure:
    app, key = node.app, node.key
    return lambda environment: environment.settings[app][key]


def _currency(_: Compiler, __: OrganisationCurrency) -> Closure:
    return lambda environment: environment.currency


def _user_zone(_: Compiler, __: UserZone) -> Closure:
    return lambda environment: environment.user_zone_name


def _teams(_: Compiler, __: UserTeams) -> Closure:
    return lambda environment: tuple(Ref("team", team) for team in environment.user_teams)


def _has_role(_: Compiler, node: HasRole) -> Closure:
    role = node.role
    return lambda environment: role in environment.roles


def _lookup(compiler: Compiler, node: Lookup) -> Closure:
    key, table = compiler.compile(node.of), dict(node.table)
    return lambda environment: table.get(key(environment))


# ---- logic


def _and(compiler: Compiler, node: And) -> Closure:
    items = [compiler.compile(item) for item in node.items]

    def evaluate(environment: Environment) -> bool | None:
        result: bool | None = True
        for item in items:
            value = item(environment)
            if value is False:
                return False
            if value is None:
                result = None
        return result

    return evaluate


def _or(compiler: Compiler, node: Or) -> Closure:
    items = [compiler.compile(item) for item in node.items]

    def evaluate(environment: Environment) -> bool | None:
        result: bool | None = False
        for item in items:
            value = item(environment)
            if value is True:
                return True
            if value is None:
                result = None
        return result

    return evaluate


def _not(compiler: Compiler, node: Not) -> Closure:
    item = compiler.compile(node.item)

    def evaluate(environment: Environment) -> bool | None:
        value = item(environment)
        return None if value is None else not value

    return evaluate


def _truth(compiler: Compiler, node: Truth) -> Closure:
    item = compiler.compile(node.item)
    return lambda environment: item(environment) is True


def _choose(compiler: Compiler, node: Choose) -> Closure:
    condition, then, otherwise = (
        compiler.compile(part) for part in (node.condition, node.then, node.otherwise)
    )
    return lambda environment: then(environment) if condition(environment) is True else otherwise(environment)


def _fallback(compiler: Compiler, node: Fallback) -> Closure:
    items = [compiler.compile(item) for item in node.items]

    def evaluate(environment: Environment) -> Value:
        for item in items:
            value = item(environment)
            if value is not None:
                return value
        return None

    return evaluate


# ---- texts, calls, collections


def _interpolation(compiler: Compiler, node: Interpolation) -> Closure:
    parts = [compiler.compile(part) for part in node.parts]
    out_of_range = _out_of_range(compiler, node)

    def evaluate(environment: Environment) -> str | None:
        values = [part(environment) for part in parts]
        try:
            return joined([printed(value, environment) for value in values if value is not None])
        except OutOfRange:
            return out_of_range()

    return evaluate


def _call(compiler: Compiler, node: Call) -> Closure:
    arguments = [compiler.compile(argument) for argument in node.arguments]
    python, context = node.form.python, node.form.context
    out_of_range = _out_of_range(compiler, node)

    def evaluate(environment: Environment) -> Value:
        values = [argument(environment) for argument in arguments]
        for value in values:
            if value is None:
                return None
        try:
            return python(environment, *values) if context else python(*values)
        except OutOfRange:
            return out_of_range()

    return evaluate


def _out_of_range(compiler: Compiler, node: Node) -> Callable[[], None]:
    """What happens when a value leaves its range: an error, or nothing where the value only filters."""
    if not compiler.raising:
        return lambda: None
    place = compiler.place or node.span
    return lambda: fail("out_of_range", "This value is too large.", compiler.source, place)


def fail(code: str, message: str, source: str, span: Span) -> None:
    """Stop an evaluation. Raises EvaluationError."""
    line, column = line_and_column(source, span.start)
    raise EvaluationError(code, message, line, column)


def _apply(compiler: Compiler, node: Apply) -> Closure:
    arguments = [compiler.compile(argument) for argument in node.arguments]
    keys = [f"#{node.name}.{parameter}" for parameter in node.parameters]
    body = compiler.within(dict(zip(node.parameters, keys, strict=True)), node.span).compile(node.body)

    def evaluate(environment: Environment) -> Value:
        values = [argument(environment) for argument in arguments]
        for key, value in zip(keys, values, strict=True):
            environment.rows[key] = value
        return body(environment)

    return evaluate


def _aggregate(compiler: Compiler, node: Aggregate) -> Closure:
    collection = node.collection
    of = compiler.compile(collection.of) if collection.of is not None else None
    where = compiler.compile(collection.where) if collection.where is not None else None
    keys = [(compiler.compile(key.value), key.descending) for key in collection.order]
    value = compiler.compile(node.value) if node.value is not None else _binding(compiler, _row_of(node))
    value = _as_decimal(value) if node.gather is Gather.SUM and node.type.kind is not Kind.INTEGER else value
    separator = compiler.compile(node.separator) if node.separator is not None else None
    gather = gathered(node.gather, collection, where, keys, value=value, separator=separator)
    source, out_of_range = collection.source, _out_of_range(compiler, node)

    def evaluate(environment: Environment) -> Value:
        owner = of(environment) if of is not None else None
        missing = of is not None and owner is None
        rows = () if missing else environment.related.collection(source, owner)
        try:
            return gather(environment, rows)
        except OutOfRange:
            return out_of_range()

    return evaluate


def _as_decimal(value: Closure) -> Closure:
    """Values of a decimal type; one that came from an integer may be an `int`, which has a narrower range."""

    def evaluate(environment: Environment) -> Decimal | None:
        found = value(environment)
        return None if found is None else Decimal(found)

    return evaluate


def _row_of(node: Aggregate) -> Binding:
    collection = node.collection
    return Binding(reference(collection.source.entity), collection.span, collection.binding)


_COMPILERS: dict[type[Node], Callable[[Compiler, Any], Closure]] = {
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
    **comparing.COMPILERS,
    Interpolation: _interpolation,
    Call: _call,
    Apply: _apply,
    Aggregate: _aggregate,
}
