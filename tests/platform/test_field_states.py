"""What a form shows while somebody types, and what the caller may do."""

from __future__ import annotations

import pytest

from fieldstone import records
from fieldstone.errors import NotFound
from fieldstone.records import FieldState
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
  stage: {type: choice, options: [open, lost]}
  kind: {type: choice, options: [new, upgrade], default: new}
  previous: {type: text, visible: kind == "upgrade", required: kind == "upgrade"}
  amount: {type: integer, check: amount > 0, message: Above zero please.}
  double: {type: formula, expression: amount * 2}
  fixed: {type: text, readonly: amount > 100}
  locked: {type: text, readonly: true}
  reason: {type: text}
  margin: {type: integer}
  boss: {type: text}
---
kind: workflow
name: deal_stage
entity: deal
field: stage
initial: open
states:
  open: {}
  lost: {required: [reason], readonly: [name]}
transitions:
  lose: {from: open, to: lost, ask: [reason]}
---
kind: role
name: rep
inherits: [employee]
entities:
  deal:
    create: true
    read: true
    update: owner == user
    fields:
      margin: {read: false}
      boss: {update: false}
---
kind: role
name: manager
inherits: [employee]
entities:
  deal: {create: true, read: true, update: true, delete: true, assign: true}
"""


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    return module_app_from(DEALS)


def create(app: App, **values: object) -> object:
    return records.create(app.context_for("Ann", ["rep"]), "deal", [{"name": "Pump", **values}])[0].id


def test_a_new_form_starts_from_defaults_and_follows_what_is_typed(app: App) -> None:
    ann = app.context_for("Ann", ["rep"])
    before = records.field_states(ann, "deal", None, {})
    after = records.field_states(ann, "deal", None, {"kind": "upgrade"})
    assert before["previous"] == FieldState(visible=False, required=False, readonly=False)
    assert after["previous"] == FieldState(visible=True, required=True, readonly=False)
    assert before["name"] == FieldState(visible=True, required=True, readonly=False)


def test_what_cannot_be_read_has_an_error_and_counts_as_not_typed(app: App) -> None:
    ann = app.context_for("Ann", ["rep"])
    states = records.field_states(ann, "deal", None, {"amount": "much", "kind": "nonsense"})
    assert states["amount"].error == "Amount: “much” is not a number."
    assert states["kind"].error is not None
    assert states["previous"].visible is False


def test_a_broken_check_is_told_beside_its_field(app: App) -> None:
    states = records.field_states(app.context_for("Ann", ["rep"]), "deal", None, {"amount": "-1"})
    assert states["amount"].error == "Above zero please."


def test_readonly_follows_the_stored_record_and_not_what_is_typed(app: App) -> None:
    ann, found = app.context_for("Ann", ["rep"]), create(app, amount=101)
    assert records.field_states(ann, "deal", found, {"amount": "1"})["fixed"].readonly is True
    assert records.field_states(ann, "deal", None, {"amount": "500"})["fixed"].readonly is False
    assert records.field_states(ann, "deal", None, {})["locked"].readonly is True
    assert records.field_states(ann, "deal", None, {})["double"].readonly is True


def test_a_state_demands_and_locks_fields_in_forms_too(app: App) -> None:
    ann, found = app.context_for("Ann", ["rep"]), create(app)
    assert records.field_states(ann, "deal", found, {"stage": "lost"})["reason"].required is True
    records.transition(ann, "deal", found, "lose", {"reason": "price"})
    assert records.field_states(ann, "deal", found, {})["name"].readonly is True


def test_rights_lock_fields_and_hide_those_that_may_not_be_read(app: App) -> None:
    found = create(app)
    rep, colleague = app.context_for("Ann", ["rep"]), app.context_for("Cora", ["rep"])
    assert "margin" not in records.field_states(rep, "deal", found, {})
    assert records.field_states(rep, "deal", found, {})["boss"].readonly is True
    assert records.field_states(colleague, "deal", found, {})["reason"].readonly is True


def test_a_form_for_a_record_that_is_not_there_is_not_found(app: App) -> None:
    with pytest.raises(NotFound):
        records.field_states(app.context_for("Ann", ["rep"]), "nonsense", None, {})


def test_rights_on_a_record_are_those_that_a_save_would_grant(app: App) -> None:
    found = create(app)
    mine = records.rights(app.context_for("Ann", ["rep"]), "deal", found)
    other = records.rights(app.context_for("Cora", ["rep"]), "deal", found)
    boss = records.rights(app.context_for("Mia", ["manager"]), "deal", found)
    assert [(r.read, r.update, r.delete, r.assign) for r in (mine, other, boss)] == [
        (True, True, False, False),
        (True, False, False, False),
        (True, True, True, True),
    ]
    assert (mine.fields["name"].update, mine.fields["boss"].update, "margin" in mine.fields) == (
        True,
        False,
        False,
    )
    assert (mine.fields["owner"].update, boss.fields["owner"].update) == (False, True)


def test_rights_on_an_entity_say_what_is_possible_at_all(app: App) -> None:
    rights = records.rights(app.context_for("Ann", ["rep"]), "deal")
    assert (rights.create, rights.update, rights.delete) == (True, True, False)
    assert (rights.fields["name"].update, rights.fields["double"].update) == (True, False)
