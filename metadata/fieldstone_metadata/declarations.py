"""What a customer declared, as typed values: the result of a check, the input of the platform's model.

Everything here is merged over all layers, complete (labels and defaults filled in), cross-checked, and
immutable.
Places that take logic hold a checked `Expression`, or None where nothing was declared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fieldstone_metadata.calendars import WorkCalendar
from fieldstone_rules import Expression
from fieldstone_rules.checking.context import UserFunction
from fieldstone_rules.rule_files.declarations import RuleFile
from fieldstone_rules.schema import Schema, Through

if TYPE_CHECKING:
    from fieldstone_metadata.groundwork import Groundwork

Label = Mapping[str, str]
"""Locale → text; the empty locale is the text for everybody else."""


@dataclass(frozen=True)
class Origin:
    """Where an element was declared: its layer, file and 1-based line; `changed_by` are higher layers."""

    layer: str
    path: str
    line: int
    changed_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Written(Origin):
    """Where a text of several lines stands in its file: line and column of the beginning of each."""

    beginnings: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Option:
    """One value of a choice. `values_for` limits it to values of the field named by `depends_on`."""

    value: str
    label: Label
    color: str | None = None
    values_for: tuple[str, ...] = ()
    was: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReferenceTarget:
    """Where a reference leads.

    entities: the possible targets (several: one of them; empty: any entity).
    on_delete: "restrict", "clear" or "cascade". inverse: the collection's name on the other side, or None.
    limits: entity → what its records must fulfil to be picked, for the targets that are limited.
    owned: the record lives inside its parent. tree: of a reference to the entity itself, no record may stand
    above itself. through: of a many-to-many, the entity of its links.
    """

    entities: tuple[str, ...]
    on_delete: str = "restrict"
    inverse: str | None = None
    limits: Mapping[str, Expression] = field(default_factory=dict)
    owned: bool = False
    tree: bool = False
    through: Through | None = None


@dataclass(frozen=True)
class Default:
    """A field's default: a plain value in the API's form, or an expression."""

    value: Any = None
    expression: Expression | None = None


@dataclass(frozen=True)
class Conversion:
    """How a field that gets another type comes by its values: an expression over the record as it was.

    Its names are those of the documents that were in force, so it is checked where those are known.
    """

    source: str
    origin: Written


@dataclass(frozen=True)
class Field:
    """One field of an entity.

    type: the name of its field type. options: keys that only this type knows (`max_length`, `format`,
    `precision`…).
    required, readonly, visible: True, False, or a checked condition.
    choices: of `choice` and `choices`, in order. target: of `reference`, `references` and `user`.
    formula: of `formula`; stored: kept by the platform instead of computed on read. convert: where its values
    come from when a publication gives it another type.
    """

    name: str
    type: str
    label: Label
    help: Label | None = None
    required: bool | Expression = False
    readonly: bool | Expression = False
    visible: bool | Expression = True
    default: Default | None = None
    unique: bool = False
    index: bool = False
    check: Expression | None = None
    message: Label | None = None
    private: bool = False
    was: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[Option, ...] = ()
    depends_on: str | None = None
    target: ReferenceTarget | None = None
    formula: Expression | None = None
    stored: bool = False
    convert: Conversion | None = None
    origin: Origin | None = None


@dataclass(frozen=True)
class Duplicates:
    """Who counts as the same record: equal values in all of `match`; mode is "block" or "warn"."""

    name: str
    match: tuple[str, ...]
    mode: str


@dataclass(frozen=True)
class Entity:
    """One entity. `title` names a record to people. `order` entries are field paths,
    "-" in front for descending.
    """

    name: str
    label: Label
    plural: Label
    icon: str | None
    title: Expression
    fields: Mapping[str, Field]
    unique: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    search: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    duplicates: tuple[Duplicates, ...] = ()
    track: bool = True
    activities: bool = True
    owner: bool = True
    was: tuple[str, ...] = ()
    origin: Origin | None = None

    @property
    def parent(self) -> Field | None:
        """The reference to the record that each of its records lives inside, or None."""
        owned = (field for field in self.fields.values() if field.target is not None and field.target.owned)
        return next(owned, None)


@dataclass(frozen=True)
class State:
    """A state of a workflow. `attributes` are further keys, read as `stage.probability`.

    time_limit: how long a record may stay, a duration over the record.
    """

    name: str
    label: Label
    final: bool = False
    color: str | None = None
    required: tuple[str, ...] = ()
    readonly: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    was: tuple[str, ...] = ()
    time_limit: Expression | None = None


@dataclass(frozen=True)
class ApprovalStep:
    """Who is asked together: the holders of a role, or the users that an expression gives.

    needs: how many of them must agree: "any", "all" or a number. source: `by` as it was written.
    """

    source: str
    role: str | None = None
    users: Expression | None = None
    needs: str | int = "any"


@dataclass(frozen=True)
class Approval:
    """Who must agree before a transition is performed, and when that is needed."""

    when: bool | Expression
    steps: tuple[ApprovalStep, ...]


@dataclass(frozen=True)
class Transition:
    """A way from states to a state. `sources` is resolved: `"*"` is every state that is
    not final, but the target.

    roles: who may take it; empty: whoever may update the record. ask: fields filled in with it.
    approval: who must agree first, if anybody.
    """

    name: str
    label: Label
    sources: tuple[str, ...]
    target: str
    roles: tuple[str, ...] = ()
    guard: Expression | None = None
    message: Label | None = None
    ask: tuple[str, ...] = ()
    approval: Approval | None = None


@dataclass(frozen=True)
class Workflow:
    """The state machine over one choice field of an entity."""

    name: str
    entity: str
    field: str
    initial: str
    states: Mapping[str, State]
    transitions: Mapping[str, Transition]
    origin: Origin | None = None


@dataclass(frozen=True)
class FieldGrant:
    """What a role's grant says of one field; None: as the entity."""

    read: bool | Expression | None = None
    update: bool | Expression | None = None


