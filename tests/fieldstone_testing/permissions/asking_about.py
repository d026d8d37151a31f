"""Asking about the past, totals, consequences, shares, saved views and the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fieldstone_testing.permissions.asking import NOT_THERE, Asking, Shown
from fieldstone_testing.permissions.documents import FIELDS
from fieldstone_testing.permissions.outlook import Concerned
from fieldstone_testing.permissions.surface import OWNERSHIP

BELONGING = {"comments", "comment", "files", "add_file"}
"""Operations of what is about a record: they follow it, and are asked of each one."""
NOTHING_TO_TELL = {"cells": {}, "rows": {}, "columns": {}, "total": (0, 0)}


# -- the past


def record_then(asking: Asking, entity: str, name: str, moment: str) -> Shown | None:
    """One record as it was."""
    answer = asking.get(f"/data/{entity}/{asking.id(name)}", {"at": moment})
    return None if answer.status_code in NOT_THERE else asking.fields_of(entity, asking.read(answer))


def equal_then(
    asking: Asking, entity: str, name: str, where: str, at: str
) -> set[str]:  # the words of the question
    """The names of the records in which a field of a past moment equals a value; none that there is not."""
    answer = asking.get(f"/data/{entity}", {"limit": "1000", "at": at, "where": f"record.{where}"})
    if answer.status_code in NOT_THERE:
        return set()
    if asking.is_unknown(answer, name):
        return set(asking.listed(entity, at=at)) if where.endswith("null") else set()
    return {asking.name(one["id"]) for one in asking.read(answer)["data"]}


def viewed(asking: Asking, path: str, value: str | int) -> set[str]:
    """The names of the deals that a saved view shows; what there is not for the user equals no value."""
    answer = asking.get("/data/deal", {"limit": "1000", "view": f"{path} {value}"})
    if answer.status_code in NOT_THERE or asking.is_unknown(answer, path):
        return set()
    return {asking.name(one["id"]) for one in asking.read(answer)["data"]}


# -- totals


def pivot(asking: Asking, row: str, column: str, of: str) -> dict[str, Any]:
    """Cells and totals; by what there is not for the user, everything is one group without a value."""
    known = {path: _knows(asking, path) for path in (row, column, of)}
    body = {
        "rows": [row] if known[row] else [],
        "columns": [column] if known[column] else [],
        "measures": {"n": "count()", **({"s": f"sum({of})"} if known[of] else {})},
        "totals": True,
    }
    answer = asking.query("deal", body)
    if answer.status_code in NOT_THERE:
        return NOTHING_TO_TELL
    found = asking.read(answer)
    total = _cell(found["total"])
    groups = found["data"] if known[row] or known[column] else [found["total"]] * bool(total[0])
    cells = {(_key(asking, one, row), _key(asking, one, column)): _cell(one) for one in groups}
    # Without columns the cells are the totals of the rows, and the other way round.
    rows = found.get("rows") or (groups if not known[column] else [])
    columns = found.get("columns") or (groups if not known[row] else [])
    told_rows = {_key(asking, one, row): _cell(one) for one in rows} or {None: total}
    told_columns = {_key(asking, one, column): _cell(one) for one in columns} or {None: total}
    if not total[0]:
        return NOTHING_TO_TELL
    return {"cells": cells, "rows": told_rows, "columns": told_columns, "total": total}


def _knows(asking: Asking, path: str) -> bool:
    return not asking.is_unknown(asking.get("/data/deal", {"fields": path, "limit": "1"}), path)


def _key(asking: Asking, group: Shown, path: str) -> Any:
    found = asking.told(group.get(path))
    return found[0] if isinstance(found, tuple) else found


def _cell(group: Shown) -> tuple[int, int]:
    return group["n"], group.get("s") or 0


# -- consequences


def deletion(asking: Asking, entity: str, name: str) -> dict[str, Any] | None:
    """What deleting a record would do."""
    answer = asking.get(f"/data/{entity}/{asking.id(name)}/delete-preview")
    if answer.status_code in NOT_THERE:
        return None
    body = asking.read(answer)
    assert (body["reason"] is None) or not body["allowed"]
    told = {part: _concerned(body[part]) for part in ("deleted", "cleared", "blocking", "forbidden")}
    return {"allowed": body["allowed"], **told}


def _concerned(groups: list[Shown]) -> Concerned:
    return {(one["entity"], one["field"]): (one["count"], sorted(one["titles"])) for one in groups}


# -- shares


def shares(asking: Asking, entity: str, name: str) -> list[tuple[str, str, str, bool]] | None:
    """With whom a record is shared: receiver, verb, sharer, and whether it is in force."""
    answer = asking.get(f"/data/{entity}/{asking.id(name)}/shares")
    if answer.status_code in NOT_THERE:
        return None
    found = asking.read(answer)["data"]
    return sorted(
        (_receiver(asking, one["with"]), one["verb"], asking.name(one["shared_by"]["id"]), one["in_force"])
        for one in found
    )


def _receiver(asking: Asking, told: Shown) -> str:
    return told["role"] if "role" in told else asking.name(told["id"])


# -- operations


def done_to_many(asking: Asking, bulks: Sequence[str | None]) -> list[tuple[int, int, int, bool]]:
    """The operations that the user is told of: which one, what it changed and deleted, whether undone."""
    found = asking.read(asking.get("/operations", {"limit": "500"}))["data"]
    return [(bulks.index(one["id"]), one["changed"], one["deleted"], one["undone"]) for one in found]


def is_told(asking: Asking, operation: str) -> bool:
    """Whether there is such an operation for the user."""
    answer = asking.get(f"/operations/{operation}")
    return answer.status_code not in NOT_THERE and bool(asking.read(answer)["id"] == operation)


# -- the document


Document = Callable[[], Shown]


def offered(asking: Asking) -> Shown:
    """The OpenAPI document."""
    found: Shown = asking.read(asking.get("/openapi.json"))
    return found


def operations(document: Document, entity: str) -> set[str]:
    """The operations on an entity that are about its fields and rights, by the ends of their names."""
    paths = document()["paths"].values()
    named = [one.get("operationId", "") for path in paths for one in path.values()]
    found = {name.partition(".")[2] for name in named if name.startswith(f"{entity}.")}
    return found - BELONGING


def fields(document: Document, entity: str, form: str) -> set[str]:
    """The fields in a schema of an entity: as it is shown (""), or as it is sent."""
    schema = document()["components"]["schemas"].get(f"{entity}.{form}".rstrip("."), {"properties": {}})
    return {name for name in schema["properties"] if name in {*FIELDS[entity], *OWNERSHIP}}
