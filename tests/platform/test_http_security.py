"""What every answer carries, and who may come in: headers, sessions, CSRF, slowed-down guessing."""

import pytest
import structlog
from flask import request
from flask_wtf.csrf import generate_csrf

from fieldstone.access.sessions import end_sessions
from fieldstone.settings import Settings
from fieldstone.web import csp_nonce, log_in, log_out
from fieldstone.web.app import create_app
from fieldstone_testing.apps import PASSWORD
from fieldstone_testing.deals import DEALS
from fieldstone_testing.problems import assert_problem

STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'{}; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


@pytest.fixture
def app(app_from):
    return app_from(DEALS)


@pytest.fixture
def web(app):
    """The web application with three small pages: to log in and out, and one with a style of its own."""
    app.user("Ann", ["rep"])
    made = create_app(Settings(secret_key="only for tests"), app.database, app.current)
    made.add_url_rule("/api/test/token", view_func=generate_csrf)
    made.add_url_rule("/api/test/styled", view_func=csp_nonce)
    made.add_url_rule("/api/test/in", view_func=enter, methods=["POST"])
    made.add_url_rule("/api/test/out", view_func=leave, methods=["POST"])
    return made


def enter():
    log_in(request.form["email"], request.form["password"])
    return "in"


def leave():
    log_out()
    return "out"


@pytest.fixture
def browser(web):
    return web.test_client()


def csrf_token(browser):
    return {"X-CSRFToken": browser.get("/api/test/token").text}


def logged_in(browser, password=PASSWORD):
    form = {"email": "ann@example.com", "password": password}
    return browser.post("/api/test/in", data=form, headers=csrf_token(browser))


@pytest.mark.parametrize(
    "path", ["/healthz", "/api/v1/me", "/api/v1/nonsense", "/nonsense", "/api/test/token"]
)
def test_every_answer_has_the_strict_policy_and_the_security_headers(browser, path):
    headers = browser.get(path).headers
    assert headers["Content-Security-Policy"] == STRICT.format("")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "private, no-cache"


def test_a_page_that_asks_for_a_nonce_gets_its_own_in_the_policy(browser):
    first, second = browser.get("/api/test/styled"), browser.get("/api/test/styled")
    assert first.headers["Content-Security-Policy"] == STRICT.format(f" 'nonce-{first.text}'")
    assert first.text != second.text


def test_every_answer_has_a_request_id_that_the_log_line_carries(browser):
    with structlog.testing.capture_logs() as lines:
        answer = browser.get("/healthz", headers={"X-Request-Id": "from-the-proxy-1"})
    assert answer.headers["X-Request-Id"] == "from-the-proxy-1"
    line = next(line for line in lines if line["event"] == "request")
    assert (line["request_id"], line["path"], line["status"]) == ("from-the-proxy-1", "/healthz", 200)


@pytest.mark.parametrize("sent", ["short", "x" * 65, "with space in it", 'quote"quote"'])
def test_a_request_id_that_could_confuse_a_log_is_replaced(browser, sent):
    assert browser.get("/healthz", headers={"X-Request-Id": sent}).headers["X-Request-Id"] != sent


def test_the_log_holds_no_parameters(browser):
    with structlog.testing.capture_logs() as lines:
        browser.get("/api/v1/data/customer?q=confidential")
    assert "confidential" not in str(lines)


def test_health_names_the_publication(browser):
    assert browser.get("/healthz").json == {"status": "ready", "publication": 1}


def test_somebody_logged_in_uses_the_api_with_the_session(browser):
    assert logged_in(browser).status_code == 200
    assert browser.get("/api/v1/me").json["email"] == "ann@example.com"


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(browser):
    cookie = logged_in(browser).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize(
    ("headers", "prolonged"),
    [
        ({"Sec-Fetch-Mode": "navigate"}, True),
        ({}, True),
        ({"Sec-Fetch-Mode": "no-cors"}, False),
        ({"Sec-Fetch-Mode": "cors"}, False),
        ({"HX-Request": "true"}, False),
    ],
    ids=str,
)
def test_only_opening_a_page_prolongs_the_session(browser, headers, prolonged):
    logged_in(browser)
    answer = browser.get("/healthz", headers=headers)
    assert ("Set-Cookie" in answer.headers) is prolonged


def test_a_session_over_https_keeps_to_https(browser):
    token = browser.get("/api/test/token", base_url="https://localhost").text
    form = {"email": "ann@example.com", "password": PASSWORD}
    headers = {"X-CSRFToken": token, "Referer": "https://localhost/"}
    answer = browser.post("/api/test/in", data=form, headers=headers, base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"]


def test_a_write_with_the_session_needs_the_token_of_our_pages(browser):
    logged_in(browser)
    assert_problem(browser.post("/api/v1/data/customer", json={"name": "A"}), 403, "csrf")
    wrong = browser.post("/api/v1/data/customer", json={"name": "A"}, headers={"X-CSRFToken": "nonsense"})
    assert_problem(wrong, 403, "csrf")
    right = browser.post("/api/v1/data/customer", json={"name": "A"}, headers=csrf_token(browser))
    assert right.status_code == 201


def test_a_write_with_a_bearer_token_needs_no_other_token(app, browser):
    headers = {"Authorization": f"Bearer {app.token('Ann')}"}
    assert browser.post("/api/v1/data/customer", json={"name": "A"}, headers=headers).status_code == 201


def test_a_write_without_anything_is_a_401_and_not_a_question_of_csrf(browser):
    assert_problem(browser.post("/api/v1/data/customer", json={"name": "A"}), 401, "not_authenticated")


def test_after_logging_out_the_session_is_gone(browser):
    logged_in(browser)
    browser.post("/api/test/out", headers=csrf_token(browser))
    assert_problem(browser.get("/api/v1/me"), 401)


def test_sessions_that_were_ended_elsewhere_count_no_more(app, browser):
    logged_in(browser)
    assert browser.get("/api/v1/me").status_code == 200
    end_sessions(app.database, app.user("Ann"))
    app.current.reload()
    assert_problem(browser.get("/api/v1/me"), 401, "session_ended")


@pytest.mark.parametrize("cookie", ["nonsense", "eyJfdXNlcl9pZCI6IngifQ.aaaa.bbbb"])
def test_a_forged_session_is_none(browser, cookie):
    browser.set_cookie("fieldstone_session", cookie)
    assert_problem(browser.get("/api/v1/me"), 401)


def test_a_wrong_password_is_a_401_that_does_not_say_what_was_wrong(browser):
    wrong_password = logged_in(browser, "wrong")
    form = {"email": "nobody@example.com", "password": "wrong"}
    nobody = browser.post("/api/test/in", data=form, headers=csrf_token(browser))
    assert wrong_password.status_code == nobody.status_code == 401
    assert wrong_password.json["detail"] == nobody.json["detail"]


def test_guessing_a_password_is_slowed_down_even_when_it_is_right_in_the_end(browser):
    for _ in range(5):
        assert logged_in(browser, "wrong").status_code == 401
    refused = logged_in(browser)
    assert_problem(refused, 429, "too_many_requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


def test_logging_in_forgets_the_failures_before(browser):
    for _ in range(2):
        for _ in range(4):
            logged_in(browser, "wrong")
        assert logged_in(browser).status_code == 200
