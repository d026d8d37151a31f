"""One record at a time through the API: create, read, change, delete, restore, upsert."""

from uuid import uuid4

import pytest

from fieldstone_testing.deals import DEALS
from fieldstone_testing.problems import assert_problem


@pytest.fixture
def app(app_from):
    return app_from(DEALS)


@pytest.fixture
def ann(app, client):
    return client(app, app.token("Ann", ["rep"], ["North"]))


@pytest.fixture
def boss(app, client):
    return client(app, app.token("Mia", ["manager"]))


def test_creating_answers_201_with_the_record_its_address_and_its_version(ann):
    created = ann.post("/data/customer", {"name": "Acme", "code": "A1"})
    assert created.status_code == 201
    assert created.json["name"] == "Acme"
    assert created.headers["Location"] == f"/api/v1/data/customer/{created.json['id']}"
    assert created.headers["ETag"] == '"1"'
    assert created.json["version"] == 1


def test_a_record_is_read_with_its_version_as_etag(ann):
    made = ann.post("/data/customer", {"name": "Acme"}).json
    read = ann.get(f"/data/customer/{made['id']}")
    assert read.status_code == 200
    assert read.json == made
    assert read.headers["ETag"] == '"1"'


def test_only_the_fields_asked_for_are_answered(ann):
    made = ann.post("/data/customer", {"name": "Acme", "code": "A1"}).json
    read = ann.get(f"/data/customer/{made['id']}?fields=name").json
    assert read["name"] == "Acme"
    assert "code" not in read


def test_values_take_the_forms_of_the_contract(ann):
    customer = ann.post("/data/customer", {"name": "Acme"}).json
    sent = {
        "name": "Pump",
        "customer": customer["id"],
        "amount": "1234.50",
        "currency": "EUR",
        "quantity": 3,
        "close_date": "2026-07-01",
    }
    deal = ann.post("/data/deal", sent).json
    assert deal["customer"] == {"id": customer["id"], "entity": "customer", "title": "Acme"}
    assert deal["amount"] == "1234.50"
    assert deal["currency"] == "EUR"
    assert deal["close_date"] == "2026-07-01"
    assert deal["stage"] == "open"
    assert deal["doubled"] == 6
    assert deal["created_at"].endswith("Z")


def test_a_number_with_a_fraction_arrives_exactly_as_sent(ann):
    raw = b'{"name": "Pump", "amount": 0.1000, "currency": "EUR"}'
    deal = ann.post("/data/deal", None, data=raw, content_type="application/json").json
    assert deal["amount"] == "0.10"


def test_json_values_keep_their_numbers(ann):
    made = ann.post("/data/customer", {"name": "Acme", "facts": {"height": 1.5, "floors": [1, 2]}}).json
    assert made["facts"] == {"height": 1.5, "floors": [1, 2]}


def test_a_change_answers_the_record_with_its_new_version(ann):
    made = ann.post("/data/customer", {"name": "Acme", "code": "A1"}).json
    changed = ann.patch(f"/data/customer/{made['id']}", {"name": "Acme Ltd"})
    assert changed.status_code == 200
    assert (changed.json["name"], changed.json["code"]) == ("Acme Ltd", "A1")
    assert changed.headers["ETag"] == '"2"'


def test_null_takes_a_value_away(ann):
    made = ann.post("/data/customer", {"name": "Acme", "code": "A1"}).json
    assert ann.patch(f"/data/customer/{made['id']}", {"code": None}).json["code"] is None


def test_if_match_with_the_version_read_lets_the_change_through(ann):
    made = ann.post("/data/customer", {"name": "Acme"})
    path = f"/data/customer/{made.json['id']}"
    changed = ann.patch(path, {"name": "Acme Ltd"}, headers={"If-Match": made.headers["ETag"]})
    assert changed.status_code == 200


def test_a_lost_update_is_refused_and_says_who_changed_what(ann, boss):
    made = ann.post("/data/customer", {"name": "Acme", "code": "A1"}).json
    path = f"/data/customer/{made['id']}"
    boss.patch(path, {"code": "A2"})
    refused = assert_problem(ann.patch(path, {"code": "A3"}, headers={"If-Match": '"1"'}), 412)
    assert refused["version"] == 2
    assert refused["changed_by"]["entity"] == "user"
    assert refused["changes"] == {"code": ["A1", "A2"]}
    assert ann.get(path).json["code"] == "A2"


