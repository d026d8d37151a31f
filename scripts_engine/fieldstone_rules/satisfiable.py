"""Conditions that can never hold, or always do: found by following what each part says of each field.

A condition is cut into ways in which it can come out true, false or unknown; a way with two statements about
a field that exclude each other is no way. What is not understood is taken to be possible, so a report is
certain. A field counts as possibly null even where it is required: triggers run before that is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import combinations

from fieldstone_rules.closures import Compiler
from fieldstone_rules.domains import NOTHING_KNOWN, ORDERED, Domain, State, Term
from fieldstone_rules.environment import Environment, Value
from fieldstone_rules.errors import EvaluationError
from fieldstone_rules.reading import is_constant
from fieldstone_rules.tree import (
    About,
    Aggregate,
    And,
    Apply,
    Between,
    Binding,
    Call,
    Choose,
    Collection,
    Compare,
    Constant,
    Equal,
    Field,
    HasRole,
    ListOf,
    Node,
    Not,
    Or,
    Part,
    Truth,
    Variable,
    Within,
    children,
    walk,
)
from fieldstone_rules.types import Kind

_MOST_WAYS = 64
_MOST_PAIRED = 30
_MOST_UNDECIDED = 4
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


class Outcome(Enum):
    """How a condition comes out."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


T, F, N = Outcome.TRUE, Outcome.FALSE, Outcome.UNKNOWN
States = list[State]


@dataclass(frozen=True)
class Finding:
    """A condition that is certain to come out one way. clash: the two parts that exclude each other, if two
    do.
    """

    node: Node
    clash: tuple[Node, Node] | None = None


class _TooMany(Exception):
    """There are more ways than are followed."""


@dataclass
class Effort:
    """How many more steps are taken before a condition is left alone."""

    left: int = 10_000

    def spend(self, steps: int) -> None:
        """Take some steps. Raises _TooMany when there are none left."""
        self.left -= steps
        if self.left < 0:
            raise _TooMany


@dataclass(frozen=True)
class Facts:
    """What is known before a condition is asked. parameters: of the function whose body it is."""

    states: tuple[State, ...] = (NOTHING_KNOWN,)
    parameters: Mapping[str, Node] = field(default_factory=dict)
    effort: Effort = field(default_factory=Effort)


def stated(term: Term, values: Iterable[Value], facts: Facts) -> Facts:
    """The facts with a term having one of some values."""
    allowed = frozenset(values)
    known = (state.knowing(term, state.of(term, Domain()).among(allowed)) for state in facts.states)
    return replace(facts, states=tuple(state for state in known if state is not None))


def after(condition: Node, facts: Facts) -> Facts:
    """What is known where a condition is true; nothing more where it never is."""
    return replace(facts, states=tuple(_ways(condition, T, facts)) or facts.states)


def never(condition: Node, facts: Facts) -> Iterator[Finding]:
    """The parts of a condition that can never be true where they would have to be, the widest each."""
    if not _ways(condition, T, facts):
        yield _reason(condition, facts)
    elif isinstance(condition, Or):
        for item in condition.items:
            if not isinstance(item, Constant):
                yield from never(item, facts)


def always(condition: Node, facts: Facts) -> bool:
    """Whether a condition is true of every record."""
    return not _ways(condition, F, facts) and not _ways(condition, N, facts)


