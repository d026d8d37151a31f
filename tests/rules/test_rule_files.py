"""Rule files: what they declare, and every mistake in them told at its place."""

from __future__ import annotations

import pytest

from fieldstone_rules.rule_files import RuleFiles, dependencies
from fieldstone_rules.rule_files.declarations import (
    Assign,
    Assignment,
    Create,
    Do,
    Event,
    Fail,
    For,
    If,
    Let,
    Moment,
    Pool,
    RuleFile,
    Schedule,
    Score,
    Sla,
)

from .rule_world import SalesWorld

TOUR = """
function is_open(deal: opportunity) = deal.stage not in ["won", "lost"]

validation close_date_not_ahead on opportunity {
  when stage == "won"
  check close_date != null and close_date <= today()
  message "A won deal needs a close date that is not in the future" at close_date
}

trigger stamp_win on opportunity before transition win {
  set closed_on = today()
  set account.last_win_on = today()
}

trigger order_from_win on opportunity after transition win {
  let order = create order { account: account, opportunity: record, due: today() + 10 business days }
  for line in lines where quantity > 0 {
    create order_line { order: order, product: line.product, quantity: line.quantity, price: line.price }
  }
  if amount > 50000 or owner.region in ["EU", "US"] {
    do notify(user: owner.manager, text: "Big win: {name}, {amount}")
  }
}

trigger reprice on opportunity before save order 20 {
  when became(amount > 10000) or changed(discount)
  set margin = if cost == null then null else amount - cost
}

schedule chase_stale on opportunity at "0 6 * * 1-5" {
  when is_open(record) and last_activity_at < now() - 14 days
  limit 5000
  create task { subject: "Follow up {name}", regarding: record, owner: owner, due: today() }
}

assignment routing on opportunity {
  when employees >= 500 -> queue("enterprise")
  when stage == "won" -> account.owner
  otherwise -> round_robin("inbound")
}

score rating on opportunity {
  when employees >= 500 -> 30
  when name == "x" -> -15
}

sla first_response on opportunity {
  start when stage == "prospecting"
  stop when stage in ["won", "lost"]
  target if amount > 10 then 1 hour else 8 hours
  calendar account.support_calendar
  at 75% { do notify(user: owner, message: sla_warning) }
  breach { do notify(user: owner.manager, message: sla_breach) }
}

test "winning makes an order" as sales_rep at date("2026-03-02") {
  given acme = create account { name: "Acme" }
  given deal = create opportunity { name: "Big", account: acme, amount: 1000 }
  do transition(deal, win)
  expect count(order where opportunity == deal) == 1
  expect deal.closed_on == today()
  refuse update deal { name: "Too late" }
}
"""


def told(source: str) -> list[tuple[int, str]]:
    """(line, code) of every error of a file."""
    problems = RuleFiles({"sales": source}, SalesWorld()).check().problems["sales"]
    return [(problem.line, problem.code) for problem in problems if problem.severity == "error"]


def messages(source: str) -> str:
    problems = RuleFiles({"sales": source}, SalesWorld()).check().problems["sales"]
    return "\n".join(f"{problem.message} {problem.hint}" for problem in problems)


def checked(source: str) -> RuleFile:
    result = RuleFiles({"sales": source}, SalesWorld()).check()
    assert told(source) == []
    return result.files["sales"]


def in_trigger(*statements: str, head: str = "after create") -> str:
    return "trigger t on opportunity " + head + " {\n" + "\n".join(statements) + "\n}"


def test_the_tour_of_the_design_is_without_errors() -> None:
    assert told(TOUR) == []


def test_a_file_keeps_its_declarations_in_order_with_their_lines() -> None:
    file = checked(TOUR)
    assert [(type(found).__name__, found.name) for found in file.declarations] == [
        ("Function", "is_open"),
        ("Validation", "close_date_not_ahead"),
        ("Trigger", "stamp_win"),
        ("Trigger", "order_from_win"),
        ("Trigger", "reprice"),
        ("Schedule", "chase_stale"),
        ("Assignment", "routing"),
        ("Score", "rating"),
        ("Sla", "first_response"),
        ("Test", "winning makes an order"),
    ]
    assert file.triggers[0].line == 10


