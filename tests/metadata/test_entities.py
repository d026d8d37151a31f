"""Entities: references, choices, defaults, formulas, titles, keys and search."""

from __future__ import annotations

import pytest

from fieldstone_rules.types import Kind

ENTITY = "kind: entity\nname: deal\nfields:\n  name: {type: text}\n"
TWO = """
kind: entity
name: account
fields:
  name: {type: text, required: true}
  size: {type: integer}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
"""


def test_absent_labels_are_made_from_names(application):
    entity = application(
        "kind: entity\nname: sales_category\nfields:\n  close_date: {type: date}\n  a: {type: text}\n"
    )
    found = entity.entities["sales_category"]
    assert found.label[""] == "Sales category"
    assert found.plural[""] == "Sales categories"
    assert found.fields["close_date"].label[""] == "Close date"


def test_labels_may_be_given_by_locale(application):
    found = application(f"{ENTITY}label: {{da: Handel, en: Deal}}\n").entities["deal"].label
    assert (found[""], found["en"], found["da"]) == ("Deal", "Deal", "Handel")


def test_the_title_is_the_first_text_field_unless_declared(application):
    fields = "  amount: {type: money}\n  ref: {type: text}\n  name: {type: text}\n"
    text = f"kind: entity\nname: deal\nfields:\n{fields}"
    assert application(text).entities["deal"].title.source == "ref"
    assert application(f"{text}title: name\n").entities["deal"].title.source == "name"


def test_an_entity_without_text_needs_a_title(only_problem):
    problem = only_problem("kind: entity\nname: deal\nfields:\n  amount: {type: integer}\n")
    assert problem.code == "title_missing"


@pytest.mark.parametrize("word", ["now()", "today()", "user.name"])
def test_a_title_may_not_change_by_itself(word, problems):
    text = f"{ENTITY}title: '\"{{name}} {{{word}}}\"'\n"
    assert {problem.split()[1] for problem in problems(text)} <= {"not_allowed", "type"}
    assert problems(text)


@pytest.mark.parametrize("option", ["visible", "required", "readonly", "check"])
def test_conditions_read_collections(option, application):
    text = f"{TWO}  up: {{type: reference, to: deal, inverse: below}}\n"
    declared = application(f"{text}  x: {{type: text, {option}: count(below) > 0}}\n")
    assert getattr(declared.entities["deal"].fields["x"], option).collections


def test_a_title_is_a_text(only_problem):
    text = "kind: entity\nname: deal\ntitle: amount\nfields:\n  amount: {type: integer}\n"
    assert (only_problem(text).line, only_problem(text).code) == (3, "title_not_text")


@pytest.mark.parametrize(
    ("field", "code", "at"),
    [
        ("{type: reference, to: acount}", "unknown_entity", "acount"),
        ("{type: reference, to: [account, del]}", "unknown_entity", "del]"),
        ("{type: reference, to: account, inverse: name}", "inverse_taken", "name}"),
        ("{type: reference, to: account, inverse: owner}", "inverse_taken", "owner}"),
        ("{type: reference, to: account, required: true, on_delete: clear}", "clear_required", "clear}"),
        ("{type: reference, to: account, default: acme}", "bad_value", "acme"),
        ("{type: reference, to: account, where: sise > 3}", "unknown_name", "sise"),
        ("{type: reference, to: account, where: record.sise == size}", "unknown_name", "sise"),
        ("{type: reference, to: account, where: old.name == name}", "not_allowed", "old"),
        ("{type: reference, to: '*'}", "not_supported_yet", "'*'"),
        ("{type: reference, to: [account, deal], where: {contact: name == null}}", "no_effect", "contact:"),
        ("{type: reference, to: [account, deal], where: {account: nam == null}}", "unknown_name", "nam "),
        ("{type: reference, to: [account, deal], where: {}}", "wrong_size", "{}"),
        ("{type: reference, to: [account, deal], where: {account: 7}}", "wrong_type", "7}"),
        ("{type: reference, to: account, where: {account: any(record.parts)}}", "unknown_name", "parts"),
        ("{type: references, to: account, where: {account: name == null}}", "wrong_type", "{account"),
        ("{type: choice}", "options_missing", "x: {"),
        ("{type: choice, option_set: colours}", "unknown_option_set", "colours"),
        ("{type: choice, options: [a, b, a]}", "repeated_value", "a]"),
        ("{type: integer, min: 3, max: 2}", "bad_bounds", "3,"),
        ("{type: decimal, precision: 2, scale: 3}", "bad_bounds", "3}"),
        ("{type: formula, expression: nam}", "unknown_name", "nam}"),
        ("{type: formula, expression: x}", "formula_cycle", "x}"),
        ("{type: formula, expression: x, stored: true}", "formula_cycle", "x,"),
        ("{type: formula, expression: '[1, 2]'}", "bad_formula", "'[1"),
        ("{type: formula, expression: today(), stored: true}", "not_allowed", "today"),
        ("{type: formula, expression: name, index: true}", "not_indexable", "index"),
        ("{type: text, required: name}", "type", "name}"),
        ("{type: text, visible: name == 1}", "type", "name =="),
        ("{type: text, check: name}", "type", "name}"),
        ("{type: integer, default: =name}", "type", "name}"),
    ],
)
def test_a_field_is_checked_against_the_rest(field, code, at, only_problem):
    text = f"{TWO}  x: {field}\n"
    problem = only_problem(text)
    assert problem.code == code
    assert text.split("\n")[problem.line - 1][problem.column - 1 :].startswith(at)


