"""The history: it tells who changed what as far as the reader may see it, and it explains the present."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldstone import records
from fieldstone.context import Context
from fieldstone.errors import NotFound
from fieldstone.records import Change
from fieldstone_testing import App, AppFactory

DEALS = """
kind: app
name: sales
label: Sales
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: account
fields:
  name: {type: text, required: true}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  amount: {type: money}
  double: {type: formula, expression: amount * 2, stored: true}
  closes: {type: date}
  meeting: {type: datetime}
  length: {type: duration}
  tags: {type: tags}
  extra: {type: json}
  account: {type: reference, to: account, on_delete: clear, inverse: deals}
  partners: {type: references, to: account, inverse: partner_deals}
  secret: {type: text}
---
kind: entity
name: visit
track: false
fields:
  name: {type: text}
---
kind: role
name: rep
inherits: [employee]
entities:
  account: {create: true, read: owner == user, update: true, delete: true}
  deal:
    create: true
    read: owner == user or team in user.teams
    update: true
    delete: true
  visit: {create: true, read: true, update: true}
---
kind: role
name: peer
inherits: [employee]
entities:
  deal: {read: true, fields: {secret: {read: false}}}
"""
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    return module_app_from(DEALS)


def test_json_that_looks_like_a_reference_is_told_as_it_is(app: App) -> None:
    extra = {"id": "12", "entity": "deal"}
    [deal] = records.create(app.system, "deal", [{"name": "Pump", "extra": extra}])
    assert records.history(app.system, "deal", deal.id)[0]["changes"]["extra"] == [None, extra]


def test_each_change_is_told_with_who_when_and_how(app: App) -> None:
    ann = app.context_for("Ann", ["rep"], now=NOON)
    [deal] = records.create(ann, "deal", [{"name": "Pump", "amount": "10"}])
    records.update(ann.with_source("page", "by phone"), "deal", [Change(deal.id, {"closes": "2026-05-01"})])
    changed, created = records.history(ann, "deal", deal.id)
    assert changed["changes"] == {"closes": [None, "2026-05-01"]}
    assert {name: changed[name] for name in ("version", "at", "source", "note", "action")} == {
        "version": 2, "at": "2026-03-02T12:00:00Z", "source": "page", "note": "by phone", "action": "update",
    }  # fmt: skip
    assert changed["actor"]["title"] == "Ann"
    assert created["changes"]["amount"] == [None, "10.00"]
    assert "closes" not in created["changes"]


def test_fields_that_the_reader_may_not_read_are_left_out(app: App) -> None:
    ann = app.context_for("Ann", ["rep"])
    [deal] = records.create(ann, "deal", [{"name": "Pump", "secret": "x"}])
    [entry] = records.history(app.context_for("Pia", ["peer"]), "deal", deal.id)
    assert "name" in entry["changes"]
    assert "secret" not in entry["changes"]


def test_a_reference_to_an_unreadable_record_has_no_title(app: App) -> None:
    ann = app.context_for("Ann", ["rep"])
    [account] = records.create(ann, "account", [{"name": "Acme"}])
    [deal] = records.create(ann, "deal", [{"name": "Pump", "account": str(account.id)}])
    seen = [
        records.history(who, "deal", deal.id)[0]["changes"]["account"][1]
        for who in (ann, app.context_for("Pia"))
    ]
    assert [reference["title"] for reference in seen] == ["Acme", None]


def test_the_history_of_an_unreadable_record_is_not_found(app: App) -> None:
    [deal] = records.create(app.context_for("Ann", ["rep"]), "deal", [{"name": "Pump"}])
    with pytest.raises(NotFound):
        records.history(app.context_for("Rob", ["rep"]), "deal", deal.id)
    with pytest.raises(NotFound):
        records.history(app.context_for("Rob", ["rep"]), "deal", uuid4())


def test_pages_go_back_in_time(app: App) -> None:
    ann = app.context_for("Ann", ["rep"])
    [deal] = records.create(ann, "deal", [{"name": "v1"}])
    for number in range(2, 6):
        records.update(ann, "deal", [Change(deal.id, {"name": f"v{number}"})])
    first = records.history(ann, "deal", deal.id, limit=2)
    second = records.history(ann, "deal", deal.id, limit=2, before=first[-1]["id"])
    assert [entry["version"] for entry in (*first, *second)] == [5, 4, 3, 2]


def test_an_entity_without_tracking_keeps_events_and_no_values(app: App) -> None:
    ann = app.context_for("Ann", ["rep"])
    [visit] = records.create(ann, "visit", [{"name": "a"}])
    records.update(ann, "visit", [Change(visit.id, {"name": "b"})])
    assert [(e["action"], e["changes"]) for e in records.history(ann, "visit", visit.id)] == [
        ("update", {}),
        ("create", {}),
    ]


def test_every_change_has_one_outbox_row_of_the_same_transaction(app: App) -> None:
    ann = app.context_for("Ann", ["rep"])
    [deal] = records.create(ann, "deal", [{"name": "Pump"}])
    records.update(ann, "deal", [Change(deal.id, {"name": "Valve"})])
    records.delete(ann, "deal", [deal.id])
    rows = app.sql(
        "SELECT action, version, actor FROM main_system.outbox WHERE record = :id ORDER BY id", id=deal.id
    )
    assert rows == [
        (action, version, ann.principal.user)
        for action, version in [("create", 1), ("update", 2), ("delete", 3)]
    ]


# --- the law: replaying the history gives the record as it is
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]), min_size=1, max_size=20)
VALUES = {
    "name": TEXTS,
    "amount": st.none() | st.decimals(-1000, 1000, places=2).map(str),
    "closes": st.none() | st.dates().map(str),
    "meeting": st.none()
    | st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(lambda d: d.isoformat() + "Z"),
    "length": st.none() | st.integers(0, 500).map(lambda n: f"P{n}DT{n}S"),
    "tags": st.lists(st.text("abcÄß", min_size=1), max_size=3),
    "extra": st.none()
    | st.recursive(st.booleans() | st.integers() | TEXTS, lambda inner: st.lists(inner, max_size=2)),
    "secret": st.none() | TEXTS,
}
CHANGES = st.lists(st.fixed_dictionaries({}, optional=VALUES), max_size=4)
STEPS = st.lists(st.sampled_from(["link", "unlink", "move", "bin"]), max_size=4)


def replayed(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """The record that the history tells of, oldest entry first."""
    record: dict[str, Any] = {}
    for entry in entries:
        for name, (before, after) in entry["changes"].items():
            assert record.get(name) == before or (record.get(name) is None and before in ([], None))
            record[name] = after
    return record


OTHERS = {name: values for name, values in VALUES.items() if name != "name"}


def test_the_history_explains_the_present(app: App) -> None:
    ann = app.context_for("Ann", ["rep"])

    @given(first=st.fixed_dictionaries({"name": TEXTS}, optional=OTHERS), changes=CHANGES, steps=STEPS)
    @settings(max_examples=40, deadline=None)
    def law(first: dict[str, Any], changes: list[dict[str, Any]], steps: list[str]) -> None:
        deal = live_a_life(ann, first, changes, steps)
        entries = records.history(ann, "deal", deal, limit=500)[::-1]
        present, told = records.get(ann, "deal", deal), replayed(entries)
        assert [entry["version"] for entry in entries] == list(range(1, present["version"] + 1))
        compared = (*VALUES, "double", "account", "owner", "team", "currency")
        assert {n: told.get(n) or None for n in compared} == {n: present[n] or None for n in compared}

    law()


def live_a_life(ann: Context, first: dict[str, Any], changes: list[dict[str, Any]], steps: list[str]) -> UUID:
    """A deal that was created, changed, linked, binned and cleared."""
    accounts = [str(entry.id) for entry in records.create(ann, "account", [{"name": "A"}, {"name": "B"}])]
    [deal] = records.create(ann, "deal", [first])
    actions = {
        "link": lambda: records.update(ann, "deal", [Change(deal.id, {"partners": accounts})]),
        "unlink": lambda: records.update(ann, "deal", [Change(deal.id, {"partners": accounts[:1]})]),
        "move": lambda: records.update(ann, "deal", [Change(deal.id, {"account": accounts[0]})]),
        "bin": lambda: (records.delete(ann, "deal", [deal.id]), records.restore(ann, "deal", [deal.id])),
    }
    for change in changes:
        records.update(ann, "deal", [Change(deal.id, change)])
    for step in steps:
        actions[step]()
    records.delete(ann, "account", [UUID(accounts[0])])
    return deal.id
