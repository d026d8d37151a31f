"""The law of the history: replayed from nothing, it gives every record as it is, whatever happened to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from fieldstone import records
from fieldstone_testing import ApiClient, App, AppFactory
from fieldstone_testing.contents import PDF
from fieldstone_testing.journals import contradictions

PROJECTS = """
kind: app
name: projects
label: Projects
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: person
fields:
  name: {type: text, required: true}
  mark: {type: text}
  helped: {type: integer, default: 0}
---
kind: entity
name: project
fields:
  name: {type: text, required: true}
  mark: {type: text}
  code: {type: text, unique: true}
  number: {type: sequence, format: "P-{number:04}"}
  stage: {type: choice}
  reason: {type: text}
  budget: {type: money}
  twice: {type: formula, expression: budget * 2, stored: true}
  sum: {type: formula, expression: sum(parts.hours), stored: true}
  effort: {type: integer}
  tags: {type: tags}
  extra: {type: json}
  plan: {type: file}
  lead: {type: reference, to: person, on_delete: clear, inverse: leads}
  helpers: {type: references, to: person, inverse: helps}
---
kind: entity
name: part
title: what
fields:
  project: {type: reference, to: project, owned: true, inverse: parts}
  what: {type: text, required: true}
  hours: {type: integer, default: 1}
  price: {type: money}
  cost: {type: formula, expression: hours * price, stored: true}
---
kind: workflow
name: project_stage
entity: project
field: stage
initial: open
states: {open: {label: Open}, done: {label: Done}, stopped: {label: Stopped}}
transitions:
  finish: {from: open, to: done}
  stop: {from: open, to: stopped, ask: [reason]}
  reopen: {from: [done, stopped], to: open}
---
kind: role
name: boss
inherits: [employee]
entities:
  person: {create: true, read: true, update: true, delete: true}
  project: {create: true, read: true, update: true, delete: true}