@pytest.mark.parametrize(
    ("where", "what"),
    [
        ("any(record.parts)", "a collection of `record`"),
        ("count(record.parts where name == record.name) > size", "a collection of `record`"),
        ("record.price > 3", "an amount of money of `record`"),
        ("record.either == null", "a reference of `record` that may lead to several entities"),
    ],
)
def test_what_cannot_limit_a_reference_yet_is_refused(where, what, check_text):
    text = f"{TWO}  price: {{type: money}}\n  either: {{type: reference, to: [account, deal]}}\n"
    text += "  part: {type: reference, to: deal, inverse: parts}\n"
    found = check_text(f"{text}  x: {{type: reference, to: account, where: {where}}}\n").problems
    assert [one.code for one in found] == ["not_supported_yet"]
    assert what in found[0].message


def test_a_reference_is_limited_by_the_record_that_refers(application):
    text = f"{TWO}  x: {{type: reference, to: account, where: name == record.name}}\n"
    limits = application(text).entities["deal"].fields["x"].target.limits
    assert limits["account"].reads == {("account", "name"), ("deal", "name")}


def test_one_limit_for_several_entities_has_to_make_sense_for_each(check_text):
    text = f"{TWO}  x: {{type: reference, to: [account, deal], where: size > 3}}\n"
    (found,) = check_text(text).problems
    assert found.message == "for `deal`: there is no field or variable `size`"
    assert found.hint == "a mapping limits each entity by its own: `where: {deal: …}`"


def test_a_limit_may_leave_entities_out(application):
    text = f"{TWO}  x: {{type: reference, to: [account, deal], where: {{account: size > 3}}}}\n"
    assert list(application(text).entities["deal"].fields["x"].target.limits) == ["account"]


@pytest.mark.parametrize(
    ("field", "default"),
    [
        ("type: text", "draft"),
        ("type: integer, min: 1", "3"),
        ("type: decimal, scale: 2", "1.50"),
        ("type: money", "'1234.50'"),
        ("type: percent, max: 100", "20"),
        ("type: boolean", "true"),
        ("type: date", "2026-02-28"),
        ("type: datetime", "2026-02-28T10:00:00Z"),
        ("type: time", "'09:30'"),
        ("type: duration", "5 days"),
        ("type: choice, options: [a, b]", "b"),
        ("type: choices, options: [a, b]", "[a, b]"),
        ("type: email", "ann@example.com"),
        ("type: url", "https://example.com"),
        ("type: color", "'#1e66f5'"),
        ("type: rating", "5"),
        ("type: currency", "DKK"),
        ("type: country", "NO"),
        ("type: language", "pt-BR"),
        ("type: timezone", "Europe/Copenhagen"),
        ("type: tags", "[a, b]"),
        ("type: json", "{a: [1]}"),
    ],
)
def test_plain_defaults_fit_their_type(field, default, application):
    declared = (
        application(f"{ENTITY}  x: {{{field}, default: {default}}}\n").entities["deal"].fields["x"].default
    )
    assert declared.value is not None
    assert declared.expression is None


