"""Columns of a list: which, how wide, where on a phone, and how a click on the head sorts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fieldstone_ui.presentation.looks import FieldLook

PHONE_AREAS = {
    "reference": "fs-c-acc",
    "state": "fs-c-state",
    "choice": "fs-c-state",
    "money": "fs-c-amt",
    "percent": "fs-c-amt",
    "date": "fs-c-close",
    "datetime": "fs-c-close",
    "person": "fs-c-own",
}
HIDDEN_ON_PHONE = "fs-c-last"
NOT_IN_PLACE = {
    "state",
    "long_text",
    "rich_text",
    "code",
    "choices",
    "references",
    "address",
    "person_name",
    "location",
    "secret",
    "file",
    "files",
    "image",
    "signature",
}
LEAST_FREE, CHECK_WIDTH, WIDTH_STEP, WIDEST = 184, 40, 100, 3000
"""In pixels: the least width of a column that takes what is left; the steps of a table's least width."""
SortUrl = Callable[[tuple[str, ...]], str]


@dataclass(frozen=True)
class Column:
    """A column. title: it links to the record. sorted: "ascending" or "descending", at `position`."""

    look: FieldLook
    area: str
    title: bool = False
    sorted: str = ""
    position: int = 0
    sort_url: str = ""
    sort_more_url: str = ""

    @property
    def editable(self) -> bool:
        """Whether its cells can be edited in their place: what is long is edited on the record's page."""
        return self.look.writable and self.look.widget not in NOT_IN_PLACE

    @property
    def classes(self) -> str:
        """Classes of its head."""
        return " ".join(
            filter(None, ["fs-num" if self.look.numeric else "", "" if self.title else self.look.width])
        )

    @property
    def cell_classes(self) -> str:
        """Classes of its cells."""
        kinds = ["fs-num" if self.look.numeric else "", "fs-money" if self.look.widget == "money" else ""]
        return " ".join(filter(None, [*kinds, "fs-tab" if self.look.widget == "date" else "", self.area]))


def make_columns(
    looks: Sequence[FieldLook], title: str | None, order: Sequence[str], sort_url: SortUrl | None
) -> list[Column]:
    """Columns for fields in this order; `title` links to the record, or else the first one does."""
    linked = title if title in {look.name for look in looks} else (looks[0].name if looks else None)
    areas = phone_areas(looks, linked)
    return [column(look, areas[look.name], look.name == linked, order, sort_url) for look in looks]


def least_width(columns: Sequence[Column]) -> str:
    """The class of the width below which the table scrolls sideways, so that no column vanishes."""
    fixed = [column.classes.rpartition("fs-w-")[2] for column in columns]
    needed = CHECK_WIDTH + sum(int(width) if width.isdigit() else LEAST_FREE for width in fixed)
    return f"fs-least-{min(needed // WIDTH_STEP * WIDTH_STEP, WIDEST)}"


def phone_areas(looks: Sequence[FieldLook], linked: str | None) -> Mapping[str, str]:
    """Where each column goes on a phone's card: one per place, the rest is left out."""
    areas: dict[str, str] = {}
    for look in looks:
        area = "fs-c-name" if look.name == linked else PHONE_AREAS.get(look.widget, HIDDEN_ON_PHONE)
        taken = area in areas.values() and area != HIDDEN_ON_PHONE
        areas[look.name] = HIDDEN_ON_PHONE if taken else area
    return areas


def column(look: FieldLook, area: str, title: bool, order: Sequence[str], sort_url: SortUrl | None) -> Column:
    """A column with its place in the sort order."""
    names = [key.removeprefix("-") for key in order]
    if look.name not in names:
        sorting = sort_url if look.sortable else None
        urls = (sorting((look.name,)), sorting((*order, look.name))) if sorting else ("", "")
        return Column(look, area, title, sort_url=urls[0], sort_more_url=urls[1])
    position = names.index(look.name)
    down = order[position].startswith("-")
    turned = look.name if down else f"-{look.name}"
    more = tuple(turned if index == position else key for index, key in enumerate(order))
    urls = (sort_url((turned,)), sort_url(more)) if sort_url else ("", "")
    return Column(look, area, title, "descending" if down else "ascending", position + 1, *urls)
