"""What the rule language has to be told about the world: entities, their fields, and settings.

The language knows no metadata files. Whoever uses it hands in a `Schema`, and it sees records only through
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fieldstone_rules.types import Type

BASE_SUFFIX = "__base"
"""Behind the name of a field: its amount in the organisation's currency. No document can declare such a
name.
"""


@dataclass(frozen=True)
class Through:
    """The entity whose records are the links of a many-to-many, instead of the pairs of a link table.

    near: its reference to the record that has the collection. far: its reference to the records in it.
    with_near, with_far: it goes to the recycle bin with the record on that side.
    """

    entity: str
    near: str
    far: str
    with_near: bool = False
    with_far: bool = False

    @property
    def turned(self) -> Through:
        """The same seen from the other side."""
        return Through(self.entity, self.far, self.near, self.with_far, self.with_near)


@dataclass(frozen=True)
class FieldSchema:
    """A field as an expression sees it.

    expression: the source of an unstored formula, which is computed where it is read.
    states: for a choice under a workflow, state → attribute → plain value (`stage.probability`).
    secret: may not occur in expressions.
    converted: of money, records have the amount in the organisation's currency too, as `<name>__base`.
    through: of a many-to-many, the entity of its links, if it is a declared one.
    """

    name: str
    type: Type
    expression: str | None = None
    states: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    secret: bool = False
    converted: bool = False
    through: Through | None = None


@dataclass(frozen=True)
class InverseSchema:
    """A collection of related records: those of `entity` whose reference `field` names this record.

    many: the field is a many-to-many (`references`), so the pairs are kept in a link table, or are the
    records of the entity `through`. owned: the records live inside this one and share its currency. along:
    they (or their links) go to the recycle bin with this one, and still belong to it there.
    """

    name: str
    entity: str
    field: str
    many: bool = False
    owned: bool = False
    through: Through | None = None
    along: bool = False


@dataclass(frozen=True)
class EntitySchema:
    """An entity as an expression sees it, with the fields that every table has (`id`, `owner`,
    `created_at`…).
    """

    name: str
    fields: Mapping[str, FieldSchema]
    inverses: Mapping[str, InverseSchema] = field(default_factory=dict)
    title: str | None = None


class Schema(Protocol):
    """The world that an expression is checked against."""

    def entity(self, name: str) -> EntitySchema | None:
        """The entity called `name`, or None."""

    def entity_names(self) -> Iterable[str]:
        """The names of all entities, for suggestions."""

    def settings(self) -> Mapping[str, Mapping[str, Type]]:
        """App → key → type of every setting (`settings.sales.discount_limit`)."""

    def roles(self) -> Iterable[str]:
        """The names of all roles, for `has_role`."""
