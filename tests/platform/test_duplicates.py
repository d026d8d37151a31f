"""Records that count as the same: a second one is refused, or pointed out first."""

import json
import threading
from dataclasses import replace
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.database.joined import JoinedDatabase
from fieldstone.errors import Conflict
from fieldstone.publication.apply import NotAccepted
from fieldstone.records import Change
from fieldstone_testing.problems import assert_problem
from fieldstone_testing.statements import noted_statements
from fieldstone_testing.waiting import until_somebody_waits

PEOPLE = """
kind: app
name: people
label: People
version: 1.0.0
---
kind: entity
name: contact
label: Contact
fields:
  name: {type: text, required: true}
  email: {type: text, label: E-mail}
  city: {type: text}
duplicates:
  - {name: same_email, match: [email], mode: block}
  - {name: same_person, match: [name, city], mode: warn}
---
kind: role
name: clerk
label: Clerk
entities:
  contact: {create: true, read: owner == user, update: owner == user, delete: owner == user}
capabilities: [import]
---
kind: role
name: reader
label: Reader
entities:
  contact: {read: true}
"""


@pytest.fixture
def app(app_from):
    return app_from(PEOPLE)


@pytest.fixture
def ann(app):
    return app.context_for("Ann", ["clerk"])


@pytest.fixture
def api(app, client):
    return client(app, app.token("Ann", ["clerk"]))


def post(api, question="", **values):
    return api.post(f"/data/contact{question}", json=values)


def test_a_second_record_is_refused_whatever_case_and_spaces(api):
    first = post(api, name="Åse", email="ase@acme.example").json["id"]
    told = assert_problem(
        post(api, name="B", email=" ÅSE@acme.example".replace("ÅSE", "ASE")), 409, "duplicate"
    )
    assert told["duplicates"] == [{"id": first, "entity": "contact", "title": "Åse"}]
    assert (told["errors"][0]["field"], told["detail"]) == (
        "email",
        "Another Contact has the same E-mail: “Åse”.",
    )


def test_letters_beyond_ascii_and_inner_spaces_do_not_matter(api):
    post(api, name="Öl  Mühle", city="Zürich")
    assert_problem(post(api, name="öl mühle", city=" ZÜRICH "), 409, "possible_duplicate")


def test_of_a_record_that_the_caller_may_not_read_nothing_is_told(app, api, client):
    post(api, name="Secret", email="a@acme.example")
    bo = client(app, app.token("Bo", ["clerk"]))
    told = assert_problem(post(bo, name="B", email="a@acme.example"), 409, "duplicate")
    assert told["duplicates"] == []
    assert "Secret" not in json.dumps(told)


def test_a_warning_is_not_lost_and_is_overruled_by_who_says_so(api):
    post(api, name="Ann", city="Oslo")
    told = assert_problem(post(api, name="ann", city="oslo"), 409, "possible_duplicate")
    assert [one["title"] for one in told["duplicates"]] == ["Ann"]
    assert post(api, "?duplicates=accept", name="ann", city="oslo").status_code == 201


def test_nobody_is_asked_about_what_an_undo_gives_back(ann, api):
    id_ = post(api, name="Ada", city="Rome").json["id"]
    changed = records.update_many(ann, "contact", records.Picked([UUID(id_)]), {"city": "Oslo"})
    assert post(api, name="Ada", city="Rome").status_code == 201
    undone = records.undo(ann, changed.operation)
    assert (undone.undone, undone.refused) == (1, 0)
    assert api.get(f"/data/contact/{id_}").json["city"] == "Rome"


def test_accepting_does_not_overrule_a_block(api):
    post(api, name="A", email="a@acme.example")
    answer = post(api, "?duplicates=accept", name="B", email="a@acme.example")
    assert_problem(answer, 409, "duplicate")


def test_records_without_all_of_the_values_are_never_the_same(api):
    for _ in range(2):
        assert post(api, name="Ann").status_code == 201


def test_a_change_is_judged_only_where_it_changes_what_is_compared(api):
    post(api, name="A", city="Oslo")
    second = post(api, name="B", city="Oslo").json["id"]
    assert api.patch(f"/data/contact/{second}", json={"email": "b@acme.example"}).status_code == 200
    assert_problem(api.patch(f"/data/contact/{second}", json={"name": "a"}), 409, "possible_duplicate")
    path = f"/data/contact/{second}?duplicates=accept"
    assert api.patch(path, json={"name": "a"}).status_code == 200


def test_a_record_in_the_bin_is_no_duplicate(api):
    first = post(api, name="A", email="a@acme.example").json["id"]
    api.delete(f"/data/contact/{first}")
    assert post(api, name="A", email="a@acme.example").status_code == 201


def test_lines_of_one_call_are_compared_with_each_other_too(api):
    lines = [{"name": "A", "email": "A@acme.example"}, {"name": "B", "email": "a@acme.example"}]
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    headers = {"Content-Type": "application/x-ndjson"}
    answer = api.post("/data/contact/bulk?partial=true", data=body, headers=headers)
    told = [json.loads(line) for line in answer.get_data(as_text=True).splitlines()]
    assert [(found["status"], found.get("code")) for found in told] == [(201, None), (409, "duplicate")]


