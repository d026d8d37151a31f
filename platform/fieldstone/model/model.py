"""The compiled model of one publication: what requests use instead of metadata.

A model is immutable and shared by all threads of a process. It is built once per publication by
`fieldstone.model.compile` and swapped as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fieldstone_metadata import declarations
from fieldstone_metadata.field_types import FILE_TYPES
from fieldstone_metadata.names import FILE
from fieldstone_rules import Environment, Expression, Pairs, Through, compile_python, is_there
from fieldstone_rules.schema import Schema

if TYPE_CHECKING:
    from fieldstone.fields.base import FieldType

Evaluate = Callable[[Environment], Any]

FILE_FIELD = "field"
"""The field of a file's record that names the field of the record that holds the file."""


@dataclass(frozen=True, eq=False)
class Rule:
    """A checked expression with its Python form. Its SQL form is lowered where a statement is built."""

    expression: Expression

    @cached_property
    def evaluate(self) -> Evaluate:
        """Its value in an environment. Compiled when first used: many rules of a large app seldom are."""
        return compile_python(self.expression)


Condition = bool | Rule
"""What `required`, `readonly`, `visible` and grants compile to: a constant, or a rule."""


@dataclass(frozen=True, eq=False)
class Field:
    """A field of an entity: its declaration, its behaviour and its compiled conditions.

    kept_in: gives its columns, and linked_by the table of a many-to-many field, made when first asked for.
    """

    name: str
    declaration: declarations.Field
    type: FieldType
    kept_in: Callable[[], tuple[sa.Column[Any], ...]]
    required: Condition
    readonly: Condition
    visible: Condition
    check: Rule | None
    default: Rule | None
    formula: Rule | None
    linked_by: Callable[[], Link] | None = None

    @cached_property
    def columns(self) -> tuple[sa.Column[Any], ...]:
        """Its columns in the entity's table, in order (none for unstored formulas and many-to-many)."""
        return self.kept_in()

    @cached_property
    def link(self) -> Link | None:
        """The table behind a many-to-many field."""
        return None if self.linked_by is None else self.linked_by()

    @property
    def writable(self) -> bool:
        """Whether a caller may ever send it."""
        return self.formula is None and self.type.writable and self.readonly is not True

    @property
    def leads_anywhere(self) -> bool:
        """Whether it refers to a record of any entity."""
        target = self.declaration.target
        return self.declaration.type == "reference" and target is not None and not target.entities

    @property
    def stored(self) -> bool:
        """Whether it has columns of its own in the entity's table."""
        return self.declaration.stored if self.formula is not None else bool(self.columns)


@dataclass(frozen=True, eq=False)
class Link:
    """Where the pairs of a many-to-many field live: the rows of `table` with both `source` and `target`.

    entity: the one that the field leads to. through: the declared entity whose records they are, if the table
    is that of one; then those are pairs that are live, or in the recycle bin with the record at hand. inside:
    those live inside the records that declare the field.
    """

    table: sa.Table
    source: sa.Column[Any]
    target: sa.Column[Any]
    entity: str
    through: Through | None = None
    inside: bool = False

    def pairs(self, ended: sa.ColumnElement[Any] | None = None) -> Pairs:
        """The pairs under an alias of their own, for a statement. ended: as of `Tables.link`."""
        rows = self.table.alias()
        there = () if self.through is None else (is_there(rows.c.deleted_at, ended),)
        return Pairs(rows, rows.c[self.source.name], rows.c[self.target.name], there)


@dataclass(frozen=True)
class Inverse:
    """A collection of related records: those of `entity` whose `field` names this record.

    owned: they live inside this record, like the lines of an order.
    """

    name: str
    entity: str
    field: str
    many: bool
    label: declarations.Label
    owned: bool = False


@dataclass(frozen=True, eq=False)
class ApprovalStep:
    """A step of an approval. users: gives those who are asked; None: the holders of a role."""

    declaration: declarations.ApprovalStep
    users: Rule | None


@dataclass(frozen=True, eq=False)
class Approval:
    """Who must agree before a transition is performed, with its compiled condition."""

    when: Condition
    steps: tuple[ApprovalStep, ...]


@dataclass(frozen=True, eq=False)
class Transition:
    """A transition with its compiled guard and approval."""

    name: str
    declaration: declarations.Transition
    guard: Rule | None
    approval: Approval | None = None


@dataclass(frozen=True, eq=False)
class Workflow:
    """The state machine over one field. `initial` is where a caller's create starts.

    time_limits: how long a record may stay, for the states that say so.
    """

    field: str
    declaration: declarations.Workflow
    transitions: Mapping[str, Transition]
    time_limits: Mapping[str, Rule]

    @property
    def initial(self) -> str:
        """The state in which a caller's create starts."""
        return self.declaration.initial

    @property
    def states(self) -> Mapping[str, declarations.State]:
        """State name → state, in the declared order."""
        return self.declaration.states

    @cached_property
    def has_approvals(self) -> bool:
        """Whether any transition may need an approval."""
        return any(transition.approval is not None for transition in self.transitions.values())


