"""Renaming (`was`): entities, fields and options go on under another name, with all that is kept of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
import pytest

from fieldstone import records
from fieldstone.publication.afterwards.kept_values import outdated_values
from fieldstone.publication.apply import propose
from fieldstone.publication.refusal import PlanRefused
from fieldstone_testing.apps import App, layer_from

APP = """
kind: app
name: sales
version: 1.0.0
---
kind: entity
name: account
fields:
  name: {type: text, required: true, unique: true}
  number: {type: sequence, format: "A-{number}"}
---
kind: entity
name: deal
title: name
search: [name, account.name]
order: [-close_date]
indexes: [[stage, close_date]]
fields:
  name: {type: text, required: true, index: true}
  account: {type: reference, to: account, inverse: deals}
  contacts: {type: references, to: user}
  stage: {type: choice, options: [open, won, lost], default: open}
  amount: {type: money}
  close_date: {type: date}
  about: {type: reference, to: [account, deal]}
  plan: {type: file}
  extra: {type: json}
  twice: {type: formula, expression: amount * 2, stored: true}
---
kind: entity
name: line
fields:
  deal: {type: reference, to: deal, owned: true, inverse: lines}
  text: {type: text}
  price: {type: decimal}
---
kind: role
name: rep
entities:
  account: {create: true, read: true, update: true, delete: true, share: true}
  deal: {create: true, read: true, update: true, delete: true, share: true}
