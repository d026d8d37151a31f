"""Workflows and roles: states, transitions, guards, grants and inheritance."""

from __future__ import annotations

import pytest

DEAL = """
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  stage: {type: choice}
  amount: {type: money}
  total: {type: formula, expression: amount * 2}
"""
FLOW = f"""{DEAL}---
kind: workflow
name: deal_stage
entity: deal
field: stage
initial: open
states:
  open: {{probability: 10}}
  offer: {{label: Offer made, required: [amount], readonly: [name]}}
  won: {{final: true, color: green}}
  lost: {{final: true}}
transitions:
  propose: {{from: open, to: offer}}
  win:
    {{from: [open, offer], to: won, guard: amount > 0, message: No amount., ask: [amount], roles: [employee]}}
  lose: {{from: "*", to: lost}}
"""


def replaced(old, new):
    assert old in FLOW
    return FLOW.replace(old, new)


def test_states_are_the_options_of_the_field(application):
    field = application(FLOW).entities["deal"].fields["stage"]
    assert [option.value for option in field.choices] == ["open", "offer", "won", "lost"]
    assert field.choices[1].label[""] == "Offer made"
    assert field.required is True
    assert field.default.value == "open"


def test_options_of_the_field_and_states_complete_each_other(check_text):
    checked = check_text(
        replaced("{type: choice}", "{type: choice, options: [{value: won, label: Hurra}, open]}")
    )
    assert checked.problems == ()
    assert {
        option.value: option.label[""]
        for option in checked.application.entities["deal"].fields["stage"].choices
    } == {
        "open": "Open",
        "offer": "Offer made",
        "won": "Hurra",
        "lost": "Lost",
    }


def test_other_keys_of_a_state_are_its_attributes(application):
    text = FLOW.replace("amount * 2", "amount * stage.probability / 100")
    declared = application(text)
    assert declared.workflows["deal_stage"].states["open"].attributes == {"probability": 10}
    assert declared.entities["deal"].fields["total"].formula.type.nullable


def test_a_star_means_every_open_state_but_the_target(application):
    transitions = application(FLOW).workflows["deal_stage"].transitions
    assert transitions["lose"].sources == ("open", "offer")


@pytest.mark.parametrize(
    ("old", "new", "code", "at"),
    [
        ("initial: open", "initial: opne", "unknown_state", "opne"),
        ("from: open, to: offer", "from: open, to: ofer", "unknown_state", "ofer"),
        ("from: open, to: offer", "from: [open, ofer], to: offer", "unknown_state", "ofer"),
        ("entity: deal", "entity: del", "unknown_entity", "del"),
        ("field: stage", "field: stag", "unknown_field", "stag"),
        ("field: stage", "field: name", "not_a_choice", "name"),
        ("required: [amount]", "required: [amuont]", "unknown_field", "amuont"),
        ("ask: [amount]", "ask: [total]", "not_writable", "total"),
        ("ask: [amount]", "ask: [stage]", "not_writable", "stage"),
        ("roles: [employee]", "roles: [employe]", "unknown_role", "employe"),
        ("guard: amount > 0", "guard: amuont > 0", "unknown_name", "amuont"),
        ("guard: amount > 0", "guard: name", "type", "name"),
        ("propose: {", "as: {", "reserved_name", "as:"),
        ("{final: true}", "{final: true, time_limit: 5 days}", "no_effect", "time_limit"),
        ("{probability: 10}", "{time_limit: amount}", "type", "amount"),
        ("{probability: 10}", "{time_limit: 5 dyas}", "syntax", "dyas"),
        ("{probability: 10}", "{time_limit: 0 days}", "bad_time_limit", "0 days"),
        ("{probability: 10}", "{time_limit: -2 days}", "bad_time_limit", "-2 days"),
        ("{probability: 10}", "{time_limit: {after: 5 days}}", "wrong_type", "{after"),
        ("{final: true}", "{final: true, lable: Lost}", "unknown_key", "lable"),
        ("to: lost}", "to: lost, approval: {when: true}}", "key_missing", "approval"),
        ("to: lost}", "to: lost, approval: {steps: []}}", "wrong_size", "[]"),
        ("to: lost}", "to: lost, approval: {steps: [{needs: any}]}}", "key_missing", "{needs"),
        ("to: lost}", "to: lost, approval: {steps: [{by: bos}]}}", "unknown_role", "bos"),
        ("to: lost}", "to: lost, approval: {steps: [{by: =owner.manger}]}}", "unknown_name", "manger"),
        ("to: lost}", "to: lost, approval: {steps: [{by: =name}]}}", "not_users", "=name"),
        ("to: lost}", "to: lost, approval: {steps: [{by: =owner.teams}]}}", "not_users", "=owner"),
        ("to: lost}", "to: lost, approval: {steps: [{by: employee, needs: 0}]}}", "wrong_size", "0"),
        ("to: lost}", "to: lost, approval: {steps: [{by: employee, needs: some}]}}", "wrong_type", "some"),
        ("to: lost}", "to: lost, approval: {steps: [{by: employee, label: x}]}}", "unknown_key", "label"),
        (
            "to: lost}",
            "to: lost, approval: {escalate: 1, steps: [{by: employee}]}}",
            "unknown_key",
            "escalate",
        ),
        ("to: lost}", "to: lost, approval: {when: false, steps: [{by: employee}]}}", "no_effect", "when"),
        (
            "to: lost}",
            "to: lost, approval: {when: amuont > 5, steps: [{by: employee}]}}",
            "unknown_name",
            "amu",
        ),
        ("{type: choice}", "{type: choice, default: won}", "default_not_initial", "won"),
    ],
)
def test_a_wrong_workflow_is_shown_at_its_place(old, new, code, at, check_text):
    text = replaced(old, new)
    (problem,) = [problem for problem in check_text(text).problems if problem.severity == "error"]
    assert problem.code == code
    assert text.split("\n")[problem.line - 1][problem.column - 1 :].startswith(at)