capabilities: [import, bulk_edit]
"""
RULES = """
trigger weigh on project before save {
  when changed(budget) or changed(stage)
  set effort = if stage == "done" then 0 else 7
}
trigger thank on project after save {
  when changed(name) and lead != null
  set lead.helped = lead.helped + 1
}
trigger pass_on on person after save {
  when changed(name)
  for project in leads { set project.reason = name }
}
"""
ENTITIES = ("person", "project", "part")
LAST = 3
"""Steps name records by small numbers: one of those made so far."""


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    return module_app_from(PROJECTS, projects_rules=RULES)


class World:
    """A few records of one life, and everything that may happen to them."""

    def __init__(self, app: App, api: ApiClient, mark: str) -> None:
        self._app, self._api, self.mark = app, api, mark
        self._codes = count()
        self._operations: list[str] = []
        self.people = [self._made("person", name=name) for name in "AB"]
        self.projects = [self._made("project", name=name) for name in "PQ"]

    def happen(self, name: str, *arguments: Any) -> None:
        """One step; what is refused is refused, and only a fault is an error."""
        step: Callable[..., TestResponse] = getattr(self, name)
        answer = step(*arguments)
        assert answer.status_code < 500, answer.text

    def gone(self) -> set[str]:
        """The people in the bin."""
        return {one for one in self.people if self._api.get(f"/data/person/{one}").status_code == 404}

    def change(self, project: int, values: dict[str, Any]) -> TestResponse:
        return self._api.patch(self._project(project), values)

    def refer(self, project: int, lead: int | None, helpers: list[int]) -> TestResponse:
        chosen = None if lead is None else self._person(lead)
        everyone = [self._person(number) for number in helpers]
        return self._api.patch(self._project(project), {"lead": chosen, "helpers": everyone})

    def attach(self, project: int) -> TestResponse:
        sent = self._api.post("/files?name=plan.pdf", data=PDF, content_type="application/octet-stream")
        return self._api.patch(self._project(project), {"plan": sent.json["id"]})

    def rename(self, person: int, name: str) -> TestResponse:
        return self._api.patch(f"/data/person/{self._person(person)}", {"name": name})

    def move(self, project: int, transition: str) -> TestResponse:
        return self._api.post(f"{self._project(project)}/transitions/{transition}", {})

    def remove(self, entity: str, number: int) -> TestResponse:
        return self._api.delete(f"/data/{entity}/{self._id(entity, number)}")

    def restore(self, entity: str, number: int) -> TestResponse:
        return self._api.post(f"/data/{entity}/{self._id(entity, number)}/restore")

    def line(self, project: int, hours: int, price: str | None, other: str) -> TestResponse:
        """Add a line, and change or remove the first one."""
        lines: list[dict[str, Any]] = [{"what": "new", "hours": hours, "price": price}]
        found = self._api.get(self._project(project)).json.get("parts", [])[:1]
        changes = {"change": {"hours": hours}, "remove": {"_delete": True}}
        lines += [{"id": one["id"], **changes[other]} for one in found if other in changes]
        return self._api.patch(self._project(project), {"parts": lines, "name": f"with {hours}"})

    def line_by_itself(self, project: int, hours: int) -> TestResponse:
        return self._api.post(
            "/data/part", {"project": self._id("project", project), "what": "x", "hours": hours}
        )

    def upsert(self, project: int, name: str) -> TestResponse:
        code = self._api.get(self._project(project)).json.get("code") or self._code()
        answer = self._api.put(f"/data/project/by/code/{code}", {"name": name, "mark": self.mark})
        return self._remembered(answer)

    def bulk(self, mode: str, numbers: list[int], values: dict[str, Any]) -> TestResponse:
        lines = [{"id": one, **values} for one in dict.fromkeys(self._id("project", n) for n in numbers)]
        made = [{"name": "bulk", "mark": self.mark, "parts": [{"what": "a"}], **values} for _ in numbers]
        content = {"update": lines, "delete": [{"id": one["id"]} for one in lines], "create": made}[mode]
        body = "".join(json.dumps(one) + "\n" for one in content)
        path = f"/data/project/bulk?mode={mode}&partial=true"
        answer = self._api.post(path, data=body, content_type="application/x-ndjson")
        self._operations.append(answer.headers["Fieldstone-Operation"])
        self.projects += [
            made["id"] for made in map(json.loads, answer.text.splitlines()) if made["status"] == 201
        ]
        return answer

    def undo(self, number: int) -> TestResponse:
        chosen = self._operations[number % len(self._operations)] if self._operations else self.projects[0]
        answer = self._api.post(f"/operations/{chosen}/undo")
        self._operations += [answer.json["operation"]] if "operation" in answer.json else []
        return answer

    def import_one(self, project: int, stage: str, budget: str | None) -> TestResponse:
        record = self._api.get(self._project(project)).json
        row = {"name": "imported", "mark": self.mark, "stage": stage, "budget": budget}
        row["code"] = record.get("code") or self._code()
        [outcome] = records.import_rows(self._app.context_for("Ann"), "project", [row], key=("code",))
        self.projects += [str(outcome.id)] if outcome.action == "created" else []
        return self._api.get(self._project(project))

    def _made(self, entity: str, **values: Any) -> str:
        answer = self._api.post(f"/data/{entity}", {"mark": self.mark, **values})
        assert answer.status_code == 201, answer.text
        return str(answer.json["id"])

    def _remembered(self, answer: TestResponse) -> TestResponse:
        self.projects += [answer.json["id"]] if answer.status_code == 201 else []
        return answer

    def _code(self) -> str:
        return f"{self.mark}-{next(self._codes)}"

    def _id(self, entity: str, number: int) -> str:
        known = self.people if entity == "person" else self.projects
        return known[number % len(known)]

    def _person(self, number: int) -> str:
        return self._id("person", number)

    def _project(self, number: int) -> str:
        return f"/data/project/{self._id('project', number)}"


# -- what happens

NUMBERS = st.integers(0, LAST)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]), min_size=1, max_size=8)
AMOUNTS = st.none() | st.decimals(-1000, 1000, places=2).map(str)
VALUES = {
    "name": TEXTS,
    "budget": AMOUNTS,
    "currency": st.sampled_from(["EUR", None]),
    "tags": st.lists(st.sampled_from(["a", "B", "ß"]), max_size=3),
    "extra": st.none() | st.recursive(st.booleans() | TEXTS, lambda one: st.lists(one, max_size=2)),
    "stage": st.sampled_from(["open", "done", "stopped"]),
    "reason": st.none() | TEXTS,
    "plan": st.none(),
}  # fmt: skip
SOME_VALUES = st.fixed_dictionaries({}, optional=VALUES)
BULK_VALUES = st.fixed_dictionaries(
    {}, optional={name: VALUES[name] for name in ("budget", "tags", "reason")}
)
STEPS = st.one_of(
    st.tuples(st.just("change"), NUMBERS, SOME_VALUES),
    st.tuples(st.just("refer"), NUMBERS, st.none() | NUMBERS, st.lists(NUMBERS, max_size=2, unique=True)),
    st.tuples(st.just("attach"), NUMBERS),
    st.tuples(st.just("rename"), NUMBERS, TEXTS),
    st.tuples(st.just("move"), NUMBERS, st.sampled_from(["finish", "stop", "reopen"])),
    st.tuples(st.sampled_from(["remove", "restore"]), st.sampled_from(["person", "project"]), NUMBERS),
    st.tuples(
        st.just("line"), NUMBERS, st.integers(0, 9), AMOUNTS, st.sampled_from(["", "change", "remove"])
    ),
    st.tuples(st.just("line_by_itself"), NUMBERS, st.integers(0, 9)),
    st.tuples(st.just("upsert"), NUMBERS, TEXTS),
    st.tuples(
        st.just("bulk"),
        st.sampled_from(["create", "update", "delete"]),
        st.lists(NUMBERS, min_size=1, max_size=2),
        BULK_VALUES,
    ),
    st.tuples(st.just("undo"), NUMBERS),
    st.tuples(st.just("import_one"), NUMBERS, st.sampled_from(["open", "done"]), AMOUNTS),
)


def test_the_history_replayed_from_nothing_gives_the_present(
    app: App, client: Callable[..., ApiClient]
) -> None:
    api = client(app, app.token("Ann", ["boss"]))
    marks = count()

    @given(steps=st.lists(STEPS, min_size=4, max_size=16))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def law(steps: list[tuple[Any, ...]]) -> None:
        world = World(app, api, f"life {next(marks)}")
        for step in steps:
            world.happen(*step)
        for entity in ("person", "project"):
            for present in everything(api, entity, world.mark):
                told = shown(replayed(app, entity, present["id"]), world.gone())
                assert {name: told.get(name) for name in present} == {
                    name: plain(value) for name, value in present.items()
                }

    law()
    assert contradictions(app, *ENTITIES) == []


EXAMPLES = 20
FIELDS = {
    "person": ("name", "mark", "helped", "owner"),
    "project": (
        "name", "mark", "code", "number", "stage", "reason", "budget", "currency", "twice", "sum", "effort",
        "tags", "extra", "plan", "lead", "helpers", "owner", "parts",
    ),
}  # fmt: skip
OF_LINES = ("sum", "parts")
ID = ("id", "entity")
LINE = ("id", "what", "hours", "price", "cost")


def everything(api: ApiClient, entity: str, mark: str) -> Iterator[dict[str, Any]]:
    """The records of a life as they are; those in the bin without what follows from their lines there."""
    names = ("id", *FIELDS[entity])
    where = {"where": f'mark == "{mark}"', "limit": "1000"}
    live = api.get(f"/data/{entity}", query_string=where | {"fields": ",".join(names)})
    of_itself = ",".join(name for name in names if name not in OF_LINES)
    binned = api.get(f"/data/{entity}", query_string=where | {"fields": of_itself, "deleted": "true"})
    yield from live.json["data"]
    yield from binned.json["data"]


def replayed(app: App, entity: str, id_: str) -> dict[str, Any]:
    """The record that the history tells of; each change must begin where the one before ended."""
    record: dict[str, Any] = {"id": id_, "parts": None}
    for (changes,) in app.sql(
        "SELECT changes FROM main_system.history WHERE entity = :entity AND record = :id ORDER BY id",
        entity=entity,
        id=id_,
    ):
        lines = changes.pop("parts", [[], []])
        record["parts"] = replayed_lines(record["parts"] or {}, *lines) or None
        for name, (before, after) in changes.items():
            assert record.get(name) == plain(before), (name, record.get(name), before)
            record[name] = plain(after)
    return {
        **record,
        "parts": [record["parts"][id_] for id_ in sorted(record["parts"])] if record["parts"] else None,
    }


def shown(record: dict[str, Any], gone: set[str]) -> dict[str, Any]:
    """The record as it is shown: links to what lies in the bin are kept, and not shown until it is back."""
    helpers = [one for one in record.get("helpers") or () if one["id"] not in gone]
    return {**record, "helpers": helpers or None}


def replayed_lines(
    lines: dict[str, Any], before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> dict[str, Any]:
    """The lines after a change of some: what is only before is gone, what is only after is new."""
    here = {one["id"] for one in after}
    kept = {id_: line for id_, line in lines.items() if id_ in here or id_ not in {b["id"] for b in before}}
    return kept | {one["id"]: {**dict.fromkeys(LINE), **kept.get(one["id"], {}), **one} for one in after}


def plain(value: Any) -> Any:
    """A value without what is looked up when it is read; nothing is None, however it is written."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        shown = [{name: one[name] for name in (LINE if "what" in one else ID)} for one in value]
        return sorted(shown, key=lambda one: str(one["id"]))
    if isinstance(value, dict) and "id" in value:
        return {name: value[name] for name in ID}
    return None if value == [] else value