def test_a_change_without_if_match_is_the_last_word(ann, boss):
    made = ann.post("/data/customer", {"name": "Acme"}).json
    boss.patch(f"/data/customer/{made['id']}", {"name": "B"})
    assert ann.patch(f"/data/customer/{made['id']}", {"name": "C"}).json["name"] == "C"


def test_a_deleted_record_is_gone_from_reads_and_lies_in_the_bin(ann):
    made = ann.post("/data/customer", {"name": "Acme"}).json
    path = f"/data/customer/{made['id']}"
    assert ann.delete(path).status_code == 204
    assert_problem(ann.get(path), 404)
    assert ann.get("/data/customer").json["data"] == []
    assert [found["id"] for found in ann.get("/data/customer?deleted=true").json["data"]] == [made["id"]]
    assert ann.get(f"{path}?deleted=true").json["id"] == made["id"]


def test_a_restored_record_is_back(ann):
    made = ann.post("/data/customer", {"name": "Acme"}).json
    path = f"/data/customer/{made['id']}"
    ann.delete(path)
    restored = ann.post(f"{path}/restore")
    assert restored.status_code == 200
    assert restored.json["name"] == "Acme"
    assert ann.get(path).status_code == 200


def test_restoring_a_record_whose_unique_value_was_taken_meanwhile_is_a_conflict(ann):
    made = ann.post("/data/customer", {"name": "Acme", "code": "A1"}).json
    ann.delete(f"/data/customer/{made['id']}")
    ann.post("/data/customer", {"name": "Other", "code": "A1"})
    assert_problem(ann.post(f"/data/customer/{made['id']}/restore"), 409)


def test_purging_needs_the_right_to_it(ann, boss):
    made = ann.post("/data/customer", {"name": "Acme"}).json
    path = f"/data/customer/{made['id']}"
    ann.delete(path)
    refused = assert_problem(ann.delete(f"{path}?purge=true"), 403)
    assert "purge" in refused["reason"]
    assert boss.delete(f"{path}?purge=true").status_code == 204
    assert_problem(boss.get(f"{path}?deleted=true"), 404)


def test_a_taken_unique_value_is_a_conflict_that_names_the_field(ann):
    ann.post("/data/customer", {"name": "Acme", "code": "A1"})
    refused = assert_problem(ann.post("/data/customer", {"name": "Other", "code": "A1"}), 409)
    assert [entry["field"] for entry in refused["errors"]] == ["code"]


def test_refused_values_name_every_field(ann):
    refused = assert_problem(ann.post("/data/deal", {"quantity": "many", "close_date": "soon"}), 422)
    assert {entry["field"] for entry in refused["errors"]} >= {"quantity", "close_date"}


def test_putting_by_a_unique_value_creates_the_record_the_first_time(ann):
    put = ann.put("/data/customer/by/code/A1", {"name": "Acme"})
    assert put.status_code == 201
    assert put.headers["Location"] == f"/api/v1/data/customer/{put.json['id']}"
    assert put.json["code"] == "A1"


def test_putting_by_a_unique_value_changes_the_record_the_next_time(ann):
    first = ann.put("/data/customer/by/code/A1", {"name": "Acme"}).json
    second = ann.put("/data/customer/by/code/A1", {"name": "Acme Ltd"})
    assert second.status_code == 200
    assert (second.json["id"], second.json["name"]) == (first["id"], "Acme Ltd")


def test_a_unique_value_may_hold_slashes_quotes_and_spaces(ann):
    made = ann.put("/data/customer/by/code/a%2Fb%20'c%22%5C", {"name": "Acme"}).json
    assert made["code"] == "a/b 'c\"\\"
    assert ann.put("/data/customer/by/code/a%2Fb%20'c%22%5C", {"name": "B"}).json["id"] == made["id"]


def test_an_upsert_whose_body_contradicts_its_address_is_refused(ann):
    refused = assert_problem(ann.put("/data/customer/by/code/A1", {"name": "Acme", "code": "A2"}), 422)
    assert refused["errors"][0]["field"] == "code"


def test_upserting_by_a_field_that_is_not_unique_is_refused(ann):
    assert_problem(ann.put("/data/customer/by/name/Acme", {"code": "A1"}), 400, "not_unique")
    assert_problem(ann.put("/data/customer/by/nonsense/Acme", {"code": "A1"}), 400, "not_unique")