def test_a_trigger_knows_its_moment_its_events_and_its_order() -> None:
    stamp, order, reprice = checked(TOUR).triggers
    assert (stamp.moment, stamp.occasions[0].event, stamp.occasions[0].transition) == (
        Moment.BEFORE,
        Event.TRANSITION,
        "win",
    )
    assert (order.moment, order.order) == (Moment.AFTER, None)
    assert (reprice.occasions[0].event, reprice.order, reprice.as_user) == (Event.SAVE, 20, False)


def test_statements_are_typed() -> None:
    stamp, order, _ = checked(TOUR).triggers
    own, others = stamp.statements
    assert isinstance(own, Assign)
    assert own.record is None
    assert own.field == "closed_on"
    assert isinstance(others, Assign)
    assert others.record is not None
    assert others.entity == "account"
    let, loop, choice = order.statements
    assert isinstance(let, Let)
    assert isinstance(let.value, Create)
    assert isinstance(loop, For)
    assert loop.collection.where is not None
    assert isinstance(choice, If)
    assert isinstance(choice.then[0], Do)


def test_rules_that_run_as_jobs_are_typed() -> None:
    schedule, routing, score, sla = checked(TOUR).declarations[5:9]
    assert isinstance(schedule, Schedule)
    assert (schedule.cron, schedule.limit) == ("0 6 * * 1-5", 5000)
    assert isinstance(routing, Assignment)
    assert isinstance(routing.otherwise, Pool)
    assert isinstance(score, Score)
    assert len(score.cases) == 2
    assert isinstance(sla, Sla)
    assert sla.warnings[0][0] == 75


def test_a_test_knows_its_role_and_its_day() -> None:
    test = checked(TOUR).tests[0]
    assert test.role == "sales_rep"
    assert test.at is not None
    assert len(test.statements) == 6


def test_messages_of_fail_and_check_may_name_values_and_a_field() -> None:
    file = checked(in_trigger('fail "Not {name}" at amount'))
    fail = file.triggers[0].statements[0]
    assert isinstance(fail, Fail)
    assert fail.field == "amount"


def test_keywords_may_be_names_of_fields() -> None:
    source = in_trigger('set message = "x"', "set order = order ?? 1", head="before save")
    assert [s.field for s in checked(source).triggers[0].statements if isinstance(s, Assign)] == [
        "message",
        "order",
    ]


# ---- recovery


def test_every_broken_declaration_is_told_and_nothing_else() -> None:
    source = """validation a on opportunity { check amount > message "x" }
trigger b on opportunity before save { set margin = amount }
trigger c on opportunity before save { set nmae = "x"
trigger d on opportunity after save { set }
function f(x: integer) = x + 1
trigger e on opportunity before create { set employees = f(2) }
"""
    assert [line for line, _ in told(source)] == [1, 3, 4]


def test_a_function_that_does_not_parse_is_not_missing_where_it_is_called() -> None:
    source = """function f(x: integer) = x +
trigger e on opportunity before create { set employees = f(2) }
"""
    assert told(source) == [(1, "syntax")]


def test_a_function_that_is_wrong_is_told_once() -> None:
    source = """function f(x: integer) = x + nothing
trigger e on opportunity before create { set employees = f(2) }
"""
    assert told(source) == [(1, "unknown_name")]


def test_the_start_of_a_declaration_inside_a_text_is_none() -> None:
    source = """trigger a on opportunity before save { set name = "
trigger b on opportunity before save { set x = " }
trigger c on opportunity before save { set }
"""
    assert (3, "syntax") in told(source)


