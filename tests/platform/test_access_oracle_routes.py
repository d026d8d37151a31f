"""The oracle of permissions asks every route of the API that shows records."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fieldstone_testing.permissions.acting import act
from fieldstone_testing.permissions.compared import differences
from fieldstone_testing.permissions.conditions import TRUE
from fieldstone_testing.permissions.documents import BEFORE_ROLES
from fieldstone_testing.permissions.questions import TURNS
from fieldstone_testing.permissions.routes import WITHOUT_RECORDS, noted, readable, unasked
from fieldstone_testing.permissions.running import run
from fieldstone_testing.permissions.worlds import Grant, Member, Operation, Role, World

EVERYTHING = Grant(create=TRUE, read=TRUE, update=TRUE, delete=TRUE, assign=TRUE, share=TRUE)
ALL = ("export", "import", "bulk_edit", "private_data", "explain", "purge")
OWN = {"owner": "user_0", "team": None, "created_by": "system", "deleted": False, "version": 1}
DEAL = {
    "parent": None, "account": "account_0", "contacts": [], "code": "c0", "amount": 5, "note": "ant",
    "salary": 1, "stage": "open", "paper": "paper_0", "files": ["attached_0"],
}  # fmt: skip  # as a table


WORLD = World(
    roles=[Role("role_0", (), ALL, dict.fromkeys(("account", "contact", "deal"), EVERYTHING))],
    team_roles={},
    members=[Member("user_0", ("role_0",), ())],
    records=[
        {**OWN, "name": "account_0", "entity": "account", "size": 3},
        {**OWN, "name": "deal_0", "entity": "deal", **DEAL},
    ],
    operations=[Operation("bulk update", "user_0", "deal_0", {"amount": 7})],
)
"""One user who may do everything, with one record of a kind."""


@pytest.fixture
def asked_and_document(app_from, web_of):
    """The calls that the oracle sends, and the OpenAPI document of an administrator."""
    app = app_from(BEFORE_ROLES)
    web = web_of(app)
    running = run(app, web, WORLD)
    assert act(running) == []
    with noted(web) as asked:
        for turn in range(TURNS):
            running.state.world = replace(WORLD, asked=turn)
            assert differences(running, "user_0") == []
    return asked, running.clients["observer"].get("/openapi.json").json


def test_every_route_that_reads_is_asked_or_named_with_the_reason_why_it_shows_no_record(asked_and_document):
    asked, document = asked_and_document
    assert unasked(document, asked) == set()
    assert set(WITHOUT_RECORDS) <= {path for _, path in readable(document)}
