"""Merging records: one is kept, everything that led to the others leads to it, and an undo takes it back."""

import io
import json
import threading
from uuid import UUID, uuid4

import pytest

from fieldstone import records
from fieldstone.errors import FieldstoneError
from fieldstone.records import Change, Merge
from fieldstone_testing.problems import assert_problem
from fieldstone_testing.statements import noted_statements

FIRMS = """
kind: app
name: firms
label: Firms
version: 1.0.0
---
kind: entity
name: firm
label: Firm
fields:
  name: {type: text, required: true}
  code: {type: text, unique: true}
  phone: {type: text}
  rating: {type: integer}
  notes: {type: text}
  above: {type: reference, to: firm, tree: true}
  twin: {type: reference, to: firm}
  deals_total: {type: formula, expression: sum(deals.amount), stored: true}
---
kind: entity
name: person
label: Person
fields:
  name: {type: text, required: true}
---
kind: entity
name: deal
label: Deal
fields:
  name: {type: text, required: true}
  firm: {type: reference, to: firm, inverse: deals, required: true, on_delete: restrict}
  payer: {type: reference, to: [firm, person]}
  partners: {type: references, to: firm}
  amount: {type: integer}
  code: {type: text}
unique: [[firm, code]]
track: false
---
kind: entity
name: site
label: Site
fields:
  name: {type: text, required: true}
  firm: {type: reference, to: firm, owned: true, inverse: sites}
---
kind: role
name: clerk
label: Clerk
entities:
  firm:
    create: true
    read: true
    update: true
    delete: true
    share: true
    fields: {notes: {read: false, update: false}}
  person: {create: true, read: true}
  deal: {create: true, read: true}
  comment: {create: true, read: true}
---
kind: role
name: reader
label: Reader
entities:
  firm: {read: true}
---
kind: role
name: nobody
label: Nobody
---
kind: role
name: siteless
label: Siteless
entities:
  firm: {read: count(sites) == 0 or name == "Merged", update: true, delete: true}
---
kind: role
name: careful
label: Careful
entities:
  firm: {create: true, read: true, update: owner == user, delete: owner == user}
"""


@pytest.fixture
def app(app_from):
    return app_from(FIRMS)


@pytest.fixture
def api(app, client):
    return client(app, app.token("Ann", ["clerk"]))


@pytest.fixture
def ann(app):
    return app.context_for("Ann", ["clerk"])


def made(api, entity="firm", **values):
    answer = api.post(f"/data/{entity}", json=values)
    assert answer.status_code == 201, answer.json
    return answer.json["id"]


def read(api, entity, id_):
    answer = api.get(f"/data/{entity}/{id_}")
    assert answer.status_code == 200, answer.json
    return answer.json


def merge(api, kept, *ids, **body):
    answer = api.post(f"/data/firm/{kept}/merge", json={"records": list(ids), **body})
    assert answer.status_code == 200, answer.json
    return answer


def undo(api, merged):
    answer = api.post(f"/operations/{merged.headers['Fieldstone-Operation']}/undo")
    assert answer.status_code == 200, answer.json
    return answer.json


def test_the_kept_record_gets_the_chosen_values_and_the_others_go_to_the_bin(api):
    kept, other = made(api, name="Acme", phone="1"), made(api, name="ACME Inc", phone="2", rating=5)
    answer = merge(api, kept, other, take={"phone": other}, values={"rating": 7})
    assert {name: answer.json[name] for name in ("id", "name", "phone", "rating")} == {
        "id": kept,
        "name": "Acme",
        "phone": "2",
        "rating": 7,
    }
    assert answer.headers["ETag"] == f'"{answer.json["version"]}"'
    assert_problem(api.get(f"/data/firm/{other}"), 404, "not_found")


def test_of_links_those_are_taken_that_the_caller_sees(app, client):
    api = client(app, app.token("Bo", ["admin"]))
    near, gone = made(api, name="Near"), made(api, name="Gone")
    kept = made(api, "deal", name="D", firm=near)
    other = made(api, "deal", name="E", firm=near, partners=[near, gone])
    assert api.delete(f"/data/firm/{gone}").status_code == 204
    body = {"records": [other], "take": {"partners": other}}
    answer = api.post(f"/data/deal/{kept}/merge", json=body)
    assert answer.status_code == 200, answer.json
    assert [one["id"] for one in answer.json["partners"]] == [near]