def test_approvals_and_time_limits_are_declared(application):
    text = replaced("{probability: 10}", "{time_limit: 5 business days}").replace(
        "to: lost}",
        "to: lost, approval: {when: amount > 5, steps: [{by: employee, needs: 2}, {by: =owner}]}}",
    )
    workflow = application(text).workflows["deal_stage"]
    approval = workflow.transitions["lose"].approval
    assert workflow.states["open"].time_limit.source == "5 business days"
    assert approval.when.source == "amount > 5"
    assert [(step.role, step.needs) for step in approval.steps] == [("employee", 2), (None, "any")]


def test_a_secret_cannot_be_asked_for_where_an_approval_is_needed(only_problem):
    text = replaced("to: lost}", "to: lost, ask: [key], approval: {steps: [{by: employee}]}}")
    problem = only_problem(
        text.replace("amount: {type: money}", "amount: {type: money}\n  key: {type: secret}")
    )
    assert problem.code == "not_supported_yet"


@pytest.mark.parametrize("by", ["=owner", "=owner.manager", "=[owner, owner.manager]", "=owner.reports"])
def test_whoever_an_expression_gives_may_approve(by, check_text):
    assert (
        check_text(replaced("to: lost}", f'to: lost, approval: {{steps: [{{by: "{by}"}}]}}}}')).problems == ()
    )


@pytest.mark.parametrize(
    ("old", "new", "code", "at"),
    [
        ("[open, offer], to: won", "offer, to: won", None, ""),
        ("from: open, to: offer", "from: offer, to: open", "unreachable_state", "offer"),
        ("lost: {final: true}", "lost: {}", "dead_end", "lost"),
        ("guard: amount > 0", "guard: false", "never_holds", "false"),
        ("{type: choice}", "{type: choice, options: [open, odd]}", "option_without_state", "[open"),
    ],
)
def test_a_doubtful_workflow_is_pointed_out(old, new, code, at, check_text):
    text = replaced(old, new)
    found = check_text(text).problems
    assert [problem.code for problem in found] == [code] * bool(code)
    assert all(problem.severity == "warning" for problem in found)
    assert all(text.split("\n")[problem.line - 1][problem.column - 1 :].startswith(at) for problem in found)


def test_an_entity_has_one_workflow(problems):
    second = FLOW.split("---")[1].replace("name: deal_stage", "name: other")
    assert [problem.split()[1] for problem in problems(f"{FLOW}---{second}")] == ["second_workflow"]


