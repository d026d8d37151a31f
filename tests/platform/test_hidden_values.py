"""What callers cannot see is neither told by an answer to a guess nor lost by a save."""

from __future__ import annotations

from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.errors import Forbidden
from fieldstone.records import Change, Query
from fieldstone.records.write_rows import Mode, Sent, Writing, write_rows
from fieldstone_testing import App, AppFactory

CLUBS = """
kind: app
name: clubs
version: 1.0.0
settings:
  fewest: {type: percent, default: 2}
  longest: {type: decimal, default: 2.5}
---
kind: entity
name: person
fields:
  name: {type: text, required: true}
---
kind: entity
name: club
fields:
  name: {type: text, required: true}
  size: {type: integer}
  salary: {type: integer}
  members: {type: references, to: person, inverse: clubs}
---
kind: role
name: clerk
inherits: [employee]
entities:
  person: {create: true, read: owner == user, delete: owner == user}
  club:
    create: true
    read: true
    update: true
    fields:
      salary: {read: owner == user, update: owner == user}
"""


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from(CLUBS)


def make(context, entity: str, **values) -> UUID:
    return records.create(context, entity, [values])[0].id


def people(context, *names: str) -> list[str]:
    return [str(make(context, "person", name=name)) for name in names]


def member_names(context, club: UUID) -> list[str]:
    return [member["title"] for member in records.get(context, "club", club)["members"]]


def test_saving_the_members_one_sees_keeps_those_one_does_not_see(app):
    ann, bo = app.context_for("Ann", ["clerk"]), app.context_for("Bo", ["clerk"])
    hers, his = people(ann, "Alva", "Asta"), people(bo, "Bjarne")
    club = make(app.system, "club", name="Chess", members=[*hers, *his])
    assert member_names(ann, club) == ["Alva", "Asta"]

    records.update(ann, "club", [Change(club, {"members": hers[:1]})])
    assert member_names(app.system, club) == ["Alva", "Bjarne"]

    records.update(ann, "club", [Change(club, {"members": None})])
    assert member_names(app.system, club) == ["Bjarne"]


def test_a_member_in_the_recycle_bin_is_a_member_again_when_it_comes_back(app):
    ann = app.context_for("Ann", ["clerk"])
    first, second = people(ann, "Alva", "Asta")
    club = make(app.system, "club", name="Chess", members=[first, second])
    records.delete(ann, "person", [UUID(second)])
    records.update(ann, "club", [Change(club, {"members": [first], "size": 1})])
    records.restore(ann, "person", [UUID(second)])
    assert member_names(ann, club) == ["Alva", "Asta"]


@pytest.mark.parametrize("guess", [4100, 4200], ids=["right", "wrong"])
def test_guessing_a_hidden_value_is_refused_alike_whether_it_is_right_or_wrong(app, guess):
    ann = app.context_for("Ann", ["clerk"])
    club = make(app.system, "club", name="Chess", salary=4200)
    with pytest.raises(Forbidden):
        records.update(ann, "club", [Change(club, {"salary": guess})])


@pytest.mark.parametrize(
    "where",
    [
        "size > settings.clubs.fewest",
        "settings.clubs.fewest == 2",
        "settings.clubs.longest > 2",
        "size > settings.clubs.longest",
    ],
)
def test_a_filter_compares_settings_with_values_of_other_number_types(app, where):
    make(app.system, "club", name="Chess", size=3)
    found = records.list(app.system, "club", Query(where=where, fields=("name",)))
    assert [club["name"] for club in found.data] == ["Chess"]


KEYED = """
kind: app
name: keyed
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: item
fields:
  name: {type: text, required: true}
  code: {type: text, unique: true}
  color: {type: text}
---
kind: role
name: clerk
inherits: [employee]
capabilities: [import, bulk_edit]
entities:
  item: {create: true, read: color != "black", update: true, fields: {code: {read: owner == user}}}
"""


@pytest.fixture
def keyed(app_from):
    app = app_from(KEYED)
    records.create(app.system, "item", [{"name": "Hers", "code": "c1", "color": "red"}])
    records.create(app.system, "item", [{"name": "Unseen", "color": "black"}])
    return app


@pytest.mark.parametrize("mode", [Mode.UPDATE, Mode.DELETE])
def test_a_key_finds_no_record_in_which_it_may_not_be_read(keyed, mode):
    bo = keyed.context_for("Bo", ["clerk"])
    sent = [Sent({"code": code}) for code in ("c1", "c2")]
    right, wrong = write_rows(bo, Writing("item", mode, ("code",)), sent)
    assert (right.status, right.errors) == (wrong.status, wrong.errors)


def test_a_key_that_is_not_unique_finds_nothing_that_may_not_be_read(keyed):
    bo = keyed.context_for("Bo", ["clerk"])
    rows = [{"name": "New", "color": color} for color in ("black", "blue", "red")]
    done = records.import_rows(bo, "item", rows, key=["color"], dry_run=True)
    assert [one.action for one in done] == ["created", "created", "updated"]