def test_references_of_every_kind_lead_to_the_kept_record_and_back_after_an_undo(api):
    kept, one, two = (made(api, name=name) for name in "ABC")
    first = made(api, "deal", name="D", firm=one, payer={"entity": "firm", "id": two}, amount=5)
    second = made(api, "deal", name="E", firm=two, partners=[one, two], amount=7)
    third = made(api, "deal", name="F", firm=kept, partners=[kept, one])
    before = [read(api, "deal", id_) for id_ in (first, second, third)]
    merged = merge(api, kept, one, two)
    after = [read(api, "deal", id_) for id_ in (first, second, third)]
    assert [deal["firm"]["id"] for deal in after] == [kept] * 3
    assert after[0]["payer"]["id"] == kept
    assert [[ref["id"] for ref in deal["partners"]] for deal in after] == [[], [kept], [kept]]
    assert read(api, "firm", kept)["deals_total"] == 12
    assert undo(api, merged)["refused"] == 0
    for was, now in zip(before, [read(api, "deal", id_) for id_ in (first, second, third)], strict=True):
        assert {name: now[name] for name in ("firm", "payer", "partners")} == {
            name: was[name] for name in ("firm", "payer", "partners")
        }
    assert [read(api, "firm", id_)["deals_total"] for id_ in (kept, one, two)] == [0, 5, 7]


def test_comments_files_and_lines_of_the_others_become_its_own(api):
    kept, other = made(api, name="A"), made(api, name="B")
    api.post(f"/data/firm/{other}/comments", json={"body": "Call them."})
    sent = api.post(f"/data/firm/{other}/files", data={"file": (io.BytesIO(b"Offer"), "offer.txt")})
    assert sent.status_code == 201, sent.json
    site = made(api, "site", name="Oslo", firm=other)
    merged = merge(api, kept, other)
    told = api.get(f"/data/firm/{kept}/comments").json["data"]
    assert [one["body"] for one in told] == ["Call them."]
    assert [one["name"] for one in api.get(f"/data/firm/{kept}/files").json["data"]] == ["offer.txt"]
    assert read(api, "site", site)["firm"]["id"] == kept
    undo(api, merged)
    assert api.get(f"/data/firm/{kept}/comments").json["data"] == []
    assert len(api.get(f"/data/firm/{other}/comments").json["data"]) == 1
    assert len(api.get(f"/data/firm/{other}/files").json["data"]) == 1
    assert read(api, "site", site)["firm"]["id"] == other


def test_it_is_shared_with_whom_the_others_were_shared_until_the_undo(app, api):
    kept, other = made(api, name="A"), made(api, name="B")
    receiver = {"with": {"entity": "user", "id": str(app.user("Bo"))}}
    assert api.post(f"/data/firm/{other}/shares", json=receiver).status_code == 201
    merged = merge(api, kept, other)
    shared = api.get(f"/data/firm/{kept}/shares").json["data"]
    assert [one["with"]["id"] for one in shared] == [str(app.user("Bo"))]
    undo(api, merged)
    assert api.get(f"/data/firm/{kept}/shares").json["data"] == []
    assert len(api.get(f"/data/firm/{other}/shares").json["data"]) == 1


def test_the_feed_tells_whom_an_undo_takes_the_kept_record_from_again_and_again(app, api, client):
    kept, other = made(api, name="A"), made(api, name="B")
    bo = client(app, app.token("Bo", ["nobody"]))
    receiver = {"with": {"entity": "user", "id": str(app.user("Bo"))}}
    assert api.post(f"/data/firm/{other}/shares", json=receiver).status_code == 201
    start = bo.get("/events?after=now").json["next"]
    undo(api, merge(api, kept, other))
    undo(api, merge(api, kept, other))
    found = [one for one in bo.get(f"/events?after={start}").json["data"] if one["record"] == kept]
    assert [one["action"] for one in found] == ["gone", "gone"]
    assert_problem(bo.get(f"/data/firm/{kept}"), 404, "not_found")


