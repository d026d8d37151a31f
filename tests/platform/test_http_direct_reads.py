"""Reads by token go past Flask: nobody can tell from the answer, nor from the log."""

from __future__ import annotations

from uuid import uuid4

import pytest
import structlog

from fieldstone import records
from fieldstone.web import direct
from fieldstone_testing.deals import DEALS

NOBODY = str(uuid4())
QUERIES = {
    "a record": "/data/customer/{id}",
    "some fields": "/data/customer/{id}?fields=id,name",
    "a list": "/data/customer?limit=2&order=-name&count=exact",
    "a condition": "/data/customer?where=name%20==%20%22Caf%C3%A9%22",
    "an address that says what is default": "/data/customer?deleted=false&limit=50",
    "nobody's record": f"/data/customer/{NOBODY}",
    "the recycle bin": "/data/customer/{id}?deleted=true",
    "no such entity": "/data/custommer",
    "no such entity's record": f"/data/custommer/{NOBODY}",
    "no such field": "/data/customer/{id}?fields=nothing",
    "no such parameter": "/data/customer/{id}?field=name",
    "a parameter twice": "/data/customer?limit=1&limit=2",
    "a bad limit": "/data/customer?limit=many",
    "a bad condition": "/data/customer?where=name%20=",
    "bytes that are no text": "/data/customer?where=%FF",
    "half a letter in each form": "/data/customer?where=%C3\xa9",
    "a null byte": "/data/customer?where=%00",
    "an id that is none": "/data/customer/00000000-0000-0000-0000-00000000000-",
    "capitals": "/data/customer/{ID}",
    "a slash at the end": "/data/customer/",
    "another address": "/data/customer/{id}/history",
}
HEADERS = {
    "a token": {},
    "no token": {"Authorization": ""},
    "a wrong token": {"Authorization": "Bearer wrong"},
    "another scheme": {"Authorization": "Basic YTpi"},
    "a token and a cookie": {"Cookie": "fieldstone_session=x"},
    "an id of a proxy": {"X-Request-Id": "sent-by-a-proxy"},
}


@pytest.fixture(scope="module")
def app(module_app_from):
    return module_app_from(DEALS)


@pytest.fixture(scope="module")
def customer(app):
    made = records.create(app.system, "customer", [{"name": "Café"}, {"name": "Acme"}, {"name": "Zoo"}])
    return str(made[0].id)


@pytest.fixture(scope="module")
def token(app):
    return app.token("Ann", ["rep"])


@pytest.fixture
def told(app, client, token, customer, monkeypatch):
    """What a request is answered, and what the log says of it."""

    def ask(address, headers=(), method="get"):
        path = address.format(id=customer, ID=customer.upper())
        with structlog.testing.capture_logs() as log:
            answer = getattr(client(app, token), method)(path, headers=dict(headers))
        headers = sorted((name, value) for name, value in answer.headers if name != "X-Request-Id")
        lines = [{**line, "milliseconds": 0, "request_id": ""} for line in log]
        return answer.status, headers, answer.data, lines

    return ask


@pytest.fixture
def through_flask(monkeypatch):
    return lambda: monkeypatch.setattr(direct, "answer", lambda _runtime, _environ: None)


@pytest.mark.parametrize("address", QUERIES.values(), ids=QUERIES)
def test_every_read_is_answered_as_flask_would_answer_it(told, through_flask, address):
    direct_answer = told(address)
    through_flask()
    assert told(address) == direct_answer


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
def test_every_caller_is_answered_as_flask_would_answer(told, through_flask, headers):
    direct_answer = told("/data/customer/{id}", headers)
    through_flask()
    assert told("/data/customer/{id}", headers) == direct_answer


def test_a_fault_of_ours_is_told_as_flask_would_tell_it(told, through_flask, monkeypatch):
    monkeypatch.setattr(records, "get_json", lambda *_arguments, **_options: 1 / 0)
    request_id = {"X-Request-Id": "sent-by-a-proxy"}
    status, headers, body, log = told("/data/customer/{id}", request_id)
    through_flask()
    assert told("/data/customer/{id}", request_id)[:3] == (status, headers, body)
    assert status.startswith("500")
    assert "ZeroDivisionError" in log[0]["exception"]


def test_the_read_goes_past_flask(app, client, token, customer, monkeypatch):
    monkeypatch.setattr("flask.Flask.wsgi_app", lambda *_arguments: pytest.fail("Flask was asked"))
    assert client(app, token).get(f"/data/customer/{customer}").json["name"] == "Café"
    assert client(app, token).get("/data/customer?limit=1").status_code == 200