def test_two_files_are_checked_together() -> None:
    files = {
        "rates": "function half(x: integer) = x + 2",
        "sales": "trigger t on opportunity before save { set employees = rates.half(4) }",
    }
    assert set(RuleFiles(files, SalesWorld()).check().files) == {"rates", "sales"}


# ---- what is wrong with statements


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("set nmae = 1", "unknown_name"),
        ('set amount = "x"', "type"),
        ('set stage = "won"', "not_settable"),
        ("set created_at = now()", "not_settable"),
        ("set account.nmae = 1", "unknown_name"),
        ("set acount.name = 'x'", "unknown_name"),
        ("set amount.name = 'x'", "type"),
        ("let name2 = 1 set name2 = 2", "not_allowed"),
        ("let record = 1", "reserved_name"),
        ("let a = 1 let a = 2", "defined_twice"),
        ("if amount { }", "type"),
        ("for x in amount { }", "type"),
        ("for x in lines.product { }", "type"),
        ("for x in lines where quantity { }", "type"),
        ("for x in lines { set x = 1 }", "not_allowed"),
        ("fail amount", "syntax"),
        ('fail "x" at nmae', "unknown_name"),
        ("let x = lines", "type"),
        ("create task { }", "not_allowed"),
        ("delete account", "not_allowed"),
        ("update account { name: 'x' }", "not_allowed"),
        ("do transition(record, win)", "not_allowed"),
    ],
)
def test_a_wrong_statement_before_a_save(statement: str, code: str) -> None:
    assert [found for _, found in told(in_trigger(statement, head="before save"))] == [code]


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("set amount = 1", "not_allowed"),
        ("create tsk { }", "unknown_name"),
        ("create account { }", "value_missing"),
        ("create account { name: 'x', name: 'y' }", "defined_twice"),
        ("create account { name: 5 }", "type"),
        ("create account { name: 'x', id: 'y' }", "not_settable"),
        ("update amount { }", "type"),
        ("update account { nmae: 'x' }", "unknown_name"),
        ("delete name", "type"),
        ("do nothing()", "unknown_action"),
        ("do transition(record: record, name: wim)", "unknown_name"),
        ("do transition(record: record)", "arguments"),
        ("do transition(record: record, name: win, other: 1)", "arguments"),
        ("do log(text: 5)", "type"),
        ("let a = create account { }", "value_missing"),
        ("let a = create acount { name: 'x' } set a.name = 'x'", "unknown_name"),
    ],
)
def test_a_wrong_statement_after_a_save(statement: str, code: str) -> None:
    assert [found for _, found in told(in_trigger(statement))] == [code]


def test_a_misspelt_name_comes_with_a_suggestion() -> None:
    assert "did you mean `amount`?" in messages(in_trigger("set amunt = 1", head="before save"))


def test_what_let_names_is_known_behind_it_and_not_outside_its_block() -> None:
    assert told(in_trigger("if amount > 1 { let a = 2 }", "let b = a")) == [(3, "unknown_name")]


def test_a_condition_tells_its_block_what_is_there() -> None:
    assert told(in_trigger("if amount != null { do log(text: 'x {amount}') } else { }")) == []


# ---- heads


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ("before transition wim", "unknown_name"),
        ("before save as sombody", "unknown_name"),
        ("before save order 1.5", "number_range"),
    ],
)
def test_a_wrong_head(head: str, code: str) -> None:
    assert [found for _, found in told(in_trigger(head=head))] == [code]


def test_an_unknown_entity_is_told_with_a_suggestion() -> None:
    assert "did you mean `account`?" in messages("trigger t on acount after save { }")


def test_an_entity_without_a_workflow_has_no_transitions() -> None:
    assert told("trigger t on account after transition { }") == [(1, "unknown_name")]


def test_a_validation_reads_what_was_there_before() -> None:
    source = 'validation v on opportunity { check old.amount == null or not changed(amount) message "x" }'
    assert told(source) == []


