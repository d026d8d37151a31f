"""Views that users save: private or shared, and never a way to see more."""

import pytest

from fieldstone import records
from fieldstone.errors import FieldstoneError, Malformed, NotFound
from fieldstone.records import Query

DEALS = """
kind: app
name: sales
label: Sales
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  amount: {type: integer}
  margin: {type: integer}
---
kind: entity
name: secret_deal
fields:
  name: {type: text}
---
kind: role
name: rep
inherits: [employee]
entities:
  deal:
    create: true
    read: owner == user
    update: owner == user
    fields: {margin: {read: false, update: false}}
"""
BIG = {"name": "Big ones", "shows": "deal", "where": "amount > 10", "order": "-amount", "columns": "name"}


@pytest.fixture
def app(app_from):
    return app_from(DEALS)


@pytest.fixture
def ann(app):
    ann = app.context_for("Ann", ["rep"], ["North"])
    records.create(ann, "deal", [{"name": str(amount), "amount": amount} for amount in (5, 20, 30)])
    return ann


@pytest.fixture
def bo(app):
    return app.context_for("Bo", ["rep"], ["South"])


def save(context, **changes):
    return records.create(context, "saved_view", [{**BIG, **changes}])[0]


def shown(context, view, **asked):
    """What a view shows, without the ids that every record has."""
    page = records.list(context, "deal", Query(view=view, **asked))
    return [{name: value for name, value in record.items() if name != "id"} for record in page.data]


@pytest.mark.parametrize("by", ["name", "id"])
def test_a_saved_view_filters_orders_and_chooses_columns(ann, by):
    names = {"name": BIG["name"], "id": str(save(ann).id)}
    assert shown(ann, names[by]) == [{"name": "30"}, {"name": "20"}]


def test_what_is_asked_for_goes_before_what_the_view_says(ann):
    save(ann)
    asked = {"where": "amount < 25", "order": ("name",), "fields": ("amount",)}
    assert shown(ann, BIG["name"], **asked) == [{"amount": 20}]


def test_the_pages_of_a_saved_view_follow_each_other(ann):
    save(ann)
    first = records.list(ann, "deal", Query(view=BIG["name"], limit=1))
    assert shown(ann, BIG["name"], cursor=first.next, limit=1) == [{"name": "20"}]


def test_a_private_view_does_not_exist_for_others(ann, bo):
    save(ann)
    assert records.saved_views_of(bo, "deal") == []
    with pytest.raises(NotFound):
        shown(bo, BIG["name"])


def test_a_shared_view_shows_what_its_reader_may_read(ann, bo):
    save(ann, shared=True)
    records.create(bo, "deal", [{"name": "Bo's", "amount": 99}])
    assert shown(bo, BIG["name"]) == [{"name": "Bo's"}]
    assert [view.mine for view in records.saved_views_of(bo, "deal")] == [False]


def test_a_shared_view_is_changed_by_its_owner_only(ann, bo):
    made = save(ann, shared=True)
    with pytest.raises(FieldstoneError) as refused:
        records.update(bo, "saved_view", [records.Change(made.id, {"name": "Mine"})])
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"where": "amount >"}, "where"),
        ({"where": "margin > 5"}, "where"),
        ({"order": "margin"}, "order"),
        ({"columns": "name,nothing"}, "columns"),
        ({"group": "nothing"}, "group"),
        ({"shows": "nothing"}, "shows"),
        ({"shows": "secret_deal"}, "shows"),
    ],
)
def test_a_view_that_its_owner_could_not_look_through_is_refused_with_its_field(ann, changes, field):
    with pytest.raises(FieldstoneError) as refused:
        save(ann, **changes)
    assert refused.value.status == 422
    assert [error.field for error in refused.value.errors] == [field]


def test_a_view_whose_field_has_gone_says_so(app, ann):
    made = save(ann)
    app.sql(
        "UPDATE main.saved_view SET \"where\" = 'gone > 10' WHERE id = CAST(:id AS uuid)", id=str(made.id)
    )
    with pytest.raises(Malformed, match="gone"):
        shown(ann, BIG["name"])


def test_the_view_of_another_entity_is_not_found(ann):
    save(ann)
    with pytest.raises(NotFound):
        records.list(ann, "task", Query(view=BIG["name"]))


def test_the_api_takes_a_saved_view_by_its_name(app, client):
    api = client(app, app.token("Cy", ["rep"]))
    assert api.post("/data/saved_view", json=BIG).status_code == 201
    api.post("/data/deal", json={"name": "Pump", "amount": 11})
    [found] = api.get("/data/deal?view=Big ones").json["data"]
    assert found.keys() == {"id", "name"}
    assert api.get("/data/deal?view=Nothing").status_code == 404
