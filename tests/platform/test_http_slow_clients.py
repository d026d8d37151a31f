"""Clients that send slowly, break off, or say nothing: they are told, let go, and keep nobody waiting."""

import json
import select
import socket
import time
from urllib.parse import urlsplit

import psutil
import pytest
import requests

from fieldstone_testing.deals import DEALS
from fieldstone_testing.servers import start_server
from fieldstone_testing.waiting import until

PATIENCE = 1
LONGEST = 25
"""Seconds: more than a busy machine needs, and less than the patience of a server that is not told of any."""
CUSTOMERS = "POST /api/v1/data/customer"
JSON = "Content-Type: application/json\r\n"
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
def app(module_app_from):
    return module_app_from(DEALS)


@pytest.fixture(scope="module")
def running(app, tmp_path_factory):
    """A server with two threads and little patience, which most tests here share."""
    server = started(app, tmp_path_factory, PATIENCE)
    yield server
    server.stop()


@pytest.fixture
def patient(app, tmp_path_factory):
    """As `running`, with so much patience that no client is let go while a test lasts."""
    server = started(app, tmp_path_factory, 60)
    yield server
    server.kill()


def started(app, tmp_path_factory, patience):
    settings = {
        "FIELDSTONE_DATABASE_URL": app.database.url.render_as_string(hide_password=False),
        "FIELDSTONE_THREADS": "2",
        "FIELDSTONE_CLIENT_TIMEOUT": str(patience),
    }
    return start_server(tmp_path_factory.mktemp("server"), settings)


@pytest.fixture(scope="module")
def token(app):
    return app.token("Ann", ["rep"])


@pytest.fixture
def connect(running):
    """Opens a connection on which something has been sent already."""
    opened = []

    def make(sent="", to=running):
        address = urlsplit(to.url)
        line = socket.create_connection((address.hostname, address.port), timeout=LONGEST)
        opened.append(line)
        line.sendall(sent.encode())
        return line

    yield make
    for line in opened:
        line.close()


def until_end(line):
    """All that comes before the server ends the connection."""
    return b"".join(iter(lambda: line.recv(10_000), b""))


def head(token, request, more):
    return f"{request} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{JSON}{more}\r\n\r\n"


def healthy(running):
    return requests.get(f"{running.url}/healthz", timeout=LONGEST).status_code == 200


@pytest.mark.parametrize(
    ("length", "body"),
    [("Content-Length: 1000", '{"name": '), ("Transfer-Encoding: chunked", '9\r\n{"name": \r\n')],
    ids=["with_a_length", "chunked"],
)
def test_a_body_that_does_not_come_is_a_408_and_nothing_is_done(connect, token, length, body):
    line = connect(head(token, CUSTOMERS, length) + body)
    answer, _, problem = until_end(line).partition(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(problem)["code"] == "too_slow"


def test_a_body_that_drips_is_a_408_as_well(connect, token):
    line = connect(head(token, CUSTOMERS, "Content-Length: 1000"))
    with pytest.raises(OSError, match=r"Broken pipe|reset"):
        drip(line, 10 * LONGEST)


def drip(line, count):
    for _ in range(count):
        line.sendall(b" ")
        time.sleep(0.1)


def test_clients_that_keep_us_waiting_keep_nobody_else_from_being_answered(patient, connect, token):
    form = f"POST /login HTTP/1.1\r\nHost: x\r\n{FORM}Content-Length: 90\r\n\r\nemail="
    slow = [connect(head(token, CUSTOMERS, "Content-Length: 1000"), to=patient) for _ in range(20)]
    slow += [connect(form, to=patient) for _ in range(20)]
    assert [healthy(patient) for _ in range(10)] == [True] * 10
    assert select.select(slow, [], [], 0)[0] == []


def test_threads_that_waited_for_slow_clients_are_free_again(running, connect, token):
    worker = psutil.Process(running.process.pid).children(recursive=True)[-1]
    lines = [connect(head(token, CUSTOMERS, "Content-Length: 1000")) for _ in range(40)]
    for line in lines:
        assert b" 408 " in until_end(line)
    lines = [connect(head(token, CUSTOMERS, "Content-Length: 2") + "{}") for _ in range(40)]
    assert all(b" 422 " in line.recv(1000) for line in lines)
    assert worker.num_threads() < 150


@pytest.mark.parametrize("sent", ["", "P", "GET / HTTP/1.1\r\nHost: x\r\nX-Long: "])
def test_a_head_that_is_never_finished_is_not_waited_for(connect, sent):
    until_end(connect(sent))


@pytest.mark.parametrize(
    "more",
    [
        "Content-Length: -1",
        "Content-Length: abc",
        "Content-Length: +2",
        "Content-Length: 2, 2",
        "Content-Length: 2\r\nContent-Length: 3",
        f"Content-Length: {10**30}",
        f"Content-Length: {10**12}",
        "Transfer-Encoding: nonsense",
        "If-Match: a\0b",
        "Content-Length: 2\r\nIdempotency-Key: \xff\xfe",
        "Content-Length: 2\r\nAuthorization: Bearer \x80",
        "Content-Length: 2\r\nContent-Encoding: gzip",
        "\r\n".join(f"X-{number}: a" for number in range(2000)),
    ],
    ids=range(13),
)
def test_a_request_with_an_odd_head_is_refused_and_the_next_one_is_answered(running, connect, token, more):
    line = connect()
    line.sendall(head(token, CUSTOMERS, more).encode("latin-1") + b"{}")
    assert line.recv(1000).startswith(b"HTTP/1.1 4")
    assert healthy(running)


def test_idle_connections_keep_nobody_out_and_are_ended(running, connect):
    idle = [connect() for _ in range(300)]
    assert healthy(running)
    for line in idle:
        until_end(line)


def test_an_upload_that_breaks_off_is_refused_and_leaves_nothing(running, connect, token):
    upload = head(token, "POST /api/v1/files?name=half.bin", "Content-Length: 5000000")
    incoming = running.log.parent / ".fieldstone" / "files" / "main" / "incoming"
    refused = running.log.read_text().count('"status":400')
    client = connect(upload + "1" * 500_000)
    # A client that is gone before its request has reached a thread is not answered: there is nothing to undo.
    until(lambda: incoming.exists() and list(incoming.iterdir()))
    client.close()
    until(lambda: running.log.read_text().count('"status":400') > refused)
    until(lambda: list(incoming.iterdir()) == [])
