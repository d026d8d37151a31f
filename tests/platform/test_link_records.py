"""Many-to-many fields whose links are records of an entity with fields of its own (`through`)."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.records import operations
from fieldstone_testing.apps import layer_from
from fieldstone_testing.participants import LINK_RIGHTS, PARTICIPANTS
from fieldstone_testing.problems import assert_problem
from fieldstone_testing.statements import noted_statements


def fill(app):
    records.create(
        app.system, "contact", [{"name": "Ada"}, {"name": "Bert"}, {"name": "Cleo", "city": "Secret"}]
    )


@pytest.fixture
def app(app_from):
    return app_from.of_layers([layer_from(PARTICIPANTS)], filled_by=fill)


@pytest.fixture
def ids(app):
    return {row.name: str(row.id) for row in app.sql("SELECT id, name FROM main.contact")}


@pytest.fixture
def ann(app, client):
    return client(app, app.token("Ann", ["rep"]))


def titles(answer, field="contacts"):
    return [entry["title"] for entry in answer.json[field]]


def links(app):
    return app.sql(
        "SELECT c.name, p.role, p.note, p.version FROM main.participant p "
        "JOIN main.contact c ON c.id = p.contact WHERE p.deleted_at IS NULL ORDER BY c.name"
    )


def test_ids_sent_for_the_field_become_links_with_their_defaults(app, ann, ids):
    made = ann.post("/data/deal", {"name": "Pump", "contacts": [ids["Bert"], ids["Ada"]]})
    assert made.status_code == 201, made.json
    assert titles(made) == ["Ada", "Bert"]
    assert (made.json["crowd"], made.json["names"]) == (2, "Ada, Bert")
    assert [tuple(row) for row in links(app)] == [("Ada", "adviser", None, 1), ("Bert", "adviser", None, 1)]


def test_what_is_sent_about_a_link_becomes_its_fields(app, ann, ids):
    made = ann.post(
        "/data/deal", {"name": "Pump", "contacts": [{"id": ids["Ada"], "link": {"role": "buyer"}}]}
    )
    assert titles(made) == ["Ada"]
    contacts = [ids["Bert"], {"id": ids["Ada"], "link": {"note": "new"}}]
    changed = ann.patch(f"/data/deal/{made.json['id']}", {"contacts": contacts})
    assert titles(changed) == ["Ada", "Bert"], changed.json
    assert [tuple(row) for row in links(app)] == [("Ada", "buyer", "new", 2), ("Bert", "adviser", None, 1)]


def test_who_is_left_out_is_not_linked_any_more(app, ann, ids):
    made = ann.post("/data/deal", {"name": "Pump", "contacts": [ids["Ada"], ids["Bert"]]})
    changed = ann.patch(f"/data/deal/{made.json['id']}", {"contacts": [ids["Bert"]]})
    assert (titles(changed), changed.json["crowd"], changed.json["version"]) == (["Bert"], 1, 2)
    assert [row.name for row in links(app)] == ["Bert"]
    (gone,) = app.sql("SELECT deleted_at FROM main.participant WHERE deleted_at IS NOT NULL")
    assert gone.deleted_at is not None


@pytest.fixture
def deal(ann, ids):
    contacts = [ids["Ada"], {"id": ids["Bert"], "link": {"role": "buyer", "note": "fixed"}}]
    return ann.post("/data/deal", {"name": "Pump", "contacts": contacts}).json


def contacts_of(api, deal):
    return [entry["title"] for entry in api.get(f"/data/deal/{deal['id']}").json["contacts"]]


def crowd(api, deal):
    return api.get(f"/data/deal/{deal['id']}").json["crowd"]


def link_of(app, name):
    (found,) = app.sql(
        "SELECT p.id FROM main.participant p JOIN main.contact c ON c.id = p.contact WHERE c.name = :name",
        name=name,
    )
    return str(found.id)


def test_links_written_by_themselves_count_at_once(app, ann, ids, deal):
    made = ann.post("/data/participant", {"deal": deal["id"], "contact": ids["Cleo"], "role": "buyer"})
    assert made.status_code == 422, made.json  # whom nobody may read, nobody links
    other = ann.post("/data/deal", {"name": "Hose", "stage": "won"}).json
    made = ann.post("/data/participant", {"deal": other["id"], "contact": ids["Ada"]})
    assert (made.status_code, contacts_of(ann, other), crowd(ann, other)) == (201, ["Ada"], 1)
    assert ann.get(f"/data/contact/{ids['Ada']}").json["won"] == 1
    moved = ann.patch(f"/data/participant/{made.json['id']}", {"contact": ids["Bert"]})
    assert (moved.status_code, contacts_of(ann, other), crowd(ann, other)) == (200, ["Bert"], 1)
    won = {name: ann.get(f"/data/contact/{ids[name]}").json["won"] for name in ("Ada", "Bert")}
    assert won == {"Ada": 0, "Bert": 1}
    assert ann.delete(f"/data/participant/{made.json['id']}").status_code == 204
    assert (contacts_of(ann, other), crowd(ann, other)) == ([], 0)
    assert ann.get(f"/data/contact/{ids['Bert']}").json["won"] == 0


def test_a_pair_is_linked_once(ann, ids, deal):
    again = ann.post("/data/participant", {"deal": deal["id"], "contact": ids["Ada"]})
    problem = assert_problem(again, 409)
    assert {error["code"] for error in problem["errors"]} == {"not_unique"}


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("count(contacts) == 2", ["Pump"]),
        ('any(contacts where city == "Rome")', []),
        ('any(contacts where name == "Ada")', ["Hose", "Pump"]),
        ("crowd == 1", ["Hose"]),
        ('count(contacts where name == "Bert") == 1', ["Pump"]),
        ('any(participants where role == "buyer" and contact.name == "Bert")', ["Pump"]),
    ],
)
def test_lists_are_filtered_by_what_is_linked(ann, ids, deal, where, found):
    ann.post("/data/deal", {"name": "Hose", "contacts": [ids["Ada"]]})
    answer = ann.get("/data/deal", query_string={"where": where, "order": "name"})
    assert [row["name"] for row in answer.json["data"]] == found, answer.json


def test_both_ways_lead_over_the_links(ann, ids, deal):
    ann.post("/data/deal", {"name": "Hose", "contacts": [ids["Ada"]]})
    found = ann.get("/data/contact", query_string={"where": "count(deals) > 1"}).json["data"]
    assert [row["name"] for row in found] == ["Ada"]
    related = ann.get(f"/data/contact/{ids['Ada']}/related/deals?order=name")
    assert [row["name"] for row in related.json["data"]] == ["Hose", "Pump"], related.json


def test_only_what_is_asked_for_is_told(ann, deal):
    answer = ann.get(f"/data/deal/{deal['id']}?fields=contacts").json
    assert [entry["title"] for entry in answer["contacts"]] == ["Ada", "Bert"]
    listed = ann.get("/data/deal?fields=name,contacts").json["data"]
    assert [entry["title"] for entry in listed[0]["contacts"]] == ["Ada", "Bert"]


def test_who_may_not_read_a_link_does_not_see_whom_it_leads_to(app, ann, ids, deal, client):
    looker, reader = client(app, app.token("Liv", ["looker"])), client(app, app.token("Ron", ["reader"]))
    assert (contacts_of(looker, deal), contacts_of(reader, deal)) == ([], ["Ada", "Bert"])
    asked = {"where": "count(contacts) == 2"}
    assert [len(api.get("/data/deal", query_string=asked).json["data"]) for api in (looker, reader)] == [0, 1]
    records.update(app.system, "participant", [records.Change(UUID(link_of(app, "Ada")), {"note": "hidden"})])
    assert contacts_of(ann, deal) == ["Bert"]
    assert (
        ann.get("/data/deal", query_string={"where": 'any(contacts where name == "Ada")'}).json["data"] == []
    )
    assert ann.get(f"/data/contact/{ids['Ada']}/related/deals").json["data"] == []


def test_what_somebody_cannot_see_stays_linked(app, ann, ids, deal):
    cleo = {"deal": deal["id"], "contact": ids["Cleo"]}
    records.create(app.system, "participant", [cleo])
    records.update(app.system, "participant", [records.Change(UUID(link_of(app, "Ada")), {"note": "hidden"})])
    changed = ann.patch(f"/data/deal/{deal['id']}", {"name": "Pumps", "contacts": [ids["Bert"]]})
    assert (changed.status_code, [row.name for row in links(app)]) == (200, ["Ada", "Bert", "Cleo"])


@pytest.mark.parametrize("role", ["looker", "reader"])
def test_linking_needs_the_right_to_create_links(app, ids, deal, client, role):
    answer = client(app, app.token("Liv", [role])).patch(
        f"/data/deal/{deal['id']}", {"contacts": [ids["Ada"], ids["Bert"]], "name": "Same"}
    )
    assert answer.status_code == 200, answer.json
    hose = str(records.create(app.system, "deal", [{"name": "Hose"}])[0].id)
    answer = client(app, app.token("Liv", [role])).patch(f"/data/deal/{hose}", {"contacts": [ids["Ada"]]})
    problem = assert_problem(answer, 403)
    assert [error["field"] for error in problem["errors"]] == ["contacts"]


def test_changing_a_link_with_its_record_needs_the_right_to_change_both(app, ids, deal, client):
    app.publish(
        PARTICIPANTS.replace(
            "  deal: {read: true, update: true}\n  contact: {read: true}\n  participant: {read: true}",
            "  deal: {read: true}\n  contact: {read: true}\n  participant: {read: true, update: true}",
        )
    )
    ron = client(app, app.token("Ron", ["reader"]))
    about = {"id": ids["Ada"], "link": {"note": "mine"}}
    answer = ron.patch(f"/data/deal/{deal['id']}", {"contacts": [about, ids["Bert"]]})
    assert_problem(answer, 403)
    assert ron.patch(f"/data/participant/{link_of(app, 'Ada')}", {"note": "mine"}).status_code == 200


def test_a_link_that_may_not_be_deleted_stays(app, ann, ids, deal):
    answer = ann.patch(f"/data/deal/{deal['id']}", {"contacts": [ids["Ada"]]})
    problem = assert_problem(answer, 403)
    assert [error["field"] for error in problem["errors"]] == ["contacts"]
    assert [row.name for row in links(app)] == ["Ada", "Bert"]


def test_the_references_of_a_link_limit_whom_it_links(app_from, client):
    limited = PARTICIPANTS.replace(
        "deal: {type: reference, to: deal, required: true,",
        'deal: {type: reference, to: deal, where: stage == "open", required: true,',
    ).replace(
        "contact: {type: reference, to: contact, required: true,",
        'contact: {type: reference, to: contact, where: city != "Rome" or city == null, required: true,',
    )
    app = app_from(limited)
    made = records.create(app.system, "contact", [{"name": "Ada"}, {"name": "Bert", "city": "Rome"}])
    ada, bert = (str(one.id) for one in made)
    ann = client(app, app.token("Ann", ["rep"]))
    tries = [("won", ada), ("open", bert)]
    answers = [ann.post("/data/deal", {"name": "Pump", "stage": s, "contacts": [c]}) for s, c in tries]
    deal = ann.post("/data/deal", {"name": "Hose", "stage": "won"}).json
    answers.append(ann.patch(f"/data/deal/{deal['id']}", {"contacts": [ada]}))
    for answer in answers:
        problem = assert_problem(answer, 422)
        assert {(e["field"], e["code"]) for e in problem["errors"]} == {("contacts", "not_allowed_record")}
    assert ann.post("/data/deal", {"name": "Pump", "contacts": [ada]}).status_code == 201


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("Ada", [("contacts", "not_a_list")]),
        ([7], [("contacts", "not_a_reference")]),
        ([{"link": {"role": "buyer"}}], [("contacts", "not_a_reference")]),
        ([{"id": "ADA", "link": "buyer"}], [("contacts[0].link", "invalid")]),
        ([{"id": "ADA", "link": {"role": "boss"}}], [("contacts[0].link.role", "unknown_option")]),
        ([{"id": "ADA", "link": {"role": None}}], [("contacts[0].link.role", "required")]),
        (["BERT", {"id": "ADA", "link": {"colour": "red"}}], [("contacts[1].link.colour", "unknown_field")]),
        ([{"id": "ADA", "link": {"deal": "x"}}], [("contacts[0].link.deal", "readonly")]),
        ([{"id": "ADA", "lnk": {"role": "buyer"}}], [("contacts", "unknown_member")]),
        (
            [{"id": "ADA", "link": {"role": "buyer"}}, {"id": "ADA", "link": {"role": "adviser"}}],
            [("contacts[1].id", "twice")],
        ),
        ([{"id": "ADA", "link": {"note": "n" * 21}}], [("contacts[0].link.note", "too_long")]),
        (["00000000-0000-7000-8000-000000000000"], [("contacts", "unknown_record")]),
        (["CLEO"], [("contacts", "unknown_record")]),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_nothing_is_saved(app, ann, ids, sent, told):
    known = {name.upper(): id_ for name, id_ in ids.items()}
    text = json.dumps(sent)
    for name, id_ in known.items():
        text = text.replace(f'"{name}"', f'"{id_}"')
    answer = ann.post("/data/deal", {"name": "Pump", "contacts": json.loads(text)})
    problem = assert_problem(answer, 422)
    assert [(error["field"], error["code"]) for error in problem["errors"]] == told
    assert app.sql("SELECT 1 FROM main.deal") == []


def test_a_thousand_links_take_as_many_statements_as_one(app):
    people = records.create(app.system, "contact", [{"name": f"P{n:04}"} for n in range(1000)])
    everybody = [str(one.id) for one in people]
    rep = app.context_for("Ann", ["rep"])
    counts = []
    for contacts in (everybody[:1], everybody):
        with noted_statements() as made:
            (deal,) = records.create(rep, "deal", [{"name": "Pump", "contacts": contacts}])
        with noted_statements() as removed:
            records.update(rep, "deal", [records.Change(deal.id, {"contacts": []})])
        counts.append((len(made), len(removed)))
    assert counts[0] == counts[1]


def told(api, entity, id_):
    """What the history tells of links: action, version, and who went and came by collection."""
    entries = api.get(f"/data/{entity}/{id_}/history").json["data"]
    return [(entry["action"], entry["version"], who(entry["changes"])) for entry in entries]


def who(changes):
    sides = {name: pair for name, pair in changes.items() if name in ("contacts", "deals")}
    return {name: [[one["title"] for one in side] for side in pair] for name, pair in sides.items()}


def test_the_history_of_both_sides_tells_who_was_linked(ann, ids, deal):
    ann.patch(f"/data/deal/{deal['id']}", {"contacts": [ids["Bert"]]})
    assert told(ann, "deal", deal["id"]) == [
        ("update", 2, {"contacts": [["Ada"], []]}),
        ("create", 1, {"contacts": [[], ["Ada", "Bert"]]}),
    ]
    assert told(ann, "contact", ids["Ada"]) == [
        ("update", None, {"deals": [["Pump"], []]}),
        ("update", None, {"deals": [[], ["Pump"]]}),
        ("create", 1, {}),
    ]


def test_links_made_by_themselves_stand_in_the_history_of_both_sides(ann, ids, deal):
    hose = ann.post("/data/deal", {"name": "Hose"}).json
    link = ann.post("/data/participant", {"deal": hose["id"], "contact": ids["Ada"]}).json
    ann.patch(f"/data/participant/{link['id']}", {"contact": ids["Bert"]})
    assert told(ann, "deal", hose["id"]) == [
        ("update", None, {"contacts": [["Ada"], ["Bert"]]}),
        ("update", None, {"contacts": [[], ["Ada"]]}),
        ("create", 1, {}),
    ]
    assert told(ann, "contact", ids["Bert"])[0] == ("update", None, {"deals": [[], ["Hose"]]})


def test_the_history_hides_links_that_may_not_be_read(app, ann, ids, deal, client):
    looker, reader = client(app, app.token("Liv", ["looker"])), client(app, app.token("Ron", ["reader"]))
    assert told(looker, "deal", deal["id"]) == [("create", 1, {})]
    assert told(reader, "deal", deal["id"]) == [("create", 1, {"contacts": [[], ["Ada", "Bert"]]})]
    records.update(app.system, "participant", [records.Change(UUID(link_of(app, "Ada")), {"note": "hidden"})])
    assert told(ann, "deal", deal["id"]) == [("create", 1, {"contacts": [[], ["Bert"]]})]
    assert told(ann, "contact", ids["Ada"]) == [("create", 1, {})]


def test_pages_of_the_history_hold_every_link_once(ann, ids, deal):
    for name in ("Ada", "Bert", "Ada"):
        ann.patch(f"/data/deal/{deal['id']}", {"contacts": [{"id": ids["Bert"]}, ids[name]]})
    pages, cursor = [], ""
    while cursor is not None:
        page = ann.get(f"/data/deal/{deal['id']}/history?limit=2{cursor}").json
        pages.append(page["data"])
        cursor = f"&cursor={page['next']}" if page["next"] else None
    found = [who(entry["changes"]).get("contacts", [[], []]) for page in reversed(pages) for entry in page]
    assert sorted(name for _, come in found for name in come) == ["Ada", "Ada", "Bert"]
    assert [name for gone, _ in found for name in gone] == ["Ada"]


def test_undoing_an_import_takes_its_links_back(app, ids):
    boss = app.context_for("Bo", ["admin"])
    importing = operations.begin(boss, "import", "deal")
    records.create(importing, "deal", [{"name": "Pump", "contacts": [ids["Ada"], ids["Bert"]]}])
    undone = records.undo(boss, importing.operation)
    assert (undone.refused, undone.changed_since, links(app)) == (0, 0, [])


def test_undoing_a_change_brings_links_back_with_their_fields(app, ann, ids, deal):
    boss = app.context_for("Bo", ["admin"])
    changing = operations.begin(boss, "update", "deal")
    records.update(changing, "deal", [records.Change(UUID(deal["id"]), {"contacts": []})])
    assert links(app) == []
    records.undo(boss, changing.operation)
    assert [(row.name, row.role) for row in links(app)] == [("Ada", "adviser"), ("Bert", "buyer")]
    assert crowd(ann, deal) == 2


def test_links_go_with_a_deleted_record_and_come_back_with_it(app, ann, ids, deal):
    preview = ann.get(f"/data/contact/{ids['Ada']}/delete-preview").json
    assert "participant" in json.dumps(preview)
    assert ann.delete(f"/data/contact/{ids['Ada']}").status_code == 204
    assert (contacts_of(ann, deal), crowd(ann, deal)) == (["Bert"], 1)
    assert ann.post(f"/data/contact/{ids['Ada']}/restore").status_code == 200
    assert (contacts_of(ann, deal), crowd(ann, deal)) == (["Ada", "Bert"], 2)


def test_a_deleted_deal_comes_back_with_its_links(app, ann, ids, deal):
    records.delete(app.system, "deal", [UUID(deal["id"])])
    assert links(app) == []
    records.restore(app.system, "deal", [UUID(deal["id"])])
    assert [row.name for row in links(app)] == ["Ada", "Bert"]


@pytest.fixture
def boss(app, client):
    return client(app, app.token("Bo", ["admin"]))


def test_merged_contacts_are_linked_once_and_a_restored_one_has_its_link_back(app, boss, ids, deal):
    answer = boss.post(f"/data/contact/{ids['Ada']}/merge", {"records": [ids["Bert"]]})
    assert answer.status_code == 200, answer.json
    assert (contacts_of(boss, deal), crowd(boss, deal)) == (["Ada"], 1)
    assert boss.post(f"/data/contact/{ids['Bert']}/restore").status_code == 200
    assert (contacts_of(boss, deal), crowd(boss, deal)) == (["Ada", "Bert"], 2)


def test_a_merged_deal_comes_back_whose_link_went_to_the_bin_with_its_contact_meanwhile(boss, ids, deal):
    kept = boss.post("/data/deal", {"name": "Hose"}).json
    assert boss.post(f"/data/deal/{kept['id']}/merge", {"records": [deal["id"]]}).status_code == 200
    assert boss.delete(f"/data/contact/{ids['Ada']}").status_code == 204
    back = boss.post(f"/data/deal/{deal['id']}/restore")
    assert (back.status_code, contacts_of(boss, deal)) == (200, ["Bert"]), back.json
    assert boss.post(f"/data/contact/{ids['Ada']}/restore").status_code == 200
    assert (contacts_of(boss, deal), contacts_of(boss, kept)) == (["Ada", "Bert"], [])


def test_a_merged_contact_leaves_its_links_to_the_kept_one(app, boss, ids, deal):
    dora = boss.post("/data/contact", {"name": "Dora"}).json
    answer = boss.post(f"/data/contact/{dora['id']}/merge", {"records": [ids["Bert"]]})
    assert answer.status_code == 200, answer.json
    assert contacts_of(boss, deal) == ["Ada", "Dora"]
    assert {(row.name, row.role) for row in links(app)} == {("Ada", "adviser"), ("Dora", "buyer")}


def test_what_is_exported_is_imported_again_with_its_links(app, ann, boss, ids, deal):
    exported = boss.get("/data/deal/export?fields=name,contacts&format=ndjson")
    assert exported.status_code == 200, exported.json
    row = json.loads(exported.get_data(as_text=True).splitlines()[0])
    made = boss.post("/data/deal", {"name": "Copy", "contacts": row["contacts"]})
    assert titles(made) == ["Ada", "Bert"]


def test_the_api_document_tells_what_may_be_sent_about_a_link(ann):
    schemas = ann.get("/openapi.json").json["components"]["schemas"]
    entries = schemas["deal.create"]["properties"]["contacts"]
    assert '"link"' in json.dumps(entries), entries


OWNED = PARTICIPANTS.replace(
    "deal: {type: reference, to: deal, required: true, on_delete: cascade, inverse: participants}",
    "deal: {type: reference, to: deal, owned: true, inverse: participants}",
).replace(LINK_RIGHTS, "").replace("  participant: {read: true}\n", "")  # fmt: skip


@pytest.fixture
def owned(app_from):
    return app_from.of_layers([layer_from(OWNED)], filled_by=fill)


def test_links_may_live_inside_the_record_and_come_and_go_under_its_rights(owned, client):
    ann = client(owned, owned.token("Ann", ["rep"]))
    known = {row.name: str(row.id) for row in owned.sql("SELECT id, name FROM main.contact")}
    made = ann.post("/data/deal", {"name": "Pump", "contacts": [{"id": known["Ada"], "link": {"note": "x"}}]})
    assert (titles(made), made.json["crowd"]) == (["Ada"], 1), made.json
    assert [(line["contact"]["title"], line["note"]) for line in made.json["participants"]] == [("Ada", "x")]
    lines = [{"id": made.json["participants"][0]["id"], "role": "buyer"}, {"contact": known["Bert"]}]
    changed = ann.patch(f"/data/deal/{made.json['id']}", {"participants": lines})
    assert (titles(changed), changed.json["version"]) == (["Ada", "Bert"], 2)
    gone = ann.patch(f"/data/deal/{made.json['id']}", {"contacts": [known["Bert"]]})
    assert (titles(gone), gone.json["version"], gone.json["crowd"]) == (["Bert"], 3, 1), gone.json
    last = ann.get(f"/data/deal/{made.json['id']}/history").json["data"][0]
    assert (last["version"], len(last["changes"]["participants"][0])) == (3, 1)
    assert told(ann, "contact", known["Ada"])[0] == ("update", None, {"deals": [["Pump"], []]})


ACCOUNTS = """
kind: app
name: partnering
version: 1.0.0
---
kind: entity
name: account
fields:
  name: {type: text, required: true}
  partners: {type: references, to: account, through: partnership, inverse: partner_of}
