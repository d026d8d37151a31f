"""Asking every endpoint as one user, over HTTP; what comes back is told by names, as in `views`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Any

import orjson
from python_calamine import CalamineWorkbook
from werkzeug.test import TestResponse

from fieldstone_testing.permissions.documents import AROUND, FIELDS, INSIDE
from fieldstone_testing.permissions.lines_told import ordered, without
from fieldstone_testing.permissions.running import Running

NOT_THERE = (403, 404)
SYSTEM = {
    "id", "version", "created_at", "created_by", "updated_at", "updated_by", "currency", "deleted_at",
    "last_activity_at", "lines", "parts",
}  # fmt: skip  # as a table
UNKNOWN = ("unknown_field", "bad_expression", "unknown_name", "bad_order", "bad_field")
Shown = dict[str, Any]


class Asking:
    """One user who asks."""

    def __init__(self, running: Running, user: str) -> None:
        self._running = running
        self._client = running.clients[user]

    # -- lists and records

    def listed(self, entity: str, **parameters: str) -> dict[str, Shown]:
        """Name → what the list shows of it; the list counts as many as it shows."""
        answer = self.get(f"/data/{entity}", {"limit": "1000", "count": "exact", **parameters})
        if answer.status_code in NOT_THERE:
            return {}
        body = self.read(answer)
        assert body["count"] == len(body["data"])
        return {self.name(one["id"]): self.fields_of(entity, one) for one in body["data"]}

    def chosen(self, entity: str, path: str, **parameters: str) -> list[str]:
        """The names in a list that uses a path; where there is no such path for the user, nobody is found."""
        answer = self.get(f"/data/{entity}", {"limit": "1000", "fields": "id", **parameters})
        if answer.status_code in NOT_THERE or self.is_unknown(answer, path):
            return []
        return [self.name(one["id"]) for one in self.read(answer)["data"]]

    def equal_to(self, entity: str, path: str, value: str) -> list[str]:
        """The names of the records in which a path equals a value; a path that there is not equals null."""
        asked = {"fields": "id", "order": "id", "where": f"record.{path} == {value}"}
        answer = self.get(f"/data/{entity}", asked)
        if self.is_unknown(answer, path):
            return self.chosen(entity, "id", order="id") if value == "null" else []
        if answer.status_code in NOT_THERE:
            return []
        return [self.name(one["id"]) for one in self.read(answer)["data"]]

    def ordered(self, entity: str, keys: Sequence[str]) -> list[str]:
        """The names in an order; keys that do not exist for the user do not sort."""
        answer = self.get(f"/data/{entity}", {"limit": "1000", "fields": "id", "order": ",".join(keys)})
        unknown = [key for key in keys if self.is_unknown(answer, key)]
        if unknown:
            rest = [key for key in keys if self.is_unknown(self.get(f"/data/{entity}", {"order": key}), key)]
            left = [key for key in keys if key not in rest]
            direction = "-id" if keys[-1].startswith("-") else "id"
            return self.ordered(entity, [*left, direction])
        if answer.status_code in NOT_THERE:
            return []
        return [self.name(one["id"]) for one in self.read(answer)["data"]]

    def path(self, entity: str, path: str) -> dict[str, Any]:
        """Name → what a path shows."""
        answer = self.get(f"/data/{entity}", {"limit": "1000", "fields": path})
        if answer.status_code in NOT_THERE or self.is_unknown(answer, path):
            return dict.fromkeys(self.listed(entity))
        return {self.name(one["id"]): self.told(one[path]) for one in self.read(answer)["data"]}

    def record(self, entity: str, name: str) -> Shown | None:
        """One record with what lives inside it, None where there is none for the user."""
        answer = self.get(f"/data/{entity}/{self.id(name)}")
        if answer.status_code in NOT_THERE:
            return None
        found = self.read(answer)
        return self.fields_of(entity, found) | self._inside(entity, found)

    def _inside(self, entity: str, found: Shown) -> Shown:
        """What a record is shown with inside it."""
        if entity not in INSIDE:
            return {}
        kind, name = INSIDE[entity]
        return {name: [self._line(kind, one) for one in found.get(name, [])]}

    def _line(self, kind: str, one: Shown) -> Shown:
        fields = self.fields_of(kind, one)
        return {name: fields[name] for name in ("item", "price")} | self._inside(kind, one)

    # -- questions

    def grouped(self, entity: str, by: str) -> dict[Any, int]:
        """Value → number of records."""
        answer = self.query(entity, {"rows": [by], "measures": {"n": "count()"}})
        if answer.status_code in NOT_THERE:
            return {}
        if self.is_unknown(answer, by):
            number = len(self.listed(entity))
            return {None: number} if number else {}
        found = [(self.told(one[by]), one["n"]) for one in self.read(answer)["data"]]
        return {value[0] if isinstance(value, tuple) else value: number for value, number in found}

    def measured(self, entity: str, of: str) -> dict[str, Any]:
        """Sum, smallest and largest."""
        measures = {name: f"{name}({of})" for name in ("sum", "min", "max")}
        answer = self.query(entity, {"measures": measures})
        if answer.status_code in NOT_THERE or self.is_unknown(answer, of):
            return {"sum": 0, "min": None, "max": None}
        [found] = self.read(answer)["data"]
        return dict(found)

    def searched(self, entity: str, word: str) -> set[str]:
        """The records of an entity that a search of it finds."""
        return set(self.chosen(entity, "q", q=word))

    def searched_everywhere(self, word: str) -> set[str]:
        """The records that a search of everything finds."""
        found = self.read(self.get("/search", {"q": word}))["data"]
        return {self.name(one["id"]) for one in found if one["entity"] in FIELDS}

    def exported(self, entity: str, kind: str, names: Sequence[str]) -> list[list[str]] | None:
        """The cells of an export of the fields that there are for the user; None where there is nothing."""
        known = self._known(entity, names)
        asked = {"format": kind, "fields": ",".join(known), "order": "id"}
        answer = self.get(f"/data/{entity}/export", asked)
        if answer.status_code in NOT_THERE:
            return None
        rows = [dict(zip(known, row, strict=True)) for row in self._cells(answer, kind, known)]
        return [[row.get(name, "") for name in names] for row in rows] or None

    def _cells(self, answer: TestResponse, kind: str, names: Sequence[str]) -> list[list[str]]:
        assert answer.status_code == 200, answer.text
        if kind == "ndjson":
            lines = [orjson.loads(line) for line in answer.data.splitlines()]
            return [[cell(self.told(one[name])) for name in names] for one in lines]
        if kind == "csv":
            return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))[1:]
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0)
        return [[cell(value) for value in row] for row in sheet.to_python()][1:]

    def _known(self, entity: str, names: Sequence[str]) -> list[str]:
        """Those of the fields that there are for the user in a list."""
        answer = self.get(f"/data/{entity}", {"limit": "1"})
        found = self.read(answer)["data"] if answer.status_code == 200 else []
        return [name for name in names if found and name in found[0]] or ["id"]

    # -- what belongs to a record

    def belonging(self, entity: str, name: str, what: str) -> set[str] | None:
        """The names of what belongs to a record (`related/deals`, `below`), None if there is none of it."""
        answer = self.get(f"/data/{entity}/{self.id(name)}/{what}", {"limit": "1000"})
        if answer.status_code in NOT_THERE:
            return set() if answer.json["code"] == "unknown_collection" else None
        return {self.name(one["id"]) for one in self.read(answer)["data"]}

    def said(self, name: str) -> int | None:
        """How many comments there are on a deal."""
        found = self.belonging("deal", name, "comments")
        return None if found is None else len(found)

    def everything(self, entity: str) -> set[str]:
        """The names of all that a list shows."""
        return set(self.chosen(entity, "id"))

    def comments(self) -> set[str]:
        """What all comments say."""
        answer = self.get("/data/comment", {"limit": "1000", "fields": "body"})
        return (
            set() if answer.status_code in NOT_THERE else {one["body"] for one in self.read(answer)["data"]}
        )

    def history(self, entity: str, name: str, untold: Set[str] = frozenset()) -> list[Shown] | None:
        """The changes of a record, the oldest first, without prices inside it of the entities `untold`."""
        entries = self._entries(entity, name)
        if entries is None:
            return None
        found = [self._changes(one) | self._lines_changed(one, untold) for one in entries]
        return [changes for changes in found if changes]

    def prices_told(self, name: str) -> set[str]:
        """The lines and parts whose prices the history of a deal tells."""
        entries = self._entries("deal", name) or []
        found = [told for one in entries for told in lines_in(one["changes"].get("lines") or ((), ()))]
        return {self.name(told["id"]) for _, told in found if told.get("price") is not None}

    def _entries(self, entity: str, name: str) -> list[Shown] | None:
        answer = self.get(f"/data/{entity}/{self.id(name)}/history", {"limit": "500"})
        if answer.status_code in NOT_THERE:
            return None
        entries = reversed(self.read(answer)["data"])
        return [one for one in entries if self._running.is_later(one["at"])]

    def _lines_changed(self, entry: Shown, untold: Set[str]) -> Shown:
        found = [
            (side, self.name(told["id"]), {key: told[key] for key in ("item", "price") if key in told})
            for side, told in lines_in(entry["changes"].get("lines") or ((), ()))
        ]
        return {"lines": ordered(without(found, untold))} if found else {}

    def download(self, name: str) -> bool:
        """Whether the content of a file can be had."""
        return self.get(f"/files/{self.id(name)}").status_code == 200

    def transitions(self, name: str) -> set[str] | None:
        """The transitions that may be taken now."""
        answer = self.get(f"/data/deal/{self.id(name)}/transitions")
        if answer.status_code in NOT_THERE:
            return None
        return {one["name"] for one in self.read(answer)["data"] if one["allowed"]}

    def explained(self, entity: str, name: str, verb: str) -> bool | None:
        """Whether an explanation says that something is allowed."""
        answer = self._client.post("/explain", {"entity": entity, "id": self.id(name), "verb": verb})
        return None if answer.status_code in NOT_THERE else self.read(answer)["allowed"]

    # -- everything

    def feed(self, entities: Iterable[str]) -> list[tuple[str, str]]:
        """What the feed tells since the world was filled: the record as it is shown, or `gone`."""
        asked = {"after": self._running.start, "entity": ",".join(entities), "limit": "1000"}
        found = self.read(self.get("/events", asked))["data"]
        found = [one for one in found if one["action"] != "recompute"]
        for one in found:
            if one["action"] != "gone":
                assert self.fields_of(one["entity"], one["data"]) == {
                    name: value
                    for name, value in (self.record(one["entity"], self.name(one["record"])) or {}).items()
                    if name != "lines"
                }
        return [(self.name(one["record"]), one["action"]) for one in found]

    # -- telling it by names

    def _changes(self, entry: Shown) -> Shown:
        found = {
            name: [_identity(self.told(before)), _identity(self.told(after))]
            for name, (before, after) in entry["changes"].items()
            if name != "lines"
        }
        return dict(sorted(found.items()))

    def fields_of(self, entity: str, shown: Shown) -> Shown:
        """The fields of a record; whatever else there is stands out."""
        own = ("owner", "team") if entity not in AROUND else ()
        told = {name: self.told(shown.get(name)) for name in (*FIELDS[entity], *own)}
        told |= {name: told[name][0] if told[name] else None for name in own}
        return told | {name: shown[name] for name in shown.keys() - told.keys() - SYSTEM}

    def told(self, value: Any) -> Any:
        """A value with names in place of ids."""
        if isinstance(value, list):
            return sorted(self.name(one["id"]) for one in value)
        if isinstance(value, dict):
            name = self.name(value["id"])
            return name if value["entity"] == "file" else (name, value.get("title"))
        return value

    def name(self, id_: str) -> str:
        """What a record, user, team or file of this id is called."""
        return self._running.name_of(id_)

    def id(self, name: str) -> str:
        """The id of what is called so."""
        return self._running.ids[name]

    def get(self, path: str, parameters: dict[str, str] | None = None) -> TestResponse:
        """The answer to a GET."""
        return self._client.get(path, query_string=parameters or {})

    def query(self, entity: str, body: Shown) -> TestResponse:
        """The answer to a question about groups."""
        return self._client.post(f"/data/{entity}/query", body)

    def read(self, answer: TestResponse) -> Any:
        """The content of an answer that has to be a success."""
        assert answer.status_code == 200, (answer.request.path, answer.request.query_string, answer.text)
        return answer.json

    def is_unknown(self, answer: TestResponse, path: str) -> bool:
        """Whether there is no such field for the user. Nothing else is accepted as a refusal."""
        if answer.status_code != 400:
            return False
        body = answer.json
        assert body["code"] in UNKNOWN, body
        return any(part in answer.text for part in path.removeprefix("-").split("."))


def _identity(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) else value or None if isinstance(value, list) else value


def lines_in(pair: Sequence[Sequence[Shown]]) -> Iterator[tuple[str, Shown]]:
    """All lines that stand before and after in a history, with the parts that stand in them."""
    for side, lines in zip(("before", "after"), pair, strict=True):
        for line in lines:
            yield side, line
            yield from ((side, part) for part in line.get("parts", ()))


def cell(value: Any) -> str:
    """A value as a cell of an export: a reference by its title, a list with semicolons."""
    if isinstance(value, tuple):
        return value[1] or ""
    if isinstance(value, list):
        return "; ".join(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