@dataclass(frozen=True)
class EntityGrant:
    """What a role may do with an entity: False, True, or a condition over the record and `user`."""

    create: bool | Expression = False
    read: bool | Expression = False
    update: bool | Expression = False
    delete: bool | Expression = False
    share: bool | Expression = False
    assign: bool | Expression = False
    fields: Mapping[str, FieldGrant] = field(default_factory=dict)
    deny: Mapping[str, bool | Expression] = field(default_factory=dict)
    """Verb (read, update, delete, create) → what is refused to everybody who holds the role."""


@dataclass(frozen=True)
class Role:
    """A role: its grants by entity and its capabilities. `inherits` holds all ancestors, nearest first."""

    name: str
    label: Label
    inherits: tuple[str, ...] = ()
    entities: Mapping[str, EntityGrant] = field(default_factory=dict)
    capabilities: frozenset[str] = frozenset()
    was: tuple[str, ...] = ()
    origin: Origin | None = None


@dataclass(frozen=True)
class FormField:
    """A field on a form; `visible` narrows the field's own."""

    name: str
    visible: bool | Expression = True


@dataclass(frozen=True)
class RelatedList:
    """The records behind an inverse, shown on a form. edit: "inline" or None."""

    inverse: str
    columns: tuple[str, ...] = ()
    edit: str | None = None


@dataclass(frozen=True)
class Section:
    """A titled group of fields and lists in one or two columns."""

    label: Label | None
    columns: int
    items: tuple[FormField | RelatedList | Timeline, ...]


@dataclass(frozen=True)
class Timeline:
    """The record's activity, shown on a form."""


@dataclass(frozen=True)
class Tab:
    """A titled page of a form. The sections before the first tab have the label None."""

    label: Label | None
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Form:
    """A form of an entity, for some roles (empty: for all)."""

    name: str
    entity: str
    roles: tuple[str, ...]
    priority: int
    tabs: tuple[Tab, ...]
    quick: tuple[str, ...] = ()
    origin: Origin | None = None


