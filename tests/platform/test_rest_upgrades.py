"""Upgrades through the API: conflicts with both sides, and the choices that settle them."""

from __future__ import annotations

import pytest

from fieldstone_testing.problems import assert_problem

SHOP = """\
kind: app
name: shop
version: 1.0.0
---
kind: entity
name: product
fields:
  name: {type: text, required: true, label: Name}
  rate: {type: decimal, default: 0.5}
---
kind: role
name: designer
capabilities: [publish]
"""
LOCAL = "kind: entity\nname: product\nextends: true\nfields: {name: {label: Title}, rate: {default: 0.7}}\n"
NAME, RATE = "field product.name.label", "field product.rate.default"


@pytest.fixture
def ann(app_from, client):
    app = app_from(SHOP)
    ann = client(app, app.token("Ann", ["designer"]))
    assert ann.post("/metadata/apply", {"files": [file("local", LOCAL)]}).json["version"] == 2
    return ann


def file(layer, text):
    return {"layer": layer, "path": "app.yaml", "text": text}


NEW = [
    file("shop", SHOP.replace("1.0.0", "1.1.0").replace("label: Name", "label: Names").replace("0.5", "0.6"))
]


def test_an_upgrade_is_planned_with_its_conflicts_and_published_with_a_choice_for_each(ann):
    plan = ann.post("/metadata/plan", {"files": NEW}).json
    assert [(each["element"], each["base"], each["mine"], each["theirs"]) for each in plan["conflicts"]] == [
        (NAME, "Name", "Title", "Names"),
        (RATE, "0.5", "0.7", "0.6"),
    ]
    refused = ann.post("/metadata/apply", {"files": NEW, "choices": {NAME: "mine"}})
    assert_problem(refused, 409, "upgrade_conflicts")
    assert [each["element"] for each in refused.json["conflicts"]] == [RATE]
    chosen = {NAME: "mine", RATE: "theirs"}
    assert ann.post("/metadata/plan", {"files": NEW, "choices": chosen}).json["conflicts"] == []
    assert ann.post("/metadata/apply", {"files": NEW, "choices": chosen}).json["version"] == 3
    text = ann.get("/metadata/documents/local/app.yaml").json["text"]
    assert text == LOCAL.replace(", rate: {default: 0.7}", "")


def test_an_upgrade_in_a_draft_asks_for_the_same_choices(ann):
    ann.put("/metadata/draft/files/shop/app.yaml", {"text": NEW[0]["text"]})
    assert_problem(ann.post("/metadata/apply", {}), 409, "upgrade_conflicts")
    assert ann.post("/metadata/apply", {"choices": {NAME: "mine", RATE: "mine"}}).json["version"] == 3


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"choices": {"field product.nme.label": "mine"}}, 422, "unknown_conflict"),
        ({"choices": {NAME: "ours"}}, 400, "bad_value"),
        ({"choices": [NAME]}, 400, "bad_value"),
        ({"skip_tests": "yes"}, 400, "bad_value"),
        ({"downgrade": 1}, 400, "bad_value"),
    ],
)
def test_choices_that_do_not_fit_are_refused(ann, body, status, code):
    assert_problem(ann.post("/metadata/apply", {"files": NEW, **body}), status, code)


def test_an_older_version_has_to_be_meant(ann):
    older = [file("shop", SHOP.replace("1.0.0", "0.9.0"))]
    refused = ann.post("/metadata/apply", {"files": older})
    assert_problem(refused, 409, "plan_refused")
    assert refused.json["refusals"][0]["code"] == "downgrade"
    assert ann.post("/metadata/apply", {"files": older, "downgrade": True}).json["version"] == 3


def test_each_element_is_told_with_its_layer_and_those_that_changed_it(ann):
    told = ann.get("/metadata/elements?name=product").json["data"]
    assert [(each["kind"], each["name"], each["layer"], each["changed_by"]) for each in told] == [
        ("entity", "product", "shop", ["local"]),
        ("field", "product.name", "shop", ["local"]),
        ("field", "product.rate", "shop", ["local"]),
    ]
    before = ann.get("/metadata/elements?name=product,designer&version=1").json["data"]
    assert [each["changed_by"] for each in before] == [[]] * len(before)
    assert before[-1]["name"] == "designer"
    assert_problem(ann.get("/metadata/elements?of=product"), 400, "unknown_parameter")