@pytest.mark.parametrize(
    ("field", "default"),
    [
        ("type: text, max_length: 3", "long"),
        ("type: text", "5"),
        ("type: integer", "1.5"),
        ("type: integer, min: 1", "0"),
        ("type: integer", "9223372036854775808"),
        ("type: decimal", "many"),
        ("type: percent, max: 100", "101"),
        ("type: boolean", "'yes'"),
        ("type: date", "2026-02-29"),
        ("type: datetime", "2026-02-28T10:00:00"),
        ("type: time", "'25:00'"),
        ("type: duration", "soon"),
        ("type: choice, options: [a, b]", "c"),
        ("type: choices, options: [a, b]", "[a, a]"),
        ("type: email", "ann"),
        ("type: url", "'javascript:alert(1)'"),
        ("type: color", "red"),
        ("type: rating, max: 3", "4"),
        ("type: currency", "EURO"),
        ("type: country", "UK"),
        ("type: timezone", "Europe/Copenhagn"),
        ("type: tags", "a"),
    ],
)
def test_plain_defaults_that_do_not_fit_are_refused(field, default, only_problem):
    problem = only_problem(f"{ENTITY}  x: {{{field}, default: {default}}}\n")
    assert (problem.line, problem.code) == (5, "bad_value")


def test_a_default_behind_an_equals_sign_is_an_expression(application):
    text = f"{ENTITY}  due: {{type: date, default: =today()}}\n"
    assert application(text).entities["deal"].fields["due"].default.expression.source == "today()"


def test_values_of_defaults_have_the_form_of_the_api(application):
    text = f"{ENTITY}  x: {{type: money, default: 1000}}\n  y: {{type: duration, default: 2 hours}}\n"
    fields = application(text).entities["deal"].fields
    assert (fields["x"].default.value, fields["y"].default.value) == ("1000", "PT2H")


def test_formulas_are_typed_from_their_expression(application):
    text = f"{TWO}  amount: {{type: money}}\n  half: {{type: formula, expression: amount / 2}}\n"
    declared = application(f"{text}  big: {{type: formula, expression: half > 10, stored: true}}\n")
    assert declared.entities["deal"].fields["half"].formula.type.kind is Kind.MONEY
    assert declared.schema.entity("deal").fields["big"].type.kind is Kind.BOOLEAN


def test_two_formulas_that_need_each_other_are_refused(problems):
    text = f"{ENTITY}  a: {{type: formula, expression: b + 1}}\n  b: {{type: formula, expression: a + 1}}\n"
    assert {problem.split()[1] for problem in problems(text)} == {"formula_cycle"}


def test_stored_formulas_that_need_each_other_are_refused(problems):
    text = (
        f"{ENTITY}  a: {{type: formula, expression: b + 1, stored: true}}\n"
        "  b: {type: formula, expression: a + 1, stored: true}\n"
    )
    assert "formula_cycle" in {problem.split()[1] for problem in problems(text)}


def test_stored_formulas_of_two_entities_that_need_each_other_are_refused(problems):
    total = "  a: {type: formula, expression: sum(deals.b), stored: true}"
    text = TWO.replace("  size: {type: integer}", total)
    text += "  account: {type: reference, to: account, inverse: deals}\n"
    text += "  b: {type: formula, expression: account.a + 1, stored: true}\n"
    assert "formula_cycle" in {problem.split()[1] for problem in problems(text)}


def test_a_title_may_name_what_lies_behind_a_reference(application):
    text = TWO.replace("name: deal\n", "name: deal\ntitle: '\"{name} of {account.name}\"'\n")
    declared = application(f"{text}  account: {{type: reference, to: account}}\n")
    assert declared.entities["deal"].title.paths == {("account",)}


def test_inverses_can_be_used_from_the_other_side(application):
    text = TWO.replace("  size: {type: integer}", "  deals_open: {type: formula, expression: count(deals)}")
    declared = application(f"{text}  account: {{type: reference, to: account, inverse: deals}}\n")
    assert declared.schema.entity("account").inverses["deals"].entity == "deal"
    assert declared.entities["account"].fields["deals_open"].formula.collections