def test_a_comparison_with_an_unknown_state_is_an_error(check_text):
    text = FLOW.replace("amount * 2", 'stage == "wno"')
    (problem,) = check_text(text).problems
    assert problem.code == "unknown_option"
    assert "won" in problem.hint


ROLE = "kind: role\nname: rep\nentities:\n  task:\n    create: true\n    read: owner == user\n"


def test_what_is_not_granted_is_denied(application):
    grant = application(ROLE).roles["rep"].entities["task"]
    assert (grant.create, grant.update, grant.delete, grant.assign) == (True, False, False, False)
    assert grant.read.source == "owner == user"


def test_a_constant_condition_is_the_same_when_it_is_written_as_an_expression(application):
    role = f"{FLOW}---\nkind: role\nname: rep\nentities:\n  deal: {{read: 'true', update: 'false'}}\n"
    granted = application(role).roles["rep"].entities["deal"]
    assert (granted.read, granted.update) == (True, False)


def test_a_role_inherits_from_all_above_nearest_first(application):
    above = "kind: role\nname: senior\ninherits: [boss]\n---\nkind: role\nname: boss\n"
    text = f"{ROLE}inherits: [senior, employee]\n---\n{above}"
    assert application(text).roles["rep"].inherits == ("senior", "employee", "boss")


def test_roles_cannot_inherit_each_other(problems):
    text = "kind: role\nname: a\ninherits: [b]\n---\nkind: role\nname: b\ninherits: [a]\n"
    assert [problem.split()[1] for problem in problems(text)] == ["role_cycle"]


def test_admin_may_do_everything_with_every_entity(application):
    declared = application(FLOW)
    grant = declared.roles["admin"].entities["deal"]
    assert declared.roles["admin"].entities.keys() == declared.entities.keys()
    assert (grant.create, grant.read, grant.update, grant.delete, grant.assign) == (True,) * 5


def test_admin_cannot_be_changed(only_problem):
    text = "kind: role\nname: admin\nextends: true\nentities: {task: {delete: false}}\n"
    assert only_problem(text).code == "admin_is_built_in"


@pytest.mark.parametrize(
    ("addition", "code", "at"),
    [
        ("    update: ownr == user\n", "unknown_name", "ownr"),
        ("    update: subject\n", "type", "subject"),
        ("    delete: matches(subject, 'a')\n", "not_lowerable", "matches"),
        ("    share: subject\n", "type", "subject"),
        ("    fields: {sbject: {read: false}}\n", "unknown_field", "sbject"),
        ("    deny: {updte: true}\n", "unknown_key", "updte"),
        ("  tsk: {read: true}\n", "unknown_entity", "tsk"),
        ("capabilities: [imprt]\n", "unknown_value", "imprt"),
        ("inherits: [employe]\n", "unknown_role", "employe"),
    ],
)
def test_a_wrong_role_is_shown_at_its_place(addition, code, at, only_problem):
    text = ROLE + addition
    problem = only_problem(text)
    assert problem.code == code
    assert text.split("\n")[problem.line - 1][problem.column - 1 :].startswith(at)


def test_fields_and_denials_narrow_a_grant(application):
    text = f"{ROLE}    fields: {{due: {{update: false}}}}\n    deny: {{update: done}}\n"
    grant = application(text).roles["rep"].entities["task"]
    assert (grant.fields["due"].read, grant.fields["due"].update) == (None, False)
    assert grant.deny["update"].source == "done"


@pytest.mark.parametrize(
    ("guard", "codes"),
    [
        ("amount > 10 and amount < 5", ["never_holds"]),
        ('stage == "open"', ["never_holds"]),
        ('old.stage == "lost"', ["never_holds"]),
        ("1 == 2", ["never_holds"]),
        ('old.stage == "offer" and amount > 0', []),
        ('stage == "won"', ["always_holds"]),
    ],
)
def test_a_guard_is_seen_with_the_states_of_its_transition(guard, codes, check_text):
    found = check_text(replaced("guard: amount > 0", f"guard: '{guard}'")).problems
    assert [(problem.code, problem.severity) for problem in found] == [(code, "warning") for code in codes]
