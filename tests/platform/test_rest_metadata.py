"""`/api/v1/metadata`: documents, versions and drafts through the API."""

from __future__ import annotations

import io
import zipfile

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from fieldstone.context import TokenLimits
from fieldstone_testing.problems import assert_problem

SHOP = """\
kind: app
name: shop
version: 1.0.0
---
# What we sell.
kind: entity
name: product
fields:
  name: {type: text, required: true}
  size: {type: choice, options: [small, large]}

search: [name]
order: [name]
---
kind: role
name: designer
capabilities: [publish]
"""
SIZE = "  size: {type: choice, options: [small, large]}\n"
FILE = "/metadata/draft/files/shop/app.yaml"


@pytest.fixture
def app(app_from):
    return app_from(SHOP)


@pytest.fixture
def ann(app, client):
    return client(app, app.token("Ann", ["designer"]))


@pytest.fixture
def bob(app, client):
    return client(app, app.token("Bob", ["designer"]))


def with_weight(text):
    return text.replace(SIZE, f"{SIZE}  weight: {{type: decimal}}\n")


def test_a_draft_is_checked_on_each_change_planned_and_published(app, ann):
    assert ann.get("/metadata/draft").json["files"] == []
    wrong = ann.put(FILE, {"text": SHOP.replace("decimal", "").replace("search: [name]", "search: [nam]")})
    problem = wrong.json["problems"][0]
    assert (problem["path"], problem["line"], problem["severity"]) == ("app.yaml", 12, "error")
    assert "name" in problem["hint"]
    refused = ann.post("/metadata/apply", {})
    assert_problem(refused, 422, "not_accepted")
    assert refused.json["problems"] == wrong.json["problems"]
    draft = ann.put(FILE, {"text": with_weight(SHOP)}).json
    assert (draft["problems"], draft["conflicts"]) == ([], [])
    assert [(file["path"], file["action"]) for file in draft["files"]] == [("app.yaml", "change")]
    plan = ann.post("/metadata/plan", {}).json
    assert [(step["action"], step["name"]) for step in plan["steps"]] == [("create", "product.weight")]
    done = ann.post("/metadata/apply", {"note": "Weights", "base": plan["base"]})
    assert (done.status_code, done.json["version"]) == (200, 2)
    assert ann.get("/metadata/draft").json["files"] == []
    assert app.sql("SELECT weight FROM main.product") == []
    version = ann.get("/metadata/versions/2").json
    assert (version["author"]["title"], version["note"]) == ("Ann", "Weights")
    assert [element["name"] for element in version["elements"]] == ["product.weight"]
    assert "+  weight: {type: decimal}" in version["files"][0]["lines"]


def test_drafts_that_touch_different_elements_go_together_and_both_are_published(ann, bob):
    ann.put(FILE, {"text": with_weight(SHOP)})
    bobs = bob.put(FILE, {"text": SHOP.replace("order: [name]", "order: [-name]\nplural: Goods")}).json
    assert bobs["conflicts"] == []
    assert ann.post("/metadata/apply", {}).json["version"] == 2
    assert "weight" in bob.get("/metadata/draft").json["files"][0]["text"]
    assert bob.post("/metadata/apply", {}).json["version"] == 3
    text = bob.get("/metadata/documents/shop/app.yaml").json["text"]
    assert "weight" in text
    assert "Goods" in text
    assert "# What we sell." in text


def test_the_second_who_touches_an_element_sees_the_conflict_and_takes_the_other_in(ann, bob):
    larger = SHOP.replace("[small, large]", "[small, large, huge]")
    smaller = SHOP.replace("[small, large]", "[tiny, small, large]")
    assert ann.put(FILE, {"text": larger}).json["conflicts"] == []
    (seen,) = bob.put(FILE, {"text": smaller}).json["conflicts"]
    assert (seen["kind"], seen["name"], seen["by"]["title"]) == ("field", "product.size", "Ann")
    assert seen["theirs"]["options"] == ["small", "large", "huge"]
    assert ann.post("/metadata/apply", {}).status_code == 200
    (clash,) = bob.get("/metadata/draft").json["conflicts"]
    assert (clash["by"], clash["mine"]["options"][0], clash["theirs"]["options"][2]) == (None, "tiny", "huge")
    refused = bob.post("/metadata/apply", {})
    assert_problem(refused, 409, "draft_conflicts")
    assert refused.json["conflicts"][0]["name"] == "product.size"
    both = SHOP.replace("[small, large]", "[tiny, small, large, huge]")
    assert bob.put(FILE, {"text": both, "rebased": True}).json["conflicts"] == []
    assert bob.post("/metadata/apply", {}).json["version"] == 3


def test_a_publication_on_a_base_that_moved_is_refused_with_both_versions(app, ann):
    ann.put(FILE, {"text": with_weight(SHOP)})
    app.publish(SHOP + "---\nkind: option_set\nname: colors\noptions: [red]\n")
    refused = ann.post("/metadata/apply", {"base": 1})
    assert_problem(refused, 409, "base_moved")
    assert (refused.json["base"], refused.json["version"]) == (1, 2)
    assert ann.get("/metadata/draft").json["files"] != []


