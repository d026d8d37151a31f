"""References that say that a record lives inside another one."""

from __future__ import annotations

import pytest

ORDERS = """kind: entity
name: order
fields:
  name: {type: text}
---
kind: entity
name: line
title: note
fields:
  order: {type: reference, to: order, owned: true, inverse: lines}
  note: {type: text}
---
kind: role
name: clerk
entities:
  order: {read: true}
  line: {fields: {note: {read: false}}}
"""


def test_what_is_owned_is_required_deleted_with_its_owner_and_has_no_owner_of_its_own(application):
    line = application(ORDERS).entities["line"]
    assert line.owner is False
    assert line.parent is line.fields["order"]
    assert line.parent.required is True
    assert line.parent.target.on_delete == "cascade"


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        (", inverse: lines", "", "owned"),
        ("to: order", "to: [order, user]", "owned"),
        ("to: order", "to: line", "owned"),
        ("inverse: lines", "inverse: lines, on_delete: restrict", "owned"),
        ("inverse: lines", "inverse: lines, required: false", "owned"),
        ("inverse: lines", "inverse: lines, visible: note == null", "owned"),
        ("title: note", "title: note\nowner: true", "owner"),
        ("line: {fields", "line: {read: true, fields", "read"),
        ("line: {fields", "line: {update: true, fields", "update"),
        ("line: {fields", "line: {deny: {read: true}, fields", "deny"),
    ],
)
def test_what_contradicts_it_is_refused_at_its_place(old, new, at, only_problem):
    assert old in ORDERS
    text = ORDERS.replace(old, new)
    problem = only_problem(text)
    assert problem.code == "bad_owned"
    assert text.split("\n")[problem.line - 1][problem.column - 1 :].startswith(at)


def test_nothing_lives_inside_two_records(problems):
    second = "  whose: {type: reference, to: user, owned: true, inverse: lines}\n"
    text = ORDERS.replace("  note: {type: text}\n", f"  note: {{type: text}}\n{second}")
    assert [line.split()[1] for line in problems(text)] == ["bad_owned"]


def test_nothing_lives_inside_itself_by_way_of_others(problems):
    circle = "name: order\nfields:\n  in: {type: reference, to: line, owned: true, inverse: orders}\n"
    text = ORDERS.replace("name: order\nfields:\n", circle.replace("in:", "within:"))
    assert {line.split()[1] for line in problems(text)} == {"bad_owned"}


def inside(name, around):
    field = f"  within: {{type: reference, to: {around}, owned: true, inverse: {name}s}}\n"
    return f"---\nkind: entity\nname: {name}\ntitle: note\nfields:\n{field}  note: {{type: text}}\n"


def test_records_live_inside_one_another_three_levels_deep(application, problems):
    three = ORDERS + inside("part", "line") + inside("screw", "part")
    assert application(three).entities["screw"].parent.target.entities == ("part",)
    text = three + inside("thread", "screw")
    assert [line.split()[1] for line in problems(text)] == ["bad_owned"]


def test_money_deep_inside_gives_all_around_it_a_currency(application):
    part = inside("part", "line").replace("note: {type: text}", "note: {type: text}\n  price: {type: money}")
    found = application(ORDERS + part).schema
    assert [name for name in ("order", "line", "part") if "currency" in found.entity(name).fields] == [
        "order", "line", "part",
    ]  # fmt: skip


def test_a_role_says_nothing_but_fields_of_what_lives_deep_inside(only_problem):
    role = "---\nkind: role\nname: boss\nentities:\n  order: {read: true}\n  part: {read: true}\n"
    problem = only_problem(ORDERS + inside("part", "line") + role)
    assert problem.message == (
        "`part` is read and written under the rights of `order`; only `fields` count here"
    )


def test_only_what_is_owned_is_edited_in_the_form(only_problem, application):
    form = "---\nkind: form\nname: order\nentity: order\nlayout: [name, {related: lines, edit: inline}]\n"
    assert application(ORDERS + form).forms["order"].tabs[0].sections[0].items[1].edit == "inline"
    loose = ORDERS.replace("owned: true, ", "").replace("  line: {fields: {note: {read: false}}}\n", "")
    problem = only_problem(loose + form)
    assert problem.code == "no_effect"