@dataclass(frozen=True, eq=False)
class Entity:
    """An entity: its fields, inverses and workflow. kept_in: gives its table, made when first asked for.

    title: names a record to people; its value is kept in the column `_title`.
    fields: declared ones, in order. system: the fields every table has (`id`, `owner`, `created_at`…).
    """

    name: str
    declaration: declarations.Entity
    kept_in: Callable[[], sa.Table]
    fields: Mapping[str, Field]
    system: Mapping[str, Field]
    inverses: Mapping[str, Inverse]
    title: Rule
    workflow: Workflow | None = None

    @cached_property
    def table(self) -> sa.Table:
        """Where its records are kept."""
        return self.kept_in()

    @property
    def label(self) -> declarations.Label:
        """Locale → what one record is called."""
        return self.declaration.label

    @property
    def plural(self) -> declarations.Label:
        """Locale → what several records are called."""
        return self.declaration.plural

    @cached_property
    def parent(self) -> Field | None:
        """The reference to the record that each of its records lives inside, as lines do in an order."""
        declared = self.declaration.parent
        return None if declared is None else self.fields[declared.name]

    @property
    def outside(self) -> str | None:
        """The entity of the records that those of this one live inside, or None."""
        target = None if self.parent is None else self.parent.declaration.target
        return None if target is None else target.entities[0]

    @cached_property
    def lines(self) -> Mapping[str, Inverse]:
        """The collections of records that live inside those of this entity, by name."""
        return {name: inverse for name, inverse in self.inverses.items() if inverse.owned}

    @cached_property
    def about(self) -> Field | None:
        """The required reference to a record of any entity, if there is one: who may read that record may
        read this one. That of a file may be empty: then the file is its uploader's alone.
        """
        leading = (f for f in self.fields.values() if f.leads_anywhere)
        return next((f for f in leading if f.required is True or self.name == FILE), None)

    @cached_property
    def holding_files(self) -> tuple[Field, ...]:
        """The fields that hold files."""
        return tuple(f for f in self.fields.values() if f.declaration.type in FILE_TYPES)

    def tables(self) -> Iterator[sa.Table]:
        """Its table, and those of the pairs of its many-to-many fields."""
        yield self.table
        links = (field.link for field in self.fields.values() if field.link is not None)
        yield from (link.table for link in links if link.through is None)

    def field(self, name: str) -> Field | None:
        """The declared or system field called `name`, or None."""
        return self.fields.get(name) or self.system.get(name)


@dataclass(frozen=True, eq=False)
class Model:
    """Everything one publication says, ready to run.

    version: the publication's number. schema: the database schema of the tenant's data.
    metadata: holds the tables that were asked for so far.
    filling: the kept values (entity, name) that not all records have yet: they are computed on read.
    cache: results that belong to the publication, such as compiled statements, keyed by their makers.
    """

    version: int
    schema: str
    application: declarations.Application
    metadata: sa.MetaData
    entities: Mapping[str, Entity]
    rules_schema: Schema
    settings: Mapping[str, Mapping[str, Any]]
    filling: frozenset[tuple[str, str]] = frozenset()
    cache: dict[Any, Any] = field(default_factory=dict, repr=False)

    def while_filling(self, filling: frozenset[tuple[str, str]]) -> Model:
        """The same publication while other values are being filled. Tables and rules are shared."""
        return self if filling == self.filling else replace(self, filling=filling, cache={})

    def ways_out(self, entity: str) -> tuple[tuple[str, str], ...]:
        """The steps from a record of `entity` to the outermost one that it lives inside: the reference of
        each, and the entity that it leads to. None for what lives inside nothing.
        """
        field, outside = self.entities[entity].parent, self.entities[entity].outside
        if field is None or outside is None:
            return ()
        return ((field.name, outside), *self.ways_out(outside))

    def outermost(self, entity: str) -> str:
        """The entity of the records whose rights decide about those of `entity`: its own, or those around."""
        ways = self.ways_out(entity)
        return ways[-1][1] if ways else entity

    @property
    def with_activities(self) -> Iterator[Entity]:
        """The entities to whose records a reference to any entity may lead."""
        return (entity for entity in self.entities.values() if entity.declaration.activities)

    @property
    def with_files(self) -> Iterator[Entity]:
        """The entities whose records may have files: attached to them, or in fields."""
        found = self.entities.values()
        return (entity for entity in found if entity.declaration.activities or entity.holding_files)

    @property
    def views(self) -> Mapping[str, declarations.View]:
        """Published views by name."""
        return self.application.views

    @property
    def forms(self) -> Mapping[str, declarations.Form]:
        """Forms by name."""
        return self.application.forms

    @property
    def menus(self) -> Mapping[str, declarations.Menu]:
        """Menus by name."""
        return self.application.menus

    @property
    def roles(self) -> Mapping[str, declarations.Role]:
        """Roles by name."""
        return self.application.roles
