"""Forms, views and menus: what they show exists."""

from __future__ import annotations

import pytest

from fieldstone_metadata.declarations import FormField, RelatedList, Timeline

ENTITIES = """
kind: entity
name: account
fields:
  name: {type: text}
  parent: {type: reference, to: account, inverse: subsidiaries}
  tags: {type: tags}
  size: {type: choice, options: [small, big]}
  people: {type: references, to: user}
---
"""
FORM = f"""{ENTITIES}kind: form
name: account
entity: account
layout:
  - name
  - section: Size
    columns: 1
    fields: [size, {{field: tags, visible: size == "big"}}]
  - tab: Group
    items: [{{related: subsidiaries, columns: [name, parent.name]}}, {{timeline: true}}]
quick: [name, size]
"""


def test_a_layout_becomes_tabs_of_sections(application):
    first, group = application(FORM).forms["account"].tabs
    assert (first.label, group.label[""]) == (None, "Group")
    assert [section.label and section.label[""] for section in first.sections] == [None, "Size"]
    assert first.sections[0].items == (FormField("name"),)
    assert first.sections[1].columns == 1
    assert group.sections[0].items == (RelatedList("subsidiaries", ("name", "parent.name")), Timeline())


def test_a_many_to_many_field_can_be_a_related_list(application):
    text = FORM.replace("{timeline: true}", "{related: people, columns: [email]}")
    assert application(text).forms["account"].tabs[1].sections[0].items[1].inverse == "people"


@pytest.mark.parametrize(
    ("old", "new", "code", "at"),
    [
        ("entity: account\n", "entity: acount\n", "unknown_entity", "acount"),
        ("  - name\n", "  - nmae\n", "unknown_field", "nmae"),
        ("related: subsidiaries", "related: subsidaries", "unknown_inverse", "subsidaries"),
        ("parent.name]", "parent.nme]", "unknown_field", "parent.nme"),
        ("quick: [name", "quick: [nme", "unknown_field", "nme"),
        ('visible: size == "big"', 'visible: size == "bgi"', "unknown_option", '"bgi"'),
        ("columns: 1", "columns: 3", "wrong_size", "3"),
        ("columns: 1", "columns: [name]", "wrong_type", "[name]"),
        ("{timeline: true}", "{timeline: false}", "wrong_type", "false"),
        ("{timeline: true}", "{tab: Inner, items: []}", "misplaced_item", "{tab"),
        ("{timeline: true}", "{timeline: true, section: X}", "misplaced_item", "{timeline"),
        ("{timeline: true}", "{field: people, edit: inline}", "unknown_key", "edit"),
        ("{timeline: true}", "{field: people, columns: 2}", "unknown_key", "columns"),
        ("quick:", "roles: [nobody]\nquick:", "unknown_role", "nobody"),
        ("fields: [size, ", "fields: [name, ", "repeated_value", "name"),
        ("{timeline: true}", "{field: size}", "repeated_value", "size"),
    ],
)
def test_a_wrong_form_is_shown_at_its_place(old, new, code, at, only_problem):
    assert old in FORM
    text = FORM.replace(old, new)
    problem = only_problem(text)
    assert problem.code == code
    assert text.split("\n")[problem.line - 1][problem.column - 1 :].startswith(at)


VIEW = f"{ENTITIES}kind: view\nname: big\nentity: account\n"


@pytest.mark.parametrize(
    ("lines", "code", "at"),
    [
        ("columns: [nme]", "unknown_field", "nme"),
        ("columns: [parent.nme]", "unknown_field", "parent.nme"),
        ("columns: [name, name]", "repeated_value", "name]"),
        ("where: nme == null", "unknown_name", "nme"),
        ("where: name", "type", "name"),
        ("order: [tags]", "not_sortable", "tags"),
        ("sum: [name]", "not_summable", "name"),
        ("type: board", "key_missing", "board"),
        ("type: board\ngroup: name", "not_a_choice", "name"),
        ("group: size", "not_supported_yet", "group"),
        ("type: tree", "no_tree", "tree"),
        ("type: tree\ntree: parent", "no_tree", "parent"),
        ("type: tree\ntree: parnt", "unknown_field", "parnt"),
        ("tree: parent", "no_effect", "tree"),
        ("type: grid", "unknown_value", "grid"),
    ],
)
def test_a_wrong_view_is_shown_at_its_place(lines, code, at, only_problem):
    text = f"{VIEW}{lines}\n"
    problem = only_problem(text)
    assert problem.code == code
    assert text.split("\n")[problem.line - 1][problem.column - 1 :].startswith(at)


def test_a_board_is_grouped_by_a_choice(application):
    assert application(f"{VIEW}type: board\ngroup: size\n").views["big"].group == "size"


def test_a_tree_is_made_by_the_reference_named_or_the_only_one(application, only_problem):
    tree = VIEW.replace("to: account, inverse", "to: account, tree: true, inverse") + "type: tree\n"
    assert application(tree).views["big"].tree == "parent"
    second = "  heir: {type: reference, to: account, tree: true}\n  tags:"
    several = tree.replace("  tags:", second)
    problem = only_problem(several)
    assert (problem.code, "parent, heir" in problem.message) == ("key_missing", True)
    assert application(f"{several}tree: heir\n").views["big"].tree == "heir"


def test_ordering_by_an_aggregate_is_pointed_out(check_text):
    text = VIEW.replace("  tags:", "  below: {type: formula, expression: count(subsidiaries)}\n  tags:")
    (problem,) = check_text(f"{text}order: [-below]\n").problems
    assert (problem.code, problem.severity) == ("slow_order", "warning")


MENU = f"{VIEW}---\nkind: menu\nname: m\nitems: "


def test_a_line_of_a_menu_opens_a_view_or_an_entity(application):
    items = (
        application(f"{MENU}[{{view: big}}, {{section: Setup, items: [{{entity: user, label: People}}]}}]\n")
        .menus["m"]
        .items
    )
    assert (items[0].entity, items[0].view) == ("account", "big")
    assert (items[1].section[""], items[1].items[0].label[""]) == ("Setup", "People")


@pytest.mark.parametrize(
    ("items", "code", "at"),
    [
        ("[{entity: acount}]", "unknown_entity", "acount"),
        ("[{view: bgi}]", "unknown_view", "bgi"),
        ("[{entity: user, view: big}]", "unknown_view", "big"),
        ("[{dashboard: pipeline}]", "not_supported_yet", "dashboard"),
        ("[{label: X}]", "misplaced_item", "{label"),
        ("[{section: X, entity: user}]", "misplaced_item", "entity"),
        ("[account]", "wrong_type", "account"),
    ],
)
def test_a_wrong_menu_is_shown_at_its_place(items, code, at, only_problem):
    text = f"{MENU}{items}\n"
    problem = only_problem(text)
    assert problem.code == code
    assert text.split("\n")[problem.line - 1][problem.column - 1 :].startswith(at)
