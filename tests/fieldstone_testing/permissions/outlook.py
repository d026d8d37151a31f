"""What previews tell: what deleting a record would do, and what refers to those that are to be merged.

They count everything, and name only what may be read.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from fieldstone_testing.permissions.documents import AROUND
from fieldstone_testing.permissions.rights import may, may_read
from fieldstone_testing.permissions.worlds import Person, Record, State
from fieldstone_testing.permissions.writes import cascaded

Concerned = dict[tuple[str, str | None], tuple[int, list[str]]]
"""(entity, field by which they refer) → how many, and the names of those that may be read."""


def deletion(state: State, who: Person, record: Record) -> dict[str, Any]:
    """What deleting a live record would do."""
    along = cascaded(state, record)
    contacts, seats = ([one for one in along if one["entity"] == kind] for kind in ("contact", "seat"))
    inner = state.all_inside(record)
    lines, parts = (([one for one in inner if one["entity"] == kind]) for kind in ("line", "part"))
    cleared = state.referring("deal", "account", record) if record["entity"] == "account" else []
    held = state.referring("deal", "parent", record) if record["entity"] == "deal" else []
    forbidden = [one for one in along if not may(state, who, "delete", one)]
    allowed = may(state, who, "delete", record) and not held and not forbidden
    return {
        "allowed": allowed,
        "deleted": told(state, who, "contact", None, contacts)
        | told(state, who, "seat", None, seats)
        | told(state, who, "line", None, lines)
        | told(state, who, "part", None, parts),
        "cleared": told(state, who, "deal", "account", cleared),
        "blocking": told(state, who, "deal", "parent", held),
        "forbidden": {
            (kind, None): (count, []) for kind, count in Counter(one["entity"] for one in forbidden).items()
        },
    }


def told(
    state: State, who: Person, entity: str, field: str | None, found: list[Record]
) -> Concerned:  # the words of the answer
    """Some records as a preview tells of them."""
    readable = sorted(title_of(one) for one in found if may_read(state, who, one))
    return {(entity, field): (len(found), readable)} if found else {}


def title_of(record: Record) -> str:
    """What a record is called on pages."""
    return str(record["item"] if record["entity"] in AROUND else record["name"])
