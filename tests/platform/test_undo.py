"""Undoing imports and bulk changes: what is still as they left it becomes what it was."""

import json
from uuid import UUID, uuid4

import pytest

from fieldstone import records
from fieldstone.context import TokenLimits
from fieldstone.records import Change, Picked
from fieldstone_testing.deals import DEALS
from fieldstone_testing.problems import assert_problem

LOADER = """
---
kind: role
name: loader
inherits: [rep]
capabilities: [import, bulk_edit]
---
kind: role
name: modest
capabilities: [bulk_edit]
entities:
  deal:
    read: true
    update: quantity == null or quantity < 10
    assign: true
    fields: {amount: {update: quantity == null or quantity < 5}}
"""


@pytest.fixture
def app(app_from):
    return app_from(DEALS + LOADER)


@pytest.fixture
def ann(app):
    return app.context_for("Ann", ["loader"], ["North"])


@pytest.fixture
def api(app, client):
    return client(app, app.token("Ann", ["loader"], ["North"]))


def bulk(api, entity, mode, lines):
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    answer = api.post(
        f"/data/{entity}/bulk?mode={mode}", data=body, headers={"Content-Type": "application/x-ndjson"}
    )
    assert answer.status_code == 200, answer.json
    ids = [json.loads(line)["id"] for line in answer.get_data(as_text=True).splitlines()]
    return answer.headers["Fieldstone-Operation"], ids


def undo(api, operation):
    answer = api.post(f"/operations/{operation}/undo")
    assert answer.status_code == 200, answer.json
    told = answer.json
    return told, (told["undone"], told["unchanged"], told["changed_since"], told["refused"])


def deals(app):
    return [
        tuple(row)
        for row in app.sql(
            "SELECT name, stage, quantity FROM main.deal WHERE deleted_at IS NULL ORDER BY name"
        )
    ]


def test_what_was_created_is_deleted_again_but_what_somebody_changed_since(app, api, ann):
    operation, ids = bulk(api, "deal", "create", [{"name": "A"}, {"name": "B"}, {"name": "C"}])
    records.update(ann, "deal", [Change(UUID(ids[1]), {"quantity": 5})])
    told, counts = undo(api, operation)
    assert counts == (2, 0, 1, 0)
    assert [(one["id"], one["action"]) for one in told["records"]] == [(ids[1], "changed_since")]
    assert deals(app) == [("B", "open", 5)]


def test_what_was_changed_is_as_before_its_state_included(app, api):
    _, ids = bulk(api, "deal", "create", [{"name": "A", "amount": "5"}, {"name": "B", "amount": "6"}])
    lines = [{"id": id_, "stage": "won", "quantity": 9} for id_ in ids]
    operation, _ = bulk(api, "deal", "update", lines)
    assert undo(api, operation)[1] == (2, 0, 0, 0)
    assert deals(app) == [("A", "open", None), ("B", "open", None)]


def test_what_was_deleted_comes_back_with_what_went_along(app, api, ann):
    _, [customer] = bulk(api, "customer", "create", [{"name": "Acme", "code": "a"}])
    api.post(f"/data/customer/{customer}/comments", json={"body": "Call them."})
    operation, _ = bulk(api, "customer", "delete", [{"id": customer}])
    assert undo(api, operation)[1][0] == 1
    assert api.get(f"/data/customer/{customer}").json["name"] == "Acme"
    assert len(api.get(f"/data/customer/{customer}/comments").json["data"]) == 1


def test_an_undo_can_be_undone_and_a_second_one_finds_nothing_to_do(app, api):
    _, ids = bulk(api, "deal", "create", [{"name": "A"}])
    change, _ = bulk(api, "deal", "update", [{"id": ids[0], "quantity": 9}])
    first, counts = undo(api, change)
    assert counts == (1, 0, 0, 0)
    assert undo(api, change)[1] == (0, 0, 1, 0)
    assert undo(api, first["operation"])[1] == (1, 0, 0, 0)
    assert deals(app) == [("A", "open", 9)]


def test_what_was_done_one_after_the_other_is_undone_the_last_first(app, api):
    made, ids = bulk(api, "deal", "create", [{"name": name, "amount": "5"} for name in "AB"])
    first, _ = bulk(api, "deal", "update", [{"id": id_, "quantity": 1} for id_ in ids])
    second, _ = bulk(api, "deal", "update", [{"id": id_, "quantity": 2, "stage": "won"} for id_ in ids])
    third, _ = bulk(api, "deal", "delete", [{"id": ids[0]}])
    assert undo(api, third)[1] == (1, 0, 0, 0)
    assert undo(api, second)[1] == (2, 0, 0, 0)
    assert deals(app) == [("A", "open", 1), ("B", "open", 1)]
    assert undo(api, first)[1] == (2, 0, 0, 0)
    assert undo(api, made)[1] == (2, 0, 0, 0)
    assert deals(app) == []


