"""Decisions on approvals that meet at one moment, with each other and with changes of the record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from fieldstone import records
from fieldstone.records import Change
from fieldstone_testing import ApiClient, App, AppFactory
from fieldstone_testing.holds import at_one_moment
from fieldstone_testing.journals import unexplained
from fieldstone_testing.offers import OFFERS

ROLES = {"Mia": "manager", "Max": "manager", "Dan": "director", "Dora": "director", "Ann": "rep"}
OFFER = "main.offer"
ORDERS = [[0, 1], [1, 0]]
"""Who of two comes first to the place where they meet."""

Call = Callable[[], TestResponse]
Meet = Callable[..., list[TestResponse]]


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    """Ann is a rep whose manager is Mia; Max manages too; Dan and Dora direct."""
    app = module_app_from(OFFERS)
    for name, role in ROLES.items():
        app.user(name, [role])
    records.update(app.system, "user", [Change(app.users["Ann"], {"manager": {"id": str(app.users["Mia"])}})])
    return app


@pytest.fixture
def people(app: App, client: Callable[[App, str], ApiClient]) -> dict[str, ApiClient]:
    return {name: client(app, app.token(name)) for name in ROLES}


@pytest.fixture(params=ORDERS, ids=["first", "second"])
def meet(request: pytest.FixtureRequest, app: App) -> Meet:
    """Has two calls meet, in both orders; the answers in the order of the calls."""

    def met(*calls: Call) -> list[TestResponse]:
        answers = at_one_moment(app, OFFER, *(calls[place] for place in request.param))
        assert [answer for answer in answers if answer.status_code >= 500] == []
        return [answers[place] for place in request.param]

    return met


class Asked:
    """An offer of Ann's, and her request to move it on."""

    def __init__(self, people: dict[str, ApiClient], transition: str, values: dict[str, Any], **offer: Any):
        self._people = people
        made = people["Ann"].post("/data/offer", {"name": "Pumps", "amount": 50, **offer})
        assert made.status_code == 201, made.text
        self.offer = f"/data/offer/{made.json['id']}"
        asked = people["Ann"].post(f"{self.offer}/transitions/{transition}", values)
        assert asked.status_code == 202, asked.text
        self.path = f"{self.offer}/approvals/{asked.json['id']}"

    def decides(self, name: str, decision: str) -> Call:
        """Somebody's decision, when called."""
        return lambda: self._people[name].post(f"{self.path}/{decision}", {"reason": "So be it"})

    @property
    def state(self) -> tuple[str, str]:
        """Of the request, and of the offer."""
        ann = self._people["Ann"]
        return ann.get(self.path).json["status"], ann.get(self.offer).json["stage"]

    @property
    def moves(self) -> int:
        """How often the offer was moved on."""
        told = self._people["Ann"].get(f"{self.offer}/history").json["data"]
        return [entry["action"] for entry in told].count("transition")


@pytest.fixture
def discount(people: dict[str, ApiClient]) -> Asked:
    """Waits for any manager."""
    return Asked(people, "send", {"discount": "30"})


def statuses(answers: list[TestResponse]) -> tuple[int, ...]:
    return tuple(answer.status_code for answer in answers)


def test_of_two_who_could_approve_alone_one_performs_it(meet: Meet, discount: Asked) -> None:
    answers = meet(discount.decides("Mia", "approve"), discount.decides("Max", "approve"))
    assert sorted(statuses(answers)) == [200, 409]
    assert (discount.state, discount.moves) == (("approved", "sent"), 1)


def test_when_all_have_to_approve_the_last_two_perform_it_once(
    app: App, people: dict[str, ApiClient], meet: Meet
) -> None:
    reviewers = [{"id": str(app.users[name]), "entity": "user"} for name in ("Mia", "Max")]
    asked = Asked(people, "wait", {}, amount=6000, reviewers=reviewers)
    answers = meet(asked.decides("Mia", "approve"), asked.decides("Max", "approve"))
    assert statuses(answers) == (200, 200)
    assert (asked.state, asked.moves) == (("approved", "waiting"), 1)