@dataclass(frozen=True)
class View:
    """A saved way to look at an entity. type: list, board or tree (others are refused for now).

    tree: of a tree, the reference by which records stand below each other.
    """

    name: str
    entity: str
    type: str
    label: Label
    columns: tuple[str, ...] = ()
    where: Expression | None = None
    order: tuple[str, ...] = ()
    group: str | None = None
    sum: tuple[str, ...] = ()
    tree: str | None = None
    origin: Origin | None = None


@dataclass(frozen=True)
class MenuItem:
    """A line of the sidebar: an entity, perhaps through a view, or a section with items below it."""

    label: Label | None = None
    entity: str | None = None
    view: str | None = None
    section: Label | None = None
    items: tuple[MenuItem, ...] = ()


@dataclass(frozen=True)
class Menu:
    """A menu; all menus are shown one below the other."""

    name: str
    label: Label
    items: tuple[MenuItem, ...]
    origin: Origin | None = None


@dataclass(frozen=True)
class Setting:
    """A typed setting of an app."""

    name: str
    type: str
    label: Label
    default: Any = None
    help: Label | None = None
    choices: tuple[Option, ...] = ()


@dataclass(frozen=True)
class App:
    """An app: a folder of documents."""

    name: str
    label: Label
    version: str
    requires: Mapping[str, str] = field(default_factory=dict)
    description: Label | None = None
    icon: str | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)


@dataclass(frozen=True)
class Message:
    """What rules tell people: a subject, and perhaps a body in markdown, with `{expressions}` in both.

    entity: the record that the expressions are about; None where they are about none.
    """

    name: str
    label: Label
    entity: str | None
    subject: Expression | None
    body: Expression | None
    origin: Origin | None = None


@dataclass(frozen=True)
class DataSet:
    """Records to load with an app, in the API's form; idempotent by `key`.

    A reference is a mapping of fields that find the other record (of `references`: a list of them). A text
    that begins
    with `=` is an expression without a record at hand; it has been checked.
    """

    name: str
    entity: str
    key: tuple[str, ...]
    records: Sequence[Mapping[str, Any]]
    demo: bool = False
    origin: Origin | None = None


@dataclass(frozen=True)
class OptionSet:
    """A shared list of options. The choices of the fields that name it are filled in already."""

    name: str
    label: Label
    options: tuple[Option, ...]
    was: tuple[str, ...] = ()
    origin: Origin | None = None


@dataclass(frozen=True)
class Application:
    """All that is declared, over all layers. `schema` is what expressions see of it.

    functions: those of the rule files, as any expression calls them (`file.name`).
    rule_origins: where the rule files stand, by name. groundwork: what a later check can take over.
    """

    apps: Mapping[str, App]
    entities: Mapping[str, Entity]
    workflows: Mapping[str, Workflow]
    roles: Mapping[str, Role]
    forms: Mapping[str, Form]
    views: Mapping[str, View]
    menus: Mapping[str, Menu]
    data: Mapping[str, DataSet]
    schema: Schema
    option_sets: Mapping[str, OptionSet] = field(default_factory=dict)
    calendars: Mapping[str, WorkCalendar] = field(default_factory=dict)
    messages: Mapping[str, Message] = field(default_factory=dict)
    rules: Mapping[str, RuleFile] = field(default_factory=dict)
    functions: Mapping[str, UserFunction] = field(default_factory=dict)
    rule_origins: Mapping[str, Origin] = field(default_factory=dict)
    groundwork: Groundwork | None = field(default=None, repr=False, compare=False)

    def workflow_of(self, entity: str) -> Workflow | None:
        """The workflow over `entity`, or None."""
        return self._workflows_by_entity.get(entity)

    @cached_property
    def _workflows_by_entity(self) -> Mapping[str, Workflow]:
        return {workflow.entity: workflow for workflow in self.workflows.values()}
