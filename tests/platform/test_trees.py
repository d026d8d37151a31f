"""Trees of records: nothing comes to stand above itself, whoever moves what at the same time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.errors import Invalid
from fieldstone.records import Change
from fieldstone_metadata import template_layer
from fieldstone_testing import App, AppFactory
from fieldstone_testing.statements import noted_statements

PLACES = """
kind: app
name: places
version: 1.0.0
---
kind: entity
name: place
fields:
  name: {type: text, required: true}
  part_of: {type: reference, to: place, tree: true}
  twin: {type: reference, to: place}
"""


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from(PLACES)


def chain(app: App, count: int) -> list[UUID]:
    """Places of which each is part of the one before."""
    made: list[UUID] = []
    for number in range(count):
        above = {"part_of": str(made[-1])} if made else {}
        made.append(records.create(app.system, "place", [{"name": f"Place {number}", **above}])[0].id)
    return made


def move(app: App, *ways: tuple[UUID, UUID | None], field: str = "part_of") -> Sequence[records.Written]:
    changes = [Change(one, {field: str(above) if above else None}) for one, above in ways]
    return records.update(app.system, "place", changes)


def refused(app: App, *ways: tuple[UUID, UUID | None]) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(Invalid) as caught:
        move(app, *ways)
    return [(error.record, error.field, error.code) for error in caught.value.errors]


def test_a_record_cannot_be_placed_below_itself_or_below_what_is_below_it(app: App):
    top, _middle, low = chain(app, 3)
    assert refused(app, (top, top)) == [(0, "part_of", "circle")]
    assert refused(app, (top, low)) == [(0, "part_of", "circle")]
    assert app.sql("SELECT part_of FROM main.place WHERE name = 'Place 0'") == [(None,)]


def test_two_records_of_one_batch_cannot_be_placed_below_each_other(app: App):
    one, other, third = (chain(app, 1)[0] for _ in range(3))
    assert refused(app, (one, other), (third, one), (other, one)) == [
        (0, "part_of", "circle"),
        (2, "part_of", "circle"),
    ]


def test_a_branch_is_turned_round_in_one_batch(app: App):
    top, middle, low = chain(app, 3)
    move(app, (top, middle), (middle, low), (low, None))
    found = app.sql("SELECT name, part_of FROM main.place ORDER BY name")
    assert [tuple(row) for row in found] == [("Place 0", middle), ("Place 1", low), ("Place 2", None)]


def test_a_reference_that_makes_no_tree_may_go_round(app: App):
    one, other = chain(app, 2)
    assert len(move(app, (one, other), (other, one), field="twin")) == 2


def test_the_number_of_statements_does_not_depend_on_the_number_of_records(app: App):
    top, *others = chain(app, 6)
    with noted_statements() as for_one:
        move(app, (others[-1], top))
    with noted_statements() as for_many:
        move(app, *((other, top) for other in others[1:-1]))
    assert len(for_one) == len(for_many)


def test_two_writers_cannot_each_make_a_half_of_a_circle(app: App):
    one, other = (chain(app, 1)[0] for _ in range(2))
    begin, outcomes = threading.Barrier(2), []

    def place(low: UUID, above: UUID) -> None:
        begin.wait()
        try:
            move(app, (low, above))
            outcomes.append("moved")
        except Invalid as error:
            outcomes.append(error.errors[0].code)

    writers = [threading.Thread(target=place, args=way) for way in ((one, other), (other, one))]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(outcomes) == ["circle", "moved"]


def test_companies_teams_and_managers_are_trees(app_from: AppFactory):
    app = app_from.of_layers([template_layer("sales")])
    for entity, field, values in (
        ("account", "parent", {"name": "Halden"}),
        ("team", "parent", {"name": "North"}),
        ("user", "manager", {"name": "Ann", "email": "ann@example.com"}),
    ):
        made = records.create(app.system, entity, [values])[0].id
        with pytest.raises(Invalid, match="above itself"):
            records.update(app.system, entity, [Change(made, {field: str(made)})])


# -- all below and all above


def names(answer) -> list[str]:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [record["name"] for record in answer.json["data"]]


def test_all_below_and_all_above_a_record_are_listed(app: App, client):
    top, _middle, low = chain(app, 3)
    other = records.create(app.system, "place", [{"name": "Other", "part_of": str(top)}])[0].id
    api = client(app, app.token("Root", ["admin"]))
    assert names(api.get(f"/data/place/{top}/below?order=name")) == ["Other", "Place 1", "Place 2"]
    assert names(api.get(f"/data/place/{low}/above?order=name")) == ["Place 0", "Place 1"]
    assert names(api.get(f"/data/place/{other}/below")) == []
    assert names(api.get(f"/data/place/{top}/above")) == []
    page = api.get(f"/data/place/{top}/below?order=name&limit=2&count=exact").json
    assert (len(page["data"]), page["count"]) == (2, 3)
    assert names(api.get(f"/data/place/{top}/below?order=name&limit=2&cursor={page['next']}")) == ["Place 2"]
    assert names(api.get(f"/data/place/{top}/below?where=name%20==%20%22Other%22")) == ["Other"]
    records.delete(app.system, "place", [low])
    assert names(api.get(f"/data/place/{top}/below?order=name")) == ["Other", "Place 1"]


def test_the_way_leads_only_through_records_that_the_caller_may_read(app_from: AppFactory, client):
    role = "\n---\nkind: role\nname: guest\nentities:\n  place: {read: 'name != \"Place 1\"'}\n"
    app = app_from(PLACES + role)
    top, middle, low = chain(app, 3)
    guest = client(app, app.token("Gus", ["guest"]))
    assert names(guest.get(f"/data/place/{top}/below")) == []
    assert names(guest.get(f"/data/place/{low}/above")) == []
    assert guest.get(f"/data/place/{middle}/below").status_code == 404


def test_a_branch_costs_one_statement_however_deep_it_is(app: App, client):
    api = client(app, app.token("Root", ["admin"]))
    short, long = chain(app, 2)[0], chain(app, 40)[0]
    api.get(f"/data/place/{short}/below")
    with noted_statements() as few:
        api.get(f"/data/place/{short}/below")
    with noted_statements() as many:
        assert len(api.get(f"/data/place/{long}/below").json["data"]) == 39
    assert len(few) == len(many)


def test_what_makes_no_tree_has_no_branches(app_from: AppFactory, client):
    app = app_from(PLACES.replace("tree: true", "tree: false"))
    (top,) = chain(app, 1)
    api = client(app, app.token("Root", ["admin"]))
    assert api.get(f"/data/place/{top}/below").status_code == 404


def test_of_several_trees_one_is_named(app_from: AppFactory, client):
    twin = "twin: {type: reference, to: place"
    app = app_from(PLACES.replace(twin, f"{twin}, tree: true"))
    (top,) = chain(app, 1)
    api = client(app, app.token("Root", ["admin"]))
    assert api.get(f"/data/place/{top}/below").json["code"] == "ambiguous_tree"
    assert api.get(f"/data/place/{top}/below?tree=thing").json["code"] == "unknown_tree"
    assert names(api.get(f"/data/place/{top}/below?tree=twin")) == []


def at_the_top(app: App, name: str, roles: list[str], **query: object) -> list[str]:
    asked = records.Query(top="part_of", fields=("name",), order=("name",), **query)
    return [one["name"] for one in records.list(app.context_for(name, roles), "place", asked).data]


def test_at_the_top_of_a_list_stands_what_nothing_of_it_stands_above(app_from: AppFactory):
    role = "\n---\nkind: role\nname: guest\nentities:\n  place: {read: 'name != \"Place 1\"'}\n"
    app = app_from(PLACES + role)
    chain(app, 4)
    assert at_the_top(app, "Root", ["admin"]) == ["Place 0"]
    assert at_the_top(app, "Gus", ["guest"]) == ["Place 0", "Place 2"]
    assert at_the_top(app, "Root", ["admin"], where='name != "Place 0"') == ["Place 1"]
    assert at_the_top(app, "Root", ["admin"], q="place 3") == ["Place 3"]
    assert at_the_top(app, "Root", ["admin"], count="exact", limit=1) == ["Place 0"]


def test_whoever_may_not_know_where_a_record_stands_finds_it_at_the_top(app_from: AppFactory):
    role = """
---
kind: role
name: guest
entities:
  place: {read: true, fields: {part_of: {read: name != "Place 2"}}}
"""
    app = app_from(PLACES + role)
    chain(app, 4)
    assert at_the_top(app, "Gus", ["guest"]) == ["Place 0", "Place 2"]


def test_restoring_leaves_a_place_empty_that_would_close_a_circle(app_from: AppFactory):
    app = app_from(PLACES.replace("tree: true", "tree: true, on_delete: clear"))
    low, gone, other = (chain(app, 1)[0] for _ in range(3))
    move(app, (low, gone), (gone, other))
    records.delete(app.system, "place", [gone])
    move(app, (other, low))
    records.restore(app.system, "place", [gone])
    found = dict(tuple(row) for row in app.sql("SELECT id, part_of FROM main.place"))
    assert found == {low: None, gone: other, other: low}
    assert app.sql(f"SELECT version FROM main.place WHERE id = '{low}'") == [(3,)]
