"""Who may know of a record that they may not read, and what they are told."""

from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.errors import NotFound
from fieldstone.records import Query
from fieldstone_testing.problems import assert_problem

APP = """
kind: app
name: desk
label: Desk
version: 1.0.0
---
kind: entity
name: deal
label: Deal
fields:
  name: {type: text, required: true, max_length: 100}
  stage: {type: choice, options: [draft, open], default: open}
---
kind: entity
name: visit
label: Visit
fields:
  name: {type: text, required: true, max_length: 100}
  deal: {type: reference, to: deal, on_delete: clear}
  rival: {type: reference, to: deal, on_delete: clear}
  others: {type: references, to: deal}
---
kind: entity
name: stop
label: Stop
fields:
  visit: {type: reference, to: visit, owned: true, inverse: stops}
  place: {type: text, required: true}
  about: {type: references, to: deal}
---
kind: role
name: rep
label: Rep
inherits: [employee]
entities:
  deal:
    create: true
    read: 'owner == user or team in user.teams or (stage == "open" and has_role("chief"))'
    update: owner == user
  visit:
    create: true
    read: name != "Secret visit"
    fields:
      rival: {read: false}
---
kind: role
name: auditor
label: Auditor
inherits: [employee]
entities:
  deal: {read: owner == user}
capabilities: [explain]
---
kind: role
name: warden
label: Warden
inherits: [rep]
entities:
  deal: {read: false, deny: {read: 'name == "Sealed"'}}
---
kind: role
name: chief
label: Chief
---
kind: role
name: guest
label: Guest
entities:
  visit: {read: true}
"""


@pytest.fixture(scope="module")
def app(module_app_from):
    app = module_app_from(APP)
    records.create(app.system, "team", [{"name": "North"}, {"name": "South"}])
    app.user("Ann", ["rep"], ["North"])
    app.user("Bo", ["rep"], ["South"])
    app.user("Wim", ["warden"], ["South"])
    app.user("Olga", ["auditor"])
    app.user("Gus", ["guest"])
    return app


@pytest.fixture
def deal(app):
    """A deal that Ann made."""
    return records.create(app.context_for("Ann"), "deal", [{"name": "Pump"}])[0].id


@pytest.fixture
def asked(app):
    """Why somebody cannot read a deal: `asked("Bo", deal)`."""
    return lambda name, deal: records.why_hidden(app.context_for(name), "deal", deal)


def give_away(app, deal, name="Olga"):
    """Let the platform give a deal to somebody without a team."""
    owner = {"entity": "user", "id": str(app.users[name])}
    records.update(app.system, "deal", [records.Change(deal, {"owner": owner, "team": None})])


def note_visit(app, **fields):
    records.create(app.system, "visit", [{"name": "Visit", **fields}])


def refers_to(deal):
    return {"entity": "deal", "id": str(deal)}


def test_a_stranger_does_not_learn_that_a_record_is_there(asked, deal):
    assert asked("Bo", deal) is None


def test_there_is_nothing_to_tell_of_a_record_that_can_be_read_or_is_not_there(asked, deal):
    assert asked("Ann", deal) is None
    assert asked("Ann", UUID("01a20000-0000-7000-8000-000000000000")) is None


def test_whoever_worked_on_a_record_is_told_what_it_takes_to_read_it(app, asked, deal):
    give_away(app, deal)
    hidden = asked("Ann", deal)
    assert [(one.words, one.kind, one.note) for one in hidden.conditions] == [
        ("You are its owner", "owner", "it is not yours"),
        ("It belongs to one of your teams", "team", "yours: North"),
        ("“Stage” is Open, and you hold the role Chief", "other", ""),
    ]
    assert hidden.roles == ("Rep",)


def test_a_record_in_the_bin_is_not_told_of(app, asked, deal):
    give_away(app, deal)
    records.delete(app.system, "deal", [deal])
    assert asked("Ann", deal) is None


def test_a_readable_record_that_refers_to_it_makes_it_known(app, asked, deal):
    note_visit(app, deal=refers_to(deal))
    assert asked("Bo", deal).roles == ("Rep",)


def test_a_readable_record_that_names_it_among_others_makes_it_known(app, asked, deal):
    note_visit(app, others=[refers_to(deal)])
    assert asked("Bo", deal).roles == ("Rep",)


def test_a_reference_that_cannot_be_read_makes_nothing_known(app, asked, deal):
    note_visit(app, rival=refers_to(deal))
    records.create(app.system, "visit", [{"name": "Secret visit", "deal": refers_to(deal)}])
    assert asked("Bo", deal) is None


def test_a_notification_about_it_makes_it_known_to_whom_it_was_sent(app, asked, deal):
    recipient = {"entity": "user", "id": str(app.users["Bo"])}
    sent = {"subject": "Look", "recipient": recipient, "regarding": refers_to(deal)}
    records.create(app.system, "notification", [sent])
    assert asked("Bo", deal).roles == ("Rep",)


def test_a_comment_is_not_told_of_apart_from_what_it_is_about(app, deal):
    said = records.create(app.context_for("Ann"), "comment", [{"body": "Hm", "regarding": refers_to(deal)}])
    give_away(app, deal)
    assert records.why_hidden(app.context_for("Ann"), "comment", said[0].id) is None


