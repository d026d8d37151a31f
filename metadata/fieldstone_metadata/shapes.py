"""The outline of entities: fields with their types, choices and targets, and
the inverses, before any expression.

Expressions are checked against outlines, because they may name any field of any entity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from fieldstone_metadata.declarations import Option
from fieldstone_metadata.documents import Document
from fieldstone_metadata.field_types import TEXT_TYPES, FieldTypeDeclaration
from fieldstone_metadata.nodes import Node
from fieldstone_metadata.plain_values import TypeDetails
from fieldstone_rules import types
from fieldstone_rules.schema import InverseSchema, Through
from fieldstone_rules.types import Kind, Type

States = Mapping[str, Mapping[str, object]]
"""State → attribute → plain value."""


@dataclass
class FieldShape:
    """A field's outline. states: of the field under a workflow. nullable: whether null may be stored.

    through: the entity of the links, of a many-to-many whose links are records.
    """

    name: str
    node: Node = field(compare=False)  # it is the same where the document is
    declared: FieldTypeDeclaration
    details: TypeDetails
    choices: tuple[Option, ...] = ()
    states: States = field(default_factory=dict)
    nullable: bool = True
    initial: str | None = None
    through: Through | None = None

    @property
    def cascades(self) -> bool:
        """Whether the record goes to the recycle bin with the one that this refers to."""
        return self.node.plain("owned") is True or self.node.plain("on_delete") == "cascade"

    @property
    def rule_type(self) -> Type:
        """What expressions see; of a formula the type of its expression is asked for instead."""
        found = self.declared.rule_type(self.details)
        if found.kind is Kind.CHOICE and self.states:
            found = types.choice(found.options, attribute_types(self.states))
        return found.optional() if self.nullable and found.kind is not Kind.COLLECTION else found.required()


@dataclass
class EntityShape:
    """An entity's outline. shared_money: whether what lives inside its records has amounts.

    links: the pairs of references that make its records the links of many-to-many fields.
    """

    document: Document
    owner: bool
    activities: bool
    fields: dict[str, FieldShape] = field(default_factory=dict)
    inverses: dict[str, InverseSchema] = field(default_factory=dict)
    unsound: set[str] = field(default_factory=set)
    shared_money: bool = False
    links: list[tuple[str, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The entity's name."""
        return self.document.name

    @cached_property
    def owned(self) -> list[FieldShape]:
        """The references that say that its records live inside others: one at most, if it is sound. Asked for
        once all fields are there.
        """
        return [field for field in self.fields.values() if field.node.plain("owned") is True]

    @property
    def has_money(self) -> bool:
        """Whether its records have amounts of their own."""
        return any(shape.declared.name == "money" for shape in self.fields.values())

    def title_source(self) -> str | None:
        """The expression that names a record: declared, or the first text field; None if there is none."""
        declared = self.document.root.plain("title")
        if declared is not None:
            return str(declared)
        for types_ in ({"text", _PERSON_NAME}, TEXT_TYPES):
            for name, shape in self.fields.items():
                if shape.declared.name in types_:
                    return f"{name}.text" if shape.declared.name == _PERSON_NAME else name
        return None

    def system_types(self) -> dict[str, Type]:
        """The fields that the platform adds to this entity."""
        money = self.has_money or self.shared_money
        return {
            name: rule_type
            for name, rule_type in SYSTEM_FIELDS.items()
            if (self.owner or name not in _OWNED) and (money or name != "currency")
        }


def same_outline(one: EntityShape, other: EntityShape) -> bool:
    """Whether everything that is made of one of two outlines would be made of the other."""
    fields, others = one.fields, other.fields
    return (
        one.document.root is other.document.root
        and (one.owner, one.activities, one.shared_money)
        == (other.owner, other.activities, other.shared_money)
        and (one.inverses, one.unsound, one.links) == (other.inverses, other.unsound, other.links)
        and list(one.inverses) == list(other.inverses)
        and list(fields) == list(others)
        and all(_same_field(field, others[name]) for name, field in fields.items())
    )


def _same_field(one: FieldShape, other: FieldShape) -> bool:
    """The order counts as well in what comes from other documents: workflows and sets of options."""
    if one is other:
        return True
    elsewhere = bool(one.states) or "option_set" in one.node.value
    return one == other and (not elsewhere or _in_order(one) == _in_order(other))


def _in_order(field: FieldShape) -> str:
    return f"{field.choices} {field.states}"


def ways_out(shape: EntityShape, entities: Mapping[str, EntityShape]) -> list[str]:
    """The entities around the records of `shape`, the nearest first; it ends where a name comes again."""
    found: list[str] = []
    at = shape
    while at.owned and at.owned[0].details.entities:
        name = at.owned[0].details.entities[0]
        found.append(name)
        if name == shape.name or name in found[:-1]:
            break
        at = entities[name]
    return found


_OWNED = frozenset({"owner", "team"})
_PERSON_NAME = "person_name"

SYSTEM_FIELDS: Mapping[str, Type] = {
    "id": types.simple(Kind.TEXT, nullable=False),
    "owner": types.reference("user"),
    "team": types.reference("team"),
    "currency": types.simple(Kind.TEXT, nullable=False),
    "created_at": types.simple(Kind.DATETIME, nullable=False),
    "created_by": types.reference("user"),
    "updated_at": types.simple(Kind.DATETIME, nullable=False),
    "updated_by": types.reference("user"),
    "version": types.simple(Kind.INTEGER, nullable=False),
    "deleted_at": types.simple(Kind.DATETIME),
}
"""The fields of every entity: `owner` and `team` only with `owner: true`, `currency` only with money."""


def attribute_types(states: States) -> Mapping[str, Type]:
    """The type of each attribute of a workflow's states; nullable where a state lacks it."""
    names = {name: None for attributes in states.values() for name in attributes}
    return {name: _attribute_type([attributes.get(name) for attributes in states.values()]) for name in names}


def _attribute_type(values: list[object]) -> Type:
    kinds = {_kind_of(value) for value in values if value is not None}
    kind = (
        kinds.pop()
        if len(kinds) == 1
        else Kind.DECIMAL
        if kinds <= {Kind.INTEGER, Kind.DECIMAL}
        else Kind.TEXT
    )
    return types.simple(kind, nullable=None in values)


def _kind_of(value: object) -> Kind:
    if isinstance(value, bool):
        return Kind.BOOLEAN
    if isinstance(value, int):
        return Kind.INTEGER
    return Kind.TEXT if isinstance(value, str) else Kind.DECIMAL
