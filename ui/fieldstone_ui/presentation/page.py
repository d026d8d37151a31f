"""What every page shows around its sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fieldstone_ui.presentation.lists import Action
from fieldstone_ui.presentation.navigation import Place, Section


@dataclass(frozen=True)
class Page:
    """The shell. theme: "light", "dark" or "" for the system's. user_name: empty when nobody is logged in.

    may_explain: whether the reader may ask what others may do. may_publish: whether the studio is theirs.
    """

    organisation: str = "Fieldstone"
    language: str = "en"
    direction: str = "ltr"
    theme: str = ""
    user_name: str = ""
    user_email: str = ""
    home_url: str = "/"
    section: str = ""
    may_explain: bool = False
    may_publish: bool = False
    sections: Sequence[Section] = field(default_factory=tuple)
    creatable: Sequence[Action] = field(default_factory=tuple)
    tabs: Sequence[Place] = field(default_factory=tuple)


@dataclass(frozen=True)
class Condition:
    """Something that does not hold and would have to. note: what is known about it."""

    words: str
    note: str = ""


@dataclass(frozen=True)
class Message:
    """A page that says what happened, what it means, and what next.

    conditions: what would have to hold; `enough` and `roles` tell how many of them, and who says so.
    here: what the page is called in the line of places, if not by its title. done: what has just been done.
    """

    title: str
    text: str
    icon: str
    actions: Sequence[Action] = ()
    conditions: Sequence[Condition] = ()
    enough: str = ""
    roles: Sequence[str] = ()
    here: str = ""
    done: str = ""
    crumb: Action | None = None
    reference: str = ""