def test_what_was_not_all_taken_back_since_stays(app, api, ann):
    made, [changed, redone, kept] = bulk(api, "deal", "create", [{"name": name} for name in "ABC"])
    lines = [{"id": id_, "quantity": 1} for id_ in (changed, redone, kept)]
    change, _ = bulk(api, "deal", "update", lines)
    records.update(ann, "deal", [Change(UUID(changed), {"quantity": 5})])
    back, counts = undo(api, change)
    assert counts == (2, 0, 1, 0)
    records.update(ann, "deal", [Change(UUID(kept), {"name": "D"})])
    assert undo(api, back["operation"])[1] == (1, 0, 1, 0)
    assert undo(api, made)[1] == (0, 0, 3, 0)
    assert deals(app) == [("A", "open", 5), ("B", "open", 1), ("D", "open", None)]


def test_the_operation_of_another_is_unknown_and_what_was_reassigned_since_stays(app, api, client):
    _, ids = bulk(api, "deal", "create", [{"name": "A"}])
    change, _ = bulk(api, "deal", "update", [{"id": ids[0], "quantity": 9}])
    bo = client(app, app.token("Bo", ["loader"], ["South"]))
    assert_problem(bo.post(f"/operations/{change}/undo"), 404, "unknown_operation")
    assert_problem(bo.get(f"/operations/{change}"), 404, "unknown_operation")
    assert_problem(api.post(f"/operations/{uuid4()}/undo"), 404, "unknown_operation")
    owner = str(app.user("Bo"))
    records.update(app.system, "deal", [Change(UUID(ids[0]), {"owner": owner})])
    assert undo(api, change)[1] == (0, 0, 1, 0)


@pytest.mark.parametrize("before", [{"quantity": 50}, {"quantity": 7, "amount": "3"}])
def test_it_takes_the_right_to_bring_the_record_into_its_old_state(app, api, client, before):
    _, [deal] = bulk(api, "deal", "create", [{"name": "A", **before}])
    modest = client(app, app.token("Mo", ["modest"]))
    path = f"/data/deal/{deal}"
    assert_problem(modest.patch(path, json={"quantity": 60, "amount": "4"}), 403, "forbidden")
    change, _ = bulk(api, "deal", "update", [{"id": deal, "quantity": 1, "amount": "4"}])
    app.sql(f"UPDATE main_system.operation SET actor = '{app.user('Mo')}' WHERE id = '{change}'")
    told, counts = undo(modest, change)
    assert counts == (0, 0, 0, 1)
    assert told["records"][0]["code"] == "forbidden"


def test_giving_a_record_back_takes_the_right_to_give_it_away_and_no_other(app, api, client):
    _, [deal] = bulk(api, "deal", "create", [{"name": "A", "quantity": 50}])
    modest = client(app, app.token("Mo", ["modest"]))
    change, _ = bulk(modest, "deal", "update", [{"id": deal, "owner": str(app.user("Mo"))}])
    assert undo(modest, change)[1] == (1, 0, 0, 0)


def test_the_platform_undoes_its_own_and_nobody_else_does(app, api):
    _, ids = bulk(api, "deal", "create", [{"name": "A"}])
    system = app.system
    outcome = records.update_many(system, "deal", Picked([UUID(ids[0])]), {"margin": "7"})
    assert_problem(api.post(f"/operations/{outcome.operation}/undo"), 404)
    done = records.undo(system, outcome.operation)
    assert done.undone == 1
    assert app.sql("SELECT margin FROM main.deal") == [(None,)]


def test_many_batches_are_undone(app, api):
    operation, _ = bulk(api, "customer", "create", [{"name": f"C{n}", "code": str(n)} for n in range(1100)])
    assert undo(api, operation)[1] == (1100, 0, 0, 0)
    assert app.sql("SELECT count(*) FROM main.customer WHERE deleted_at IS NULL") == [(0,)]


def test_an_operation_tells_what_it_was(app, api):
    operation, _ = bulk(api, "deal", "create", [{"name": "A"}])
    told = api.get(f"/operations/{operation}").json
    assert (told["action"], told["entity"], told["actor"]["id"]) == ("bulk", "deal", str(app.user("Ann")))
    undone = api.post(f"/operations/{operation}/undo").json["operation"]
    assert api.get(f"/operations/{undone}").json["undoes"] == operation


