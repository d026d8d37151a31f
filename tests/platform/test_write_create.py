"""Creating records: what is sent, what the platform adds, and what it refuses."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from fieldstone import records
from fieldstone.errors import Conflict, Forbidden, Invalid, NotFound
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
  name: {type: text, required: true, unique: true, max_length: 50}
---
kind: entity
name: deal
search: [name, kind]
fields:
  name: {type: text, required: true, label: Deal name}
  account: {type: reference, to: account, inverse: deals}
  amount: {type: money}
  discount:
    type: percent
    min: 0
    max: 100
    default: 0
    check: discount <= 40
    message: At most 40 % is possible.
  net: {type: formula, expression: amount * (100 - discount) / 100, stored: true}
  kind: {type: choice, options: [new, upgrade], default: new}
  previous: {type: text, visible: kind == "upgrade", required: kind == "upgrade"}
  closes: {type: date, default: =today() + 30 days}
  reminder: {type: date, default: =closes - 5 days}
  tags: {type: tags}
  size: {type: decimal, precision: 6, scale: 2}
  locked: {type: boolean, readonly: true, default: false}
  extra: {type: json}
---
kind: role
name: rep
inherits: [employee]
entities:
  account: {read: true, create: true}
  deal:
    create: amount == null or amount < 1000000
    read: owner == user
    update: owner == user
    fields:
      size: {read: false, update: false}
      tags: {update: false}
---
kind: role
name: manager
inherits: [employee]
entities:
  deal: {create: true, read: true, update: true, delete: true, assign: true}
"""
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from(DEALS)


def stored(app: App, columns: str = "*") -> list[object]:
    return list(app.sql(f"SELECT {columns} FROM main.deal ORDER BY id"))


def refusals(caught: pytest.ExceptionInfo[Invalid]) -> list[tuple[int, str | None, str]]:
    return [(error.record, error.field, error.code) for error in caught.value.errors]


def test_what_was_sent_is_stored_with_defaults_and_bookkeeping(app: App) -> None:
    ann = app.context_for("Ann", ["manager"], ["North"], now=NOON)
    [written] = records.create(ann, "deal", [{"name": "Pump", "size": "1.005"}])
    columns = "id, version, name, kind, closes::text, discount, size, created_at, created_by, deleted_at"
    assert stored(app, columns) == [
        (written.id, 1, "Pump", "new", "2026-04-01", 0, Decimal("1.01"), NOON, ann.principal.user, None)
    ]


def test_a_default_may_read_another_default_whatever_their_order(app: App) -> None:
    ann = app.context_for("Ann", ["manager"], now=NOON)
    records.create(ann, "deal", [{"name": "Pump"}, {"name": "Valve", "closes": "2026-05-20"}])
    assert stored(app, "reminder::text") == [("2026-03-27",), ("2026-05-15",)]


def test_an_explicit_null_keeps_the_default_away(app: App) -> None:
    ann = app.context_for("Ann", ["manager"])
    records.create(ann, "deal", [{"name": "Pump", "closes": None, "discount": ""}])
    assert stored(app, "closes, discount") == [(None, None)]


def test_the_creator_owns_the_record_for_the_first_team(app: App) -> None:
    ann = app.context_for("Ann", ["manager"], ["North", "South"])
    records.create(ann, "deal", [{"name": "Pump"}])
    assert stored(app, "owner, team") == [(ann.principal.user, ann.principal.teams[0])]


def test_the_team_is_that_of_another_owner_who_was_named(app: App) -> None:
    ben = app.context_for("Ben", ["rep"], ["South"]).principal
    ann = app.context_for("Ann", ["manager"], ["North"])
    records.create(ann, "deal", [{"name": "Pump", "owner": str(ben.user)}])
    assert stored(app, "owner, team") == [(ben.user, ben.teams[0])]


def test_stored_formulas_title_and_search_text_are_kept(app: App) -> None:
    ann = app.context_for("Ann", ["manager"])
    records.create(ann, "deal", [{"name": "Pump Ä", "amount": "200", "discount": "10"}])
    assert stored(app, "net, _title, _search") == [(Decimal("180"), "Pump Ä", "pump ä\nnew")]


def test_json_keeps_its_exact_shape(app: App) -> None:
    ann = app.context_for("Ann", ["manager"])
    value = {"a": [1, True, None, 1.5, "x"], "big": 123456789012345678901234567890}
    records.create(ann, "deal", [{"name": "Pump", "extra": value}])
    assert stored(app, "extra->>'big', extra->'a'") == [
        ("123456789012345678901234567890", [1, True, None, 1.5, "x"])
    ]


