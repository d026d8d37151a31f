"""`PATCH /api/v1/metadata/draft`: elements of documents changed where they stand in their files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from difflib import ndiff

import pytest

from fieldstone.drafts import edit_documents, read_draft
from fieldstone_metadata import core_layer
from fieldstone_metadata.editing import DocumentEdit, Edit
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
  name: {type: text, required: true}   # as on the box
  # From small to large.
  size: {type: choice, options: [small, large]}

search: [name]
---
kind: role
name: designer
capabilities: [publish]
"""
DRAFT = "/metadata/draft"


@pytest.fixture
def app(app_from):
    return app_from(SHOP)


@pytest.fixture
def ann(app, client):
    return client(app, app.token("Ann", ["designer"]))


def edit(path, action="set", kind="entity", name="product", **more):
    return {"kind": kind, "name": name, "path": path, "action": action, **more}


def sent(api, *edits):
    return api.patch(DRAFT, {"edits": list(edits)})


def texts(answer):
    assert answer.status_code == 200, answer.json
    assert answer.json["problems"] == []
    return {(file["layer"], file["path"]): file["text"] for file in answer.json["files"]}


def test_edits_change_the_lines_of_their_elements_and_no_others(ann):
    found = sent(
        ann,
        edit(["fields", "name", "label"], value="Name"),
        edit(["fields", "weight"], "add", value={"type": "decimal"}, after="name"),
        edit(["fields", "size", "options", "-"], "add", value="huge"),
        edit(["search"], "remove"),
    )
    new = texts(found)["shop", "app.yaml"]
    assert [line for line in ndiff(SHOP.splitlines(), new.splitlines()) if line[0] in "+-"] == [
        "-   name: {type: text, required: true}   # as on the box",
        "+   name: {type: text, required: true, label: Name}   # as on the box",
        "+   weight: {type: decimal}",
        "-   size: {type: choice, options: [small, large]}",
        "+   size: {type: choice, options: [small, large, huge]}",
        "- ",
        "- search: [name]",
    ]
    assert ann.post("/metadata/apply", {}).json["version"] == 2
    assert ann.get("/metadata/documents/shop/app.yaml").json["text"] == new


def test_what_comes_with_a_template_is_changed_in_local(ann):
    first = sent(ann, edit(["fields", "name", "label"], kind="entity", name="team", value="Team"))
    assert texts(first) == {
        ("local", "entities/team.yaml"): (
            "kind: entity\nname: team\nextends: true\nfields:\n  name: {label: Team}\n"
        )
    }
    second = sent(
        ann,
        edit(["fields", "motto"], "add", name="team", value={"type": "text"}, after="name"),
        edit(["fields", "name", "label"], name="team", value="Name of the team"),
    )
    assert texts(second) == {
        ("local", "entities/team.yaml"): (
            "kind: entity\nname: team\nextends: true\nfields:\n  name: {label: Name of the team}\n"
            "  motto: {type: text, after: name}\n"
        )
    }
    assert texts(sent(ann, edit(["fields", "motto"], "remove", name="team"))) == {
        ("local", "entities/team.yaml"): (
            "kind: entity\nname: team\nextends: true\nfields:\n  name: {label: Name of the team}\n"
        )
    }
    assert "team" in "".join(file.text for file in core_layer().files)


def test_whole_documents_come_and_go(ann):
    view = {"columns": ["name", "size"], "entity": "product", "type": "list"}
    made = texts(sent(ann, edit([], "add", kind="view", name="all_products", value=view)))
    assert made == {
        ("local", "views/all_products.yaml"): (
            "kind: view\nname: all_products\ncolumns: [name, size]\nentity: product\ntype: list\n"
        )
    }
    assert texts(sent(ann, edit([], "remove", kind="view", name="all_products"))) == {}
    gone = texts(sent(ann, edit([], "remove", kind="role", name="designer")))
    assert gone == {("shop", "app.yaml"): SHOP.partition("---\nkind: role")[0]}


def test_all_edits_are_made_or_none_and_the_wrong_one_is_named(ann):
    refused = sent(ann, edit(["fields", "name", "label"], value="Name"), edit(["fields", "sise"], "remove"))
    assert_problem(refused, 422, "invalid")
    (error,) = refused.json["errors"]
    assert (error["field"], error["code"]) == ("edits.1", "not_found")
    assert ann.get(DRAFT).json["files"] == []


def test_the_answer_tells_the_problems_of_what_was_edited(ann):
    answer = sent(ann, edit(["fields", "name", "type"], value="txt"))
    assert 9 in [problem["line"] for problem in answer.json["problems"]]


def test_a_file_that_cannot_be_read_is_not_edited(ann):
    ann.put(f"{DRAFT}/files/shop/app.yaml", {"text": f"{SHOP}more: &a [1]\n"})
    refused = sent(ann, edit(["fields", "name", "label"], value="Name", layer="shop"))
    assert_problem(refused, 422, "invalid")
    assert refused.json["errors"][0]["code"] == "broken_file"


def test_requests_at_the_same_time_lose_nothing(app):
    author = app.context_for("Ann", roles=["designer"]).principal.user
    names = [f"field_{number}" for number in range(8)]

    def add(name):
        change = Edit(("fields", name), "add", {"type": "text"})
        edit_documents(app.database, author, [DocumentEdit("entity", "product", change)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, names))
    (file,) = read_draft(app.database, author).files
    assert sorted(line.split(":")[0].strip() for line in file.text.splitlines() if "field_" in line) == names


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        (edit(["label"], kind="entitty", value="x"), 422, "invalid"),
        (edit(["label"], name="nothing", value="x"), 422, "invalid"),
        (edit(["label"], layer="local", value="x"), 422, "invalid"),
        (edit(["label"], layer="core", name="team", value="x"), 422, "invalid"),
        (edit(["name"], value="goods"), 422, "invalid"),
        (edit(["fields"], "rename"), 400, "required"),
        (edit(["fields"], "rename", to="x", value=1), 400, "bad_value"),
        (edit(["fields"], "move"), 400, "bad_value"),
        (edit(["fields"]), 400, "required"),
        (edit("fields", value=1), 400, "bad_value"),
        (edit([True], value=1), 400, "bad_value"),
        (edit(["x"] * 40, value=1), 400, "bad_value"),
        (edit(["label"], value="x", before="fields", after="fields"), 400, "bad_value"),
        (edit(["label"], value="x", force=True), 400, "unknown_member"),
        (edit(["label"], value="x" * 6_000_000), 422, "invalid"),
        ("edit", 400, "bad_value"),
    ],
)
def test_what_is_no_edit_is_refused(ann, wrong, status, code):
    assert_problem(sent(ann, wrong), status, code)
    assert ann.get(DRAFT).json["files"] == []


def test_a_call_holds_between_one_and_a_hundred_edits(ann):
    assert_problem(ann.patch(DRAFT, {"edits": []}), 400, "bad_value")
    assert_problem(sent(ann, *[edit(["label"], value="x")] * 101), 400, "bad_value")
    assert_problem(ann.patch(DRAFT, {}), 400, "bad_value")
