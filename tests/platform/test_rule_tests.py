"""`fieldstone test`: tests in rule files, each as its role, on records of its own, and nothing remains."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as Xml

import psycopg
import pytest

from fieldstone.cli.main import commands, exit_status
from fieldstone.rule_tests import Outcome, run_tests, staged
from fieldstone_testing.apps import layer_from

APP = """
kind: app
name: sales
version: 1.0.0
settings:
  limit: {type: integer, default: 7}
---
kind: entity
name: account
fields:
  name: {type: text, required: true, unique: true}
  secret: {type: text}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, inverse: deals}
  amount: {type: money}
  stage: {type: choice}
  closed_on: {type: date}
---
kind: entity
name: order
fields:
  name: {type: text}
  opportunity: {type: reference, to: deal}
  due: {type: date}
---
kind: workflow
name: deal_stage
entity: deal
field: stage
initial: open
states: {open: {}, won: {final: true}}
transitions: {win: {from: open, to: won}}
---
kind: role
name: rep
inherits: [employee]
entities:
  account: {create: true, read: true, fields: {secret: {read: false}}}
  deal: {create: true, read: true, update: owner == user and stage == "open", delete: owner == user}
  order: {create: true, read: opportunity.owner == user}
"""
RULES = """
function is_open(d: deal) = d.stage == "open"

trigger win_it on deal before transition win { set closed_on = today() }