def test_the_last_operations_say_what_they_did_and_whether_they_were_taken_back(app, api, ann):
    imported, ids = bulk(api, "deal", "create", [{"name": "A"}, {"name": "B"}])
    gone = records.delete_many(ann, "deal", Picked([UUID(ids[0])]))
    records.delete_many(ann, "deal", Picked([uuid4()]))

    def told():
        return [
            (one.operation.id, one.changed, one.deleted, one.undone)
            for one in records.recent_operations(ann, 10)
        ]

    assert told() == [(gone.operation, 1, 1, False), (UUID(imported), 2, 0, False)]
    first = records.undo(ann, gone.operation)
    assert told()[0] == (gone.operation, 1, 1, True)
    (again, *_) = records.recent_operations(ann, 10)
    assert again.latest == first.operation
    records.undo(ann, again.latest)
    assert told()[0] == (gone.operation, 1, 1, False)
    assert [one.operation.id for one in records.recent_operations(ann, 10, UUID(imported))] == [
        UUID(imported)
    ]


def test_operations_of_others_are_told_only_to_administrators(app, api):
    operation, _ = bulk(api, "deal", "create", [{"name": "A"}])
    assert records.recent_operations(app.context_for("Bo", ["loader"], ["North"]), 10) == []
    assert [str(one.operation.id) for one in records.recent_operations(app.system, 10)] == [operation]


def test_the_api_lists_operations_with_what_takes_each_back(app, api):
    imported, _ = bulk(api, "deal", "create", [{"name": "A"}, {"name": "B"}])
    (told,) = api.get("/operations").json["data"]
    counts = {name: told[name] for name in ("id", "changed", "deleted", "more", "undone", "undo")}
    assert counts == {
        "id": imported, "changed": 2, "deleted": 0, "more": False, "undone": False, "undo": imported,
    }  # fmt: skip
    assert told["actor"]["id"] == str(app.user("Ann"))
    undoing = undo(api, told["undo"])[0]["operation"]
    (told,) = api.get("/operations").json["data"]
    assert (told["undone"], told["undo"]) == (True, undoing)


def test_an_undo_that_found_nothing_to_take_back_is_not_what_was_done_last(app, api):
    _, [deal] = bulk(api, "deal", "create", [{"name": "A"}])
    change, _ = bulk(api, "deal", "update", [{"id": deal, "quantity": 9}])
    first = undo(api, change)[0]["operation"]
    assert undo(api, change)[1] == (0, 0, 1, 0)
    (told, _) = api.get("/operations").json["data"]
    assert (told["id"], told["undone"], told["undo"]) == (change, True, first)


def test_an_undo_that_was_refused_leaves_the_operation_to_be_undone(app, api, ann):
    _, [deal] = bulk(api, "deal", "create", [{"name": "A"}])
    change, _ = bulk(api, "deal", "update", [{"id": deal, "quantity": 9}])
    records.update(ann, "deal", [Change(UUID(deal), {"quantity": 5})])
    assert undo(api, change)[1] == (0, 0, 1, 0)
    (told, _) = api.get("/operations").json["data"]
    assert (told["id"], told["undone"], told["undo"]) == (change, False, change)


def test_operations_are_listed_page_by_page(api):
    made = [bulk(api, "deal", "create", [{"name": name}])[0] for name in "ABC"]
    first = api.get("/operations?limit=2").json
    assert [one["id"] for one in first["data"]] == [made[2], made[1]]
    second = api.get(f"/operations?limit=2&cursor={first['next']}").json
    assert ([one["id"] for one in second["data"]], second["next"]) == ([made[0]], None)
    assert_problem(api.get("/operations?cursor=17"), 400, "bad_cursor")


def test_a_token_narrowed_to_an_entity_knows_only_of_operations_on_it(app, api, client):
    deals_made, _ = bulk(api, "deal", "create", [{"name": "A"}])
    customers_made, _ = bulk(api, "customer", "create", [{"name": "A"}])
    narrowed = client(app, app.token("Ann", limits=TokenLimits(entities=frozenset({"customer"}))))
    assert [one["id"] for one in narrowed.get("/operations").json["data"]] == [customers_made]
    assert_problem(narrowed.get(f"/operations/{deals_made}"), 404, "unknown_operation")
    assert_problem(narrowed.post(f"/operations/{deals_made}/undo"), 404, "unknown_operation")