def test_of_two_who_save_the_same_at_once_one_is_refused(app, ann):
    outcomes = []

    def save():
        try:
            outcomes.append(records.create(ann, "contact", [{"name": "A", "email": "a@acme.example"}]))
        except Conflict as error:
            outcomes.append(error.code)

    with app.database.write(app.model.version) as connection:
        lock = "SELECT pg_advisory_xact_lock_shared(hashtextextended('main.contact.same_email', 0))"
        connection.exec_driver_sql(lock)
        threads = [threading.Thread(target=save) for _ in range(2)]
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in outcomes if one == "duplicate"]) == 1
    assert app.sql("SELECT count(*) FROM main.contact") == [(1,)]


def test_who_saves_waits_for_one_who_saves_the_same_and_then_sees_it(app, ann):
    seen = []

    def save():
        try:
            records.create(ann, "contact", [{"name": "Later", "email": "a@acme.example"}])
        except Conflict as error:
            seen.append(error.code)

    with app.database.write(app.model.version) as connection:
        joined = replace(ann, database=JoinedDatabase(ann.database, connection))
        records.create(joined, "contact", [{"name": "First", "email": "a@acme.example"}])
        thread = threading.Thread(target=save)
        thread.start()
        until_somebody_waits(app)
    thread.join()
    assert seen == ["duplicate"]


def test_the_statements_do_not_depend_on_the_number_of_records(ann):
    counted = []
    for number in (2, 40):
        rows = [{"name": f"N{number}-{n}", "email": f"{number}-{n}@acme.example"} for n in range(number)]
        with noted_statements() as noted:
            made = records.create(ann, "contact", rows)
        counted.append(len(noted))
    assert counted[0] == counted[1]
    assert records.update(ann, "contact", [Change(made[0].id, {"city": "Oslo"})])


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{name: a, match: [nothing], mode: warn}", "nothing"),
        ("{name: a, match: [email], mode: shout}", "shout"),
        ("{name: a, match: [], mode: warn}", "fewer than 1"),
        ("{name: same_person, match: [email], mode: warn}", "same_person"),
    ],
)
def test_rules_that_make_no_sense_are_refused(app_from, rule, said):
    text = PEOPLE.replace("{name: same_email, match: [email], mode: block}", rule)
    with pytest.raises(NotAccepted, match=said):
        app_from(text)


def told(context, id_=None, **values):
    found = records.alike(context, "contact", id_, values)
    return [(one.match, one.blocking, [each["title"] for each in one.records], one.hidden) for one in found]


def test_what_is_alike_is_told_while_it_is_typed(app, ann):
    (kept,) = records.create(ann, "contact", [{"name": "Kari", "email": "kari@x.example", "city": "Oslo"}])
    records.create(app.system, "contact", [{"name": "Ola", "city": "Oslo", "email": "ola@x.example"}])
    assert told(ann, name="Kari") == []
    assert told(ann, name="KARI ", city="oslo", email=None) == [(("name", "city"), False, ["Kari"], False)]
    assert told(ann, email="Kari@x.example") == [(("email",), True, ["Kari"], False)]
    assert told(ann, name="Ola", city="Oslo") == []
    assert told(ann, email="ola@x.example") == [(("email",), True, [], True)]
    assert told(ann, kept.id, name="Kari", city="Oslo") == []
    assert told(ann, kept.id, name="Ola") == []


def test_asking_what_is_alike_costs_nothing_before_there_is_something_to_compare(app, ann):
    records.alike(ann, "contact", None, {"name": "Kari"})
    with noted_statements() as none:
        records.alike(ann, "contact", None, {"name": "Kari"})
    with noted_statements() as one:
        records.alike(ann, "contact", None, {"name": "Kari", "city": "Oslo"})
    assert (len(none), len(one)) == (0, 1)


def test_who_may_not_save_it_is_told_nothing(app, ann):
    records.create(ann, "contact", [{"name": "Kari", "city": "Oslo"}])
    assert told(app.context_for("Bo", ["reader"]), name="Kari", city="Oslo") == []


LEADS = """
kind: app
name: leads
version: 1.0.0
---
kind: entity
name: lead
fields:
  name: {type: text, required: true}
  phone: {type: text}
duplicates:
  - {name: same_phone, match: [phone], mode: MODE}
---
kind: role
name: clerk
inherits: [employee]
entities:
  lead: {create: true, read: true, fields: {phone: {read: owner == user}}}
"""


def test_a_value_that_the_caller_may_not_read_is_not_told_by_a_question(app_from, client):
    app = app_from(LEADS.replace("MODE", "warn"))
    ann, bo = (client(app, app.token(name, ["clerk"])) for name in ("Ann", "Bo"))
    assert ann.post("/data/lead", json={"name": "Hers", "phone": "123"}).status_code == 201
    assert bo.post("/data/lead", json={"name": "His", "phone": "123"}).status_code == 201
    told = assert_problem(
        bo.post("/data/lead", json={"name": "B", "phone": "123"}), 409, "possible_duplicate"
    )
    assert [one["title"] for one in told["duplicates"]] == ["His"]


def test_what_is_refused_names_no_record_whose_value_the_caller_may_not_read(app_from, client):
    app = app_from(LEADS.replace("MODE", "block"))
    ann, bo = (client(app, app.token(name, ["clerk"])) for name in ("Ann", "Bo"))
    ann.post("/data/lead", json={"name": "Hers", "phone": "123"})
    told = assert_problem(bo.post("/data/lead", json={"name": "His", "phone": "123"}), 409, "duplicate")
    assert (told["duplicates"], "Hers" in told["detail"]) == ([], False)