def test_an_order_by_an_aggregate_that_is_not_stored_is_warned_of(problems):
    text = TWO.replace("  size: {type: integer}", "  open: {type: formula, expression: count(deals)}")
    text = text.replace("name: account\n", "name: account\norder: [-open]\n")
    text += "  account: {type: reference, to: account, inverse: deals}\n"
    assert "slow_order" in " ".join(problems(text))
    assert not problems(text.replace("count(deals)", "count(deals), stored: true"))


def test_two_inverses_cannot_have_one_name(only_problem):
    text = f"{TWO}  a: {{type: reference, to: account, inverse: deals}}\n"
    problem = only_problem(f"{text}  b: {{type: reference, to: account, inverse: deals}}\n")
    assert (problem.line, problem.code) == (13, "inverse_taken")
    assert "deal.a" in problem.message


def test_an_option_set_serves_several_fields(application):
    text = f"kind: option_set\nname: size\noptions: [small, {{value: big, label: Large}}]\n---\n{ENTITY}"
    field = application(f"{text}  x: {{type: choice, option_set: size}}\n").entities["deal"].fields["x"]
    assert [(option.value, option.label[""]) for option in field.choices] == [
        ("small", "Small"),
        ("big", "Large"),
    ]


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        ("unique: [[name, sise]]", "unknown_field", 17),
        ("unique: [[x]]", "not_indexable", 11),
        ("indexes: [[tags]]", "not_indexable", 12),
        ("indexes: [[either]]", "not_supported_yet", 12),
        ("search: [name, account.nam]", "unknown_field", 16),
        ("search: [amount]", "not_searchable", 10),
        ("search: [tags.name]", "unknown_field", 10),
        ("order: [-amount, -amount]", "repeated_value", 18),
        ("order: [tags]", "not_sortable", 9),
        ("order: [account.name.x]", "unknown_field", 9),
        ("order: [note]", "not_sortable", 9),
        ("order: [name, -twin.note]", "not_sortable", 15),
        ("search: [initials]", "not_supported_yet", 10),
    ],
)
def test_lists_of_fields_lead_to_fields(line, code, column, only_problem):
    text = f"""{TWO}  amount: {{type: money}}
  tags: {{type: tags}}
  account: {{type: reference, to: account}}
  either: {{type: reference, to: [account, deal]}}
  note: {{type: markdown}}
  twin: {{type: reference, to: deal}}
  initials: {{type: formula, expression: "left(name, 2)"}}
  x: {{type: formula, expression: len(name)}}
{line}
"""
    problem = only_problem(text)
    assert (problem.line, problem.column, problem.code) == (20, column, code)


@pytest.mark.parametrize("line", ["search: [name, account.name]", "order: [-account.size, name, created_at]"])
def test_lists_of_fields_may_follow_references(line, check_text):
    checked = check_text(f"{TWO}  account: {{type: reference, to: account}}\n{line}\n")
    assert checked.problems == ()


def test_a_reference_to_any_entity_cannot_be_written(only_problem):
    assert only_problem(f"{ENTITY}  x: {{type: reference, to: []}}\n").code == "wrong_size"


@pytest.mark.parametrize("name", ["comments", "tasks", "files", "activities", "last_activity_at"])
def test_a_field_that_hides_activities_is_pointed_out(name, only_problem):
    problem = only_problem(f"{ENTITY}  {name}: {{type: text}}\n")
    assert (problem.code, problem.severity) == ("hides_activities", "warning")


def test_owner_and_team_exist_only_where_records_are_owned(problems):
    field = "  x: {type: text, visible: owner == user}\n"
    assert problems(ENTITY + field) == []
    assert problems(f"{ENTITY}{field}owner: false\n") == ["5:28 unknown_name"]


def test_currency_exists_only_where_there_is_money(problems):
    field = '  x: {type: text, visible: currency == "EUR"}\n'
    assert problems(ENTITY + field) == ["5:28 unknown_name"]
    assert problems(f"{ENTITY}  amount: {{type: money}}\n{field}") == []
