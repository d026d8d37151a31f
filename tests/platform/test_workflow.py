"""Workflow: transitions by name and by value, their rights, guards and demands, and what may be done now."""

from __future__ import annotations

import re

import pytest

from fieldstone import records
from fieldstone.errors import Conflict, Forbidden, Invalid, NotFound
from fieldstone.records import Change
from fieldstone_testing import App, AppFactory

DEALS = """
kind: app
name: sales
label: Sales
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  stage: {type: choice, options: [open, offer, won, lost]}
  amount: {type: money}
  account: {type: text, label: Customer}
  closed: {type: date, label: Closing date}
  reason: {type: text, visible: stage == "lost", required: stage == "lost"}
  note: {type: text}
---
kind: workflow
name: deal_stage
entity: deal
field: stage
initial: open
states:
  open: {probability: 10}
  offer: {required: [amount], readonly: [account]}
  won: {final: true, label: Won}
  lost: {final: true}
transitions:
  offer: {from: open, to: offer, label: Make an offer}
  win:
    from: offer
    to: won
    roles: [rep, closer, onlooker]
    guard: amount > 0 and closed != null and account != null
    ask: [closed]
  lose: {from: "*", to: lost, ask: [reason]}
  reopen: {from: [won, lost], to: open, roles: [manager], label: Open again}
  retry:
    from: lost
    to: open
    roles: [manager]
    guard: amount > 10
    message: Small deals are not tried again.
---
kind: role
name: rep
inherits: [employee]
entities:
  deal:
    create: true
    read: true
    update: owner == user and stage not in ["won", "lost"]
---
kind: role
name: manager
inherits: [employee]
entities:
  deal: {create: true, read: true, update: true}
---
kind: role
name: closer
inherits: [employee]
entities:
  deal: {read: true, deny: {update: account == "Secret"}}
---
kind: role
name: onlooker
entities:
  deal: {read: true, deny: {update: true}}
---
kind: role
name: guest
inherits: [employee]
entities:
  deal: {read: true}
"""


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from(DEALS)


def deal(app: App, **values: object) -> object:
    return records.create(app.context_for("Ann", ["rep"]), "deal", [{"name": "Pump", **values}])[0].id


def deal_in_offer(app: App, **values: object) -> object:
    found = deal(app, amount="5", account="Acme", **values)
    records.transition(app.context_for("Ann"), "deal", found, "offer")
    return found


def state(app: App) -> object:
    return app.sql("SELECT stage FROM main.deal")[0][0]


def test_a_new_record_begins_in_the_initial_state_and_in_no_other(app: App) -> None:
    deal(app)
    assert state(app) == "open"
    with pytest.raises(Invalid) as caught:
        deal(app, stage="won")
    assert [(error.field, error.code) for error in caught.value.errors] == [("stage", "not_initial")]


def test_a_transition_by_name_changes_the_state_and_stands_in_the_history(app: App) -> None:
    found = deal(app, amount="5")
    written = records.transition(app.context_for("Ann"), "deal", found, "offer")
    newest = records.history(app.context_for("Ann"), "deal", found)[0]
    assert (written.version, state(app)) == (2, "offer")
    assert (newest["action"], newest["transition"]) == ("transition", "offer")
    assert newest["changes"] == {"stage": ["open", "offer"]}


def test_a_transition_takes_the_fields_it_asks_for_and_no_others(app: App) -> None:
    found, ann = deal_in_offer(app), app.context_for("Ann")
    with pytest.raises(Invalid) as caught:
        records.transition(ann, "deal", found, "win", {"closed": "2026-03-01", "note": "x"})
    assert [(error.field, error.code) for error in caught.value.errors] == [("note", "not_asked")]
    records.transition(ann, "deal", found, "win", {"closed": "2026-03-01"})
    assert app.sql("SELECT stage, closed::text FROM main.deal") == [("won", "2026-03-01")]


def test_writing_the_state_is_the_one_transition_that_leads_there(app: App) -> None:
    found, ann = deal(app, amount="5"), app.context_for("Ann")
    records.update(ann, "deal", [Change(found, {"stage": "lost", "reason": "price"})])
    newest = records.history(ann, "deal", found)[0]
    assert (newest["transition"], state(app)) == ("lose", "lost")


def test_a_state_that_no_transition_reaches_is_refused_with_those_that_can_be(app: App) -> None:
    found = deal(app)
    with pytest.raises(
        Invalid, match=r"Possible from there: Make an offer \(offer\), Lose \(lose\)\."
    ) as caught:
        records.update(app.context_for("Ann"), "deal", [Change(found, {"stage": "won"})])
    assert [(error.field, error.code) for error in caught.value.errors] == [("stage", "no_transition")]


def test_of_two_transitions_to_a_state_the_one_whose_guard_holds_is_taken(app: App) -> None:
    found = deal(app, amount="5")
    records.transition(app.context_for("Ann"), "deal", found, "lose", {"reason": "price"})
    mia = app.context_for("Mia", ["manager"])
    records.update(mia, "deal", [Change(found, {"stage": "open"})])
    assert records.history(mia, "deal", found)[0]["transition"] == "reopen"


def test_a_state_that_several_transitions_reach_is_ambiguous(app: App) -> None:
    found = deal(app, amount="50")
    records.transition(app.context_for("Ann"), "deal", found, "lose", {"reason": "price"})
    with pytest.raises(Conflict, match="reopen, retry") as caught:
        records.update(app.context_for("Mia", ["manager"]), "deal", [Change(found, {"stage": "open"})])
    assert caught.value.code == "ambiguous_transition"


