"""Bulk calls and a real server: clients that leave, processes that are killed, bodies beyond memory."""

import json
import re
import socket
import threading
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from fieldstone_testing.deals import DEALS
from fieldstone_testing.holds import until

LOADER = """
---
kind: role
name: loader
inherits: [rep]
capabilities: [import, bulk_edit]
"""
PATH = "/api/v1/data/customer/bulk"


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
    writing = (
        "SELECT 1 FROM pg_locks WHERE relation = 'main.customer'::regclass AND mode = 'RowExclusiveLock'"
    )
    until(lambda: app.sql(writing))
    running.kill_all()
    thread.join()
    until(lambda: not app.sql(writing))
    assert stored(app) == 0


def test_a_client_that_breaks_off_changes_nothing_and_large_bodies_take_little_memory(app, server, headers):
    running = server(app)
    address = urlsplit(running.url)
    with socket.create_connection((address.hostname, address.port)) as client:
        sent = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        body = lines(600)
        start = f"POST {PATH}?partial=true HTTP/1.1\r\nHost: test\r\n{sent}"
        client.sendall(f"{start}Content-Length: {len(body) + 9}\r\n\r\n".encode() + body)
    # Batches end after 4 MB: a longer body is only more of them. What the threads of a worker keep for later
    # is noise of some 20 MB, far less than a body that was kept.
    send(running.url, headers, lines(300, "x" * 50_000)).read()
    before, body = peak(running), lines(1_500, "x" * 50_000)
    send(running.url, headers, body).read()
    assert stored(app) == 1_800
    assert peak(running) - before < len(body) * 2 / 3


def peak(running):
    """The most memory that any worker ever held, in bytes."""
    workers = psutil.Process(running.process.pid).children(recursive=True)
    told = [Path(f"/proc/{worker.pid}/status").read_text() for worker in workers]
    return max(int(re.search(r"VmHWM:\s+(\d+)", text)[1]) for text in told) * 1024