def test_collections_make_a_validation_wait_for_the_write() -> None:
    late = 'validation v on opportunity { check count(lines) > 0 message "x" }'
    early = 'validation v on opportunity { check amount > 0 message "x" }'
    assert checked(late).validations[0].collections
    assert not checked(early).validations[0].collections


def test_rules_of_one_file_have_different_names() -> None:
    source = "trigger t on account after save { }\ntrigger t on account after delete { }"
    assert told(source) == [(2, "defined_twice")]


# ---- functions


def test_a_function_does_not_call_itself() -> None:
    source = "function f(x: integer) = g(x)\nfunction g(x: integer) = f(x) + 1"
    assert told(source) == [(1, "function_cycle"), (2, "function_cycle")]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("f()", "arguments"),
        ("f('x')", "type"),
        ("g(1)", "unknown_function"),
        ("other.f(1)", "unknown_function"),
    ],
)
def test_a_wrong_call_of_a_function(call: str, code: str) -> None:
    source = f"function f(x: integer) = x\ntrigger t on opportunity before save {{ set employees = {call} }}"
    assert [found for _, found in told(source)] == [code]


def test_a_function_knows_its_parameters_and_nothing_else() -> None:
    assert told("function f(x: integer) = x + amount") == [(1, "unknown_name")]
    assert told("function f(x: number) = x") == [(1, "unknown_name")]


# ---- between rules

_SETS = "trigger {} on opportunity before {} {{ set margin = 1 }}"


@pytest.mark.parametrize(
    ("first", "second", "codes"),
    [
        ("save", "save", ["conflicting_writes"]),
        ("save", "update", ["conflicting_writes"]),
        ("create", "update", []),
        ("save order 1", "save order 2", []),
        ("save order 1", "save order 1", ["conflicting_writes"]),
        ("transition win", "transition lose", []),
        ("transition", "transition lose", ["conflicting_writes"]),
    ],
)
def test_two_rules_that_set_one_field_need_an_order(first: str, second: str, codes: list[str]) -> None:
    source = _SETS.format("a", first) + "\n" + _SETS.format("b", second)
    assert [code for _, code in told(source)] == codes


def test_triggers_that_fire_each_other_for_ever_are_refused() -> None:
    source = """trigger a on account after save { create task { subject: name } }
trigger b on task after create { create account { name: "x" } }
"""
    assert told(source) == [(1, "endless")]
    assert "sales.a → sales.b → sales.a" in messages(source)


def test_a_trigger_that_waits_for_another_field_ends() -> None:
    source = """trigger a on account after update {
  when changed(name)
  update record { last_win_on: today() }
}"""
    assert told(source) == []


# ---- dependencies


def test_what_a_rule_reads_and_writes_is_known() -> None:
    stamp, order, reprice = (dependencies(trigger) for trigger in checked(TOUR).triggers)
    assert stamp.own == {"closed_on"}
    assert stamp.sets == {("account", "last_win_on")}
    assert order.creates == {"order", "order_line"}
    assert ("opportunity_line", "quantity") in order.reads
    assert {("opportunity", "cost"), ("opportunity", "discount")} <= reprice.reads


def test_transitions_that_a_rule_takes_are_known() -> None:
    trigger = checked(in_trigger("do transition(record: record, name: lose)")).triggers[0]
    assert dependencies(trigger).transitions == {("opportunity", "lose")}


# ---- limits


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("#" * 70_000, "too_long"),
        (in_trigger("set amount = " + "(" * 60 + "1" + ")" * 60, head="before save"), "too_complex"),
        (in_trigger("set employees = " + "+".join(["1"] * 3_000), head="before save"), "too_complex"),
        (in_trigger("if true { " * 60 + "}" * 60), "too_complex"),
        (in_trigger("delete record " * 4_000), None),
    ],
)
def test_what_is_too_large_is_refused(source: str, code: str | None) -> None:
    assert {found for _, found in told(source)} == ({code} if code else set())


