"""Changing documents in the text of their file: the smallest change, everything else byte for byte."""

from __future__ import annotations

from difflib import SequenceMatcher, ndiff

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from fieldstone_metadata import File
from fieldstone_metadata.editing import Edit, EditRefused, edited, new_file, with_document, without_document
from fieldstone_metadata.editing.reading import normal, read, same
from fieldstone_metadata.editing.spans import content_end
from fieldstone_testing.odd_yaml import VALUES, odd_documents

SHOP = """\
# The shop
kind: view
name: first   # the first
columns:
  # Its name
  name:    {type: text, required: true}   # why
  size:    {type: choice, options: [small, {value: large, label: "Large one"}]}
  # What it costs
  price:
    type: money
    # in euros
  note: {help: 'It''s'}

order:
- name
- -price  # last
# the end
"""


def file_of(text):
    return File("views/first.yaml", text)


def first(file):
    return read(file).values[0]


def change(text, *edits):
    return edited(file_of(text), "view", "first", edits)


def or_refused(text, edit):
    """The file after an edit; a document that cannot be changed surely is no example of a law."""
    try:
        return change(text, edit)
    except EditRefused as refusal:
        event(f"refused: {refusal.code}: {refusal}"[:90])
        assume(False)


def paths_in(value, path=()):
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for step, item in entries:
        yield (*path, step)
        yield from paths_in(item, (*path, step))


def own_paths(value):
    return [path for path in paths_in(value) if path[0] not in {"kind", "name"}]


def mappings_in(value):
    at = [(), *own_paths(value)]
    return [path for path in at if isinstance(within(value, path), dict)]


def within(value, path):
    for step in path:
        value = value[step]
    return value


def with_value(value, path, new):
    if not path:
        return new
    inner = with_value(value[path[0]], path[1:], new)
    if isinstance(value, list):
        return [inner if index == path[0] else item for index, item in enumerate(value)]
    return {key: inner if key == path[0] else item for key, item in value.items()}


def lines_around(text, path):
    """The lines above and below those that hold a value with its key or dash."""
    root = read(file_of(text)).nodes[0]
    parent, node = within_nodes(root, path[:-1]), within_nodes(root, path)
    start = node.key_start or parent.start
    below = text.find("\n", max(content_end(text, node), node.key_end))
    return text[: text.rfind("\n", 0, start) + 1], text[below:] if below >= 0 else ""


def within_nodes(node, path):
    for step in path:
        node = node.value[step]
    return node


@settings(max_examples=40, derandomize=True, deadline=None, database=None)
@given(odd_documents())
def test_the_documents_that_are_tried_say_what_they_should(written):
    text, value = written
    assert same(first(file_of(text)), value)


@settings(max_examples=40, derandomize=True, deadline=None, database=None)
@given(odd_documents(), st.data(), VALUES)
def test_after_a_set_the_text_says_exactly_that_and_other_lines_are_as_they_were(written, data, new):
    text, value = written
    path = data.draw(st.sampled_from(own_paths(value)))
    found = or_refused(text, Edit(path, "set", new))
    assert same(first(found), normal(with_value(value, path, new)))
    assert read(found).values[1] == {"kind": "view", "name": "second"}
    before, behind = lines_around(text, path)
    assert found.text.startswith(before)
    assert found.text.endswith(behind)


@settings(max_examples=40, derandomize=True, deadline=None, database=None)
@given(odd_documents(), st.data(), st.integers())
def test_setting_a_value_and_setting_it_back_gives_the_same_text(written, data, new):
    text, value = written
    path = data.draw(st.sampled_from([path for path in own_paths(value) if type(within(value, path)) is int]))
    old = within(value, path)
    there = or_refused(text, Edit(path, "set", new))
    assert change(there.text, Edit(path, "set", old)).text == text