def test_when_two_have_to_approve_two_perform_it_once(people: dict[str, ApiClient], meet: Meet) -> None:
    asked = Asked(people, "win", {}, amount=500)
    assert asked.decides("Mia", "approve")().status_code == 200
    answers = meet(asked.decides("Dan", "approve"), asked.decides("Dora", "approve"))
    assert statuses(answers) == (200, 200)
    assert (asked.state, asked.moves) == (("approved", "won"), 1)


def test_one_who_approves_twice_at_one_moment_counts_once(people: dict[str, ApiClient], meet: Meet) -> None:
    asked = Asked(people, "win", {}, amount=500)
    assert asked.decides("Mia", "approve")().status_code == 200
    answers = meet(asked.decides("Dan", "approve"), asked.decides("Dan", "approve"))
    assert sorted(statuses(answers)) == [200, 409]
    assert (asked.state, asked.moves) == (("pending", "draft"), 0)


def test_of_an_approval_and_a_rejection_one_counts(meet: Meet, discount: Asked) -> None:
    answers = meet(discount.decides("Mia", "approve"), discount.decides("Max", "reject"))
    assert (statuses(answers), *discount.state) in [
        ((200, 409), "approved", "sent"),
        ((409, 200), "rejected", "draft"),
    ]


def test_of_an_approval_and_a_withdrawal_one_counts(meet: Meet, discount: Asked) -> None:
    answers = meet(discount.decides("Mia", "approve"), discount.decides("Ann", "withdraw"))
    assert (statuses(answers), *discount.state) in [
        ((200, 409), "approved", "sent"),
        ((409, 200), "withdrawn", "draft"),
    ]


def test_an_approval_is_never_of_a_record_that_has_just_become_another(
    people: dict[str, ApiClient], meet: Meet, discount: Asked
) -> None:
    """An offer without an amount cannot be sent."""
    answers = meet(
        discount.decides("Mia", "approve"), lambda: people["Ann"].patch(discount.offer, {"amount": 0})
    )
    assert (statuses(answers), *discount.state) in [
        ((200, 200), "approved", "sent"),
        ((409, 200), "pending", "draft"),
    ]
    assert people["Ann"].get(discount.offer).json["amount"] == 0


def test_an_approval_and_a_change_of_something_else_both_stay(
    people: dict[str, ApiClient], meet: Meet, discount: Asked
) -> None:
    answers = meet(
        discount.decides("Mia", "approve"), lambda: people["Ann"].patch(discount.offer, {"name": "Valves"})
    )
    assert (statuses(answers), discount.state) == ((200, 200), ("approved", "sent"))
    assert people["Ann"].get(discount.offer).json["name"] == "Valves"


def test_an_approval_of_what_is_just_deleted_is_performed_before_or_not_at_all(
    app: App, people: dict[str, ApiClient], meet: Meet, discount: Asked
) -> None:
    answers = meet(discount.decides("Mia", "approve"), lambda: people["Ann"].delete(discount.offer))
    [[status, stage]] = app.sql(
        "SELECT status, stage FROM main_system.approval JOIN main.offer ON offer.id = record"
        " WHERE approval.id = CAST(:id AS uuid)",
        id=discount.path.rpartition("/")[2],
    )
    assert (statuses(answers), status, stage) in [
        ((200, 204), "approved", "sent"),
        ((404, 204), "closed", "draft"),
    ]


def test_an_approval_and_another_transition_are_one_after_the_other(
    people: dict[str, ApiClient], meet: Meet, discount: Asked
) -> None:
    answers = meet(
        discount.decides("Mia", "approve"),
        lambda: people["Ann"].post(f"{discount.offer}/transitions/lose", {}),
    )
    assert (statuses(answers), *discount.state) in [
        ((200, 200), "approved", "lost"),
        ((409, 200), "closed", "lost"),
    ]


def test_of_two_requests_one_is_kept(people: dict[str, ApiClient], meet: Meet) -> None:
    made = people["Ann"].post("/data/offer", {"name": "Pumps", "amount": 50}).json["id"]
    send = f"/data/offer/{made}/transitions/send"
    answers = meet(*[lambda: people["Ann"].post(send, {"discount": "30"})] * 2)
    assert sorted(statuses(answers)) == [202, 409]


@pytest.fixture(autouse=True)
def history_explains(app: App) -> Any:
    """After each test: the history, replayed, gives the offers as they are."""
    yield
    assert unexplained(app, "offer", "name", "stage", "amount") == []
