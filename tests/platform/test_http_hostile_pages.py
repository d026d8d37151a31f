"""What hostile or broken browsers send to the pages is refused in words, never answered with a fault."""

from __future__ import annotations

import pytest

from fieldstone import records
from fieldstone.settings import Settings
from fieldstone.web.app import create_app
from fieldstone_testing.apps import PASSWORD

APP = """
kind: app
name: shop
version: 1.0.0
---
kind: entity
name: article
fields:
  name: {type: text, required: true}
  sold: {type: boolean}
search: [name]
---
kind: entity
name: order_line
fields:
  name: {type: text}
  article: {type: reference, to: article, where: sold == true}
search: [name]
---
kind: role
name: clerk
inherits: [employee]
entities:
  article: {create: true, read: true, update: true}
  order_line: {create: true, read: true}
"""


@pytest.fixture
def app(app_from):
    made = app_from(APP)
    made.user("Ann", ["clerk"])
    return made


@pytest.fixture
def browser(app):
    return create_app(Settings(secret_key="only for tests"), app.database, app.current).test_client()


def log_in(browser, email="ann@example.com", **fields):
    token = browser.get("/session").json["csrf_token"]
    return browser.post("/login", data={"email": email, "password": PASSWORD, "csrf_token": token, **fields})


@pytest.mark.parametrize("target", ["/e/article\r\nSet-Cookie: a=b", "/\t/evil.example", "/e/article\x00"])
def test_an_address_with_control_characters_is_not_where_a_log_in_leads(browser, target):
    answer = log_in(browser, next=target)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("email", ["ann\x00@example.com", "\x00", "ann@example.com\x7f"])
def test_an_email_address_with_control_characters_is_nobodys(browser, email):
    answer = log_in(browser, email=email)
    assert answer.status_code == 401
    assert "do not fit together" in answer.text


def test_the_limit_of_a_reference_does_not_apply_to_other_entities(app, browser):
    records.create(app.system, "order_line", [{"name": "Line"}])
    records.create(app.system, "article", [{"name": "Pump", "sold": True}, {"name": "Plug", "sold": False}])
    log_in(browser)
    other = browser.get("/lookup/order_line?of=order_line&field=article&q=li")
    assert other.status_code == 200
    assert "Line" in other.text
    limited = browser.get("/lookup/article?of=order_line&field=article&q=p")
    assert "Pump" in limited.text
    assert "Plug" not in limited.text