@settings(max_examples=40, derandomize=True, deadline=None, database=None)
@given(odd_documents(), st.data(), VALUES)
def test_what_is_added_and_removed_again_leaves_the_text_as_it_was(written, data, new):
    text, value = written
    path = data.draw(st.sampled_from([path for path in mappings_in(value) if within(value, path)]))
    names = list(within(value, path))
    anchor = data.draw(
        st.sampled_from([{}, *({"before": name} for name in names), *({"after": name} for name in names)])
    )
    there = or_refused(text, Edit((*path, "new_key"), "add", new, **anchor))
    lines, now = text.splitlines(keepends=True), there.text.splitlines(keepends=True)
    gone = [
        line
        for tag, i, j, _, _ in SequenceMatcher(None, lines, now, autojunk=False).get_opcodes()
        if tag != "equal"
        for line in lines[i:j]
    ]
    assert len(gone) <= 2
    assert change(there.text, Edit((*path, "new_key"), "remove")).text == text


@settings(max_examples=40, derandomize=True, deadline=None, database=None)
@given(odd_documents(), st.data())
def test_a_key_that_is_removed_takes_only_its_own_lines(written, data):
    text, value = written
    path = data.draw(st.sampled_from(own_paths(value)))
    found = or_refused(text, Edit(path, "remove"))
    lines, now = text.splitlines(), found.text.splitlines()
    opcodes = SequenceMatcher(None, lines, now, autojunk=False).get_opcodes()
    assert len([tag for tag, *_ in opcodes if tag != "equal"]) <= 2
    assert len(list(paths_in(first(found)))) < len(list(paths_in(value)))


@settings(max_examples=40, derandomize=True, deadline=None, database=None)
@given(odd_documents(), st.data(), VALUES)
def test_an_item_that_is_added_to_a_list_and_removed_again_leaves_the_text_as_it_was(written, data, new):
    text, value = written
    text, value = with_list(text, value)
    path = data.draw(
        st.sampled_from([path for path in own_paths(value) if isinstance(within(value, path), list)])
    )
    assume(within(value, path))
    position = data.draw(st.integers(0, len(within(value, path))))
    there = or_refused(text, Edit((*path, position), "add", new))
    assert same(within(first(there), path)[position], normal(new))
    assert change(there.text, Edit((*path, position), "remove")).text == text


@settings(max_examples=40, derandomize=True, deadline=None, database=None)
@given(odd_documents(), st.data())
def test_a_key_that_is_renamed_and_back_leaves_the_text_as_it_was(written, data):
    text, value = written
    path = data.draw(st.sampled_from([path for path in own_paths(value) if isinstance(path[-1], str)]))
    there = or_refused(text, Edit(path, "rename", to="renamed"))
    assert list(within(first(there), path[:-1])) == [
        "renamed" if key == path[-1] else key for key in within(value, path[:-1])
    ]
    assert change(there.text, Edit((*path[:-1], "renamed"), "rename", to=path[-1])).text == text


def with_list(text, value):
    """The document with one list more, so that there always is one."""
    newline = "\r\n" if "\r\n" in text else "\n"
    added = newline.join(["kind: view", "many:", " - 1", " # two", " - {two: 2}"])
    return text.replace("kind: view", added, 1), {"kind": "view", "many": [1, {"two": 2}]} | value


def lines_changed(text, *edits):
    """What is gone from a text and what is new in it, line by line."""
    found = change(text, *edits).text.splitlines()
    return [line for line in ndiff(text.splitlines(), found) if line[0] in "+-"]


def test_a_new_key_goes_into_the_style_of_its_mapping():
    assert lines_changed(SHOP, Edit(("columns", "name", "label"), "set", "Name: full")) == [
        "-   name:    {type: text, required: true}   # why",
        "+   name:    {type: text, required: true, label: 'Name: full'}   # why",
    ]
    assert lines_changed(SHOP, Edit(("columns", "price", "label"), "add", {"en": "Price", "da": "no"})) == [
        "+     label: {en: Price, da: 'no'}"
    ]
    assert lines_changed(SHOP, Edit(("columns", "weight"), "add", {"type": "decimal"}, before="price")) == [
        "+   weight: {type: decimal}"
    ]
    assert lines_changed(SHOP, Edit(("columns", "note", "help"), "set", "Don't")) == [
        "-   note: {help: 'It''s'}",
        "+   note: {help: 'Don''t'}",
    ]


def test_a_text_of_several_lines_is_a_block_and_keeps_other_lines():
    assert lines_changed(SHOP, Edit(("columns", "price", "help"), "set", "One.\nTwo.\n")) == [
        "+     help: |",
        "+       One.",
        "+       Two.",
    ]


