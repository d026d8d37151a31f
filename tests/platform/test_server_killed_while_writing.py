"""A server that dies suddenly while it writes: what was promised as one is there as a whole or not at all."""

import http.client
import json
import time
from urllib.parse import urlsplit

import pytest

from fieldstone_testing.deals import DEALS
from fieldstone_testing.journals import contradictions
from fieldstone_testing.servers import start_server

LOADER = """
---
kind: role
name: loader
inherits: [rep]
capabilities: [import, bulk_edit]
"""
BATCH = 500
IN_BATCHES = [{"name": "in batches", "code": f"{number:05}"} for number in range(16 * BATCH)]
AS_ONE = [{"name": f"as one {number}"} for number in range(4 * BATCH)]
ONE = {"name": "the answer is lost", "code": "lost"}
JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
AS_ONE_PATH, AS_ONE_KEY = "/data/deal/bulk?mode=create", {"Idempotency-Key": "as-one"}
ONE_KEY = {"Idempotency-Key": "answer-lost"}
SECONDS = 60


@pytest.fixture(scope="module")
def app(module_app_from):
    return module_app_from(DEALS + LOADER)


@pytest.fixture(scope="module")
def token(app):
    return app.token("Ann", ["loader"], ["North"])


@pytest.fixture
def api(app, client, token):
    return client(app, token)


def lines(entries):
    return b"".join(json.dumps(entry).encode() + b"\n" for entry in entries)


@pytest.fixture(scope="module")
def killed(app, token, tmp_path_factory):
    """A server has died by SIGKILL, amid two bulk calls and after a commit that nobody heard of."""
    url = app.database.url.render_as_string(hide_password=False)
    server = start_server(tmp_path_factory.mktemp("killed"), {"FIELDSTONE_DATABASE_URL": url})
    connections = [
        send(server, token, "/data/customer", json.dumps(ONE), JSON | ONE_KEY),
        send(server, token, "/data/customer/bulk?mode=create&partial=true", lines(IN_BATCHES), NDJSON),
    ]
    wait_for(app, f"SELECT count(*) > {BATCH} FROM main.customer WHERE code = 'lost' OR code < '1'")
    connections.append(send(server, token, AS_ONE_PATH, lines(AS_ONE), NDJSON | AS_ONE_KEY))
    wait_for(app, WRITING_DEALS)
    server.kill_all()
    [connection.close() for connection in connections]
    wait_for(app, f"SELECT NOT EXISTS (SELECT {WRITERS})")


WRITERS = """FROM pg_locks WHERE mode LIKE 'RowEx%'
AND relation IN ('main.deal'::regclass, 'main.customer'::regclass)"""
WRITING_DEALS = """SELECT count(*) > 0 FROM pg_locks WHERE mode LIKE 'RowEx%'
AND relation = 'main.deal'::regclass"""


def send(server, token, path, body, headers):
    """Send a request whose answer nobody reads."""
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=SECONDS)
    connection.request("POST", f"/api/v1{path}", body, {"Authorization": f"Bearer {token}", **headers})
    return connection


def wait_for(app, question):
    """Wait until the database says yes."""
    deadline = time.monotonic() + SECONDS
    while not app.sql(question)[0][0]:
        assert time.monotonic() < deadline, question
        time.sleep(0.01)


def feed(api):
    """All events, page by page."""
    page = api.get("/events?after=0&limit=1000").json
    while page["data"]:
        yield from page["data"]
        page = api.get(f"/events?after={page['next']}&limit=1000").json


pytestmark = pytest.mark.usefixtures("killed")


def test_a_call_in_batches_leaves_whole_batches(app):
    [[written]] = app.sql("SELECT count(*) FROM main.customer WHERE name = 'in batches'")
    assert 0 < written < len(IN_BATCHES)
    assert written % BATCH == 0
    told = app.sql(
        "SELECT count(*), count(DISTINCT operation) FROM main_system.history AS entry "
        "JOIN main.customer AS stored ON stored.id = entry.record WHERE stored.name = 'in batches'"
    )
    assert told == [(written, 1)]


def test_rows_history_and_feed_agree(app, api):
    assert contradictions(app, "customer", "deal") == []
    [[written]] = app.sql("SELECT count(*) FROM main.customer")
    seen = [event["id"] for event in feed(api) if event["entity"] == "customer"]
    assert (len(seen), len(set(seen))) == (written, written)


def test_a_call_that_is_one_left_nothing_and_can_be_repeated_with_its_key(app, api):
    assert app.sql("SELECT count(*) FROM main.deal") == [(0,)]
    for _ in range(2):
        answer = api.post(AS_ONE_PATH, data=lines(AS_ONE), headers=NDJSON | AS_ONE_KEY)
        assert answer.get_data().count(b'"created"') == len(AS_ONE)
    assert app.sql("SELECT count(*) FROM main.deal") == [(len(AS_ONE),)]


def test_a_record_whose_answer_was_lost_is_told_again_by_its_key(app, api):
    answer = api.post("/data/customer", data=json.dumps(ONE), headers=JSON | ONE_KEY)
    assert (answer.status_code, answer.headers["Idempotency-Replayed"]) == (201, "true")
    assert app.sql("SELECT count(*) FROM main.customer WHERE code = 'lost'") == [(1,)]