"""
RENAMED = (
    APP.replace("name: deal\ntitle: name", "name: opportunity\nwas: deal\ntitle: name")
    .replace("  deal: {create", "  opportunity: {create")
    .replace("to: deal, owned: true, inverse: lines", "to: opportunity, owned: true, inverse: lines")
    .replace("to: [account, deal]", "to: [account, opportunity]")
)
FIELDS = (
    APP.replace("  amount: {type: money}", "  value: {type: money, was: amount}")
    .replace("expression: amount * 2", "expression: value * 2")
    .replace(
        "  name: {type: text, required: true, index: true}",
        "  topic: {type: text, required: true, index: true, was: name}",
    )
    .replace("title: name\nsearch: [name, account.name]", "title: topic\nsearch: [topic, account.name]")
    .replace("  price: {type: decimal}", "  cost: {type: decimal, was: price}")
    .replace("contacts: {type: references, to: user}", "people: {type: references, to: user, was: contacts}")
)
OPTIONS = APP.replace(
    "[open, won, lost], default: open", "[{value: fresh, was: open}, won, lost], default: fresh"
)


def fill(app: App) -> None:
    (account,) = records.create(app.system, "account", [{"name": "Acme"}])
    user = {"id": str(app.user("Ann")), "entity": "user"}
    about = {"id": str(account.id), "entity": "account"}
    lines = [{"text": "Pump", "price": "5"}]
    values = {"name": "Pumps", "account": about, "amount": "10", "contacts": [user], "lines": lines}
    (deal,) = records.create(app.system, "deal", [values])
    itself = {"id": str(deal.id), "entity": "deal"}
    changed = {"amount": "12", "about": itself, "extra": {"seen": itself}}
    records.update(app.system, "deal", [records.Change(deal.id, changed)])
    records.create(app.system, "comment", [{"body": "Good", "regarding": itself}])
    view = {
        "name": "Mine",
        "shows": "deal",
        "columns": "name,account.name,amount",
        "order": "-amount",
        "group": "stage",
        "where": 'amount > 3 and stage in ["open"] and account.name == "Acme" and name != "amount"',
        "shared": True,
    }
    records.create(app.system, "saved_view", [view])


@pytest.fixture
def sales(app_from) -> App:
    return app_from.of_layers([layer_from(APP)], filled_by=fill)


def only(app: App, entity: str) -> dict[str, Any]:
    (record,) = records.list(app.system, entity, records.Query()).data
    return record


def names_in_database(app: App, word: str) -> list[str]:
    """Tables, columns, constraints and indexes that still have `word` as a part of their names."""
    rows = app.sql(
        """SELECT relname FROM pg_class WHERE relnamespace = 'main'::regnamespace
        UNION SELECT attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
            WHERE relnamespace = 'main'::regnamespace AND attnum > 0 AND relkind = 'r'
        UNION SELECT conname FROM pg_constraint
            WHERE connamespace = 'main'::regnamespace AND contype <> 'n'"""
    )
    found = (str(name) for (name,) in rows)
    return sorted(name for name in found if word in name.replace("__", " ").replace("_", " ").split())


def test_a_renamed_entity_keeps_records_history_comments_feed_and_views(sales, client):
    before = only(sales, "deal")
    sales.publish(RENAMED)
    after = only(sales, "opportunity")
    assert (after["id"], after["name"], after["amount"], after["version"]) == (
        before["id"], "Pumps", "12.00", before["version"],
    )  # fmt: skip
    assert after["about"] == {"id": before["id"], "entity": "opportunity", "title": "Pumps"}
    history = records.history(sales.system, "opportunity", UUID(before["id"]))
    assert [entry["action"] for entry in history] == ["update", "create"]
    assert history[0]["changes"]["about"][1]["entity"] == "opportunity"
    assert only(sales, "comment")["regarding"]["entity"] == "opportunity"
    assert only(sales, "saved_view")["shows"] == "opportunity"
    assert names_in_database(sales, "deal") == ["deal", "fk_line__deal", "ix_line__deal"]
    for table in ("history", "outbox", "counter", "operation"):
        assert sales.sql(f"SELECT count(*) FROM main_system.{table} WHERE entity = 'deal'") == [(0,)]
    api = client(sales, sales.token("Bob", ["rep"]))
    assert api.get(f"/data/opportunity/{before['id']}").json["lines"] is not None


def test_the_past_names_a_renamed_entity_in_references_and_nowhere_else(sales):
    sales.publish(RENAMED)
    deal = only(sales, "opportunity")
    changes = records.history(sales.system, "opportunity", UUID(deal["id"]))[0]["changes"]
    assert changes["about"][1]["entity"] == "opportunity"
    told = {"id": deal["id"], "entity": "deal"}
    kept = sales.sql(
        "SELECT changes -> 'extra' FROM main_system.history WHERE jsonb_exists(changes, 'extra')"
    )
    assert [row[0] for row in kept if row[0][1] is not None] == [[None, {"seen": told}]]
    (comment,) = records.list(sales.system, "comment", records.Query()).data
    made = records.history(sales.system, "comment", UUID(comment["id"]))[0]["changes"]
    assert made["regarding"][1]["entity"] == "opportunity"


def test_a_renamed_table_is_what_a_fresh_one_would_be(sales):
    sales.publish(RENAMED)
    again = propose(sales.database, [layer_from(RENAMED + "# the same\n")])
    assert (again.plan.statements, again.plan.drift) == ((), ())


def test_renamed_fields_keep_values_history_lines_and_views(sales):
    before = only(sales, "deal")
    sales.publish(FIELDS)
    after = only(sales, "deal")
    assert (after["topic"], after["value"], after["twice"]) == ("Pumps", "12.00", before["twice"])
    assert [one["title"] for one in after["people"]] == ["Ann"]
    update, create = records.history(sales.system, "deal", UUID(before["id"]))
    assert update["changes"]["value"] == ["10.00", "12.00"]
    assert create["changes"]["topic"] == [None, "Pumps"]
    assert create["changes"]["lines"][1][0]["cost"] == "5"
    view = only(sales, "saved_view")
    assert (view["columns"], view["order"]) == ("topic,account.name,value", "-value")
    assert view["where"] == (
        'value > 3 and stage in ["open"] and account.name == "Acme" and topic != "amount"'
    )
    assert records.list(sales.system, "deal", records.Query(view=view["id"])).data[0]["topic"] == "Pumps"
    again = propose(sales.database, [layer_from(FIELDS + "# the same\n")])
    assert (again.plan.statements, again.plan.drift) == ((), ())


def test_renamed_options_are_those_of_the_records_their_history_and_views(sales):
    sales.publish(OPTIONS)
    assert only(sales, "deal")["stage"] == "fresh"
    assert 'stage in ["fresh"]' in only(sales, "saved_view")["where"]
    changes = sales.sql("SELECT changes->'stage' FROM main_system.history WHERE changes ? 'stage'")
    assert changes == [([None, "fresh"],)]


def test_an_option_that_becomes_another_one_takes_its_records_along(sales):
    merged = APP.replace("[open, won, lost], default: open", "[{value: won, was: open}, lost], default: won")
    sales.publish(merged)
    assert only(sales, "deal")["stage"] == "won"


def test_going_back_to_a_version_before_takes_names_back(sales):
    sales.publish(RENAMED)
    sales.publish(APP)
    assert only(sales, "deal")["name"] == "Pumps"
    assert only(sales, "saved_view")["shows"] == "deal"


def test_two_entities_exchange_their_names_with_their_records_and_pasts(sales):
    fields = "name: {type: text, index: true}, number: {type: sequence, format: '{number}'}"
    swapped = (
        "kind: app\nname: pair\nversion: 1.0.0\n---\n"
        f"kind: entity\nname: {{}}\n{{}}fields: {{{{{fields.replace('{', '{{').replace('}', '}}')}}}}}\n---\n"
        f"kind: entity\nname: {{}}\n{{}}fields: {{{{{fields.replace('{', '{{').replace('}', '}}')}, "
        "kind: {{type: text}}}}\n"
    )
    sales.publish(swapped.format("cat", "", "dog", ""))
    records.create(sales.system, "cat", [{"name": "Tom"}, {"name": "Kit"}])
    records.create(sales.system, "dog", [{"name": "Rex", "kind": "big"}])
    after = swapped.format("dog", "was: cat\n", "cat", "was: dog\n")
    sales.publish(after)
    cats = records.list(sales.system, "cat", records.Query(order=("name",))).data
    assert [(cat["name"], cat["kind"]) for cat in cats] == [("Rex", "big")]
    assert len(records.history(sales.system, "cat", UUID(cats[0]["id"]))) == 1
    (made,) = records.create(sales.system, "dog", [{"name": "Max"}])
    assert records.get(sales.system, "dog", made.id)["number"] == "3"
    sales.publish(after + "# a second time\n")
    assert only(sales, "cat")["name"] == "Rex"


def test_two_fields_exchange_their_names(sales):
    text = "kind: app\nname: pair\nversion: 1.0.0\n---\nkind: entity\nname: cat\nfields: {{{}}}\n"
    sales.publish(text.format("name: {type: text, unique: true}, call: {type: text}"))
    records.create(sales.system, "cat", [{"name": "Tom", "call": "T"}])
    sales.publish(text.format("call: {type: text, unique: true, was: name}, name: {type: text, was: call}"))
    cat = only(sales, "cat")
    assert (cat["name"], cat["call"]) == ("T", "Tom")
    again = propose(
        sales.database,
        [
            layer_from(
                text.format("call: {type: text, unique: true, was: name}, name: {type: text, was: call}")
                + "#\n"
            )
        ],
    )
    assert again.plan.statements == ()


def test_names_follow_each_other_over_publications_and_one_may_skip_some(sales):
    head = "kind: app\nname: pair\nversion: 1.0.0\n---\nkind: entity\nname: cat\n"
    text = head + "fields: {{{}: {{type: text{}}}}}\n"
    sales.publish(text.format("first", ""))
    records.create(sales.system, "cat", [{"first": "Tom"}])
    sales.publish(text.format("third", ", was: [second, first]"))
    assert only(sales, "cat")["third"] == "Tom"
    sales.publish(text.format("third", ", was: [second, first]").replace("}}\n", "}, first: {type: text}}\n"))
    assert (only(sales, "cat")["third"], only(sales, "cat")["first"]) == ("Tom", None)


@pytest.mark.parametrize(
    ("before", "after", "element"),
    [
        (
            "amount: {type: money}",
            "amount: {type: money}\n  value: {type: money, was: amount}",
            "field deal.value",
        ),
        (
            "amount: {type: money}",
            "value: {type: money, was: amount}\n  worth: {type: money, was: amount}",
            "field deal.value",
        ),
        ("close_date: {type: date}", "close_date: {type: date, was: due}", None),
    ],
)
def test_names_of_which_it_is_unclear_what_becomes_of_them_are_refused(sales, before, after, element):
    text = APP.replace(before, after).replace("expression: amount * 2", "expression: '2'")
    plan = propose(sales.database, [layer_from(text)]).plan
    found = [refusal.element for refusal in plan.refusals if refusal.code == "rename"]
    assert found[:1] == ([element] if element else [])


def test_a_plan_tells_a_rename_and_its_statements(sales):
    plan = propose(sales.database, [layer_from(FIELDS)]).plan
    steps = {(step.action, step.name): step for step in plan.steps}
    step = steps["rename", "deal.value"]
    assert (step.detail, step.rows) == ("was amount", 1)
    assert step.sql[0] == 'ALTER TABLE "main"."deal" RENAME COLUMN "amount" TO "value"'
    assert orjson.loads(orjson.dumps(plan.as_json()))["steps"]


def test_a_renamed_field_may_change_in_other_ways_too(sales):
    text = APP.replace("close_date: {type: date}", "closing: {type: date, required: true, was: close_date}")
    text = text.replace("[-close_date]", "[-closing]").replace("[stage, close_date]", "[stage, closing]")
    with pytest.raises(PlanRefused, match="no value"):
        sales.publish(text)
    sales.publish(text.replace("date, required: true", "date, index: true"))
    assert only(sales, "deal")["closing"] is None


@pytest.mark.parametrize("text", [RENAMED, FIELDS])
def test_names_alone_leave_kept_values_as_they_are(sales, text):
    proposal = propose(sales.database, [layer_from(text)])
    assert outdated_values(proposal.between) == frozenset()
