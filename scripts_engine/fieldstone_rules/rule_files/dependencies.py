"""What a rule reads and writes: the index behind "where is this field used" and behind the static checks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fieldstone_rules.expression import Expression
from fieldstone_rules.rule_files.actions import TRANSITION
from fieldstone_rules.rule_files.declarations import (
    Assign,
    Create,
    Declaration,
    Delete,
    Do,
    Statement,
    Update,
)

EntityField = tuple[str, str]


@dataclass(frozen=True)
class Dependencies:
    """reads: (entity, field). own: fields of its own record that it sets. sets: (entity, field) on others.

    creates, deletes: entities. transitions: (entity, transition).
    """

    reads: frozenset[EntityField]
    own: frozenset[str]
    sets: frozenset[EntityField]
    creates: frozenset[str]
    deletes: frozenset[str]
    transitions: frozenset[EntityField]

    @property
    def written(self) -> frozenset[str]:
        """The entities of which it creates, changes or deletes other records than its own."""
        changed = (entity for entity, _ in self.sets | self.transitions)
        return self.creates | self.deletes | frozenset(changed)


def dependencies(declaration: Declaration) -> Dependencies:
    """What a declaration reads and writes."""
    expressions = [part for part in parts(declaration) if isinstance(part, Expression)]
    statements = [part for part in parts(declaration) if isinstance(part, Statement)]
    return Dependencies(
        reads=frozenset().union(*(expression.reads for expression in expressions)),
        own=frozenset(s.field for s in statements if isinstance(s, Assign) and s.record is None),
        sets=frozenset(pair for statement in statements for pair in _sets(statement)),
        creates=frozenset(s.entity for s in statements if isinstance(s, Create)),
        deletes=frozenset(s.entity for s in statements if isinstance(s, Delete)),
        transitions=frozenset(pair for statement in statements for pair in _transitions(statement)),
    )


def _sets(statement: Statement) -> Iterator[EntityField]:
    if isinstance(statement, Assign) and statement.record is not None:
        yield statement.entity, statement.field
    elif isinstance(statement, Update):
        yield from ((statement.entity, name) for name in statement.values)


def _transitions(statement: Statement) -> Iterator[EntityField]:
    if isinstance(statement, Do) and statement.action == TRANSITION:
        record = statement.arguments.get("record")
        if record is not None and record.type.entities:
            yield record.type.entities[0], statement.names.get("name", "")


def parts(value: object) -> Iterator[object]:
    """The expressions and statements in a declaration, at any depth."""
    if isinstance(value, Expression):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from parts(item)
    elif isinstance(value, Mapping):
        yield from parts(tuple(value.values()))
    else:
        if isinstance(value, Statement):
            yield value
        for name in _attributes(type(value)):
            yield from parts(getattr(value, name))


def _attributes(kind: type[object]) -> tuple[str, ...]:
    """The attributes of a kind of declaration or statement; none of other things."""
    if kind not in _KNOWN:
        own = kind.__module__.endswith("rule_files.declarations")
        entries = dataclasses.fields(kind) if own and dataclasses.is_dataclass(kind) else ()
        _KNOWN[kind] = tuple(entry.name for entry in entries)
    return _KNOWN[kind]


_KNOWN: dict[type[object], tuple[str, ...]] = {}
