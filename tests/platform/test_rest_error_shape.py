"""Every route of the API, found in the application itself, tells its errors in the same shape."""

import re
from uuid import uuid4

import pytest

from fieldstone.settings import Settings
from fieldstone.web.app import create_app
from fieldstone_testing.deals import DEALS
from fieldstone_testing.problems import assert_problem

VALUES = {"entity": "customer", "field": "code", "value": "A", "name": "win", "inverse": "deals"}


@pytest.fixture(scope="module")
def app(module_app_from):
    return module_app_from(DEALS)


@pytest.fixture(scope="module")
def web(app):
    return create_app(Settings(secret_key="only for tests"), app.database, app.current)


def routes(web):
    """(method, rule) of every route of the API."""
    rules = [rule for rule in web.url_map.iter_rules() if rule.rule.startswith("/api/v1/")]
    return [(method, rule.rule) for rule in rules for method in sorted(rule.methods - {"HEAD", "OPTIONS"})]


def address(rule):
    """A rule with all its places filled in."""
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda place: VALUES.get(place[1]) or str(uuid4()), rule)


def test_there_are_routes_to_look_at(web):
    assert len(routes(web)) >= 15


def test_without_a_token_every_route_answers_a_401_problem(web):
    for method, rule in routes(web):
        assert_problem(web.test_client().open(address(rule), method=method), 401)


def test_an_address_with_an_empty_part_is_a_404_problem(app, web):
    headers = {"Authorization": f"Bearer {app.token('Mia', ['manager'])}"}
    for address in ("/api/v1//data/customer", "/api/v1/data//customer"):
        assert_problem(web.test_client().get(address, headers=headers), 404, "not_found")


def test_with_an_unknown_parameter_every_route_answers_a_400_problem(app, web):
    headers = {"Authorization": f"Bearer {app.token('Mia', ['manager'])}"}
    for method, rule in routes(web):
        answer = web.test_client().open(
            f"{address(rule)}?nonsense=1", method=method, headers=headers, json={}
        )
        assert_problem(answer, 400, "unknown_parameter")


def test_with_an_unknown_entity_every_route_answers_a_404_problem(app, web):
    headers = {"Authorization": f"Bearer {app.token('Mia', ['manager'])}"}
    for method, rule in [(method, rule) for method, rule in routes(web) if "<entity>" in rule]:
        path = address(rule.replace("<entity>", "nonsense"))
        assert_problem(web.test_client().open(path, method=method, headers=headers, json={}), 404)
