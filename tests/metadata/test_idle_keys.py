"""Keys that nothing would read are errors, each at its place; next to what they serve they are fine."""

from __future__ import annotations

import pytest

APP = """
kind: entity
name: deal
owner: false
fields:
  name: {type: text, check: name != 'x', message: Too short.}
  stage: {type: choice}
  amount: {type: money}
  total: {type: formula, expression: amount * 2}
  number: {type: sequence}
  part_of: {type: reference, to: deal, tree: true}
---
kind: workflow
name: deal_stage
entity: deal
field: stage
initial: open
states:
  open: {required: [name]}
  won: {final: true, readonly: [amount]}
transitions:
  win: {from: open, to: won, guard: amount > 0, message: No amount., ask: [amount]}
---
kind: role
name: seller
entities:
  deal:
    read: true
    update: true
    fields: {total: {read: false}, amount: {update: false}}
---
kind: form
name: deal
entity: deal
layout: [name, amount]
quick: [name, amount]
---
kind: menu
name: deals
items: [{section: Sales, items: [{entity: deal}]}]
"""


def test_where_keys_serve_something_nothing_is_said(check_text):
    assert check_text(APP).problems == ()


@pytest.mark.parametrize(
    ("old", "new", "code", "at"),
    [
        ("check: name != 'x', ", "", "no_effect", "message"),
        ("{type: choice}", "{type: choice, required: false}", "no_effect", "required"),
        ("guard: amount > 0, ", "", "no_effect", "message"),
        ("guard: amount > 0", "guard: true", "no_effect", "message"),
        ("to: deal, tree", "to: user, tree", "no_effect", "tree"),
        ("ask: [amount]", "ask: [created_at]", "not_writable", "created_at"),
        ("required: [name]", "required: [total]", "not_writable", "total"),
        ("readonly: [amount]", "readonly: [number]", "not_writable", "number"),
        ("readonly: [amount]", "readonly: [updated_at]", "not_writable", "updated_at"),
        ("    read: true\n", "    read: true\n    assign: true\n", "no_effect", "assign"),
        ("{total: {read: false}", "{id: {read: false}", "no_effect", "read"),
        ("{total: {read: false}", "{total: {update: false}", "no_effect", "update"),
        ("{total: {read: false}", "{created_by: {update: false}", "no_effect", "update"),
        ("    read: true\n", "", "no_effect", "read"),
        ("    update: true\n", "", "no_effect", "update"),
        ("quick: [name, amount]", "quick: [name, number]", "not_writable", "number"),
        ("quick: [name, amount]", "quick: [name, created_at]", "not_writable", "created_at"),
        ("{section: Sales,", "{section: Sales, label: More,", "no_effect", "label"),
        ("[{entity: deal}]", "[{entity: deal, items: [{entity: deal}]}]", "no_effect", "items"),
        ("owner: false\n", "owner: false\nactivities: true\n", "not_supported_yet", "activities"),
    ],
)
def test_a_key_that_nothing_would_read_is_shown_at_its_place(old, new, code, at, only_problem):
    assert old in APP
    text = APP.replace(old, new)
    problem = only_problem(text)
    assert problem.code == code
    assert text.split("\n")[problem.line - 1][problem.column - 1 :].startswith(at)


def test_a_setting_that_is_no_choice_has_no_options(only_problem):
    setting = "kind: app\nname: core\nextends: true\nsettings: {x: {type: text, options: [a]}}\n"
    assert only_problem(setting).code == "no_effect"