def test_a_share_that_somebody_renewed_since_the_merge_stays_after_the_undo(app, api):
    kept, other = made(api, name="A"), made(api, name="B")
    receiver = {"with": {"entity": "user", "id": str(app.user("Bo"))}}
    api.post(f"/data/firm/{other}/shares", json=receiver)
    merged = merge(api, kept, other)
    assert api.post(f"/data/firm/{kept}/shares", json={**receiver, "verb": "update"}).status_code == 200
    undo(api, merged)
    assert [one["verb"] for one in api.get(f"/data/firm/{kept}/shares").json["data"]] == ["update"]


def test_records_that_would_be_alike_by_it_are_told(api):
    kept, other = (api.post("/data/firm", {"name": name}).json["id"] for name in ("Acme", "Acme Ltd"))
    for firm in (kept, other):
        assert api.post("/data/deal", {"name": "D", "firm": firm, "code": "1"}).status_code == 201
    told = assert_problem(api.post(f"/data/firm/{kept}/merge", {"records": [other]}), 409, "not_unique")
    assert told["detail"] == "Two Deals would have the same Firm and Code then. Change one of them first."
    assert [error["field"] for error in told["errors"]] == ["deal.firm"]


def test_a_unique_value_moves_and_moves_back(api):
    kept, other = made(api, name="A", code="a"), made(api, name="B", code="b")
    merged = merge(api, kept, other, take={"code": other})
    assert merged.json["code"] == "b"
    assert undo(api, merged)["refused"] == 0
    assert [read(api, "firm", id_)["code"] for id_ in (kept, other)] == ["a", "b"]


def test_a_tree_closes_over_the_gap_without_a_circle(api):
    top = made(api, name="Top")
    other = made(api, name="Other", above=top)
    between = made(api, name="Between", above=other)
    kept = made(api, name="Kept", above=between, twin=other)
    merged = merge(api, kept, other)
    assert merged.json["above"]["id"] == top
    assert merged.json["twin"] is None
    assert read(api, "firm", between)["above"]["id"] == kept
    assert undo(api, merged)["refused"] == 0
    found = [read(api, "firm", id_) for id_ in (other, between, kept)]
    assert [one["above"]["id"] for one in found] == [top, other, between]
    assert found[2]["twin"]["id"] == other


def test_the_history_of_all_tells_it_under_one_operation(app, api):
    kept, other = made(api, name="A"), made(api, name="B")
    deal = made(api, "deal", name="D", firm=other)
    merged = merge(api, kept, other, values={"phone": "9"})
    operation = merged.headers["Fieldstone-Operation"]
    told = api.get(f"/operations/{operation}").json
    assert (told["action"], told["entity"]) == ("merge", "firm")
    query = "SELECT record, action FROM main.history WHERE operation = '{}' ORDER BY id"
    found = [tuple(row) for row in app.sql(query.format(operation).replace("main.", "main_system."))]
    assert found == [
        (UUID(kept), "update"),
        (UUID(deal), "update"),
        (UUID(other), "delete"),
        (UUID(kept), "update"),
    ]
    assert other in api.get(f"/data/firm/{kept}/history").json["data"][0]["note"]


def test_a_merged_record_restored_by_itself_gets_its_references_back(api):
    kept, other = made(api, name="A"), made(api, name="B")
    moved, changed = made(api, "deal", name="D", firm=other), made(api, "deal", name="E", firm=other)
    third = made(api, name="C")
    merge(api, kept, other)
    merge(api, third, kept)
    assert api.post(f"/data/firm/{other}/restore").status_code == 200
    assert {read(api, "deal", id_)["firm"]["id"] for id_ in (moved, changed)} == {third}


def test_what_was_changed_since_the_merge_stays(api):
    kept, other = made(api, name="A"), made(api, name="B")
    merged = merge(api, kept, other, take={"name": other})
    api.patch(f"/data/firm/{kept}", json={"phone": "3"})
    told = undo(api, merged)
    assert (told["changed_since"], told["undone"]) == (1, 1)
    assert [read(api, "firm", id_)["name"] for id_ in (kept, other)] == ["B", "B"]