def inner_conditions(node: Node) -> Iterator[Node]:
    """The conditions inside an expression: those of `if` and of collections, as they stand in its text."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Choose):
            yield part.condition
        if isinstance(part, Collection) and part.where is not None:
            yield part.where
        if isinstance(part, About):
            waiting.append(part.of)
        elif isinstance(part, Apply):
            waiting += part.arguments
        else:
            waiting += children(part)


def _reason(condition: Node, facts: Facts) -> Finding:
    if isinstance(condition, And):
        for item in condition.items:
            if not _ways(item, T, facts):
                return _reason(item, facts)
        for one, other in combinations(condition.items[:_MOST_PAIRED], 2):
            if not _all(((one, T), (other, T)), facts):
                return Finding(condition, (one, other))
    return Finding(condition)


# ---- ways


def _ways(node: Node, wanted: Outcome, facts: Facts) -> States:
    """The states in which a condition comes out as wanted; those that were given if there are too many."""
    try:
        return _states(node, wanted, list(facts.states), facts)
    except _TooMany:
        return list(facts.states)


def _all(parts: Sequence[tuple[Node, Outcome]], facts: Facts) -> States:
    try:
        return _each(parts, list(facts.states), facts)
    except _TooMany:
        return list(facts.states)


def _states(node: Node, wanted: Outcome, states: States, facts: Facts) -> States:
    if not states:
        return []
    facts.effort.spend(len(states))
    follow = _FOLLOW.get(type(node), _opaque)
    found = follow(node, wanted, states, facts)
    if len(found) > _MOST_WAYS:
        raise _TooMany
    return found


def _each(parts: Sequence[tuple[Node, Outcome]], states: States, facts: Facts) -> States:
    """The states in which all parts come out as wanted."""
    for part, wanted in parts:
        states = _states(part, wanted, states, facts)
    return states


def _either(ways: Iterable[Sequence[tuple[Node, Outcome]]], states: States, facts: Facts) -> States:
    return [state for way in ways for state in _each(way, states, facts)]


def _opaque(node: Node, wanted: Outcome, states: States, facts: Facts) -> States:
    """A condition about one term, or one that is not understood."""
    if is_constant(node):
        value = _value(node, facts)
        known = value is not _UNSURE
        return states if not known or _outcome(value) is wanted else []
    term = _term(node, facts)
    if term is not None and node.type.kind is Kind.BOOLEAN:
        values = frozenset({None if wanted is N else wanted is T})
        return _narrowed(node, term, states, lambda domain: domain.among(values))
    certain = isinstance(node, HasRole | Aggregate) and not node.type.nullable
    return [] if wanted is N and certain else states


def _outcome(value: Value) -> Outcome:
    return N if value is None else T if value is True else F


def _and(node: And, wanted: Outcome, states: States, facts: Facts) -> States:
    return _joined(node.items, wanted, F, states, facts)


def _or(node: Or, wanted: Outcome, states: States, facts: Facts) -> States:
    return _joined(node.items, wanted, T, states, facts)


def _joined(
    items: Sequence[Node], wanted: Outcome, deciding: Outcome, states: States, facts: Facts
) -> States:
    """`and` (decided by one false) or `or` (decided by one true)."""
    if wanted is N:
        return [state for item in items for state in _undecided(items, item, deciding, states, facts)]
    if wanted is deciding:
        return _either([((item, wanted),) for item in items], states, facts)
    return _each([(item, wanted) for item in items], states, facts)


def _undecided(
    items: Sequence[Node], unknown: Node, deciding: Outcome, states: States, facts: Facts
) -> States:
    """The states in which one part is unknown and no other decides; of many parts, only the one is asked."""
    states = _states(unknown, N, states, facts)
    for item in items if len(items) <= _MOST_UNDECIDED else ():
        if item is not unknown:
            ways = [((item, way),) for way in (N, F if deciding is T else T)]
            states = _either(ways, states, facts)
    return states


def _not(node: Not, wanted: Outcome, states: States, facts: Facts) -> States:
    return _states(node.item, {T: F, F: T, N: N}[wanted], states, facts)


def _truth(node: Truth, wanted: Outcome, states: States, facts: Facts) -> States:
    ways = {T: [T], F: [F, N], N: []}[wanted]
    return _either([((node.item, way),) for way in ways], states, facts)


def _choose(node: Choose, wanted: Outcome, states: States, facts: Facts) -> States:
    ways = [
        ((node.condition, T), (node.then, wanted)),
        ((node.condition, F), (node.otherwise, wanted)),
        ((node.condition, N), (node.otherwise, wanted)),
    ]
    return _either(ways, states, facts)


def _apply(node: Apply, wanted: Outcome, states: States, facts: Facts) -> States:
    """The body of a function, whose parameters stand for the arguments if those are terms themselves."""
    given = dict(zip(node.parameters, node.arguments, strict=True))
    if any(isinstance(part, Variable | Apply) for argument in given.values() for part in walk(argument)):
        return states
    return _states(node.body, wanted, states, replace(facts, parameters=given))


# ---- comparisons


def _equal(node: Equal, wanted: Outcome, states: States, facts: Facts) -> States:
    if wanted is N:
        return []
    same = _term(node.left, facts)
    if same is not None and same == _term(node.right, facts):
        return states if wanted is T else []
    compared = _with_value(node.left, node.right, facts)
    if compared is None:
        return _opaque(node, wanted, states, facts)
    item, term, value, _ = compared
    values = frozenset({value})
    return _narrowed(
        item, term, states, lambda domain: domain.among(values) if wanted is T else domain.outside(values)
    )


def _compare(node: Compare, wanted: Outcome, states: States, facts: Facts) -> States:
    compared = _with_value(node.left, node.right, facts)
    if compared is None:
        return _same_compared(node, wanted, states, facts)
    item, term, value, flipped = compared
    if value is None:
        return states if wanted is N else []
    if wanted is N:
        return _narrowed(item, term, states, Domain.absent)
    if item.type.kind not in ORDERED:
        return states
    operator = _FLIPPED[node.operator] if flipped else node.operator
    operator = operator if wanted is T else _OPPOSITE[operator]
    return _narrowed(item, term, states, lambda domain: domain.compared(operator, value))


def _same_compared(node: Compare, wanted: Outcome, states: States, facts: Facts) -> States:
    """`a < a` is never true and `a <= a` never false."""
    term = _term(node.left, facts)
    if term is None or term != _term(node.right, facts):
        return _opaque(node, wanted, states, facts)
    impossible = T if node.operator in ("<", ">") else F
    return [] if wanted is impossible else states


def _between(node: Between, wanted: Outcome, states: States, facts: Facts) -> States:
    low = Compare(node.type, node.span, ">=", node.item, node.low)
    high = Compare(node.type, node.span, "<=", node.item, node.high)
    return _states(And(node.type, node.span, (low, high)), wanted, states, facts)


def _within(node: Within, wanted: Outcome, states: States, facts: Facts) -> States:
    if wanted is N:
        return []
    term, items = _term(node.item, facts), node.items
    if term is None or not isinstance(items, ListOf):
        return _opaque(node, wanted, states, facts)
    listed = [_value(item, facts) for item in items.items]
    if any(value is _UNSURE for value in listed):
        return states
    values = frozenset(listed)
    return _narrowed(
        node.item,
        term,
        states,
        lambda domain: domain.among(values) if wanted is T else domain.outside(values),
    )


def _with_value(left: Node, right: Node, facts: Facts) -> tuple[Node, Term, Value, bool] | None:
    """A term that is compared with a value, and whether it stands on the right; None for anything else."""
    for item, other, flipped in ((left, right, False), (right, left, True)):
        term = _term(item, facts)
        value = _value(other, facts) if term is not None else _UNSURE
        if term is not None and value is not _UNSURE:
            return item, term, value, flipped
    return None


# ---- terms and values

_UNSURE = object()
_VARIABLE = "#variable"


def _value(node: Node, facts: Facts) -> Value:
    """The value of what depends on nothing; _UNSURE for anything else."""
    if isinstance(node, Constant):
        return node.value
    zoned = any(isinstance(part, Call) and part.form.context for part in walk(node))
    if facts.parameters or zoned or not is_constant(node):
        return _UNSURE
    try:
        value = Compiler().compile(node)(Environment())
        hash(value)
    except (EvaluationError, TypeError):
        return _UNSURE
    return value


def _term(node: Node, facts: Facts) -> Term | None:
    """What tells a field of a record, a variable or the record itself from all others."""
    if isinstance(node, Field | Part):
        before = _term(node.of, facts)
        return None if before is None else (*before, node.name)
    if isinstance(node, Binding):
        return (node.name,)
    if isinstance(node, Variable):
        given = facts.parameters.get(node.name)
        return (_VARIABLE, node.name) if given is None else _term(given, replace(facts, parameters={}))
    return None


def _narrowed(node: Node, term: Term, states: States, narrow: Callable[[Domain], Domain]) -> States:
    """The states in which a term has fewer values; what is reached through null is null."""
    found: States = []
    for state in states:
        domain = narrow(state.of(term, _domain(node)))
        narrowed = state.knowing(term, domain)
        if narrowed is not None and not domain.null:
            narrowed = _reached(narrowed, term)
        found += [narrowed] if narrowed is not None else []
    return found


def _reached(state: State, term: Term) -> State | None:
    """The state in which the references that lead to a present value are present."""
    reached: State | None = state
    for length in range(2 if term[0] == _VARIABLE else 1, len(term)):
        if reached is not None:
            reached = reached.knowing(term[:length], reached.of(term[:length], Domain()).present())
    return reached


def _domain(node: Node) -> Domain:
    """The values of a term of which nothing is known yet."""
    kind = node.type.kind
    if kind is Kind.BOOLEAN:
        return Domain(only=frozenset({True, False}))
    if kind is Kind.CHOICE and node.type.options:
        return Domain(only=frozenset(node.type.options))
    return Domain(whole=kind is Kind.INTEGER)


_FOLLOW: dict[type[Node], Callable[..., States]] = {
    And: _and,
    Or: _or,
    Not: _not,
    Truth: _truth,
    Choose: _choose,
    Apply: _apply,
    Equal: _equal,
    Compare: _compare,
    Between: _between,
    Within: _within,
}
