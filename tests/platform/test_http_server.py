"""What only a real server shows: chunked bodies, endless addresses, broken requests, writers at once."""

import http.client
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from fieldstone_testing.deals import DEALS
from fieldstone_testing.servers import start_server
from fieldstone_testing.waiting import LONGEST


@pytest.fixture(scope="module")
def app(module_app_from):
    return module_app_from(DEALS)


@pytest.fixture(scope="module")
def running(app, tmp_path_factory):
    """(host, port, headers with a token) of a server process that all tests here share."""
    token = app.token("Ann", ["rep"])
    url = app.database.url.render_as_string(hide_password=False)
    server = start_server(tmp_path_factory.mktemp("server"), {"FIELDSTONE_DATABASE_URL": url})
    address = urlsplit(server.url)
    yield address.hostname, address.port, {"Authorization": f"Bearer {token}"}
    server.stop()


def call(running, method, path, body=None, headers=None, **options):
    host, port, token = running
    connection = http.client.HTTPConnection(host, port, timeout=LONGEST)
    sent = {**token, "Content-Type": "application/json", **(headers or {})}
    connection.request(method, path, body, sent, **options)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer, text


def test_a_server_process_answers_as_the_application_does(running):
    made, body = call(running, "POST", "/api/v1/data/customer", b'{"name": "Acme"}')
    assert made.status == 201
    read, text = call(running, "GET", made.headers["Location"])
    assert (read.status, read.headers["ETag"], json.loads(text)) == (200, '"1"', json.loads(body))
    assert read.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert call(running, "GET", "/healthz")[0].status == 200


def test_a_chunked_body_is_read_like_any_other(running):
    pieces = iter([b'{"name": ', b'"Chunky"}'])
    made, body = call(running, "POST", "/api/v1/data/customer", pieces, encode_chunked=True)
    assert made.status == 201
    assert json.loads(body)["name"] == "Chunky"


def test_an_endless_chunked_body_is_a_413(running):
    pieces = (b" " * 2**20 for _ in range(12))
    refused, body = call(running, "POST", "/api/v1/data/customer", pieces, encode_chunked=True)
    assert refused.status == 413, body
    assert json.loads(body)["code"] == "too_large"


@pytest.mark.parametrize("length", [10_000, 100_000, 1_000_000])
def test_a_very_long_address_is_refused_and_the_server_lives_on(running, length):
    refused, _ = call(running, "GET", "/api/v1/data/customer?where=" + "x" * length)
    assert 400 <= refused.status < 500
    assert call(running, "GET", "/healthz")[0].status == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00" * 100,
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ],
    ids=["words", "version", "zeros", "length"],
)
def test_what_is_no_http_closes_only_its_own_connection(running, raw):
    host, port, _ = running
    with socket.create_connection((host, port), timeout=LONGEST) as connection:
        connection.sendall(raw)
        assert b" 5" not in connection.recv(4096)[:13]
    assert call(running, "GET", "/healthz")[0].status == 200


def test_two_writers_at_once_with_if_match_have_one_winner(running):
    made, _ = call(running, "POST", "/api/v1/data/customer", b'{"name": "Acme"}')
    path = made.headers["Location"]

    def write(number):
        body = json.dumps({"name": f"writer {number}"}).encode()
        return call(running, "PATCH", path, body, {"If-Match": '"1"'})[0].status

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(write, range(8)))
    assert statuses == [200] + [412] * 7


def test_upserts_at_once_make_one_record(running):
    def upsert(number):
        body = json.dumps({"name": f"writer {number}"}).encode()
        answer, text = call(running, "PUT", "/api/v1/data/customer/by/code/RACE", body)
        return answer.status, json.loads(text).get("id")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(upsert, range(8)))
    assert {status for status, _ in answers} == {200, 201}
    assert len({identity for _, identity in answers}) == 1
