"""Approvals of transitions: requests, who is asked, decisions, and what becomes of requests."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.context import Context
from fieldstone.errors import Conflict, FieldstoneError, Forbidden, Invalid, NotFound, VersionConflict
from fieldstone.records import ApprovalState, Change, Pending, Picked
from fieldstone_testing import ApiClient, App, AppFactory
from fieldstone_testing.apps import layer_from
from fieldstone_testing.offers import OFFERS
from fieldstone_testing.problems import assert_problem
from fieldstone_testing.statements import noted_statements

TODAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def app(app_from: AppFactory) -> App:
    """Ann is a rep whose manager is Mia; Max manages too; Dan and Dora direct."""
    return app_from.of_layers([layer_from(OFFERS)], filled_by=staff)


def staff(app: App) -> None:
    app.user("Mia", ["manager"])
    app.user("Max", ["manager"])
    app.user("Dan", ["director"])
    app.user("Dora", ["director"])
    app.user("Ann", ["rep"])
    change_user(app, "Ann", manager=user(app, "Mia"))


def user(app: App, name: str) -> dict[str, str]:
    return {"id": str(app.user(name)), "entity": "user"}


def change_user(app: App, name: str, **values: object) -> None:
    records.update(app.system, "user", [Change(app.user(name), values)])


def who(app: App, name: str) -> Context:
    return app.context_for(name, now=TODAY)


def offer(app: App, by: str = "Ann", **values: object) -> UUID:
    return records.create(who(app, by), "offer", [{"name": "Pumps", "amount": 50, **values}])[0].id


def ask(app: App, found: UUID, name: str = "send", by: str = "Ann", **values: object) -> Pending:
    written = records.transition(who(app, by), "offer", found, name, values)
    assert written.approval is not None
    return Pending("offer", found, written.approval)


def big_discount(app: App) -> Pending:
    return ask(app, offer(app), discount="30")


def stage(app: App, found: UUID) -> object:
    return records.get(app.system, "offer", found, ["stage"])["stage"]


def shown(app: App, asked: Pending, to: str = "Ann") -> ApprovalState:
    return records.approval(who(app, to), "offer", asked.record, asked.approval)


def waiting(app: App, name: str) -> list[str]:
    return [one.id for one in records.waiting_for_me(who(app, name))]


def told(app: App, name: str) -> list[str]:
    rows = app.sql(
        "SELECT subject FROM main.notification WHERE recipient = :user ORDER BY created_at, id",
        user=app.user(name),
    )
    return [str(row[0]) for row in rows]


def happened(app: App, asked: Pending) -> list[tuple[object, object]]:
    found = reversed(records.history(app.system, "offer", asked.record))
    return [(entry["action"], entry["actor"]["title"]) for entry in found]


# ---- asking


def test_a_transition_that_needs_no_approval_is_performed_at_once(app: App) -> None:
    found = offer(app)
    written = records.transition(who(app, "Ann"), "offer", found, "send", {"discount": "20"})
    assert (written.approval, stage(app, found)) == (None, "sent")


def test_a_transition_that_needs_one_changes_nothing_and_waits(app: App) -> None:
    asked = big_discount(app)
    record = records.get(app.system, "offer", asked.record, ["stage", "discount", "version"])
    assert (record["stage"], record["discount"], record["version"]) == ("draft", None, 1)
    state = shown(app, asked)
    assert (state.status, state.step, state.waits_for) == ("pending", 1, "Manager")
    assert state.values == {"discount": "30"}
    assert {person["title"] for person in state.steps[0].approvers} == {"Mia", "Max", "Dan", "Dora"}


def test_whether_it_is_needed_is_asked_of_the_record_with_the_asked_values(app: App) -> None:
    found = offer(app, discount="30")
    records.transition(who(app, "Ann"), "offer", found, "send", {"discount": "5"})
    assert stage(app, found) == "sent"


def test_what_could_not_be_performed_is_refused_before_anybody_is_asked(app: App) -> None:
    with pytest.raises(Invalid, match="An offer needs an amount"):
        records.transition(who(app, "Ann"), "offer", offer(app, amount=0), "send", {"discount": "30"})
    assert waiting(app, "Mia") == []


def test_a_second_request_about_the_record_is_refused_while_one_is_pending(app: App) -> None:
    asked = big_discount(app)
    with pytest.raises(Conflict) as caught:
        ask(app, asked.record, discount="40")
    assert caught.value.code == "approval_pending"


def test_a_plain_write_of_the_state_cannot_go_around_the_approval(app: App) -> None:
    found = offer(app)
    change = Change(found, {"stage": "sent", "discount": "30"})
    with pytest.raises(Conflict) as caught:
        records.update(who(app, "Ann"), "offer", [change])
    assert (caught.value.code, caught.value.details["transition"]) == ("approval_needed", "send")
    assert stage(app, found) == "draft"


def test_a_change_of_many_records_cannot_go_around_the_approval(app: App) -> None:
    held, free = offer(app, discount="30"), offer(app)
    outcome = records.update_many(who(app, "Ann"), "offer", Picked([held, free]), {"stage": "sent"})
    assert (outcome.changed, outcome.refused) == (1, 1)
    assert (stage(app, held), stage(app, free)) == ("draft", "sent")


PARTS = """
---
kind: entity
name: part
title: name
fields:
  name: {type: text}
  offer: {type: reference, to: offer, owned: true, inverse: parts}
  state: {type: choice}