---
kind: entity
name: partnership
title: kind
fields:
  kind: {type: text}
  account: {type: reference, to: account, on_delete: restrict}
  partner: {type: reference, to: account, on_delete: restrict}
"""


def test_links_between_records_of_one_entity_lead_from_the_first_reference_to_the_second(app_from):
    app = app_from(ACCOUNTS)
    hub, spoke = (
        one.id for one in records.create(app.system, "account", [{"name": "Hub"}, {"name": "Spoke"}])
    )
    records.update(app.system, "account", [records.Change(hub, {"partners": [str(spoke)]})])
    rows = app.sql("SELECT account, partner FROM main.partnership")
    assert [tuple(row) for row in rows] == [(hub, spoke)]
    found = records.list(app.system, "account", records.Query(where="count(partner_of) == 1"))
    assert [row["name"] for row in found.data] == ["Spoke"]


def test_undoing_a_creation_begins_with_the_links_that_hold_the_record(app_from):
    app = app_from(ACCOUNTS)
    (spoke,) = records.create(app.system, "account", [{"name": "Spoke"}])
    creating = operations.begin(app.system, "import", "account")
    records.create(creating, "account", [{"name": "Hub", "partners": [str(spoke.id)]}])
    undone = records.undo(app.system, creating.operation)
    assert (undone.undone, undone.refused) == (2, 0)


def test_links_that_live_inside_are_sent_as_one_of_the_two(owned, client):
    ann = client(owned, owned.token("Ann", ["rep"]))
    (ada,) = (str(row.id) for row in owned.sql("SELECT id FROM main.contact WHERE name = 'Ada'"))
    sent = {"name": "Pump", "contacts": [ada], "participants": [{"contact": ada}]}
    problem = assert_problem(ann.post("/data/deal", sent), 422)
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [("contacts", "contradiction")]


SHY = (
    PARTICIPANTS
    + """
