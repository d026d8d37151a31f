"""The board as its templates take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fieldstone_ui.presentation.looks import FieldLook
from fieldstone_ui.presentation.states import StateLook


@dataclass(frozen=True)
class BoardColumn:
    """One state or option with its first cards, how many there are, and their sum as text."""

    look: StateLook
    cards: Sequence[Mapping[str, Any]]
    count: str = ""
    sum: str = ""
    more_url: str = ""


@dataclass(frozen=True)
class Board:
    """The columns, and which fields a card shows where."""

    columns: Sequence[BoardColumn]
    limit: int = 25
    subtitle: FieldLook | None = None
    amount: FieldLook | None = None
    date: FieldLook | None = None
    person: FieldLook | None = None


def card_fields(looks: Sequence[FieldLook], title: str | None, group: str) -> dict[str, FieldLook | None]:
    """What a card shows below its title, as amount, date and person: the first that fits each place."""
    rest = [look for look in looks if look.name not in {title, group}]

    def first(*widgets: str) -> FieldLook | None:
        return next((look for look in rest if look.widget in widgets), None)

    return {
        "subtitle": first("reference", "text"),
        "amount": first("money", "number", "percent"),
        "date": first("date", "datetime"),
        "person": first("person"),
    }