def test_the_capability_explain_makes_all_records_known(asked, deal):
    assert [one.words for one in asked("Olga", deal).conditions] == ["You are its owner"]


def test_where_a_role_denies_reading_nothing_is_told(app, asked, deal):
    note_visit(app, deal=refers_to(deal))
    assert asked("Wim", deal) is None


def test_whoever_may_read_no_such_record_at_all_is_told_nothing(app, deal):
    note_visit(app, deal=refers_to(deal))
    with pytest.raises(NotFound):
        records.why_hidden(app.context_for("Gus"), "deal", deal)


def test_for_programs_it_stays_not_found(app, client, deal):
    give_away(app, deal)
    api = client(app, app.token("Ann"))
    assert_problem(api.get(f"/data/deal/{deal}"), 404, "not_found")
    assert_problem(api.post("/explain", json={"entity": "deal", "id": str(deal), "verb": "read"}), 404)


def test_the_owner_is_asked_once_for_access(app, deal):
    give_away(app, deal)
    for _ in range(2):
        records.ask_for_access(app.context_for("Ann"), "deal", deal)
    told = records.list(
        app.context_for("Olga"), "notification", Query(fields=("subject", "recipient", "regarding"))
    )
    assert [(one["subject"], one["recipient"]["title"]) for one in told.data] == [
        ("Ann asks to see Pump", "Olga")
    ]
    assert told.data[0]["regarding"]["id"] == str(deal)


def test_nobody_is_asked_about_a_record_that_is_not_to_be_known_of(app, deal):
    with pytest.raises(NotFound):
        records.ask_for_access(app.context_for("Bo"), "deal", deal)
    with pytest.raises(NotFound):
        records.ask_for_access(app.context_for("Ann"), "deal", deal)


def test_asking_for_a_record_without_an_owner_tells_nothing_of_that(app, deal):
    records.update(app.system, "deal", [records.Change(deal, {"owner": None, "team": None})])
    records.ask_for_access(app.context_for("Ann"), "deal", deal)
    assert app.sql("SELECT 1 FROM main.notification WHERE regarding = :deal", deal=deal) == []


@pytest.fixture
def linked(app, deal):
    """A visit of Ann's that the platform linked first to her deal and then to one that she may not read."""
    sealed = records.create(app.system, "deal", [{"name": "Sealed", "stage": "draft"}])[0].id
    visit = records.create(app.context_for("Ann"), "visit", [{"name": "Fair"}])[0].id
    for others in ([deal], [deal, sealed]):
        records.update(app.system, "visit", [records.Change(visit, {"others": [str(one) for one in others]})])
    return visit


def test_the_history_of_links_tells_of_no_record_that_the_reader_may_not_read(app, client, deal, linked):
    answer = client(app, app.token("Ann")).get(f"/data/visit/{linked}/history").json["data"]
    assert [entry["changes"].get("others") for entry in answer] == [
        None,
        [[], [{"id": str(deal), "entity": "deal", "title": "Pump"}]],
        None,
    ]


def test_the_history_does_not_tell_that_a_record_was_made_with_hidden_links(app, client):
    sealed = records.create(app.system, "deal", [{"name": "Sealed", "stage": "draft"}])[0].id
    ann = app.context_for("Ann")
    made = records.create(
        app.system, "visit", [{"name": "Fair", "others": [str(sealed)], "owner": str(ann.principal.user)}]
    )
    [entry] = client(app, app.token("Ann")).get(f"/data/visit/{made[0].id}/history").json["data"]
    assert "others" not in entry["changes"]


def test_the_history_of_what_lives_inside_tells_of_no_hidden_link_either(app, client, deal):
    sealed = str(records.create(app.system, "deal", [{"name": "Sealed", "stage": "draft"}])[0].id)
    ann = app.context_for("Ann")
    stop = {"place": "Oslo", "about": [sealed, str(deal)]}
    values = {"name": "Fair", "owner": str(ann.principal.user), "stops": [stop]}
    visit = records.create(app.system, "visit", [values])[0].id
    (line,) = records.get(app.system, "visit", visit)["stops"]
    for about in ([str(deal)], []):
        change = {"stops": [{"id": line["id"], "about": about}]}
        records.update(app.system, "visit", [records.Change(visit, change)])
    told = client(app, app.token("Ann")).get(f"/data/visit/{visit}/history").json["data"]
    pump = {"id": str(deal), "entity": "deal", "title": "Pump"}
    assert [entry["changes"].get("stops") for entry in told] == [
        [[{"id": line["id"], "about": [pump]}], [{"id": line["id"], "about": []}]],
        None,
        [[], [{"id": line["id"], "place": "Oslo", "about": [pump]}]],
    ]


def test_a_version_conflict_over_links_tells_of_no_record_that_the_caller_may_not_read(app, client, linked):
    api = client(app, app.token("Ann"))
    records.update(app.system, "visit", [records.Change(linked, {"rival": None, "name": "Fair 2"})])
    told = [
        assert_problem(
            api.patch(f"/data/visit/{linked}", {"name": "Fair 3"}, headers={"If-Match": f'"{version}"'}), 412
        )["changes"]
        for version in (1, 2)
    ]
    assert [sorted(changes) for changes in told] == [["name", "others"], ["name"]]
    assert len(told[0]["others"][1]) == 1