def test_the_undo_of_a_merge_is_not_undone(api):
    kept, other = made(api, name="A"), made(api, name="B")
    undone = undo(api, merge(api, kept, other))
    assert_problem(api.post(f"/operations/{undone['operation']}/undo"), 409, "undone_merge")


def test_it_needs_the_right_to_update_the_kept_and_to_delete_the_others(app, api, client):
    careful = client(app, app.token("Cy", ["careful"]))
    own, foreign = made(careful, name="Mine"), made(api, name="Theirs")
    reader = client(app, app.token("Ro", ["reader"]))
    for who, kept, other in ((careful, own, foreign), (careful, foreign, own), (reader, own, foreign)):
        answer = who.post(f"/data/firm/{kept}/merge", json={"records": [other]})
        assert_problem(answer, 403, "forbidden")
    assert read(api, "firm", foreign)["name"] == "Theirs"
    assert read(api, "firm", own)["version"] == 1


def test_it_may_take_the_kept_record_out_of_sight_as_any_change_may(app, api, client):
    kept, other = made(api, name="Kept"), made(api, name="Merged")
    site = made(api, "site", name="Oslo", firm=other)
    blind = client(app, app.token("Bo", ["siteless"]))
    answer = blind.post(f"/data/firm/{kept}/merge", json={"records": [other]})
    assert (answer.status_code, answer.json) == (200, {"id": kept, "version": 2})
    assert blind.get(f"/data/firm/{kept}").status_code == 404
    assert read(api, "site", site)["firm"]["id"] == kept


def test_a_hidden_value_is_neither_taken_nor_set(api):
    kept, other = made(api, name="A"), made(api, name="B")
    path = f"/data/firm/{kept}/merge"
    taken = api.post(path, json={"records": [other], "take": {"notes": other}})
    assert_problem(taken, 422, "invalid")
    sent = api.post(path, json={"records": [other], "values": {"notes": "x"}})
    assert_problem(sent, 422, "invalid")
    assert read(api, "firm", other)["version"] == 1


def test_a_kept_record_that_was_changed_meanwhile_is_refused(api):
    kept, other = made(api, name="A"), made(api, name="B")
    api.patch(f"/data/firm/{kept}", json={"phone": "3"})
    answer = api.post(f"/data/firm/{kept}/merge", json={"records": [other]}, headers={"If-Match": '"1"'})
    assert_problem(answer, 412, "version_conflict")
    assert read(api, "firm", other)["version"] == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "malformed_merge"),
        ({"records": "x"}, 400, "malformed_merge"),
        ({"records": [5]}, 400, "malformed_merge"),
        ({"records": ["x"]}, 400, "bad_id"),
        ({"records": [], "fields": {}}, 400, "unknown_member"),
        ({"records": []}, 422, "invalid"),
        ({"records": ["KEPT"]}, 422, "invalid"),
        ({"records": ["OTHER", "OTHER"]}, 422, "invalid"),
        ({"records": [str(uuid4())]}, 404, "not_found"),
        ({"records": ["OTHER"], "take": []}, 400, "malformed_merge"),
        ({"records": ["OTHER"], "take": {"name": 5}}, 400, "malformed_merge"),
        ({"records": ["OTHER"], "take": {"name": str(uuid4())}}, 422, "invalid"),
        ({"records": ["OTHER"], "take": {"nothing": "OTHER"}}, 422, "invalid"),
        ({"records": ["OTHER"], "take": {"deals_total": "OTHER"}}, 422, "invalid"),
        ({"records": ["OTHER"], "take": {"name": "OTHER"}, "values": {"name": "x"}}, 422, "invalid"),
        ({"records": ["OTHER"], "values": {"rating": "many"}}, 422, "invalid"),
        ({"records": ["OTHER"], "values": {"name": None}}, 422, "invalid"),
    ],
)
def test_a_body_that_makes_no_sense_changes_nothing(api, body, status, code):
    kept, other = made(api, name="A"), made(api, name="B")
    assert_problem(api.post(f"/data/firm/{kept}/merge", json=filled(body, kept, other)), status, code)
    assert [read(api, "firm", id_)["version"] for id_ in (kept, other)] == [1, 1]


