"""How a field looks: its label, its widget and what the widget needs, made once per field and page.

Templates take a `FieldLook` and a value in the API's form; they know nothing of the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fieldstone_ui.presentation.codes import code_looks
from fieldstone_ui.presentation.labels import humanize, text
from fieldstone_ui.presentation.states import StateLook, choice_looks, state_looks

if TYPE_CHECKING:
    from fieldstone.model.model import Entity, Field

NUMBERS = {"integer", "decimal", "money", "percent", "duration", "rating"}
WIDGETS = {
    "rich_text": "rich_text",
    "long_text": "long_text",
    "markdown": "long_text",
    "code": "code",
    "json": "code",
    "integer": "number",
    "decimal": "number",
    "money": "money",
    "percent": "percent",
    "rating": "number",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "time": "time",
    "choice": "choice",
    "choices": "choices",
    "tags": "tags",
    "reference": "reference",
    "references": "references",
    "user": "reference",
    "file": "file",
    "files": "files",
    "image": "image",
    "signature": "signature",
    "email": "email",
    "phone": "phone",
    "url": "url",
    "color": "color",
    "country": "choice",
    "currency": "choice",
    "language": "choice",
    "address": "address",
    "location": "location",
    "person_name": "person_name",
    "secret": "secret",
    "sequence": "code_text",
    "barcode": "code_text",
}
WIDTHS = {
    "money": "120",
    "number": "100",
    "percent": "100",
    "date": "100",
    "datetime": "100",
    "time": "80",
    "boolean": "80",
    "choice": "120",
    "state": "140",
    "person": "140",
    "reference": "160",
    "email": "220",
    "phone": "140",
    "person_name": "160",
    "file": "160",
    "image": "160",
    "code_text": "140",
}
UNORDERED = {
    "references",
    "files",
    "choices",
    "tags",
    "json",
    "long_text",
    "rich_text",
    "markdown",
    "code",
    "location",
    "secret",
}
DUE_WORDS = ("due", "close", "deadline", "expire", "until", "renewal", "expected")


@dataclass(frozen=True)
class FieldLook:
    """One field as a page sees it.

    widget: names the display and input macros. options: of choices and states, by value. targets: of
    references. countries: those that an address may be in, by code.
    settings: type options such as `max_length` and `scale`. due: a date that can be overdue while
    the record is in none of `closed` (state field, final states).
    """

    name: str
    label: str
    widget: str
    type: str
    help: str = ""
    options: Mapping[str, StateLook] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    writable: bool = True
    required: bool = False
    due: bool = False
    closed: tuple[str, frozenset[str]] | None = None
    countries: Mapping[str, StateLook] = field(default_factory=dict)

    @property
    def numeric(self) -> bool:
        """Whether values line up at the end."""
        return self.widget in {"number", "money", "percent"}

    @property
    def sortable(self) -> bool:
        """Whether records can be in the order of its values."""
        return self.type not in UNORDERED and (self.type != "reference" or bool(self.targets))

    @property
    def width(self) -> str:
        """The class of its column's width; empty: takes what is left."""
        size = WIDTHS.get(self.widget)
        return f"fs-w-{size}" if size else ""

    def open(self, record: Mapping[str, Any]) -> bool:
        """Whether a record's dates still matter."""
        return self.closed is None or record.get(self.closed[0]) not in self.closed[1]


def field_look(entity: Entity, field: Field, locale: str) -> FieldLook:
    """The look of a field of an entity."""
    declared = field.declaration
    states = workflow_states(entity, field.name, locale)
    widget = "state" if states else widget_of(field)
    return FieldLook(
        name=field.name,
        label=text(declared.label, locale, humanize(field.name)),
        widget=widget,
        type=value_type(field),
        help=text(declared.help, locale),
        options=states
        or code_looks(value_type(field), locale)
        or choice_looks({o.value: (text(o.label, locale, o.value), o.color) for o in declared.choices}),
        targets=declared.target.entities if declared.target else (),
        settings=declared.options,
        writable=field.writable,
        required=field.required is True,
        due=widget == "date" and any(word in field.name for word in DUE_WORDS),
        closed=closed_states(entity),
        countries=code_looks("country", locale) if widget == "address" else {},
    )


def workflow_states(entity: Entity, name: str, locale: str) -> dict[str, StateLook]:
    """The states of the workflow over this field; empty if there is none."""
    workflow = entity.workflow
    if workflow is None or workflow.field != name:
        return {}
    return state_looks(workflow.declaration, locale)


def closed_states(entity: Entity) -> tuple[str, frozenset[str]] | None:
    """The workflow's field and its final states."""
    workflow = entity.workflow
    if workflow is None:
        return None
    return workflow.field, frozenset(name for name, state in workflow.states.items() if state.final)


def value_type(field: Field) -> str:
    """The type of its values: that of the expression for a formula."""
    declared = field.declaration
    return str(declared.formula.type.kind) if declared.formula is not None else declared.type


def widget_of(field: Field) -> str:
    """The widget for a field's values."""
    declared = field.declaration
    kind = value_type(field)
    people = declared.target is not None and declared.target.entities == ("user",)
    if kind in {"reference", "user"} and (people or kind == "user"):
        return "person"
    return WIDGETS.get(kind, "text")
