"""The dialog that shares a record, as its template takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SharedWith:
    """Somebody with whom a record is shared.

    kind: "user", "team" or "role". does: what that lets them do, and until when. by: who shared it, and when.
    stopped: why it does not count now, if so.
    """

    name: str
    kind: str
    does: str
    by: str
    remove_url: str
    stopped: str = ""


@dataclass(frozen=True)
class Typed:
    """What stands in the inputs. token: of the receiver that was picked; was: its name when it was picked."""

    text: str = ""
    token: str = ""
    was: str = ""
    verb: str = "read"
    until: str = ""


@dataclass(frozen=True)
class SharePage:
    """The dialog. rows: with whom it is shared. owner: who owns it, if anybody.

    roles: label → the condition under which holders of a role see it, in words. verbs: what it can be shared
    for. problems: input → what is wrong. problem: what is wrong with the whole. said: what was just done.
    focus: the id of what takes the focus.
    """

    title: str
    url: str
    back_url: str
    receivers_url: str
    owner: str
    rows: Sequence[SharedWith]
    roles: Sequence[tuple[str, str]]
    verbs: Sequence[tuple[str, str]]
    today: str
    typed: Typed = field(default_factory=Typed)
    problems: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    said: str = ""
    focus: str = ""