def test_the_history_tells_who_changed_what(app, ann):
    made = ann.post("/data/customer", {"name": "Acme"}).json
    ann.patch(f"/data/customer/{made['id']}", {"name": "Acme Ltd"})
    entries = ann.get(f"/data/customer/{made['id']}/history").json["data"]
    assert [entry["action"] for entry in entries] == ["update", "create"]
    assert entries[0]["changes"] == {"name": ["Acme", "Acme Ltd"]}
    assert entries[0]["actor"]["id"] == str(app.user("Ann"))
    assert entries[0]["source"] == "api"


def test_a_long_history_comes_in_pages(ann):
    made = ann.post("/data/customer", {"name": "0"}).json
    path = f"/data/customer/{made['id']}"
    for number in range(4):
        ann.patch(path, {"name": f"v{number}"})
    first = ann.get(f"{path}/history?limit=3").json
    second = ann.get(f"{path}/history?limit=3&cursor={first['next']}").json
    assert [len(first["data"]), len(second["data"]), second["next"]] == [3, 2, None]
    assert [entry["version"] for entry in first["data"] + second["data"]] == [5, 4, 3, 2, 1]


def test_related_records_are_those_of_this_record(ann):
    one = ann.post("/data/customer", {"name": "One"}).json
    two = ann.post("/data/customer", {"name": "Two"}).json
    ann.post("/data/deal", {"name": "Pump", "customer": one["id"]})
    ann.post("/data/deal", {"name": "Valve", "customer": one["id"]})
    ann.post("/data/deal", {"name": "Other", "customer": two["id"]})
    related = ann.get(f"/data/customer/{one['id']}/related/deals?order=-name&fields=name").json
    assert [deal["name"] for deal in related["data"]] == ["Valve", "Pump"]


def test_related_records_can_be_filtered_and_paged(ann):
    one = ann.post("/data/customer", {"name": "One"}).json
    for name in ("a", "b", "c"):
        ann.post("/data/deal", {"name": name, "customer": one["id"]})
    path = f"/data/customer/{one['id']}/related/deals"
    kept = ann.get(
        path, query_string={"where": 'name != "b" or name == "b"', "limit": 2, "order": "name"}
    ).json
    rest = ann.get(
        path,
        query_string={
            "where": 'name != "b" or name == "b"',
            "limit": 2,
            "order": "name",
            "cursor": kept["next"],
        },
    ).json
    assert [deal["name"] for deal in kept["data"] + rest["data"]] == ["a", "b", "c"]


def test_related_records_of_an_unknown_collection_or_record_are_not_found(ann):
    one = ann.post("/data/customer", {"name": "One"}).json
    assert_problem(ann.get(f"/data/customer/{one['id']}/related/nonsense"), 404)
    assert_problem(ann.get(f"/data/customer/{uuid4()}/related/deals"), 404)


def test_me_tells_who_is_calling(app, ann):
    told = ann.get("/me").json
    assert told["id"] == str(app.user("Ann"))
    assert told["email"] == "ann@example.com"
    assert told["roles"] == ["rep"]
    assert len(told["teams"]) == 1
    assert told["limits"] is None


def test_search_finds_records_of_several_entities_by_their_words(ann):
    ann.post("/data/customer", {"name": "Nordwind"})
    ann.post("/data/deal", {"name": "Nordwind pump"})
    found = ann.get("/search?q=nordwind").json["data"]
    assert {(entry["entity"], entry["title"]) for entry in found} == {
        ("customer", "Nordwind"),
        ("deal", "Nordwind pump"),
    }


def test_records_are_counted_and_summed_in_groups(ann):
    ann.post("/data/deal", {"name": "a", "quantity": 2, "close_date": "2026-01-01"})
    ann.post("/data/deal", {"name": "b", "quantity": 3, "close_date": "2026-01-01"})
    ann.post("/data/deal", {"name": "c", "quantity": 5, "close_date": "2026-02-01"})
    asked = {"rows": ["close_date"], "measures": {"deals": "count()", "pieces": "sum(quantity)"}}
    groups = ann.post("/data/deal/query", asked).json["data"]
    assert sorted((group["close_date"], group["deals"], group["pieces"]) for group in groups) == [
        ("2026-01-01", 2, 5),
        ("2026-02-01", 1, 5),
    ]
