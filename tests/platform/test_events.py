"""The feed of changes: ordered, without gaps, nothing before its commit, only what the caller may read."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.context import TokenLimits
from fieldstone.database.joined import JoinedDatabase
from fieldstone.records import Change, feed
from fieldstone_testing.deals import DEALS
from fieldstone_testing.problems import assert_problem
from fieldstone_testing.statements import noted_statements


@pytest.fixture
def app(app_from):
    return app_from(DEALS)


@pytest.fixture
def ann(app):
    return app.context_for("Ann", ["rep"], ["North"])


@pytest.fixture
def api(app, client):
    return client(app, app.token("Ann", ["rep"], ["North"]))


def make(context, name, **values):
    return records.create(context, "deal", [{"name": name, **values}])[0].id


def rename(context, record, name):
    records.update(context, "deal", [Change(record, {"name": name})])


def read(api, after="0"):
    answer = api.get(f"/events?after={after}&entity=deal,customer")
    assert answer.status_code == 200, answer.json
    return answer.json["data"], answer.json["next"]


def actions(events):
    return [(event["action"], event["data"]["name"] if "data" in event else None) for event in events]


def test_changes_come_in_their_order_with_the_record_as_it_is_now(ann, api):
    deal = make(ann, "First", quantity=2, currency="EUR")
    rename(ann, deal, "Second")
    events, _ = read(api)
    assert actions(events) == [("create", "Second"), ("update", "Second")]
    assert [event["version"] for event in events] == [1, 2]
    assert events[0]["data"]["doubled"] == 4
    assert {event["record"] for event in events} == {str(deal)}
    assert "margin" not in events[0]["data"]


def test_a_reader_goes_on_from_where_it_was(ann, api):
    for number in range(5):
        make(ann, f"D{number}")
    names, after = [], api.get("/events?after=0&limit=2").json["next"]
    while (answer := api.get(f"/events?after={after}&limit=2").json)["next"] != after:
        names += [event["data"]["name"] for event in answer["data"] if event["entity"] == "deal"]
        after = answer["next"]
    assert names[-4:] == ["D1", "D2", "D3", "D4"]
    assert read(api, after) == ([], after)


def test_places_have_no_gaps_although_transactions_were_rolled_back(app, ann, api):
    make(ann, "A")
    with app.database.discarded() as connection:
        connection.exec_driver_sql("SELECT nextval(pg_get_serial_sequence('main_system.outbox', 'id'))")
    make(ann, "B")
    api.get("/events")
    places = [place for (place,) in app.sql("SELECT place FROM main_system.outbox ORDER BY place")]
    assert places == list(range(1, len(places) + 1))


def test_what_commits_later_comes_later_although_it_began_earlier(app, ann, api):
    _, start = read(api)
    with app.database.write(app.model.version) as connection:
        joined = feed_context(ann, connection)
        make(joined, "Slow")
        make(ann, "Fast")
        first, after = read(api, start)
        assert actions(first) == [("create", "Fast")]
        make(joined, "Slow too")
    make(ann, "Last")
    rest, _ = read(api, after)
    assert actions(rest) == [("create", "Slow"), ("create", "Slow too"), ("create", "Last")]


def feed_context(context, connection):
    return replace(context, database=JoinedDatabase(context.database, connection))


def test_who_follows_many_writers_at_once_misses_nothing_and_is_told_nothing_twice(app, ann, api):
    def write(writer):
        for number in range(12):
            with app.database.write(app.model.version) as connection:
                make(feed_context(ann, connection), f"{writer}.{number}")
                time.sleep(0.01 * (writer % 3))

    _, after = read(api)
    told = []
    with ThreadPoolExecutor(5) as writers:
        done = [writers.submit(write, writer) for writer in range(5)]
        while not all(one.done() for one in done):
            events, after = read(api, after)
            told += events
    told += read(api, after)[0]
    assert [one.result() for one in done] == [None] * 5
    assert len({event["record"] for event in told}) == len(told) == 60
    places = [event["id"] for event in told]
    assert places == sorted(places)


def test_what_is_too_old_is_forgotten_although_nobody_reads_the_feed(app, ann, api):
    for number in range(3):
        make(ann, f"D{number}")
    app.sql("UPDATE main_system.outbox SET at = at - :age", age=timedelta(days=31))
    make(ann, "New")
    feed.tidy(app.database, datetime.now(UTC))
    assert app.sql("SELECT count(*) FROM main_system.outbox WHERE entity = 'deal'") == [(1,)]
    assert_problem(api.get("/events?after=0"), 410, "expired")
    assert actions(api.get("/events").json["data"]) == [("create", "New")]


def test_other_rights_are_told_although_they_are_no_event(app, ann, api):
    before = api.get("/events").json["rights"]
    assert api.get("/events?after=now").json["rights"] == before
    app.context_for("Mia", ["manager"], ["South"])
    assert api.get("/events").json["rights"] == before
    holder = {"entity": "user", "id": str(ann.principal.user)}
    records.create(app.system, "role_assignment", [{"role": "manager", "holder": holder}])
    app.current.reload()
    assert api.get("/events").json["rights"] != before


def test_what_is_rolled_back_is_never_seen(app, ann, api):
    with app.database.discarded() as connection:
        make(feed_context(ann, connection), "Never")
        assert actions(read(api)[0]) == []
    assert actions(read(api)[0]) == []


def test_a_record_that_leaves_the_callers_sight_is_gone_once_and_by_its_id_alone(app, ann, api):
    deal = make(ann, "Mine")
    _, after = read(api)
    mia = app.context_for("Mia", ["manager"], ["South"])
    owner, team = mia.principal.user, mia.principal.teams[0]
    records.update(app.system, "deal", [Change(deal, {"owner": str(owner), "team": str(team)})])
    rename(mia, deal, "Hers")
    events, _ = read(api, after)
    assert [event.keys() for event in events] == [{"id", "entity", "record", "action"}]
    assert (events[0]["record"], events[0]["action"]) == (str(deal), "gone")


def test_what_the_caller_never_saw_is_never_told(app, api):
    mia = app.context_for("Mia", ["manager"], ["South"])
    deal = make(mia, "Hers")
    rename(mia, deal, "Still hers")
    records.delete(mia, "deal", [deal])
    assert read(api)[0] == []


def test_a_deleted_record_is_gone_and_a_restored_one_is_back(ann, api):
    deal = make(ann, "Mine")
    _, after = read(api)
    records.delete(ann, "deal", [deal])
    events, after = read(api, after)
    assert actions(events) == [("gone", None)]
    records.restore(ann, "deal", [deal])
    assert actions(read(api, after)[0]) == [("restore", "Mine")]


def test_a_purged_record_is_gone_for_a_reader_who_comes_late(app, ann, api):
    deal = make(ann, "Mine")
    _, after = read(api)
    mia = app.context_for("Mia", ["manager"], ["South"])
    records.delete(mia, "deal", [deal])
    records.purge(mia, "deal", [deal])
    assert {event["action"] for event in read(api, after)[0]} == {"gone"}


def test_the_present_place_is_a_start_for_who_reads_everything_first(ann, api):
    make(ann, "Before")
    now = api.get("/events?after=now").json
    assert now["data"] == []
    make(ann, "After")
    assert actions(read(api, now["next"])[0]) == [("create", "After")]


def test_a_place_whose_successors_are_forgotten_is_refused(app, ann, api):
    make(ann, "Old")
    read(api)
    app.sql("UPDATE main_system.outbox SET at = at - :age", age=timedelta(days=31))
    make(ann, "New")
    assert actions(read(api, api.get("/events?after=now").json["next"])[0]) == []
    assert_problem(api.get("/events?after=0"), 410, "expired")
    assert [event["data"]["name"] for event in api.get("/events").json["data"]] == ["New"]


@pytest.mark.parametrize("question", ["after=99999999", "after=-1", "after=x", "limit=0", "entity=nothing"])
def test_nonsense_is_refused(api, question):
    assert_problem(api.get(f"/events?{question}"), 400)


def test_a_token_that_is_narrowed_reads_no_more_of_the_feed(app, ann, client):
    make(ann, "Mine")
    narrow = client(app, app.token("Ann", limits=TokenLimits(entities=frozenset({"customer"}))))
    assert narrow.get("/events?after=0").json["data"] == []


def test_the_statements_do_not_depend_on_the_number_of_events(ann):
    make(ann, "once before")
    counted = []
    for number in (2, 40):
        start = feed.end(ann).next
        gone = [UUID(str(make(ann, f"D{count}"))) for count in range(number)]
        records.delete(ann, "deal", gone[: number // 2])
        feed.end(ann)
        with noted_statements() as seen:
            assert len(feed.events(ann, start, limit=1000).data) >= number
        counted.append(len(seen))
    assert counted[0] == counted[1] < 14
