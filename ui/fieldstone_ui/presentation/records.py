"""The record page as its templates take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fieldstone_ui.presentation.approvals import Waiting
from fieldstone_ui.presentation.columns import Column
from fieldstone_ui.presentation.controls import Control
from fieldstone_ui.presentation.inside import InsidePart
from fieldstone_ui.presentation.lists import Action
from fieldstone_ui.presentation.looks import FieldLook
from fieldstone_ui.presentation.states import StateLook

FILE_WIDGETS = frozenset({"file", "files", "image", "signature"})


@dataclass(frozen=True)
class Step:
    """A state on the path. ahead: a final state not reached, without its colour. note: how long it took."""

    look: StateLook
    current: bool = False
    ahead: bool = False
    note: str = ""


@dataclass(frozen=True)
class Reason:
    """Why a transition is refused; `field` leads to what to mend."""

    message: str
    field: str = ""
    label: str = ""

    @property
    def sentence(self) -> str:
        """The whole of it as text; `message` goes on where the link to the field ends."""
        return f"{self.label} {self.message}".strip()


@dataclass(frozen=True)
class Move:
    """A transition that leads on from here."""

    name: str
    label: str
    url: str
    allowed: bool
    target: StateLook
    reasons: Sequence[Reason] = ()
    asks: Sequence[str] = ()


@dataclass(frozen=True)
class FormPart:
    """A section of the form."""

    id: str
    label: str
    columns: int
    controls: Sequence[Control]


@dataclass(frozen=True)
class RelatedPart:
    """Related records on the form."""

    name: str
    label: str
    entity: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    count: str = ""
    new_url: str = ""
    all_url: str = ""


@dataclass(frozen=True)
class FormTab:
    """A page of the form; the first may have no label."""

    label: str
    parts: Sequence[FormPart | RelatedPart | InsidePart]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with what was sent."""

    message: str
    field: str = ""
    label: str = ""


@dataclass(frozen=True)
class RecordPage:
    """A record to read ("read": one field at a time is edited) or a form to fill in ("type").

    record: its values in the API's form; for a new one, the values to start from.
    all_fields_url: where a form with few fields is sent to go on with all of them.
    """

    entity: str
    label: str
    plural: str
    title: str
    mode: str
    record: Mapping[str, Any]
    tabs: Sequence[FormTab]
    list_url: str
    save_url: str
    cancel_url: str
    save_label: str
    save_hint: str = ""
    all_fields_url: str = ""
    crumb: str = ""
    states_url: str = ""
    edit_url: str = ""
    share_url: str = ""
    history_url: str = ""
    activity_url: str = ""
    comment_url: str = ""
    files_url: str = ""
    attach_url: str = ""
    id: str = ""
    version: int | None = None
    number: str = ""
    changed_ago: str = ""
    changed_by: str = ""
    state_label: str = ""
    deleted: bool = False
    path: Sequence[Step] = ()
    transitions: Sequence[Move] = ()
    waiting: Waiting | None = None
    highlights: Sequence[FieldLook] = ()
    actions: Sequence[Action] = ()
    problem: str = ""
    problems: Sequence[Problem] = ()
    history: Sequence[Any] = field(default_factory=tuple)

    @property
    def sends_files(self) -> bool:
        """Whether one of its fields takes files."""
        parts = [part for tab in self.tabs for part in tab.parts if isinstance(part, FormPart)]
        return any(control.look.widget in FILE_WIDGETS for part in parts for control in part.controls)


def path_of(looks: Mapping[str, StateLook], state: str | None, notes: Mapping[str, str]) -> list[Step]:
    """The path: open states in order with their notes, then the end that was reached, or the good one."""
    opened = [look for look in looks.values() if not look.final]
    ends = [look for look in looks.values() if look.final]
    reached = [look for look in ends if look.value == state]
    shown_end = reached or [look for look in ends if look.kind == "done"][:1] or ends[:1]
    steps = [Step(look, look.value == state, note=notes.get(look.value, "")) for look in opened]
    return [*steps, *(Step(look, look.value == state, ahead=look.value != state) for look in shown_end)]


def highlights_of(looks: Sequence[FieldLook], most: int = 5) -> list[FieldLook]:
    """The fields worth a headline: amounts first, then dates and percentages, none twice."""
    wanted = [
        [look for look in looks if look.widget == widget]
        for widget in ("money", "date", "percent", "person", "number")
    ]
    found = [look for group in wanted for look in group[:2]]
    return found[:most] if len(found) >= 3 else []
