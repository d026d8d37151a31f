"""What somebody sees of a past moment (`at=`): the values of then, as far as they may be read now."""

from __future__ import annotations

from typing import Any

from fieldstone_testing.permissions.documents import AROUND, FIELDS
from fieldstone_testing.permissions.rights import may, may_field, may_read
from fieldstone_testing.permissions.views import Shown, title
from fieldstone_testing.permissions.worlds import Person, Record, State, references

UNTOLD = {"contacts", "people", "double", "paper"}
"""What the history does not know: links, what is computed, and files."""


def then(state: State, who: Person, entity: str, moment: int) -> dict[str, Shown]:
    """Name → what a list shows of each record that was there then and may be read now.

    What lies in the recycle bin by now takes the right to delete as well; what was purged is gone.
    """
    found = {}
    for was in state.moments[moment].values():
        now = state.records.get(was["name"])
        if was["entity"] == entity and not was["deleted"] and now is not None and is_open(state, who, now):
            found[was["name"]] = {name: value_then(state, who, now, was, name) for name in FIELDS[entity]}
            found[was["name"]] |= own_then(was)
    return found


def is_open(state: State, who: Person, now: Record) -> bool:
    """Whether somebody may look at the past of a record."""
    return may_read(state, who, now) and (not now["deleted"] or may(state, who, "delete", now))


def value_then(state: State, who: Person, now: Record, was: Record, name: str) -> Any:
    """A field as it was, None where it may not be read in the record as it is now, or is not known."""
    if name in UNTOLD or not may_field(state, who, "read", now, name):
        return None
    if name in references(was["entity"]) and was[name] is not None:
        return was[name], title(state, who, was[name])
    return was[name]


def own_then(was: Record) -> Shown:
    """The owner and the team of then, which whoever reads a record sees."""
    return {} if was["entity"] in AROUND else {"owner": was["owner"], "team": was["team"]}


def equal_then(state: State, who: Person, entity: str, moment: int, name: str, wanted: Any) -> set[str]:  # noqa: PLR0917  # the words of the question
    """`where=name == wanted` of a past moment."""
    shown = then(state, who, entity, moment)
    return {record for record, values in shown.items() if values[name] == wanted}
