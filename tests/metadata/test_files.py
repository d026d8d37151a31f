"""Files and folders: JSON, encodings, sizes, and what is read at all."""

from __future__ import annotations

import json

import pytest

from fieldstone_metadata import (
    File,
    Layer,
    MetadataError,
    check,
    core_layer,
    read_layer,
    render_json,
    render_text,
)
from fieldstone_testing.effort import soon


def problems(path, text):
    return check([core_layer(), Layer("local", (File(path, text),))]).problems


MENU = {"kind": "menu", "name": "m", "items": [{"entity": "task"}]}


def test_json_documents_are_read_like_yaml():
    checked = check([core_layer(), Layer("local", (File("m.json", json.dumps([MENU])),))])
    assert checked.application.menus["m"].items[0].entity == "task"


def test_json_problems_have_places():
    text = json.dumps({**MENU, "label": "\U0001f600", "itms": []}, indent=2)
    (problem,) = problems("m.json", text)
    assert (problem.line, problem.column, problem.code) == (10, 3, "unknown_key")


@pytest.mark.parametrize("text", ['{"a": 1,}', "{'a': 1}", '{"a": 1} x', "", '{"a": 01}', "{a: 1}"])
def test_what_is_not_json_is_refused(text):
    assert [problem.code for problem in problems("a.json", text)] == ["json_syntax"]


def test_duplicate_keys_in_json_are_errors():
    text = '{"kind": "menu", "name": "m", "name": "n", "items": []}'
    assert [problem.code for problem in problems("a.json", text)] == ["duplicate_key"]


def test_deeply_nested_json_is_one_clear_error():
    assert [problem.code for problem in problems("a.json", "[" * 200_000)] == ["too_deep"]


def test_a_document_that_is_no_mapping_is_refused():
    assert [problem.code for problem in problems("a.yaml", "- a\n- b\n")] == ["not_a_document"]


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("name: x\n", "kind_missing", "one of app, entity"),
        ("kind: entiti\nname: x\n", "unknown_kind", "did you mean `entity`?"),
        ("kind: view\n", "name_missing", None),
        ("kind: view\nname: MyView\n", "bad_name", "for example `my_view`"),
        ("kind: view\nname: a__b\n", "bad_name", "for example `a_b`"),
        (f"kind: view\nname: {'x' * 49}\n", "bad_name", None),
    ],
)
def test_kind_and_name_are_needed(text, code, hint):
    (problem,) = problems("a.yaml", text)
    assert problem.code == code
    assert (problem.hint or "").startswith(hint or "")


@pytest.mark.parametrize("kind", ["report", "dashboard", "translation"])
def test_kinds_of_later_versions_are_refused_not_ignored(kind):
    (problem,) = problems("a.yaml", f"kind: {kind}\nname: x\n")
    assert problem.code == "not_supported_yet"
    assert kind in problem.message


def test_rules_do_not_stand_in_yaml():
    (problem,) = problems("a.yaml", "kind: rules\nname: x\n")
    assert problem.code == "unknown_kind"
    assert ".rules" in (problem.hint or "")


def test_a_folder_is_read_with_everything_below_it(tmp_path):
    (tmp_path / "entities").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "app.yaml").write_text("# the app\nkind: app\nname: shop\nversion: 1.0.0\n")
    (tmp_path / "entities" / "a.yml").write_text("kind: menu\nname: shop\nitems: [{entity: task}]\n")
    (tmp_path / ".git" / "x.yaml").write_text("nonsense: [")
    (tmp_path / "README.md").write_text("Not a document.")
    layer = read_layer(tmp_path)
    assert layer.name == "shop"
    assert [file.path for file in layer.files] == ["app.yaml", "entities/a.yml"]
    assert check([layer, core_layer()]).problems == ()


def test_a_folder_without_an_app_is_the_local_layer(tmp_path):
    (tmp_path / "a.yaml").write_text("kind: menu\nname: m\nitems: [{entity: task}]\n")
    assert read_layer(tmp_path).name == "local"


def test_a_file_that_is_not_utf8_is_a_problem_among_others(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"kind: menu\nname: m\nlabel: Caf\xe9\nitems: []\n")
    (tmp_path / "b.yaml").write_text("kind: menue\nname: x\n")
    found = check([core_layer(), read_layer(tmp_path)]).problems
    assert [(p.path, p.line, p.code) for p in found] == [
        ("a.yaml", 3, "not_utf8"),
        ("b.yaml", 1, "unknown_kind"),
    ]


def test_a_byte_order_mark_is_no_problem(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfkind: menu\nname: m\nitems: [{entity: task}]\n")
    assert check([core_layer(), read_layer(tmp_path)]).problems == ()


def test_ten_megabytes_of_nested_yaml_end_quickly_with_one_error(tmp_path):
    (tmp_path / "a.yaml").write_text("[" * (10 * 1024 * 1024))
    with soon():
        found = check([core_layer(), read_layer(tmp_path)]).problems
    assert [problem.code for problem in found] == ["too_large"]


def test_a_text_of_ten_megabytes_is_refused_without_reading_it():
    assert [problem.code for problem in problems("a.yaml", "a: 1\n" * 2_500_000)] == ["too_large"]


@pytest.mark.parametrize("make", [lambda path: path / "missing", lambda path: path])
def test_nothing_to_read_is_an_error(tmp_path, make):
    with pytest.raises(MetadataError) as raised:
        read_layer(make(tmp_path))
    assert raised.value.problems[0].code == "nothing_to_read"


def test_lone_surrogates_are_refused():
    assert [problem.code for problem in problems("a.yaml", "a: \ud800")] == ["not_utf8"]


def test_problems_are_rendered_for_people():
    text = render_text(problems("a.yaml", "kind: entiti\nname: x\n"))
    assert text == (
        "a.yaml:1:7: there is no kind of document called `entiti` [unknown_kind]\n"
        "    hint: did you mean `entity`?"
    )


def test_problems_are_rendered_for_programs():
    (found,) = json.loads(render_json(problems("a.yaml", "kind: entiti\nname: x\n")))
    assert found == {
        "path": "a.yaml",
        "line": 1,
        "column": 7,
        "code": "unknown_kind",
        "message": "there is no kind of document called `entiti`",
        "hint": "did you mean `entity`?",
        "severity": "error",
        "layer": "local",
    }