def test_what_is_removed_takes_its_own_comments_along_and_no_others():
    assert lines_changed(SHOP, Edit(("columns", "price"), "remove")) == [
        "-   # What it costs",
        "-   price:",
        "-     type: money",
        "-     # in euros",
    ]
    assert lines_changed(SHOP, Edit(("order", "-price"), "remove")) == ["- - -price  # last"]


def test_items_are_found_by_name_or_position_and_added_beside_others():
    options = ("columns", "size", "options")
    assert (
        "[small, middle, {value: large, label"
        in change(SHOP, Edit((*options, "-"), "add", "middle", after="small")).text
    )
    assert (
        '{value: large, label: "Big"}' in change(SHOP, Edit((*options, "large", "label"), "set", "Big")).text
    )
    assert lines_changed(SHOP, Edit(("order", "-"), "add", "size")) == ["+ - size"]
    assert lines_changed(SHOP, Edit(("order", 0), "remove")) == ["- - name"]


def test_a_key_is_renamed_and_back():
    there = change(SHOP, Edit(("columns", "price"), "rename", to="cost"))
    assert lines_changed(SHOP, Edit(("columns", "price"), "rename", to="cost")) == ["-   price:", "+   cost:"]
    assert change(there.text, Edit(("columns", "cost"), "rename", to="price")).text == SHOP


def test_json_stays_json_with_its_line_breaks_and_indentation():
    lines = [
        "{",
        '    "kind": "view",',
        '    "name": "first",',
        '    "label": "\\ud83d\\ude00", "on": [1]',
        "}",
        "",
    ]
    text = "\r\n".join(lines)
    file = File("first.json", text)
    found = edited(
        file, "view", "first", [Edit(("on", "-"), "add", 2), Edit(("help",), "set", {"en": "Yes"})]
    )
    assert found.text == text.replace("[1]", '[1, 2], "help": {"en": "Yes"}')
    spread = edited(file, "view", "first", [Edit(("help",), "add", "Why", after="name")])
    assert spread.text == text.replace('"first",\r\n', '"first",\r\n    "help": "Why",\r\n')


def test_documents_are_added_to_files_and_taken_out_again():
    role = {"kind": "role", "name": "boss", "entities": {"deal": {"read": True}}, "capabilities": ["publish"]}
    file = new_file("roles/boss.yaml", role)
    assert file.text == ("kind: role\nname: boss\nentities:\n  deal: {read: true}\ncapabilities: [publish]\n")
    both = with_document(file_of(SHOP), role)
    assert both.text == f"{SHOP}---\n{file.text}"
    assert without_document(both, "role", "boss").text == SHOP
    assert without_document(both, "view", "first").text == file.text
    assert without_document(file, "role", "boss") is None


@pytest.mark.parametrize(
    ("text", "edit", "code"),
    [
        (SHOP + "size: [", Edit(("order",), "set", 1), "broken_file"),
        (SHOP + "more: &a {x: 1}\nsame: *a\n", Edit(("order",), "set", 1), "broken_file"),
        (SHOP, Edit(("name",), "set", "second"), "not_supported"),
        (SHOP, Edit(("columns", "cost"), "remove"), "not_found"),
        (SHOP, Edit(("columns", "cost"), "add", 1, after="nothing"), "not_found"),
        (SHOP, Edit(("columns", "price"), "add", 1), "exists"),
        (SHOP, Edit(("columns", "price"), "rename", to="note"), "exists"),
        (SHOP, Edit(("columns", "name", "type", "x"), "set", 1), "not_found"),
        (SHOP, Edit(("columns", "price", "min"), "set", float("nan")), "bad_value"),
        (SHOP + "? deep\n: 1\n", Edit(("deep",), "set", 2), "not_supported"),
        ("kind: view\nname: first\rlabel: x\n", Edit(("label",), "set", 2), "not_supported"),
        ("kind: role\nname: first\n", Edit(("label",), "set", 2), "not_found"),
    ],
)
def test_what_cannot_be_changed_surely_is_refused(text, edit, code):
    with pytest.raises(EditRefused) as refusal:
        change(text, edit)
    assert refusal.value.code == code