---
kind: role
name: shy
entities:
  deal: {create: true, read: true, update: true}
  contact: {read: true}
  participant:
    create: true
    read: note != "hidden" or note == null
    update: true
    delete: true
    fields: {contact: {read: role == "buyer"}}
"""
)


@pytest.fixture
def shy(app_from, client):
    """Somebody who sees of some links only that they are there, and the API of an administrator beside it."""
    app = app_from.of_layers([layer_from(SHY)], filled_by=fill)
    return app, client(app, app.token("Sue", ["shy"])), client(app, app.token("Bo", ["admin"]))


def test_whom_a_link_hides_stays_linked(shy, ids_of):
    app, sue, boss = shy
    ids = ids_of(app)
    made = boss.post("/data/deal", {"name": "Pump", "contacts": [ids["Ada"]]}).json
    changed = sue.patch(f"/data/deal/{made['id']}", {"name": "Pumps", "contacts": []})
    assert (changed.status_code, titles(changed)) == (200, [])
    assert [row.name for row in links(app)] == ["Ada"]


def test_of_a_link_that_somebody_cannot_see_nothing_can_be_said(shy, ids_of):
    app, sue, boss = shy
    ids = ids_of(app)
    hidden = {"id": ids["Ada"], "link": {"note": "hidden", "role": "buyer"}}
    made = boss.post("/data/deal", {"name": "Pump", "contacts": [hidden]}).json
    sent = {"contacts": [{"id": ids["Ada"], "link": {"note": "seen"}}]}
    problem = assert_problem(sue.patch(f"/data/deal/{made['id']}", sent), 409)
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [("contacts", "not_unique")]
    assert [row.note for row in links(app)] == ["hidden"]


@pytest.fixture
def ids_of():
    return lambda app: {row.name: str(row.id) for row in app.sql("SELECT id, name FROM main.contact")}
