"""The studio's pages of an object: its fields, the form that changes one, and where things are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fieldstone_ui.presentation.field_types import TypeChoice
from fieldstone_ui.presentation.records import FormTab
from fieldstone_ui.presentation.studio import LayerTag


@dataclass(frozen=True)
class FieldRow:
    """A field of an object. url: where it is changed. type: with what it leads to, for people.

    marks: what binds its values. uses: in how many places it is used, uses_url: which.
    """

    name: str
    label: str
    url: str
    type: str
    icon: str
    marks: Sequence[str]
    tags: Sequence[LayerTag]
    uses: int = 0
    uses_url: str = ""


@dataclass(frozen=True)
class UsePlace:
    """A place that uses something. what: kind and name of what uses it; how: as what."""

    what: str
    how: str
    url: str
    place: str


@dataclass(frozen=True)
class UseGroup:
    """Places of one kind, such as rules or views. left: how many more there are."""

    label: str
    icon: str
    places: Sequence[UsePlace]
    left: int = 0


@dataclass(frozen=True)
class ConditionInput:
    """A condition as it is typed. mode: "never", "always" or "if"; text: the expression of "if"."""

    name: str
    label: str
    mode: str
    text: str
    words: tuple[str, str, str] = ("Never", "Always", "If…")


@dataclass(frozen=True)
class OptionRow:
    """An option of a choice. fixed: it is there already, and records have its value. out: it is to go."""

    value: str = ""
    label: str = ""
    color: str = ""
    fixed: bool = False
    out: bool = False


@dataclass(frozen=True)
class FormPlaces:
    """Where on a form a field may stand. chosen: the key of one of the places, empty: nowhere."""

    form: str
    label: str
    places: Sequence[tuple[str, str]]
    chosen: str


@dataclass(frozen=True)
class ListPlace:
    """A list that may show the field as a column."""

    view: str
    label: str
    chosen: bool = False


@dataclass(frozen=True)
class Found:
    """What was found out about a form before anything is kept.

    errors: what is wrong, by the name of the input; general: what is wrong besides, and where.
    fits: in one sentence, what would happen. preview: the form with the field. field: its name.
    """

    errors: Mapping[str, str] = field(default_factory=dict)
    general: Sequence[tuple[str, str, str]] = ()
    fits: str = ""
    preview: Sequence[FormTab] = ()
    field: str = ""


@dataclass(frozen=True)
class FieldForm:
    """A field as it is added or changed. name: empty for a new one. url: its text, at its line.

    values: what stands in the inputs, by key. keys: those that its type has, by type. written: what only its
    text says, in words. moves: the workflow that declares its options, with where that is changed.
    """

    title: str
    name: str
    type: TypeChoice
    common: Sequence[TypeChoice]
    others: Sequence[TypeChoice]
    values: Mapping[str, str]
    flags: Mapping[str, bool]
    conditions: Sequence[ConditionInput]
    options: Sequence[OptionRow]
    targets: Sequence[tuple[str, str]]
    option_sets: Sequence[tuple[str, str]]
    keys: Mapping[str, str]
    found: Found
    forms: Sequence[FormPlaces] = ()
    lists: Sequence[ListPlace] = ()
    url: str = ""
    written: Sequence[str] = ()
    moves: tuple[str, str] | None = None
    uses: Sequence[UseGroup] = ()
    close_url: str = ""

    def has(self, key: str) -> bool:
        """Whether the type has a key, so that its input is shown."""
        return self.type.name in self.keys.get(key, "").split()


@dataclass(frozen=True)
class Right:
    """What a role may do: "yes", "no" or "if" with the condition. by: the role that it comes from.

    denied: the condition under which it is refused all the same. url: where it is changed.
    """

    verb: str
    state: str
    text: str = ""
    by: str = ""
    denied: str = ""
    url: str = ""
    chosen: bool = False


@dataclass(frozen=True)
class RightsRow:
    """The rights on one object, or of one role. fields: which fields are told apart."""

    name: str
    label: str
    url: str
    rights: Sequence[Right]
    fields: Sequence[str] = ()
    fields_url: str = ""


@dataclass(frozen=True)
class EntityPage:
    """An object. tab: "fields", "form", "permissions" or "used". stale: the draft has mistakes, and what is
    shown is in force. left: how many roles are not shown.
    """

    name: str
    label: str
    tab: str
    tabs: Sequence[tuple[str, str, str, int | None]]
    rows: Sequence[FieldRow]
    source_url: str
    stale: bool = False
    query: str = ""
    form: FieldForm | None = None
    preview: Sequence[FormTab] = ()
    uses: Sequence[UseGroup] = ()
    used: str = ""
    rights: Sequence[RightsRow] = ()
    verbs: Sequence[tuple[str, str]] = ()
    left: int = 0


@dataclass(frozen=True)
class RightForm:
    """A right that is being changed. examples: conditions that the role has elsewhere."""

    entity: str
    verb: str
    title: str
    mode: str
    condition: str
    examples: Sequence[str]
    found: Found
    close_url: str


@dataclass(frozen=True)
class RolePage:
    """A role. everything: it may do all. left: how many objects are not shown."""

    name: str
    label: str
    query: str
    rows: Sequence[RightsRow]
    verbs: Sequence[tuple[str, str]]
    source_url: str
    inherits: Sequence[str]
    capabilities: Sequence[str]
    everything: bool
    stale: bool
    left: int
    form: RightForm | None = None
