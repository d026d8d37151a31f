"""Rule files as documents: named after their file, checked with the rest, refused where they do not run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fieldstone_metadata import Checked, File, Layer, check, core_layer

APP = """
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  code: {type: text, required: true, default: none}
  amount: {type: money}
  stage: {type: choice}
  doubled: {type: formula, expression: amount * 2}
  number: {type: sequence, format: "{number}"}
  tags: {type: tags}
  open: {type: boolean, visible: deals.is_big(record)}
---
kind: entity
name: line
fields:
  name: {type: text}
  deal: {type: reference, to: deal, inverse: lines, on_delete: cascade}
---
kind: workflow
name: deal_stage
entity: deal
field: stage
initial: new
states: {new: {}, won: {}}
transitions: {win: {from: new, to: won}, back: {from: won, to: new}}
"""
BIG = "function is_big(d: deal) = d.amount > 1000\n"


def checked(rules: str, app: str = APP) -> Checked:
    files = (File("a.yaml", app), File("rules/deals.rules", BIG + rules))
    return check([core_layer(), Layer("local", files)])


def told(rules: str, app: str = APP) -> list[tuple[str, int, str]]:
    return [(p.path, p.line, p.code) for p in checked(rules, app).errors]


def test_a_rule_file_is_named_after_its_file_and_its_functions_can_be_called() -> None:
    application = checked("").application
    assert application is not None
    assert [function.name for function in application.rules["deals"].functions] == ["is_big"]


def test_a_mistake_is_told_at_its_place() -> None:
    (problem,) = checked("trigger t on deal before save { set nmae = 1 }").errors
    assert (problem.path, problem.line, problem.column) == ("rules/deals.rules", 2, 37)
    assert problem.hint == "did you mean `name`?"


@pytest.mark.parametrize("field", ["id", "created_at", "doubled", "number", "stage", "tags"])
def test_what_the_platform_makes_cannot_be_set(field: str) -> None:
    found = told(f"trigger t on deal before save {{ set {field} = null }}")
    assert ("rules/deals.rules", 2, "not_settable") in found


def test_a_create_needs_what_is_required_and_has_no_default() -> None:
    found = checked("trigger t on deal after save { when changed(amount) create deal { } }").errors
    assert "needs a value for `name`" in "\n".join(problem.message for problem in found)


def test_transitions_are_those_of_the_workflow() -> None:
    found = checked("trigger t on deal before transition wim { }").errors
    assert found[0].hint == "did you mean `win`?"


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("trigger t on line after delete { }", "deleted with others"),
    ],
)
def test_what_does_not_run_yet_is_refused(rule: str, what: str) -> None:
    found = [problem for problem in checked(rule).errors if problem.code == "not_supported_yet"]
    assert [problem.line for problem in found] == [2]
    assert what in found[0].message


def test_a_rule_shares_only_what_some_role_may_share() -> None:
    rule = "trigger t on deal after save { do share(record, owner) }"
    (problem,) = checked(rule).errors
    assert (problem.code, problem.line) == ("not_shareable", 2)
    role = "---\nkind: role\nname: sharer\nentities: {deal: {share: owner == user}}\n"
    assert told(rule, APP + role) == []


def test_an_sla_names_a_calendar_that_is_there() -> None:
    hours = '---\nkind: calendar\nname: support\nhours: {monday: ["09:00-17:00"]}\n'
    sla = 'sla s on deal { start when amount > 1 stop when amount > 2 target 1 hour\n  calendar "%s" }'
    assert told(sla % "support", APP + hours) == []
    (problem,) = checked(sla % "suport", APP + hours).errors
    assert (problem.code, problem.line, problem.column) == ("unknown_calendar", 3, 12)
    assert problem.hint == "did you mean `support`?"


def test_an_error_in_an_entity_is_not_told_again_in_its_rules() -> None:
    broken = APP.replace("{type: money}", "{type: mony}")
    assert {path for path, _, _ in told("trigger t on deal before save { set amount = 1 }", broken)} == {
        "a.yaml"
    }


def test_a_function_of_a_rule_file_that_is_not_there_is_unknown(check_text: Callable[..., Checked]) -> None:
    text = 'kind: entity\nname: a\nfields: {x: {type: text, visible: "no.such(record)"}}\n'
    assert [problem.code for problem in check_text(text).errors] == ["unknown_function"]


def test_two_layers_do_not_define_the_same_rules() -> None:
    app = Layer("shop", (File("app.yaml", "kind: app\nname: shop\nversion: 1.0.0\n"), File("x.rules", BIG)))
    local = Layer("local", (File("a.yaml", APP), File("x.rules", BIG), File("deals.rules", BIG)))
    found = [problem.code for problem in check([core_layer(), app, local]).errors]
    assert found == ["defined_twice"]


def test_a_bad_name_of_a_file_is_told() -> None:
    layer = Layer(
        "local", (File("a.yaml", "kind: option_set\nname: x\noptions: [a]\n"), File("My-Rules.rules", ""))
    )
    assert [problem.code for problem in check([core_layer(), layer]).errors] == ["bad_name"]
