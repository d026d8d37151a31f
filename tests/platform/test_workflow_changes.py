"""Publishing over records in states: states and workflows that go, come or get another name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.access.system_user import SYSTEM_USER
from fieldstone.cli.main import commands, exit_status
from fieldstone.publication.apply import propose, publish
from fieldstone.publication.arrangements import propose_version
from fieldstone.publication.refusal import PlanRefused
from fieldstone_testing.apps import App, layer_from

NOW = datetime(2026, 3, 6, 10, tzinfo=UTC)
HEAD = """
kind: app
name: offers
version: 1.0.0
---
kind: entity
name: offer
fields:
  name: {type: text, required: true}
  stage: {type: choice, options: [draft, sent, won]}
  discount: {type: percent}
---
kind: role
name: manager
entities: {offer: {read: true, update: true}}
"""
FLOW = """
---
kind: workflow
name: offer_stage
entity: offer
field: stage
initial: draft
states:
  draft: {}
  sent: {time_limit: 5 days}
  won: {final: true}
transitions:
  send: {from: draft, to: sent}
  win: {from: sent, to: won, approval: {when: discount > 20, steps: [{by: manager}]}}
"""
APP = HEAD.replace("options: [draft, sent, won]", "options: []").replace("options: []", "") + FLOW
APP = APP.replace("{type: choice, }", "{type: choice}")
WITHOUT_SENT = (
    APP.replace("  sent: {time_limit: 5 days}\n", "")
    .replace("  send: {from: draft, to: sent}\n", "")
    .replace("win: {from: sent", "win: {from: draft")
)
SENT_IS_OUT = (
    APP.replace("  sent: {time_limit: 5 days}", "  out: {time_limit: 5 days, was: sent}")
    .replace("to: sent}", "to: out}")
    .replace("from: sent", "from: out")
)


def fill(app: App) -> None:
    app.user("Mia", ["manager"])
    app.user("Max", ["manager"])
    system = app.system
    made = records.create(system, "offer", [{"name": "Pumps"}, {"name": "Valves", "discount": 30}])
    for one in made:
        records.transition(system, "offer", one.id, "send")
    records.transition(app.context_for("Mia", now=NOW), "offer", made[1].id, "win")


@pytest.fixture
def offers(app_from) -> App:
    return app_from.of_layers([layer_from(APP)], filled_by=fill)


def stages(app: App) -> dict[str, Any]:
    return {one["name"]: one["stage"] for one in records.list(app.system, "offer", records.Query()).data}


def id_of(app: App, name: str) -> UUID:
    (found,) = records.list(app.system, "offer", records.Query(where=f'name == "{name}"')).data
    return UUID(found["id"])


def test_a_state_that_records_are_in_goes_only_with_a_mapping(offers, client):
    api = client(offers, offers.token("Bob", ["admin"]))
    api.put("/metadata/draft/files/offers/app.yaml", {"text": WITHOUT_SENT})
    (refusal,) = api.post("/metadata/plan", {}).json["refusals"]
    assert (refusal["element"], refusal["code"]) == ("field offer.stage", "option_in_use")
    assert "2 records have it. Say `was: sent`" in refusal["message"]
    assert api.post("/metadata/apply", {"allow_destructive": True}).status_code == 409


def test_records_history_limits_and_requests_follow_a_mapped_state_and_back(offers):
    pumps = id_of(offers, "Pumps")
    before = records.due(offers.system, "offer", [pumps])[pumps]
    offers.publish(SENT_IS_OUT)
    assert stages(offers) == {"Pumps": "out", "Valves": "out"}
    assert records.due(offers.system, "offer", [pumps])[pumps] == records.Due(
        "out", before.due_at, overdue=False
    )
    assert records.history(offers.system, "offer", pumps)[0]["changes"]["stage"] == ["draft", "out"]
    waiting = records.pending_approval(offers.system, "offer", id_of(offers, "Valves"))
    assert waiting is not None
    back = propose_version(offers.database, 1)
    assert back.refusals == ()
    publish(offers.database, back, author=SYSTEM_USER, note="back")
    assert offers.sql("SELECT DISTINCT stage FROM main.offer") == [("sent",)]


def test_a_state_merges_into_another_one(offers):
    offers.publish(WITHOUT_SENT.replace("  draft: {}", "  draft: {was: sent}"))
    pumps = id_of(offers, "Pumps")
    assert stages(offers) == {"Pumps": "draft", "Valves": "draft"}
    assert records.due(offers.system, "offer", [pumps]) == {}
    records.transition(offers.system, "offer", pumps, "win")
    assert stages(offers)["Pumps"] == "won"


def test_a_workflow_goes_and_comes_back_over_the_same_records(offers, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("FIELDSTONE_DATABASE_URL", offers.database.url.render_as_string(hide_password=False))
    (tmp_path / "app.yaml").write_text(HEAD)
    assert exit_status(lambda: commands.main(args=["plan", str(tmp_path)], standalone_mode=False)) == 0
    assert "- workflow  offer_stage" in capsys.readouterr().out
    offers.publish(HEAD)
    pumps = id_of(offers, "Pumps")
    assert records.due(offers.system, "offer", [pumps]) == {}
    assert records.pending_approval(offers.system, "offer", id_of(offers, "Valves")) is None
    records.update(offers.system, "offer", [records.Change(pumps, {"stage": "won"})])
    offers.publish(APP)
    assert stages(offers) == {"Pumps": "won", "Valves": "sent"}
    assert records.due(offers.system, "offer", [pumps]) == {}
    assert len(records.history(offers.system, "offer", pumps)) == 3


def test_a_workflow_over_records_without_a_state_begins_for_them(app_from):
    def without_state(app: App) -> None:
        records.create(app.system, "offer", [{"name": "Pumps"}])

    app = app_from.of_layers([layer_from(HEAD)], filled_by=without_state)
    app.publish(APP)
    assert stages(app) == {"Pumps": "draft"}


def test_a_workflow_that_knows_not_all_states_of_the_records_is_refused(app_from):
    def elsewhere(app: App) -> None:
        records.create(app.system, "offer", [{"name": "Pumps", "stage": "old"}])

    app = app_from.of_layers([layer_from(HEAD.replace("won]", "won, old]"))], filled_by=elsewhere)
    with pytest.raises(PlanRefused, match="`old` would go, and 1 records have it"):
        app.publish(APP)
    (change,) = [one for one in propose(app.database, [layer_from(APP)]).plan.steps if one.kind == "workflow"]
    assert (change.action, change.name) == ("create", "offer_stage")
