"""The page that merges records, as its template takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fieldstone_ui.presentation.looks import FieldLook


@dataclass(frozen=True)
class Candidate:
    """One of the records. leading: what leads to it, in words. kept: whether it is the one that stays."""

    id: str
    title: str
    url: str
    version: int
    made: str
    by: str
    leading: Sequence[str]
    kept: bool


@dataclass(frozen=True)
class Row:
    """A field in which they differ. chosen: the id of the record whose value is taken."""

    look: FieldLook
    records: Sequence[Mapping[str, Any]]
    chosen: str


@dataclass(frozen=True)
class MergePage:
    """The records side by side. same: in how many fields they do not differ.

    wrong: labels of fields with which something is wrong. ask_anyway: whether it can be done all the same.
    """

    heading: str
    entity: str
    url: str
    back_url: str
    candidates: Sequence[Candidate]
    rows: Sequence[Row]
    same: int
    problem: str = ""
    wrong: Sequence[str] = ()
    ask_anyway: bool = False


def is_empty(value: Any) -> bool:
    """Whether a value in the API's form is none.

    >>> [is_empty(value) for value in (None, "", [], False, 0)]
    [True, True, True, False, False]
    """
    return value is None or value in ("", [])
