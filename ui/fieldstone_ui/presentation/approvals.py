"""Requests for approval, as values for their templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fieldstone_ui.presentation.looks import FieldLook


@dataclass(frozen=True)
class Act:
    """Something that may be done with a request: its word and the address of its dialog."""

    name: str
    label: str
    url: str


@dataclass(frozen=True)
class Said:
    """What somebody has decided so far."""

    who: str
    agreed: bool
    reason: str
    instead_of: str = ""


@dataclass(frozen=True)
class Waiting:
    """A pending request on the page of its record. asked: the fields that would change, in `values`."""

    label: str
    who: str
    ago: str
    waits_for: str
    people: str
    steps: str
    asked: Sequence[FieldLook]
    values: Mapping[str, Any]
    said: Sequence[Said]
    acts: Sequence[Act]


@dataclass(frozen=True)
class ToDecide:
    """A request in the list of those that wait for the reader."""

    who: str
    label: str
    about: str
    url: str
    at: str
    ago: str


@dataclass(frozen=True)
class ActDialog:
    """The dialog in which somebody approves, rejects or withdraws."""

    name: str
    label: str
    title: str
    words: str
    url: str
    back_url: str
    version: int | None
    reason: str = ""
    needs_reason: bool = False
    problem: str = ""
