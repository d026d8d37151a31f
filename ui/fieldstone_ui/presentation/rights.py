"""What somebody may do with a record and why, as its dialog takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

YES, NO, OPEN = "yes", "no", "open"
"""What a condition comes to for the one who asks to do something; OPEN: that is not told."""


@dataclass(frozen=True)
class Clause:
    """A condition in words. kind: what it does, where it is no plain grant. values: label → what it read."""

    words: str
    mark: str
    kind: str = ""
    values: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Source:
    """Where conditions come from: a role and how it is held, or the record itself (no label)."""

    label: str
    held: str
    clauses: Sequence[Clause]


@dataclass(frozen=True)
class Verdict:
    """Whether one thing is allowed (None: that depends). cause: because of what, in short, or why not."""

    label: str
    allowed: bool | None
    cause: str
    sources: Sequence[Source]


@dataclass(frozen=True)
class RightsPage:
    """The dialog. who: whose rights, "" for the reader's own. picked: the token of that person.

    ask_url: finds other people, empty for whoever may not ask about them. fields: name → label of those
    that can be asked about; field: which of them is, with its verdicts. problem: with the question.
    """

    title: str
    url: str
    back_url: str
    verdicts: Sequence[Verdict]
    who: str = ""
    picked: str = ""
    ask_url: str = ""
    what_if_url: str = ""
    fields: Mapping[str, str] | None = None
    field: str = ""
    field_verdicts: Sequence[Verdict] = ()
    problem: str = ""
