"""The list page as its templates take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fieldstone_ui.presentation.columns import Column
from fieldstone_ui.presentation.filters import Chip
from fieldstone_ui.presentation.looks import FieldLook


@dataclass(frozen=True)
class Tab:
    """A view. key: its name in addresses, empty for all records."""

    label: str
    url: str
    current: bool = False
    icon: str = ""
    key: str = ""


@dataclass(frozen=True)
class Action:
    """Something to do next. danger: marked red; method "post" changes something; dialog: opens in one."""

    label: str
    url: str
    icon: str = ""
    method: str = "get"
    danger: bool = False
    dialog: bool = False


@dataclass(frozen=True)
class Empty:
    """Why a list is empty, and what to do about it."""

    title: str
    text: str
    actions: Sequence[Action] = ()


@dataclass(frozen=True)
class Actions:
    """What the reader can do with selected rows. everything: also with all that match, not only with some."""

    move: bool = False
    delete: bool = False
    assign: bool = False
    edit: bool = False
    export: bool = False
    merge: bool = False
    everything: bool = False


@dataclass(frozen=True)
class ListPage:
    """Everything the list, the board and the tree share: names, views, filter.

    kept: parameters that a form on the page sends along. similar: whether nothing holds the words of the
    query, and the rows hold similar ones. sum: the field that the selection adds up.
    """

    entity: str
    label: str
    plural: str
    title: str
    menu: str
    self_url: str
    list_url: str
    filter_url: str
    operators_url: str
    tabs: Sequence[Tab]
    counts_url: str
    chips: Sequence[Chip]
    filterable: Sequence[FieldLook]
    kept: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    problem: str = ""
    query: str = ""
    similar: bool = False
    without_query_url: str = ""
    board_url: str = ""
    tree_url: str = ""
    more: Sequence[Action] = ()
    changed: bool = False
    gone: Sequence[str] = ()
    save_url: str = ""
    update_url: str = ""
    columns_url: str = ""
    sort_url: str = ""
    sorted_by: str = ""
    new_url: str = ""
    columns: Sequence[Column] = ()
    rows: Sequence[Mapping[str, Any]] = ()
    least_width: str = ""
    sorts: int = 0
    next_url: str = ""
    cursor: str = ""
    limit: int = 50
    sums_url: str = ""
    sum: str = ""
    state_label: str = "stage"
    can: Actions = field(default_factory=Actions)
    empty: Empty | None = None


def why_empty(label: str, plural: str, filtered: bool, new_url: str, all_url: str) -> Empty:
    """The words of an empty list: nothing fits the filter, or there is nothing yet."""
    if filtered:
        return Empty(
            f"No {label.lower()} fits this filter",
            f"Remove a part of the filter above, or look at all {plural.lower()} that you may see.",
            [Action(f"Show all {plural.lower()}", all_url)],
        )
    actions = [Action(f"New {label.lower()}", new_url)] if new_url else []
    return Empty(
        f"No {plural.lower()} yet",
        f"What you and your team add shows up here: the {plural.lower()} that your role lets you read.",
        actions,
    )


def empty_bin(plural: str, list_url: str) -> Empty:
    """The words of a recycle bin with nothing in it."""
    return Empty(
        "The recycle bin is empty",
        f"Deleted {plural.lower()} wait here until they are restored or removed for good.",
        [Action(f"Show all {plural.lower()}", list_url)],
    )
