"""What stands beside a record, as values for its templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from markupsafe import Markup

from fieldstone_ui.presentation.looks import FieldLook
from fieldstone_ui.presentation.states import StateLook


@dataclass(frozen=True)
class FieldChange:
    """A field before and after, in the API's form; `record` tells the currency of amounts."""

    look: FieldLook
    before: Any
    after: Any
    record: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Happening:
    """A change. what: the verb, after the name of who did it. state: where a move led."""

    instant: datetime
    who: str
    what: str
    icon: str
    at: str
    time: str
    changes: Sequence[FieldChange] = ()
    state: StateLook | None = None
    note: str = ""


@dataclass(frozen=True)
class Said:
    """A comment. body: safe markup. The addresses are empty for whoever may not do that."""

    instant: datetime
    who: str
    at: str
    time: str
    body: Markup
    edited: bool = False
    edit_url: str = ""
    delete_url: str = ""


Event = Happening | Said


@dataclass(frozen=True)
class Day:
    """The entries of one day, newest first."""

    label: str
    events: Sequence[Event]


@dataclass(frozen=True)
class Shown:
    """What of the changes and comments is shown. more: there are older ones."""

    entries: Sequence[Event]
    more: bool = False


@dataclass(frozen=True)
class ActivityTab:
    """A tab beside a record."""

    name: str
    label: str
    url: str
    current: bool = False
    count: str = ""


@dataclass(frozen=True)
class ActivityPage:
    """One tab. fresh: something was just said, so the box is empty again. typed: what was refused."""

    tabs: Sequence[ActivityTab]
    days: Sequence[Day]
    show: str
    more: bool
    title: str
    back_url: str
    comment_url: str = ""
    fresh: bool = False
    typed: str = ""
    problem: str = ""


@dataclass(frozen=True)
class CommentForm:
    """A comment that its author changes."""

    body: str
    version: int | None
    save_url: str
    back_url: str
    problem: str = ""
