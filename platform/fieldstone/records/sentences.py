"""Conditions as plain sentences: `owner == user` is “You are its owner”."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fieldstone.model.model import Entity, Model
from fieldstone.records.labels import entity_label, field_label, text_of
from fieldstone_rules.tree import (
    RECORD,
    USER,
    And,
    Between,
    Binding,
    Cast,
    Compare,
    Constant,
    Equal,
    Field,
    HasRole,
    ListOf,
    Node,
    Not,
    Or,
    Truth,
    UserTeams,
    Within,
)
from fieldstone_rules.types import Kind

ORDER = {
    ">": ("is above", "is not above"),
    ">=": ("is at least", "is less than"),
    "<": ("is below", "is not below"),
    "<=": ("is at most", "is more than"),
}
CLOCK = {
    ">": ("is after", "is not after"),
    ">=": ("is not before", "is before"),
    "<": ("is before", "is not before"),
    "<=": ("is not after", "is after"),
}
TIMES = frozenset({Kind.DATE, Kind.DATETIME, Kind.TIME})


@dataclass(frozen=True)
class Teller:
    """Says conditions about records of one entity. you: to the user whom they are about, or about “the user”.

    source: of the expression whose parts are told; what has no sentence is shown as it is written there.
    """

    model: Model
    entity: Entity
    locale: str
    source: str
    you: bool = True

    def tell(self, node: Node, *, holds: bool = True) -> str:
        """A sentence that says that a condition holds, or that it does not; without a full stop."""
        if isinstance(node, Not):
            return self.tell(node.item, holds=not holds)
        if isinstance(node, Truth):
            return self.tell(node.item, holds=holds)
        if isinstance(node, And | Or):
            return self._joined(node, holds=holds)
        return self._about_user(node, holds=holds) or self._about_record(node, holds=holds)

    # -- conditions about who asks

    def _about_user(self, node: Node, *, holds: bool) -> str | None:
        be = ("are" if holds else "are not") if self.you else ("is" if holds else "is not")
        who = "You" if self.you else "The user"
        if isinstance(node, HasRole):
            role = self.model.roles.get(node.role)
            label = text_of(role.label, self.locale) if role is not None else node.role
            return f"{who} {self._verb('hold', holds=holds)} the role {label}"
        if isinstance(node, Equal):
            other = _other_than_user(node)
            thing = self._thing(other) if other is not None else None
            return f"{who} {be} {thing}" if thing else None
        if isinstance(node, Within) and isinstance(node.items, UserTeams):
            return self._team(node.item, holds=holds)
        return None

    def _verb(self, verb: str, *, holds: bool) -> str:
        if holds:
            return verb if self.you else f"{verb}s"
        return f"{'do' if self.you else 'does'} not {verb}"

    def _team(self, item: Node, *, holds: bool) -> str | None:
        whose = "your teams" if self.you else "the user's teams"
        among = f"one of {whose}" if holds else f"none of {whose}"
        if is_own(item, "team"):
            return f"It belongs to {among}"
        thing = self._thing(item)
        return f"{thing[:1].upper()}{thing[1:]} is {among}" if thing else None

    def _thing(self, node: Node) -> str | None:
        """`owner.manager` as “its owner's manager”."""
        if isinstance(node, Cast):
            return self._thing(node.of)
        if isinstance(node, Binding):
            return f"this {entity_label(self.entity, self.locale).lower()}" if node.name == RECORD else None
        label = self._label(node)
        if label is None or not isinstance(node, Field):
            return None
        name = label if label[1:2].isupper() else label[:1].lower() + label[1:]
        if isinstance(node.of, Binding):
            return f"its {name}" if node.of.name == RECORD else None
        before = self._thing(node.of)
        return f"{before}'s {name}" if before else None

    # -- conditions about the record

    def _about_record(self, node: Node, *, holds: bool) -> str:
        told = None
        if isinstance(node, Equal):
            told = self._equal(node, holds=holds)
        elif isinstance(node, Compare):
            words = (CLOCK if node.left.type.kind in TIMES else ORDER)[node.operator][0 if holds else 1]
            told = self._said(self._subject(node.left), words, self._object(node.right))
        elif isinstance(node, Between):
            low, high = self._object(node.low), self._object(node.high)
            between = f"{low} and {high}" if low and high else None
            told = self._said(self._subject(node.item), f"is{_no(holds)} between", between)
        elif isinstance(node, Within):
            told = self._within(node, holds=holds)
        elif isinstance(node, Field) and node.type.kind is Kind.BOOLEAN:
            told = self._said(self._subject(node), "is", "yes" if holds else "not yes")
        return told or self._as_written(node, holds=holds)

    def _equal(self, node: Equal, *, holds: bool) -> str | None:
        left, right = (node.right, node.left) if isinstance(node.left, Constant) else (node.left, node.right)
        if isinstance(right, Constant) and right.value is None:
            return self._said(self._subject(left), "is", "empty" if holds else "filled in")
        return self._said(self._subject(left), f"is{_no(holds)}", self._object(right, left))

    def _within(self, node: Within, *, holds: bool) -> str | None:
        if not isinstance(node.items, ListOf):
            return None
        items = [self._object(item, node.item) for item in node.items.items]
        known = [item for item in items if item is not None]
        if len(known) < len(items) or not known:
            return None
        words = "is" if holds else "is neither" if len(known) == 2 else "is none of"
        return self._said(
            self._subject(node.item),
            words if len(known) > 1 else f"is{_no(holds)}",
            _listed(known, "or" if holds or len(known) != 2 else "nor"),
        )

    def _subject(self, node: Node) -> str | None:
        label = self._label(node)
        if label is None or not isinstance(node, Field):
            return None
        if isinstance(node.of, Binding) and node.of.name == RECORD:
            return f"“{label}”"
        before = self._subject(node.of) if not isinstance(node.of, Binding) else None
        return f"{before} “{label}”" if before else None

    def _object(self, node: Node, other: Node | None = None) -> str | None:
        """What something is compared with: a value, or another field."""
        if not isinstance(node, Constant):
            return self._subject(node)
        if isinstance(node.value, bool):
            return "yes" if node.value else "no"
        if isinstance(node.value, str):
            return self._option(node.value, other)
        return None if node.value is None else str(node.value)

    def _option(self, value: str, other: Node | None) -> str:
        """The label of a choice, or a text in quotes."""
        if not isinstance(other, Field) or other.type.kind is not Kind.CHOICE:
            return f"“{value}”"
        owner = self.model.entities[other.entity]
        workflow = owner.workflow
        if workflow is not None and workflow.field == other.name and value in workflow.states:
            return text_of(workflow.states[value].label, self.locale)
        field = owner.field(other.name)
        options = field.declaration.choices if field is not None else ()
        return next((text_of(o.label, self.locale) for o in options if o.value == value), value)

    def _label(self, node: Node) -> str | None:
        if not isinstance(node, Field) or node.entity not in self.model.entities:
            return None
        field = self.model.entities[node.entity].field(node.name)
        return field_label(field, self.locale) if field is not None else None

    def _joined(self, node: And | Or, *, holds: bool) -> str:
        word = "and" if isinstance(node, And) is holds else "or"
        parts = [self.tell(item, holds=holds) for item in node.items]
        return f", {word} ".join([parts[0], *(continued(part) for part in parts[1:])])

    def _said(self, subject: str | None, words: str, thing: str | None) -> str | None:
        return f"{subject} {words} {thing}" if subject and thing else None

    def _as_written(self, node: Node, *, holds: bool) -> str:
        written = self.source[node.span.start : node.span.end].strip() or self.source
        return written if holds else f"Not: {written}"


def _other_than_user(node: Equal) -> Node | None:
    for one, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(one, Binding) and one.name == USER:
            return other
    return None


def is_own(node: Node, name: str) -> bool:
    """Whether a node is the record's field `name`."""
    return (
        isinstance(node, Field)
        and node.name == name
        and isinstance(node.of, Binding)
        and node.of.name == RECORD
    )


def _no(holds: bool) -> str:
    return "" if holds else " not"


def _listed(items: Sequence[str], word: str) -> str:
    return f"{', '.join(items[:-1])} {word} {items[-1]}" if len(items) > 1 else items[0]


def continued(sentence: str) -> str:
    """A sentence as the continuation of another: its own words begin without a capital."""
    own = sentence.startswith(("You ", "It ", "The ", "Its "))
    return f"{sentence[:1].lower()}{sentence[1:]}" if own else sentence
