"""What messages of rules tell the caller: a value in a message that the caller may not read is shown as “…”.

Rules judge with the rights of the system, whoever saves. A value of the record that is saved is told by the
rights on it, and if the caller has sent it; one of other records only where all of them may be read.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from fieldstone.access.grants import access
from fieldstone.records.caller_rights import CallerRights
from fieldstone_rules import Expression
from fieldstone_rules.reading import fields_read, reaches_beyond
from fieldstone_rules.rule_files.declarations import Trigger, Validation
from fieldstone_rules.rule_files.dependencies import parts
from fieldstone_rules.tree import OLD, Binding, Constant, Interpolation, Node, Variable, walk
from fieldstone_rules.types import Kind, simple

if TYPE_CHECKING:
    from fieldstone.records.batch import Batch, Item

UNTOLD = "…"
_TEXT = simple(Kind.TEXT, nullable=False)
_Read = tuple[str, str]


class Telling:
    """What the caller of a save may be told by the messages of one rule."""

    def __init__(self, batch: Batch, rule: Trigger | Validation) -> None:
        self._batch = batch
        self._rule = rule
        acting = batch.context.acting or batch.context.principal
        self._context = replace(batch.context, principal=acting, acting=None)
        self._rights = CallerRights(self._context, batch.entity)

    def told(self, item: Item, message: Expression) -> Expression:
        """A message, which is a text with values in it, as the caller may have it."""
        if not isinstance(message.tree, Interpolation):
            return message
        parts_of = message.tree.parts
        hidden = frozenset(at for at, part in enumerate(parts_of) if not self._shows(item, part))
        return self._without(message, message.tree, hidden) if hidden else message

    def _without(self, message: Expression, tree: Interpolation, hidden: frozenset[int]) -> Expression:
        """The message without the values in these places; the same one each time, as it is compiled once."""
        key = (__name__, message, hidden)
        if key not in self._batch.model.cache:
            shown = tuple(_untold(part) if at in hidden else part for at, part in enumerate(tree.parts))
            self._batch.model.cache[key] = replace(message, tree=replace(tree, parts=shown))
        found: Expression = self._batch.model.cache[key]
        return found

    def _shows(self, item: Item, node: Node) -> bool:
        """Whether the caller may read everything that a part of a message is made of."""
        own = not reaches_beyond(node)
        if not all(self._may_read(item, node, read, own=own) for read in fields_read(node)):
            return False
        follows = any(isinstance(part, Variable) for part in walk(node))
        return not follows or all(self._always(read) for read in self._read_by_rule)

    def _may_read(self, item: Item, node: Node, read: _Read, *, own: bool) -> bool:
        entity, name = read
        if self._always(read):
            return True
        if not own or entity != self._batch.entity.name:
            return False
        sent = name in item.sent and self._batch.context.acting is None
        return (sent and not _reads_old(node)) or self._may_read_own(item, name)

    def _may_read_own(self, item: Item, name: str) -> bool:
        """Whether a field may be read in the record as it is stored and as it would be."""
        states = [(self._batch.wanted, item.new or item.old), (self._batch.stored, item.old)]
        return all(
            self._rights.may("read", judge, state) and self._rights.may_field("read", name, judge, state)
            for judge, state in states
            if state
        )

    def _always(self, read: _Read) -> bool:
        entity, name = read
        granted = access(self._context.model, self._context.principal, entity)
        return granted.read.constant is True and granted.field_read(name).constant is True

    @cached_property
    def _read_by_rule(self) -> frozenset[_Read]:
        """All that the rule reads: a variable may come from any of it."""
        trees = (part.tree for part in parts(self._rule) if isinstance(part, Expression))
        return frozenset().union(*map(fields_read, trees))


def _reads_old(node: Node) -> bool:
    return any(isinstance(part, Binding) and part.name == OLD for part in walk(node))


def _untold(part: Node) -> Constant:
    return Constant(_TEXT, part.span, UNTOLD)