def test_a_transition_with_roles_needs_one_of_them_and_no_right_to_update(app: App) -> None:
    found = deal_in_offer(app)
    with pytest.raises(Forbidden, match="It needs the role Rep or Closer or Onlooker"):
        records.transition(
            app.context_for("Mia", ["manager"]), "deal", found, "win", {"closed": "2026-03-01"}
        )
    records.transition(app.context_for("Rob", ["rep"]), "deal", found, "win", {"closed": "2026-03-01"})
    assert state(app) == "won"


@pytest.mark.parametrize(("role", "account"), [("closer", "Secret"), ("onlooker", "Acme")])
def test_what_is_denied_stays_denied_to_the_roles_of_a_transition(role: str, account: str, app: App) -> None:
    ann = app.context_for("Ann", ["rep"])
    found = records.create(ann, "deal", [{"name": "Pump", "amount": "5", "account": account}])[0].id
    records.transition(ann, "deal", found, "offer")
    with pytest.raises(Forbidden):
        records.transition(app.context_for("Cas", [role]), "deal", found, "win", {"closed": "2026-03-01"})


def test_the_roles_of_a_transition_need_no_grant_to_update(app: App) -> None:
    found = deal_in_offer(app)
    records.transition(app.context_for("Cas", ["closer"]), "deal", found, "win", {"closed": "2026-03-01"})
    assert state(app) == "won"


def test_a_transition_without_roles_needs_the_right_to_update_in_the_old_state(app: App) -> None:
    found = deal(app)
    with pytest.raises(Forbidden):
        records.transition(app.context_for("Rob", ["rep"]), "deal", found, "lose", {"reason": "x"})
    records.transition(app.context_for("Ann"), "deal", found, "lose", {"reason": "x"})
    assert state(app) == "lost"


def test_a_wrong_state_is_a_conflict_that_tells_what_is_possible(app: App) -> None:
    found = deal(app)
    with pytest.raises(
        Conflict, match=re.escape("Win is not possible from Open. Possible from there: Make an offer")
    ) as caught:
        records.transition(app.context_for("Ann"), "deal", found, "win")
    assert caught.value.code == "wrong_state"


def test_an_unknown_transition_is_not_found(app: App) -> None:
    found = deal(app)
    with pytest.raises(NotFound) as caught:
        records.transition(app.context_for("Ann"), "deal", found, "explode")
    assert caught.value.code == "unknown_transition"


def test_a_guard_that_does_not_hold_is_told_part_by_part(app: App) -> None:
    found = deal_in_offer(app)
    with pytest.raises(Invalid, match=re.escape("“Closing date” is empty.")) as caught:
        records.transition(app.context_for("Ann"), "deal", found, "win")
    assert [(error.field, error.code) for error in caught.value.errors] == [("stage", "guard")]
    assert state(app) == "offer"


def test_a_guard_with_a_message_is_told_in_its_words(app: App) -> None:
    found = deal(app, amount="5")
    records.transition(app.context_for("Ann"), "deal", found, "lose", {"reason": "price"})
    with pytest.raises(Invalid, match=re.escape("Small deals are not tried again.")):
        records.transition(app.context_for("Mia", ["manager"]), "deal", found, "retry")


def test_a_state_demands_and_locks_fields(app: App) -> None:
    found, ann = deal(app), app.context_for("Ann")
    with pytest.raises(Invalid) as caught:
        records.transition(ann, "deal", found, "offer")
    assert [(error.field, error.code) for error in caught.value.errors] == [("amount", "required")]
    records.update(ann, "deal", [Change(found, {"amount": "5", "stage": "offer", "account": "Acme"})])
    with pytest.raises(Invalid) as caught:
        records.update(ann, "deal", [Change(found, {"account": "Other"})])
    assert [(error.field, error.code) for error in caught.value.errors] == [("account", "readonly")]


def test_a_required_field_of_the_new_state_is_missed(app: App) -> None:
    found = deal(app)
    with pytest.raises(Invalid) as caught:
        records.transition(app.context_for("Ann"), "deal", found, "lose")
    assert [(error.field, error.code) for error in caught.value.errors] == [("reason", "required")]


def test_what_may_be_done_now_is_told_with_the_reasons_for_the_rest(app: App) -> None:
    found = deal(app, amount="5")
    records.transition(app.context_for("Ann"), "deal", found, "offer")
    told = {entry.name: entry for entry in records.transitions(app.context_for("Ann"), "deal", found)}
    assert list(told) == ["win", "lose"]
    assert (told["lose"].allowed, told["lose"].to, told["lose"].ask) == (True, "lost", ("reason",))
    assert (told["win"].allowed, told["win"].reasons) == (False, ("“Customer” is empty.",))


def test_reasons_name_the_missing_role_and_the_missing_field(app: App) -> None:
    found = deal(app)
    told = {
        entry.name: entry for entry in records.transitions(app.context_for("Gus", ["guest"]), "deal", found)
    }
    assert told["offer"].reasons == ("It needs the right to change the record.", "Amount is required.")


def test_a_final_state_is_left_only_by_a_transition_that_names_it(app: App) -> None:
    found = deal(app)
    records.transition(app.context_for("Ann"), "deal", found, "lose", {"reason": "x"})
    names = [entry.name for entry in records.transitions(app.context_for("Mia", ["manager"]), "deal", found)]
    assert names == ["reopen", "retry"]


def test_an_import_brings_states_as_they_are_and_says_so(app: App) -> None:
    mia = app.context_for("Mia", ["manager"])
    [imported] = records.import_rows(mia, "deal", [{"name": "Old", "stage": "won"}])
    [entry] = records.history(mia, "deal", imported.id)
    assert state(app) == "won"
    assert (entry["action"], entry["source"], entry["transition"]) == ("import", "import", None)