def filled(value, kept, other):
    """The body with the ids of the two records."""
    text = json.dumps(value).replace("KEPT", kept).replace("OTHER", other)
    return json.loads(text)


def test_what_lives_inside_records_and_users_are_not_merged(api, app, client):
    firm = made(api, name="A")
    one, two = (made(api, "site", name=name, firm=firm) for name in "XY")
    assert_problem(api.post(f"/data/site/{one}/merge", json={"records": [two]}), 409, "not_mergeable")
    admin = client(app, app.token("Ada", ["admin"]))
    users = [str(app.user(name)) for name in ("Ada", "Bo")]
    answer = admin.post(f"/data/user/{users[0]}/merge", json={"records": [users[1]]})
    assert_problem(answer, 409, "not_mergeable")


def test_of_two_merges_into_each_other_only_one_happens(api, ann):
    one, two = made(api, name="A"), made(api, name="B")
    outcomes = []

    def run(kept, other):
        try:
            outcomes.append(records.merge(ann, "firm", Merge(UUID(kept), [UUID(other)])))
        except FieldstoneError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=run, args=pair) for pair in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one == "not_found" for one in outcomes) == 1
    assert len(api.get("/data/firm").json["data"]) == 1


def test_the_number_of_statements_does_not_grow_with_what_refers(app, api, ann):
    def statements(deals):
        kept, other = made(api, name="A"), made(api, name="B")
        for number in range(deals):
            made(api, "deal", name=f"D{number}", firm=other, partners=[other])
        with noted_statements() as noted:
            records.merge(ann, "firm", Merge(UUID(kept), [UUID(other)], values={"phone": "1"}))
        return len(noted)

    statements(1)
    assert statements(1) == statements(4)


def test_the_version_of_a_record_that_refers_moves_on(api, ann):
    kept, other = made(api, name="A"), made(api, name="B")
    deal = made(api, "deal", name="D", firm=other)
    merge(api, kept, other)
    stale = Change(UUID(deal), {"amount": 5}, 1)
    with pytest.raises(FieldstoneError):
        records.update(ann, "deal", [stale])


def test_what_refers_to_the_records_is_told_before_by_record_and_field(app, api, ann):
    kept, one, two = (made(api, name=name) for name in "ABC")
    made(api, "firm", name="D", above=one)
    made(api, "firm", name="E", twin=two)
    records.update(ann, "firm", [Change(UUID(one), {"twin": {"id": two, "entity": "firm"}})])
    made(api, "deal", name="D", firm=one, payer={"entity": "firm", "id": two}, partners=[one, kept])
    made(api, "deal", name="E", firm=one)
    made(api, "site", name="Oslo", firm=two)
    api.post(f"/data/firm/{two}/comments", json={"body": "Call them."})
    api.post(f"/data/firm/{two}/files", data={"file": (io.BytesIO(b"Offer"), "offer.txt")})
    with noted_statements() as statements:
        told = records.preview_merge(ann, "firm", [UUID(id_) for id_ in (kept, one, two)])
    found = {
        id_: sorted((each.entity.name, each.field.name, each.count) for each in told[UUID(id_)])
        for id_ in (kept, one, two)
    }
    assert found == {
        kept: [("deal", "partners", 1)],
        one: [("deal", "firm", 2), ("deal", "partners", 1), ("firm", "above", 1)],
        two: [
            ("comment", "regarding", 1),
            ("deal", "payer", 1),
            ("file", "regarding", 1),
            ("firm", "twin", 1),
            ("site", "firm", 1),
        ],
    }
    assert len(statements) == 2


def test_nothing_is_told_of_records_that_the_caller_may_not_read(app, api, ann):
    (hidden,) = records.create(app.system, "deal", [{"name": "D", "firm": made(api, name="A")}])
    nobody = app.context_for("Bo", ["reader"])
    with pytest.raises(FieldstoneError, match="no entity"):
        records.preview_merge(nobody, "deal", [hidden.id])
    with pytest.raises(FieldstoneError, match="not there"):
        records.preview_merge(ann, "firm", [uuid4()])
