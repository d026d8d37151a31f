"""Bulk calls and a real server: clients that leave, processes that are killed, bodies beyond memory."""

import json
import socket
import threading
import urllib.error
import urllib.request
from contextlib import suppress
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from fieldstone_testing.deals import DEALS
from fieldstone_testing.holds import holding, until

LOADER = """
---
kind: role
name: loader
inherits: [rep]
capabilities: [import, bulk_edit]
"""
PATH = "/api/v1/data/customer/bulk"
WRITING = "SELECT 1 FROM pg_locks WHERE relation = 'main.customer'::regclass AND mode = 'RowExclusiveLock'"


@pytest.fixture
def app(app_from):
    return app_from(DEALS + LOADER)


@pytest.fixture
def headers(app):
    token = app.token("Ann", ["loader"], ["North"])
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}


def lines(count, remark=""):
    rows = ({"name": f"C{number}", "remark": remark} for number in range(count))
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def send(url, headers, body, question=""):
    """The open answer of a bulk call."""
    return urllib.request.urlopen(urllib.request.Request(f"{url}{PATH}{question}", body, headers), timeout=60)


def stored(app):
    return app.sql("SELECT count(*) FROM main.customer")[0][0]


def test_a_server_that_is_killed_leaves_whole_batches_and_their_history(app, server, headers):
    running = server(app)
    answer = send(running.url, headers, lines(8_000), "?partial=true")
    told = answer.readline()
    running.kill_all()
    assert json.loads(told)["action"] == "created"
    assert 0 < stored(app) < 8_000
    assert stored(app) % 500 == 0
    assert app.sql("SELECT count(*) FROM main_system.history WHERE entity = 'customer'") == [(stored(app),)]
    answer.close()


def test_a_server_that_is_killed_leaves_nothing_of_all_or_nothing(app, server, headers):
    running = server(app)

    def call():
        with pytest.raises((ConnectionError, urllib.error.URLError)):
            send(running.url, headers, lines(8_000))

    thread = threading.Thread(target=call)
    thread.start()
    until(lambda: app.sql(WRITING))
    running.kill_all()
    thread.join()
    until(lambda: not app.sql(WRITING))
    assert stored(app) == 0


def begun(running, headers, question, length, body):
    """A call of which only a part has been sent."""
    address = urlsplit(running.url)
    client = socket.create_connection((address.hostname, address.port), timeout=60)
    sent = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    start = f"POST {PATH}{question} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{sent}"
    client.sendall(f"{start}Content-Length: {length}\r\n\r\n".encode() + body)
    return client


def places(running):
    """Where the workers are in files that only they see, such as the bodies of calls."""
    for worker in psutil.Process(running.process.pid).children(recursive=True):
        for file in Path(f"/proc/{worker.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                if file.readlink().name.endswith(" (deleted)"):
                    told = Path(f"/proc/{worker.pid}/fdinfo/{file.name}").read_text()
                    yield int(told.partition("pos:")[2].split()[0])


def test_a_client_that_breaks_off_changes_nothing_and_large_bodies_are_not_kept_in_memory(
    app, server, headers
):
    running, body = server(app), lines(600)
    begun(running, headers, "?partial=true", len(body) + 9, body).close()
    large = lines(400, "x" * 50_000)
    half = len(large) // 2
    with begun(running, headers, "", len(large), large[:half]) as client:
        until(lambda: max(places(running), default=0) > half // 2)  # on its way to the disk
        with holding(app, "LOCK TABLE main.customer IN EXCLUSIVE MODE") as hold:
            client.sendall(large[half:])
            hold.until_waiting()
            assert max(places(running)) < half  # the first lines are written before the others are read
        with HTTPResponse(client) as answer:
            answer.begin()
            assert answer.read().count(b'"action":"created"') == stored(app) == 400