def test_going_back_to_a_version_is_planned_and_published(app, ann):
    app.publish(SHOP.replace("required: true", "required: true, label: Title"))
    plan = ann.post("/metadata/versions/1/plan")
    assert [(step["action"], step["name"]) for step in plan.json["steps"]] == [("change", "product.name")]
    assert ann.post("/metadata/versions/1/apply", {"note": "Back"}).json["version"] == 3
    assert [version["note"] for version in ann.get("/metadata/versions").json["data"]] == [
        "Back",
        "test",
        "test",
    ]
    altered = ann.get("/metadata/versions/3").json["elements"][0]["alterations"]
    assert altered == [{"path": "label", "before": "Title", "after": "Name"}]
    assert ann.get("/metadata/versions/3?since=1").json["elements"] == []
    assert_problem(ann.get("/metadata/versions/9"), 404, "not_found")
    assert_problem(ann.get("/metadata/versions/last"), 404, "not_found")


def test_apps_leave_and_come_as_zip_files(ann):
    archive = ann.get("/metadata/export?app=shop").data
    with zipfile.ZipFile(io.BytesIO(archive)) as content:
        assert content.read("shop/app.yaml").decode() == SHOP
    sent = io.BytesIO()
    with zipfile.ZipFile(sent, "w") as content:
        content.writestr("shop/base.yaml", with_weight(SHOP))
        content.writestr("shop/.git/config.yaml", "no: document")
        content.writestr("local/extra.yaml", "kind: view\nname: all\nentity: product\ntype: list\n")
    draft = ann.post("/metadata/import", data=sent.getvalue(), content_type="application/zip").json
    assert [(file["layer"], file["path"], file["action"]) for file in draft["files"]] == [
        ("local", "extra.yaml", "create"),
        ("shop", "app.yaml", "remove"),
        ("shop", "base.yaml", "create"),
    ]
    assert draft["problems"] == []
    assert ann.post("/metadata/apply", {}).json["version"] == 2
    listed = ann.get("/metadata/documents").json["data"]
    assert [file["path"] for file in listed if file["layer"] != "core"] == ["base.yaml", "extra.yaml"]


@pytest.mark.parametrize(
    "body",
    [b"", b"PK\x03\x04 no zip", b"PK\x05\x06" + bytes(18)],
    ids=["nothing", "broken", "empty archive"],
)
def test_what_is_no_zip_file_with_documents_is_refused(ann, body):
    refused = ann.post("/metadata/import", data=body, content_type="application/zip")
    assert refused.status_code == 400
    assert ann.get("/metadata/draft").json["files"] == []


@pytest.mark.parametrize(
    ("address", "body", "status", "code"),
    [
        ("/metadata/draft/files/core/app.yaml", {"text": "kind: app"}, 422, "invalid"),
        ("/metadata/draft/files/shop/..%2F..%2Fetc.yaml", {"text": ""}, 422, "invalid"),
        ("/metadata/draft/files/shop/.hidden.yaml", {"text": ""}, 422, "invalid"),
        ("/metadata/draft/files/shop/notes.txt", {"text": ""}, 422, "invalid"),
        ("/metadata/draft/files/Shop/app.yaml", {"text": ""}, 422, "invalid"),
        (FILE, {}, 400, "required"),
        (FILE, {"text": 5}, 400, "bad_value"),
        (FILE, {"text": "a\u0000b"}, 400, "broken_text"),
        (FILE, {"text": "", "rebased": 1}, 400, "bad_value"),
        (FILE, {"text": "", "force": True}, 400, "unknown_member"),
    ],
)
def test_what_no_file_of_a_draft_can_be_is_refused_with_the_reason(ann, address, body, status, code):
    assert_problem(ann.put(address, body), status, code)
    assert ann.get("/metadata/draft").json["files"] == []


def test_documents_can_be_sent_along_instead_of_a_draft(ann):
    files = [{"layer": "shop", "path": "app.yaml", "text": with_weight(SHOP)}]
    assert ann.post("/metadata/check", {"files": files}).json == {"problems": []}
    broken = [files[0] | {"text": "kind: entity\nname: product\nfields: {name: {type: txt}}\n"}]
    assert any(
        each["severity"] == "error"
        for each in ann.post("/metadata/check", {"files": broken}).json["problems"]
    )
    assert ann.post("/metadata/plan", {"files": files}).json["steps"][0]["name"] == "product.weight"
    assert ann.post("/metadata/apply", {"files": files, "note": "Sent"}).json["version"] == 2
    assert_problem(ann.post("/metadata/apply", {"files": []}), 400, "bad_value")
    assert_problem(ann.post("/metadata/apply", {"files": [{"layer": "shop"}]}), 400, "bad_value")
    assert_problem(ann.post("/metadata/apply", {"base": "1"}), 400, "bad_value")


def test_only_who_may_publish_sees_or_changes_what_is_declared(app, ann, client):
    described = ann.get("/openapi.json").json
    addresses = [path for path in described["paths"] if path.startswith("/api/v1/metadata")]
    assert len(addresses) > 10
    OpenAPIV31SpecValidator(described).validate()
    narrowed = app.token("Ann", limits=TokenLimits(entities=frozenset({"product"})))
    for api in (client(app, app.token("Eve", ["employee"])), client(app, narrowed)):
        assert "/api/v1/metadata/draft" not in api.get("/openapi.json").json["paths"]
        for address in ("/metadata/draft", "/metadata/versions", "/metadata/documents", "/metadata/export"):
            assert_problem(api.get(address), 403, "forbidden")
        assert_problem(api.put(FILE, {"text": SHOP}), 403, "forbidden")
        assert_problem(api.post("/metadata/apply", {}), 403, "forbidden")
        assert api.get("/metadata/draft").json["reason"]