---
kind: workflow
name: part_state
entity: part
field: state
initial: planned
states: {planned: {label: Planned}, ordered: {label: Ordered, final: true}}
transitions:
  buy: {from: planned, to: ordered, label: Buy, approval: {steps: [{by: manager}]}}
"""


def test_a_change_of_what_lives_inside_cannot_go_around_the_approval(
    app_from: AppFactory, client: Callable[..., ApiClient]
) -> None:
    app = app_from.of_layers([layer_from(OFFERS + PARTS)], filled_by=staff)
    ann = client(app, app.token("Ann"))
    made = ann.post("/data/offer", {"name": "Pumps", "parts": [{"name": "Rotor"}]}).json
    part = made["parts"][0]["id"]
    lines = {"parts": [{"id": part, "state": "ordered"}]}
    for sent in (lines, {"stage": "lost", **lines}):
        told = assert_problem(ann.patch(f"/data/offer/{made['id']}", sent), 409, "approval_needed")
        assert [error["field"] for error in told["errors"]] == ["parts[0].state"]
    assert ann.post(f"/data/part/{part}/transitions/buy", {}).status_code == 202


def test_the_platform_itself_needs_no_approval(app: App) -> None:
    found = offer(app)
    records.transition(app.system, "offer", found, "send", {"discount": "30"})
    assert stage(app, found) == "sent"


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("win", {"amount": 500}, "it needs Manager of Owner, and nobody can decide"),
        ("wait", {"amount": 6000}, "it needs all of Reviewers, and nobody can decide"),
    ],
)
def test_an_approval_that_nobody_could_give_is_refused_at_once(
    name: str, values: dict[str, object], words: str, app: App
) -> None:
    change_user(app, "Ann", manager=None)
    with pytest.raises(Conflict, match=words) as caught:
        ask(app, offer(app, **values), name)
    assert caught.value.code == "no_approvers"


def test_the_requester_does_not_count_among_those_who_approve(app: App) -> None:
    change_user(app, "Dora", manager=user(app, "Mia"))
    with pytest.raises(Conflict, match="step 2 of the approval: it needs 2 of Director, and only 1"):
        ask(app, offer(app, "Dora", amount=500), "win", "Dora")


# ---- deciding


def test_an_approver_agrees_and_it_is_performed_in_the_name_of_the_requester(app: App) -> None:
    asked = big_discount(app)
    records.approve(who(app, "Mia"), asked, "Fine")
    record = records.get(app.system, "offer", asked.record, ["stage", "discount", "updated_by"])
    assert (record["stage"], record["discount"]) == ("sent", "30")
    assert record["updated_by"]["title"] == "Ann"
    newest = records.history(app.system, "offer", asked.record)[0]
    assert (newest["action"], newest["transition"], newest["note"]) == (
        "transition",
        "send",
        "approved by Mia",
    )
    assert happened(app, asked) == [
        ("create", "Ann"),
        ("request", "Ann"),
        ("approve", "Mia"),
        ("transition", "Ann"),
    ]


def test_a_rejection_ends_the_request_with_its_reason(app: App) -> None:
    asked = big_discount(app)
    records.reject(who(app, "Mia"), asked, "Too much")
    state = shown(app, asked)
    assert (state.status, state.reason, stage(app, asked.record)) == ("rejected", "Too much", "draft")
    assert [(one.decision, one.by["title"], one.reason) for one in state.decisions] == [
        ("reject", "Mia", "Too much")
    ]
    ask(app, asked.record, discount="40")


def test_a_rejection_needs_a_reason(app: App) -> None:
    asked = big_discount(app)
    with pytest.raises(Invalid) as caught:
        records.reject(who(app, "Mia"), asked, "  ")
    assert [(error.field, error.code) for error in caught.value.errors] == [("reason", "required")]


def test_the_requester_cannot_decide_but_withdraw(app: App) -> None:
    asked = ask(app, offer(app, "Mia"), by="Mia", discount="30")
    with pytest.raises(Forbidden, match="cannot give it"):
        records.approve(who(app, "Mia"), asked)
    records.withdraw(who(app, "Mia"), asked)
    assert shown(app, asked, "Mia").status == "withdrawn"


def test_others_can_neither_decide_nor_withdraw(app: App) -> None:
    app.user("Rob", ["rep"])
    asked = big_discount(app)
    records.update(app.system, "offer", [Change(asked.record, {"owner": user(app, "Rob")})])
    with pytest.raises(Forbidden, match="It waits for the approval of Manager"):
        records.approve(who(app, "Rob"), asked)
    with pytest.raises(Forbidden):
        records.withdraw(who(app, "Mia"), asked)


def test_whoever_may_not_read_the_record_knows_of_no_request(app: App) -> None:
    asked = big_discount(app)
    app.user("Rob", ["rep"])
    with pytest.raises(NotFound):
        records.approve(who(app, "Rob"), asked)
    with pytest.raises(NotFound):
        shown(app, asked, "Rob")


def test_a_request_about_another_record_is_not_found(app: App) -> None:
    asked = big_discount(app)
    with pytest.raises(NotFound):
        records.approve(who(app, "Mia"), Pending("offer", offer(app), asked.approval))


def test_a_request_that_has_ended_cannot_be_decided_again(app: App) -> None:
    asked = big_discount(app)
    records.approve(who(app, "Mia"), asked)
    with pytest.raises(Conflict, match="it was approved") as caught:
        records.approve(who(app, "Max"), asked)
    assert caught.value.code == "approval_not_pending"


def test_an_approver_who_saw_an_older_record_is_refused(app: App) -> None:
    asked = big_discount(app)
    records.update(who(app, "Ann"), "offer", [Change(asked.record, {"remark": "x"})])
    with pytest.raises(VersionConflict):
        records.approve(who(app, "Mia"), Pending("offer", asked.record, asked.approval, 1))


def test_values_that_a_reader_may_not_see_are_left_out(app: App) -> None:
    asked = ask(app, offer(app), discount="30", secret_remark="psst")
    assert shown(app, asked, "Ann").values == {"discount": "30", "secret_remark": "psst"}
    assert shown(app, asked, "Mia").values == {"discount": "30"}


# ---- steps


def test_steps_are_asked_one_after_the_other(app: App) -> None:
    asked = ask(app, offer(app, amount=500), "win")
    with pytest.raises(Forbidden, match="Manager of Owner"):
        records.approve(who(app, "Dan"), asked)
    records.approve(who(app, "Mia"), asked)
    assert (shown(app, asked).step, shown(app, asked).waits_for) == (2, "2 of Director")
    records.approve(who(app, "Dan"), asked)
    with pytest.raises(Conflict) as caught:
        records.approve(who(app, "Dan"), asked)
    assert (caught.value.code, stage(app, asked.record)) == ("already_decided", "draft")
    records.approve(who(app, "Dora"), asked)
    assert stage(app, asked.record) == "won"


def test_all_means_everybody_who_is_asked(app: App) -> None:
    reviewers = [user(app, "Mia"), user(app, "Max")]
    asked = ask(app, offer(app, amount=6000, reviewers=reviewers), "wait")
    records.approve(who(app, "Mia"), asked)
    assert stage(app, asked.record) == "draft"
    records.approve(who(app, "Max"), asked)
    assert stage(app, asked.record) == "waiting"


def test_a_list_of_users_is_asked_and_empty_places_are_skipped(app: App) -> None:
    found = offer(app)
    records.transition(who(app, "Ann"), "offer", found, "send")
    asked = ask(app, found, "rethink")
    assert [person["title"] for person in shown(app, asked).steps[0].approvers] == ["Mia"]


def test_who_is_asked_is_worked_out_when_it_is_decided(app: App) -> None:
    asked = ask(app, offer(app, amount=500), "win")
    change_user(app, "Ann", manager=user(app, "Max"))
    with pytest.raises(Forbidden):
        records.approve(who(app, "Mia"), asked)
    records.approve(who(app, "Max"), asked)
    assert shown(app, asked).step == 2


def test_who_approved_ends_a_step_that_waits_for_nobody_else_any_more(app: App) -> None:
    reviewers = [user(app, "Mia"), user(app, "Max")]
    found = offer(app, amount=6000, reviewers=reviewers)
    asked = ask(app, found, "wait")
    records.approve(who(app, "Mia"), asked)
    assert (waiting(app, "Mia"), shown(app, asked, to="Mia").may) == ([], ("reject",))
    records.update(app.system, "offer", [Change(found, {"reviewers": [user(app, "Mia")]})])
    assert waiting(app, "Mia") == [str(asked.approval)]
    assert shown(app, asked, to="Mia").may == ("approve", "reject")
    records.approve(who(app, "Mia"), asked)
    assert stage(app, found) == "waiting"
    assert [one.by["title"] for one in shown(app, asked).decisions] == ["Mia"]


# ---- deputies


def test_who_approved_approves_again_for_somebody_who_went_away_since(app: App) -> None:
    reviewers = [user(app, "Mia"), user(app, "Max")]
    asked = ask(app, offer(app, amount=6000, reviewers=reviewers), "wait")
    records.approve(who(app, "Mia"), asked)
    change_user(app, "Max", absent_from="2026-03-01", delegate=user(app, "Mia"))
    assert waiting(app, "Mia") == [str(asked.approval)]
    records.approve(who(app, "Mia"), asked)
    assert stage(app, asked.record) == "waiting"


def test_a_deputy_decides_during_the_absence_and_it_counts_for_the_absent(app: App) -> None:
    reviewers = [user(app, "Mia"), user(app, "Max")]
    change_user(app, "Mia", absent_from="2026-03-01", absent_until="2026-03-02", delegate=user(app, "Dora"))
    asked = ask(app, offer(app, amount=6000, reviewers=reviewers), "wait")
    assert waiting(app, "Dora") == [str(asked.approval)]
    records.approve(who(app, "Dora"), asked)
    (decision,) = shown(app, asked).decisions
    assert (decision.by["title"], [one["title"] for one in decision.on_behalf_of]) == ("Dora", ["Mia"])
    records.approve(who(app, "Max"), asked)
    assert stage(app, asked.record) == "waiting"


@pytest.mark.parametrize(
    ("begin", "end"), [("2026-03-03", None), (None, "2026-03-01"), (None, None), ("2026-02-01", "2026-03-01")]
)
def test_a_deputy_does_not_decide_while_nobody_is_away(begin: object, end: object, app: App) -> None:
    change_user(app, "Mia", absent_from=begin, absent_until=end, delegate=user(app, "Dora"))
    asked = ask(app, offer(app, amount=500), "win")
    with pytest.raises(Forbidden):
        records.approve(who(app, "Dora"), asked)


def test_a_deputy_who_is_away_has_a_deputy_too(app: App) -> None:
    change_user(app, "Mia", absent_from="2026-03-01", delegate=user(app, "Dan"))
    change_user(app, "Dan", absent_from="2026-03-01", delegate=user(app, "Dora"))
    change_user(app, "Dora", absent_until="2026-01-01", delegate=user(app, "Mia"))
    asked = ask(app, offer(app, amount=500), "win")
    assert told(app, "Dora") == ["Ann asks for your approval: Win"]
    records.approve(who(app, "Dora"), asked)
    assert shown(app, asked).step == 2


def test_a_requester_is_no_deputy_for_the_own_request(app: App) -> None:
    change_user(app, "Mia", absent_from="2026-03-01", delegate=user(app, "Ann"))
    asked = ask(app, offer(app, amount=500), "win")
    with pytest.raises(Forbidden):
        records.approve(who(app, "Ann"), asked)
    records.approve(who(app, "Mia"), asked)


def test_an_absence_cannot_end_before_it_begins(app: App) -> None:
    with pytest.raises(Invalid, match="An absence ends after it begins"):
        change_user(app, "Mia", absent_from="2026-03-02", absent_until="2026-03-01")


# ---- what becomes of requests


def test_a_move_by_another_transition_closes_the_request(app: App) -> None:
    asked = big_discount(app)
    records.transition(who(app, "Mia"), "offer", asked.record, "lose")
    state = shown(app, asked)
    assert (state.status, state.closed_by and state.closed_by["title"]) == ("closed", "Mia")
    assert state.reason == "The record was moved on by another transition meanwhile."
    assert told(app, "Ann") == ["Your request for approval was closed: Send"]


def test_deleting_the_record_closes_the_request_for_good(app: App) -> None:
    asked = big_discount(app)
    records.delete(who(app, "Ann"), "offer", [asked.record])
    assert waiting(app, "Mia") == []
    records.restore(who(app, "Ann"), "offer", [asked.record])
    assert (shown(app, asked).status, shown(app, asked).reason) == (
        "closed",
        "The record was moved to the recycle bin.",
    )


def test_purging_the_record_forgets_the_request(app: App) -> None:
    asked = big_discount(app)
    records.delete(app.system, "offer", [asked.record])
    records.purge(app.system, "offer", [asked.record])
    assert app.sql("SELECT count(*) FROM main_system.approval")[0][0] == 0


def test_a_change_of_what_the_approval_is_about_begins_anew(app: App) -> None:
    asked = ask(app, offer(app, amount=500), "win")
    records.approve(who(app, "Mia"), asked)
    records.update(who(app, "Ann"), "offer", [Change(asked.record, {"amount": 900})])
    state = shown(app, asked)
    assert (state.status, state.step, [one.valid for one in state.decisions]) == ("pending", 1, [False])
    assert told(app, "Mia") == ["Ann asks for your approval: Win"] * 2


def test_a_change_of_something_else_leaves_it_as_it_is(app: App) -> None:
    asked = ask(app, offer(app, amount=500), "win")
    records.approve(who(app, "Mia"), asked)
    records.update(who(app, "Ann"), "offer", [Change(asked.record, {"remark": "x"})])
    assert shown(app, asked).step == 2


def test_a_guard_that_does_not_hold_any_more_is_told_to_the_approver(app: App) -> None:
    asked = big_discount(app)
    records.update(who(app, "Ann"), "offer", [Change(asked.record, {"amount": 0})])
    with pytest.raises(Conflict, match="could not be performed: An offer needs an amount") as caught:
        records.approve(who(app, "Mia"), asked)
    assert caught.value.code == "cannot_be_performed"
    assert (shown(app, asked).status, shown(app, asked).decisions) == ("pending", ())


def test_a_requester_who_may_not_do_it_any_more_is_told_to_the_approver(app: App) -> None:
    asked = big_discount(app)
    records.update(app.system, "offer", [Change(asked.record, {"owner": user(app, "Max")})])
    with pytest.raises(Conflict, match="There is no Offer"):
        records.approve(who(app, "Mia"), asked)


def test_a_requester_who_left_ends_the_request(app: App) -> None:
    asked = big_discount(app)
    change_user(app, "Ann", active=False)
    records.approve(who(app, "Mia"), asked)
    assert (shown(app, asked, "Mia").status, stage(app, asked.record)) == ("closed", "draft")


def test_an_administrator_can_withdraw_what_nobody_can_decide(app: App) -> None:
    asked = big_discount(app)
    app.user("Adam", ["admin"])
    records.withdraw(who(app, "Adam"), asked)
    assert shown(app, asked).status == "withdrawn"
    assert told(app, "Ann") == ["Adam withdrew your request: Send"]


def test_a_workflow_without_the_approval_leaves_the_request_to_be_withdrawn(app: App) -> None:
    asked = big_discount(app)
    app.publish(
        OFFERS.replace("      when: discount > 20\n      steps: [{by: manager}]\n", "").replace(
            "    ask: [discount, remark, secret_remark]\n    approval:\n", "    ask: [discount]\n"
        )
    )
    with pytest.raises(Conflict) as caught:
        records.approve(who(app, "Mia"), asked)
    assert (caught.value.code, waiting(app, "Mia")) == ("workflow_changed", [])
    records.withdraw(who(app, "Ann"), asked)


# ---- who is told, and what waits


def test_those_who_are_asked_and_the_requester_are_told(app: App) -> None:
    asked = big_discount(app)
    assert told(app, "Max") == ["Ann asks for your approval: Send"]
    records.approve(who(app, "Mia"), asked)
    assert told(app, "Ann") == ["Mia approved your request: Send"]


def test_what_waits_for_somebody_is_listed_until_it_is_decided(app: App) -> None:
    first = ask(app, offer(app, amount=500), "win")
    second = big_discount(app)
    assert waiting(app, "Mia") == [str(first.approval), str(second.approval)]
    assert waiting(app, "Max") == [str(second.approval)]
    assert waiting(app, "Ann") == []
    records.approve(who(app, "Mia"), first)
    assert waiting(app, "Mia") == [str(second.approval)]
    assert waiting(app, "Dan") == [str(first.approval), str(second.approval)]


def test_listing_what_waits_costs_the_same_however_much_it_is(app: App) -> None:
    big_discount(app)
    mia = who(app, "Mia")
    with noted_statements() as one:
        records.waiting_for_me(mia)
    for _ in range(4):
        big_discount(app)
    with noted_statements() as five:
        assert len(records.waiting_for_me(mia)) == 5
    assert len(five) == len(one)


def test_transitions_tell_what_waits_and_for_whom(app: App) -> None:
    asked = big_discount(app)
    found = {one.name: one for one in records.transitions(who(app, "Ann"), "offer", asked.record)}
    assert (found["send"].allowed, found["send"].pending) == (False, str(asked.approval))
    assert found["send"].reasons == ("Send waits for the approval of Manager.",)
    assert (found["lose"].allowed, found["lose"].pending) == (True, None)


def test_transitions_tell_which_would_only_ask(app: App) -> None:
    found = {one.name: one for one in records.transitions(who(app, "Ann"), "offer", offer(app, amount=500))}
    assert {name: one.needs_approval for name, one in found.items()} == {
        "send": False,
        "win": True,
        "wait": False,
        "lose": False,
    }


# ---- rules

RULES = """
trigger stamp on offer before transition send { set remark = "performed" }
trigger win_at_once on offer after update { when amount == 777 do transition(record, win) }
trigger win_as_user on offer after update as user { when amount == 888 do transition(record, win) }
"""


def test_rules_on_the_transition_run_when_it_is_performed(app_from: AppFactory) -> None:
    app = app_from.of_layers([layer_from(OFFERS, offers_rules=RULES)], filled_by=staff)
    asked = big_discount(app)
    assert records.get(app.system, "offer", asked.record, ["remark"])["remark"] is None
    records.approve(who(app, "Mia"), asked)
    assert records.get(app.system, "offer", asked.record, ["remark"])["remark"] == "performed"


def test_a_rule_needs_no_approval_unless_it_acts_as_the_user(app_from: AppFactory) -> None:
    app = app_from.of_layers([layer_from(OFFERS, offers_rules=RULES)], filled_by=staff)
    found = offer(app)
    with pytest.raises(FieldstoneError, match="Win needs an approval"):
        records.update(who(app, "Ann"), "offer", [Change(found, {"amount": 888})])
    records.update(who(app, "Ann"), "offer", [Change(found, {"amount": 777})])
    assert stage(app, found) == "won"


# ---- at the same moment


def test_of_two_who_approve_at_the_same_moment_one_performs_it(app: App) -> None:
    asked = big_discount(app)

    def decide(name: str) -> str:
        try:
            records.approve(who(app, name), asked)
        except FieldstoneError as error:
            return str(error.code)
        return "performed"

    names = ["Mia", "Max", "Dan", "Dora"]
    with ThreadPoolExecutor(len(names)) as pool:
        outcomes = sorted(pool.map(decide, names))
    assert outcomes == ["approval_not_pending"] * 3 + ["performed"]
    moves = [entry for entry in records.history(app.system, "offer", asked.record) if entry["transition"]]
    assert [entry["action"] for entry in moves] == ["transition", "approve", "request"]


def test_of_an_approval_and_a_withdrawal_at_the_same_moment_one_counts(app: App) -> None:
    asked = big_discount(app)
    acts = [lambda: records.approve(who(app, "Mia"), asked), lambda: records.withdraw(who(app, "Ann"), asked)]

    def attempt(act: object) -> str:
        try:
            act()  # type: ignore[operator]  # one of the two above
        except Conflict as error:
            return str(error.code)
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, acts)) == ["approval_not_pending", "done"]
    expected = {"approved": "sent", "withdrawn": "draft"}
    assert stage(app, asked.record) == expected[shown(app, asked).status]


def test_of_two_requests_at_the_same_moment_one_is_kept(app: App) -> None:
    found = offer(app)

    def attempt(_: int) -> str:
        try:
            ask(app, found, discount="30")
        except Conflict as error:
            return str(error.code)
        return "asked"

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(attempt, range(3))) == ["approval_pending", "approval_pending", "asked"]