def test_an_empty_file_declares_nothing() -> None:
    assert checked("# only a comment\n").declarations == ()


# ---- what runs as a job


@pytest.mark.parametrize(
    "cron",
    ["* * * * *", "0 6 * * 1-5", "*/15 8-18 1,15 * *", "0 0 29 2 *", "5 0-23/2 * 1-6 0,7", " 0  6 * * * "],
)
def test_a_schedule_has_a_time_to_repeat(cron: str) -> None:
    assert told(f'schedule s on task at "{cron}" {{ delete record }}') == []


@pytest.mark.parametrize(
    ("cron", "why"),
    [
        ("0 6 * *", "five parts"),
        ("60 6 * * *", "minute is from 0 to 59"),
        ("0 24 * * *", "hour is from 0 to 23"),
        ("0 6 0 * *", "day of the month is from 1 to 31"),
        ("0 6 * 13 *", "month is from 1 to 12"),
        ("0 6 * * 8", "day of the week is from 0 to 7"),
        ("0 6 * * MON", "`MON` is no day of the week"),
        ("0 9-8 * * *", "ends before it begins"),
        ("*/0 6 * * *", "step"),
        ("5/2 6 * * *", "step"),
        ("0 6 , * *", "is no day of the month"),
        ("0 6 30 2 *", "No such month has a day 30"),
        ("0 6 31 4,6-6,9 *", "No such month has a day 31"),
        ("@daily", "five parts"),
        ("", "five parts"),
    ],
)
def test_a_time_that_never_comes_is_no_schedule(cron: str, why: str) -> None:
    source = f'schedule s on task at "{cron}" {{ delete record }}'
    assert told(source) == [(1, "schedule")]
    assert why in messages(source)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ('schedule s on task at "0 6 * * *" { limit 0 delete record }', "number_range"),
        ('schedule s on tusk at "0 6 * * *" { delete record }', "unknown_name"),
        ('schedule s on task at "0 6 * * *" { set subject = 5 }', "type"),
        ('assignment a on opportunity { when stage == "wun" -> owner }', "unknown_option"),
        ("assignment a on opportunity { otherwise -> name }", "type"),
        ("assignment a on opportunity { otherwise -> queue() }", "arguments"),
        ('assignment a on opportunity { otherwise -> round_robin("a", "b") }', "arguments"),
        ('assignment a on opportunity { otherwise -> queue("Not A Name") }', "bad_name"),
        ("assignment a on product { otherwise -> null }", "type"),
        ('score s on opportunity { when name == "x" -> "many" }', "type"),
        ("score s on opportunity { when name -> 5 }", "type"),
        ("sla s on opportunity { start when true stop when false target 5 }", "type"),
        ("sla s on opportunity { start when true stop when false }", "value_missing"),
        ("sla s on opportunity { start when true stop when false target 1 hour calendar 5 }", "type"),
        (
            "sla s on opportunity { start when true stop when false target 1 hour at 100% { } }",
            "number_range",
        ),
        ("sla s on opportunity { start when true stop when false target 1 hour at 0% { } }", "number_range"),
        (
            "sla s on opportunity { start when true stop when false target 1 hour at 50% { } at 50.0% { } }",
            "defined_twice",
        ),
        ("trigger t on task after commit save { do email(to: 5, message: welcome) }", "type"),
        ('trigger t on task after commit save { do webhook(address: "x") }', "arguments"),
        ("trigger t on task after save { do notify(user: owner) }", "arguments"),
        ("trigger t on task after save { do assign(record: entity.product, to: owner) }", "type"),
        ("trigger t on opportunity_line after save { do assign(record: product, to: null) }", "type"),
    ],
)
def test_mistakes_in_what_runs_as_a_job_and_in_actions_are_told(source: str, code: str) -> None:
    assert code in {code for _, code in told(source)}