def test_every_refusal_of_a_batch_is_told_at_once_and_nothing_is_written(app: App) -> None:
    ann = app.context_for("Ann", ["manager"])
    sent = [
        {"name": "Fine"},
        {"nam": "x", "amount": "lots"},
        {"name": "Pump", "discount": 50, "kind": "upgrade"},
        {"name": "Pump", "previous": "x", "locked": True, "net": 5, "id": "x", "created_at": "2020-01-01"},
    ]
    with pytest.raises(Invalid) as caught:
        records.create(ann, "deal", sent)
    assert sorted(refusals(caught), key=str) == [
        (1, "amount", "not_a_number"),
        (1, "nam", "unknown_field"),
        (1, "name", "required"),
        (2, "discount", "check"),
        (2, "previous", "required"),
        (3, "created_at", "readonly"),
        (3, "id", "readonly"),
        (3, "locked", "readonly"),
        (3, "net", "readonly"),
        (3, "previous", "hidden"),
    ]
    assert stored(app) == []


def test_an_unknown_field_is_answered_with_the_most_similar_one(app: App) -> None:
    ann = app.context_for("Ann", ["manager"])
    with pytest.raises(Invalid, match=re.escape("deal has no field “amont”; did you mean “amount”?")):
        records.create(ann, "deal", [{"name": "Pump", "amont": "3"}])


def test_a_check_is_told_in_the_words_of_its_message(app: App) -> None:
    ann = app.context_for("Ann", ["manager"])
    with pytest.raises(Invalid, match=re.escape("At most 40 % is possible.")):
        records.create(ann, "deal", [{"name": "Pump", "discount": 41}])


def test_a_taken_unique_value_is_a_conflict_that_names_the_field(app: App) -> None:
    ann = app.context_for("Ann", ["rep"])
    records.create(ann, "account", [{"name": "Acme"}])
    with pytest.raises(Conflict) as caught:
        records.create(ann, "account", [{"name": "Acme"}])
    assert [(error.field, error.code) for error in caught.value.errors] == [("name", "not_unique")]


def test_a_record_that_no_grant_covers_is_refused_with_what_it_needs(app: App) -> None:
    rep = app.context_for("Rita", ["rep"])
    with pytest.raises(Forbidden) as caught:
        records.create(rep, "deal", [{"name": "Pump", "amount": "1000000"}])
    assert (
        caught.value.details["reason"]
        == "It is possible only if “Amount” is empty, or “Amount” is below 1000000 (as Rep), "
        "or with the role Manager."
    )
    assert stored(app) == []


def test_who_may_never_create_is_refused_before_values_are_looked_at(app: App) -> None:
    manager = app.context_for("Mia", ["manager", "rep"])
    clerk = app.context_for("Cleo", ["employee"])
    with pytest.raises(NotFound):
        records.create(clerk, "deal", [{"nonsense": 1}])
    with pytest.raises(Forbidden):
        records.create(manager, "user", [{"nonsense": 1}])


def test_a_field_that_no_role_may_read_does_not_exist_for_the_caller(app: App) -> None:
    rep = app.context_for("Rita", ["rep"])
    with pytest.raises(Invalid) as caught:
        records.create(rep, "deal", [{"name": "Pump", "size": "3"}])
    assert refusals(caught) == [(0, "size", "unknown_field")]


def test_a_field_that_may_not_be_updated_may_not_be_sent_either(app: App) -> None:
    rep = app.context_for("Rita", ["rep"])
    with pytest.raises(Forbidden) as caught:
        records.create(rep, "deal", [{"name": "Pump", "tags": ["hot"]}])
    assert [(error.field, error.code) for error in caught.value.errors] == [("tags", "forbidden")]


def test_a_record_for_another_owner_needs_the_right_to_assign(app: App) -> None:
    ben = app.context_for("Ben", ["rep"]).principal.user
    rep = app.context_for("Rita", ["rep"])
    with pytest.raises(Forbidden) as caught:
        records.create(rep, "deal", [{"name": "Pump", "owner": str(ben)}])
    assert [error.field for error in caught.value.errors] == ["owner"]
    records.create(rep, "deal", [{"name": "Pump", "owner": str(rep.principal.user)}])


def test_an_unknown_entity_is_not_found(app: App) -> None:
    with pytest.raises(NotFound):
        records.create(app.context_for("Ann", ["manager"]), "nonsense", [{}])


@pytest.mark.parametrize("hostile", ["a\x00b", "\ud800", 5, ["x"], {"a": 1}, True])
def test_a_value_of_the_wrong_sort_is_refused_by_its_field(app: App, hostile: object) -> None:
    with pytest.raises(Invalid) as caught:
        records.create(app.context_for("Ann", ["manager"]), "deal", [{"name": hostile}])
    assert [error.field for error in caught.value.errors] == ["name"]


@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u00a0"])
def test_a_blank_text_is_no_value(app: App, blank: str) -> None:
    with pytest.raises(Invalid) as refused:
        records.create(app.system, "deal", [{"name": blank}])
    assert [(error.field, error.code) for error in refused.value.errors] == [("name", "required")]