trigger order_it on deal after transition win {
  create order { name: "Order of {name}", opportunity: record, due: today() + 10 days }
}
"""


TESTS = """
test "winning makes an order" as rep at date("2026-03-02") {
  given acme = create account { name: "Acme" }
  given deal = create deal { name: "Big", account: acme, amount: 1000, stage: "open" }
  expect is_open(deal)
  do transition(deal, win)
  expect count(order where opportunity == deal) == 1
  expect count(order as o where o.opportunity == deal and due == today() + 10 days) == 1
  expect deal.closed_on == today() and today() == date("2026-03-02")
  refuse update deal { name: "Too late" }
}
test "first" as rep { create account { name: "Acme" } expect count(account) == 1 }
test "second" as rep { create account { name: "Acme" } expect count(account) == 1 }
test "values" as rep at date("2026-03-02") {
  given acme = create account { name: "Acme" }
  create deal { name: "A", account: acme, amount: 12.5 }
  expect count(deal where account == acme) == 2 and acme.name == "Acme"
}
test "two failures" {
  expect 1 > 2
  expect 2 > 1
  expect 3 > 4
}
test "a refusal" as rep {
  given d = create deal { name: "x", stage: "won" }
  update d { name: "y" }
  expect 1 > 2
}
test "no refusal" as rep {
  refuse create deal { name: "fine" }
  expect count(deal) == 0
}
test "not allowed" as rep {
  given acme = create account { name: "Acme" }
  given won = create deal { name: "W", stage: "won" }
  refuse create account { name: "Acme" }
  refuse create deal { amount: 5 }
  refuse update acme { name: "Other" }
  refuse delete acme
  refuse do transition(won, win)
  refuse set won.amount = 5
}
test "hidden" as rep {
  given bob = create user { name: "Bob", email: "bob@example.com" }
  given other = create deal { name: "O", owner: bob }
  given order = create order { name: "x", opportunity: other }
  expect count(entity.order) == 0 and order.name == null
  given acme = create account { name: "A", secret: "s" }
  expect acme.secret == "s"
}
test "no role" {
  let a = create account { name: "A", secret: "s" }
  expect a.secret == "s"
  delete a
  expect count(account) == 0
}
test "prepared" as rep {
  given acme = create account { name: "A", secret: "s" }
  given hidden = acme.secret
  expect hidden == "s"
}
test "flow" as rep {
  for one in account { delete one }
  let limit = settings.sales.limit
  if limit == 7 { create deal { name: "a", amount: limit } } else { fail "no" }
  for d in deal where amount == limit { set d.name = "found" }
  expect first(deal.name) == "found"
}
test "own message" { if 1 < 2 { fail "not {1 + 1}" } }
test "clock" at datetime("2026-03-02T10:30:00Z") { expect now() == datetime("2026-03-02T10:30:00Z") }
"""


def run(*arguments: str) -> int:
    return exit_status(lambda: commands.main(args=list(arguments), standalone_mode=False))


def schemas(database: str) -> list[str]:
    own = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema|public)' ORDER BY 1"
    with psycopg.connect(database.replace("+psycopg", "")) as connection:
        return [row[0] for row in connection.execute(own)]


@pytest.fixture(scope="module")
def database(cluster) -> Iterator[str]:
    """A database in which nothing has ever been published; nothing may remain in it."""
    url = cluster.empty()
    yield url.render_as_string(hide_password=False)
    cluster.drop(url)


@pytest.fixture(autouse=True)
def folder(database, monkeypatch, tmp_path) -> Path:
    monkeypatch.setenv("FIELDSTONE_DATABASE_URL", database)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "app.yaml").write_text(APP)
    return tmp_path


@pytest.fixture(scope="module")
def outcomes(database) -> dict[str, Outcome]:
    """The outcomes of all tests above, by name."""
    layer = layer_from(APP, sales_rules=RULES + TESTS)
    with staged(database, [layer]) as stage:
        found = list(run_tests(stage, {layer.name}))
    return {outcome.name: outcome for outcome in found}


@pytest.mark.parametrize(
    "name",
    [
        "winning makes an order",
        "not allowed",
        "no role",
        "prepared",
        "flow",
        "clock",
    ],
)
def test_what_holds_passes(outcomes, name):
    assert outcomes[name].failures == ()


def test_tests_do_not_see_each_other(outcomes):
    assert outcomes["first"].passed
    assert outcomes["second"].passed


def test_nothing_stays_in_the_database(outcomes, database):
    assert schemas(database) == []


def test_a_failed_expectation_shows_its_source_and_the_values_of_its_parts(outcomes):
    (failure,) = outcomes["values"].failures
    assert failure.line == outcomes["values"].line + 3
    assert failure.message == 'expected count(deal where account == acme) == 2 and acme.name == "Acme"'
    assert failure.details == (
        "count(deal where account == acme) = 1",
        "count(deal where account == acme) == 2 = false",
        "acme = account “Acme”",
        'acme.name = "Acme"',
        'acme.name == "Acme" = true',
        'count(deal where account == acme) == 2 and acme.name == "Acme" = false',
    )


def test_a_failed_expectation_does_not_hide_the_next(outcomes):
    assert [failure.message for failure in outcomes["two failures"].failures] == [
        "expected 1 > 2",
        "expected 3 > 4",
    ]


def test_a_statement_that_is_refused_ends_the_test_and_says_why(outcomes):
    (failure,) = outcomes["a refusal"].failures
    assert failure.line == outcomes["a refusal"].line + 2
    assert failure.message.startswith("this was refused: You may not change this Deal.")


def test_a_refusal_that_does_not_come_is_a_failure_with_the_statement(outcomes):
    (failure,) = outcomes["no refusal"].failures
    assert failure.message == 'this was accepted and should be refused: create deal { name: "fine" }'


def test_what_the_role_may_not_read_is_not_there(outcomes):
    (failure,) = outcomes["hidden"].failures
    assert "`secret` of this account may not be read with the role of the test" in failure.message


def test_a_test_fails_with_its_own_message(outcomes):
    (failure,) = outcomes["own message"].failures
    assert failure.message == "not 2"


# ---- the command


def with_tests(folder: Path, *tests: str) -> None:
    (folder / "app" / "sales.rules").write_text("\n".join([RULES, *tests]))


def test_a_mistake_in_a_test_is_an_error_of_the_documents(folder, capsys):
    with_tests(folder, 'test "t" as rpe { expect nothing }')
    assert run("test", "app", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    errors = [(problem["line"], problem["code"]) for problem in found if problem["severity"] == "error"]
    assert errors == [(10, "unknown_name"), (10, "unknown_name")]


def test_people_read_the_failures_and_build_servers_get_junit_xml(folder, capsys):
    with_tests(folder, 'test "good" { expect true }', 'test "b<d" as rep { expect 1 + 1 == 3 }')
    assert run("test", "app", "--junit", "out.xml") == 1
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        "ok sales.rules:10: good",
        "FAILED sales.rules:11: b<d as rep",
        "    sales.rules:11: expected 1 + 1 == 3",
        "        1 + 1 = 2",
        "        1 + 1 == 3 = false",
    ]
    assert shown.err.strip() == "1 of 2 tests failed."
    (suite,) = Xml.parse("out.xml").getroot()
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("sales.rules", "2", "1")
    good, bad = suite
    assert (good.get("name"), len(good)) == ("good", 0)
    assert (bad.get("name"), bad[0].get("message")) == ("b<d", "expected 1 + 1 == 3")


def test_two_runs_on_one_database_do_not_wait_for_each_other(cluster, folder, monkeypatch, capsys):
    url = cluster.empty()
    monkeypatch.setenv("FIELDSTONE_DATABASE_URL", url.render_as_string(hide_password=False))
    with_tests(folder, 'test "t" { create account { name: "A" } expect count(account) == 1 }')
    other = 'test "u" { create account { name: "A" } expect count(account) == 1 }'
    layer = layer_from(APP, sales_rules=other)
    with staged(url, [layer]) as first:
        assert run("test", "app") == 0
        assert [outcome.passed for outcome in run_tests(first, {layer.name})] == [True]
        with staged(url, [layer]) as second:
            assert [outcome.passed for outcome in run_tests(second, {layer.name})] == [True]
    cluster.drop(url)


def test_what_is_published_is_neither_seen_nor_changed(app_from, folder, monkeypatch):
    app = app_from(APP)
    monkeypatch.setenv("FIELDSTONE_DATABASE_URL", app.database.url.render_as_string(hide_password=False))
    with_tests(folder, 'test "t" { create account { name: "A" } expect count(account) == 1 }')
    assert run("test", "app") == 0
    assert app.sql("SELECT count(*) FROM main.account")[0][0] == 0


def test_the_shipped_templates_pass_their_tests(capsys):
    assert run("test", "sales", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)) >= 7
