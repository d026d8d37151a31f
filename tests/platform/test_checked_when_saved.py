"""`fieldstone check`: every check that rules.md promises ("Checked when saved"), and what comes near it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fieldstone.cli.main import main

APP = """\
kind: app
name: crm
version: 1.0.0
---
kind: entity
name: account
fields:
  name: {type: text, required: true}
  region: {type: choice, options: [eu, us]}
  rating: {type: integer}
  {account_fields}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, inverse: deals}
  size: {type: integer}
  number: {type: integer}
  amount: {type: money}
  closes: {type: date}
  unused: {type: text}
  stage: {type: choice}
  {deal_fields}
---
kind: entity
name: line
fields:
  name: {type: text}
  deal: {type: reference, to: deal, inverse: lines}
  quantity: {type: integer}
---
kind: workflow
name: deal_stage
entity: deal
field: stage
initial: open
states: {open: {}, won: {final: true}, lost: {final: true}}
transitions: {win: {from: [open, lost], to: won}, lose: {from: open, to: lost}}
---
kind: role
name: rep
inherits: [employee]
entities: {account: {read: true}, line: {read: true}, deal: {read: true}}
---
kind: view
name: some
entity: deal
where: {where}
"""

PLACES = {"rules": "", "deal_fields": "", "account_fields": "", "where": "size > 1", "local": ""}


def problems(folder: Path, capsys: pytest.CaptureFixture[str], **places: str) -> list[dict[str, Any]]:
    """What `fieldstone check` tells of the app with something in its places, but for missing tests."""
    said = PLACES | places
    text = APP
    for place, words in said.items():
        text = text.replace(f"{{{place}}}", words)
    (folder / "crm").mkdir(exist_ok=True)
    (folder / "crm" / "app.yaml").write_text(text)
    (folder / "crm" / "deals.rules").write_text(said["rules"])
    (folder / "local").mkdir(exist_ok=True)
    (folder / "local" / "changes.yaml").write_text(said["local"])
    with pytest.raises(SystemExit):
        main(["check", str(folder / "crm"), str(folder / "local"), "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    return [problem for problem in found if problem["code"] != "untested"]


def on_deal(statements: str, event: str = "before save", name: str = "t") -> str:
    return f"trigger {name} on deal {event} {{ {statements} }}\n"


DEEP = "count(account.deals where exists(account.deals where exists(account.deals where size == 1)))"
DEEPER = f"count(account.deals where {DEEP} > 1)"

WRONG: dict[str, tuple[dict[str, str], list[str]]] = {
    "an unknown field": ({"rules": on_deal("set sise = 1")}, ["unknown_name"]),
    "an unknown field of another record": ({"rules": on_deal("set account.nam = 'x'")}, ["unknown_name"]),
    "an unknown entity": ({"rules": on_deal("create deel { }", "after save")}, ["unknown_name"]),
    "an unknown function": ({"rules": on_deal("set size = lenn(name)")}, ["unknown_function"]),
    "an unknown action": ({"rules": on_deal("do notfy(user: owner)", "after save")}, ["unknown_action"]),
    "an unknown role": ({"rules": on_deal("when has_role('repp') set size = 1")}, ["unknown_name"]),
    "a text in a number": ({"rules": on_deal("set size = name")}, ["type"]),
    "a number in a condition": ({"rules": on_deal("when size set number = 1")}, ["type"]),
    "a date beside a number": ({"where": "closes > size"}, ["type"]),
    "an order against null": ({"rules": on_deal("let wrong = size > null")}, ["null_order"]),
    "a check that passes on unknown": (
        {"rules": 'validation v on deal { check size > 1 message "Small" }'},
        ["unknown_passes"],
    ),
    "an unknown option": ({"rules": on_deal("when account.region == 'ue' set size = 1")}, ["unknown_option"]),
    "an unknown option in a list": ({"where": "account.region in ['eu', 'uk']"}, ["unknown_option"]),
    "an unknown state": ({"rules": on_deal("when stage == 'wun' set size = 1")}, ["unknown_option"]),
    "too many arguments": ({"rules": on_deal("set size = len(name, name)")}, ["arguments"]),
    "an argument of another kind": ({"rules": on_deal("set size = len(size)")}, ["type"]),
    "an action without its argument": ({"rules": on_deal("do log()", "after save")}, ["arguments"]),
    "a filter without a SQL form": ({"where": "matches(name, 'a+')"}, ["not_lowerable"]),
    "a formula without a SQL form": (
        {"deal_fields": "f: {type: formula, expression: 'closes + 3 business days'}"},
        ["not_lowerable"],
    ),
    "a formula that needs itself": (
        {"deal_fields": "f: {type: formula, expression: g + 1}\n  g: {type: formula, expression: f + 1}"},
        ["formula_cycle"],
    ),
    "formulas of two entities that need each other": (
        {
            "deal_fields": "f: {type: formula, expression: account.g + 1, stored: true}",
            "account_fields": "g: {type: formula, expression: sum(deals.f), stored: true}",
        },
        ["formula_cycle"],
    ),
    "two rules that set one field": (
        {"rules": on_deal("set size = 1") + on_deal("set size = 2", name="u")},
        ["conflicting_writes"],
    ),
    "two rules of one order": (
        {
            "rules": on_deal("set size = 1", "before save order 5")
            + on_deal("set size = 2", "before create order 5", "u")
        },
        ["conflicting_writes"],
    ),
    "any transition and one of them": (
        {
            "rules": on_deal("set size = 1", "before transition")
            + on_deal("set size = 2", "before transition win", "u")
        },
        ["conflicting_writes"],
    ),
    "a trigger that fires itself": (
        {"rules": on_deal("update record { size: (size ?? 0) + 1 }", "after save")},
        ["endless"],
    ),
    "triggers that fire each other": (
        {
            "rules": on_deal("update account { rating: 1 }", "after update")
            + "trigger u on account after update { for d in deals { update d { size: 1 } } }"
        },
        ["endless"],
    ),
    "a record that makes another of its kind": (
        {"rules": on_deal("create deal { name: 'copy' }", "after create")},
        ["endless"],
    ),
    "a condition that can never hold": (
        {"rules": on_deal("when size > 5 and size < 3 set number = 1")},
        ["never_holds"],
    ),
    "a state that the transition excludes": (
        {"rules": on_deal("when stage == 'lost' set number = 1", "before transition win")},
        ["never_holds"],
    ),
    "a filter that can never hold": ({"where": "stage == 'won' and stage == 'lost'"}, ["never_holds"]),
    "collections in collections": ({"rules": on_deal(f"set size = {DEEP}")}, ["costly"]),
    "too many collections in collections": ({"rules": on_deal(f"set size = {DEEPER}")}, ["too_costly"]),
    "a field that goes while a rule uses it": (
        {
            "rules": on_deal("set number = 1"),
            "local": "kind: entity\nname: deal\nextends: true\nfields: {number: null}\n",
        },
        ["unknown_name"],
    ),
    "a field that gets another name while a view uses it": (
        {
            "where": "number > 1",
            "local": "kind: entity\nname: deal\nextends: true\n"
            "fields: {number: null, count: {type: integer, was: number}}\n",
        },
        ["unknown_name"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_once(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places, codes = WRONG[case]
    assert [problem["code"] for problem in problems(tmp_path, capsys, **places)] == codes


RIGHT = {
    "names of fields, of other records and of entities": on_deal(
        "set size = len(name) set account.rating = size", "before create", "a"
    )
    + on_deal("when has_role('rep') create line { name: name }", "after create", "b"),
    "numbers of two kinds, and a text in a text": on_deal(
        "set amount = size set unused = name", "before create", "c"
    ),
    "what a condition has made sure of": on_deal(
        "when account != null create account { name: account.name }", "after transition win", "d"
    ),
    "null where nothing is required": on_deal("set closes = null", "before transition lose", "e"),
    "a check that says what null means": (
        'validation f on deal { check size == null or size > 1 message "Small" }\n'
    ),
    "an option, and a text that is none": on_deal(
        "when account.region == 'eu' or name == 'ue' fail 'no'", "before delete", "g"
    ),
    "all arguments and fewer": on_deal(
        "do log(text: '{round(size)} {round(size, 1)}')", "after transition lose", "h"
    ),
    "no SQL form where none is needed": on_deal(
        "when matches(name, 'a+') and closes + 3 business days > today() fail 'no'", "before delete", "i"
    ),
    "one field on events that exclude each other": on_deal("set number = 1", "before create", "j")
    + on_deal("set number = 2", "before update", "k"),
    "one field in an order": on_deal("set unused = 'a'", "before update order 1", "l")
    + on_deal("set unused = 'b'", "before update order 2", "m"),
    "one field on two transitions": on_deal("set amount = 1", "before transition win", "n")
    + on_deal("set amount = 2", "before transition lose", "o"),
    "the same name on two entities": "trigger p on line before save { set name = 'x' }\n"
    "trigger q on account before save { set rating = 1 }\n",
    "a trigger that changes what it does not wait for": on_deal(
        "when changed(closes) update record { size: 7 }", "after update", "r"
    ),
    "a chain of triggers with an end": on_deal(
        "when changed(size) update account { region: 'us' }", "after update", "s"
    )
    + "trigger u on account after update {\n when changed(rating)\n"
    "for d in deals { update d { unused: 'x' } } }\n",
    "bounds that leave something": on_deal("when size > 3 and size < 5 fail 'four'", "before delete", "v"),
    "the old state in a transition": on_deal(
        "when old.stage == 'open' fail 'no'", "before transition win", "w"
    ),
    "one collection in another": on_deal(
        "when exists(account.deals where count(lines) > 2) fail 'no'", "before delete", "x"
    ),
}  # fmt: skip


def test_what_comes_near_is_not_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fields = (
        "f: {type: formula, expression: size + 1}\n  g: {type: formula, expression: f + f, stored: true}\n"
        "  h: {type: formula, expression: sum(account.deals.g)}"
    )
    local = "kind: entity\nname: line\nextends: true\nfields: {quantity: null}\n"
    where = "account.region in ['eu', 'us'] and stage != 'lost' and closes <= today()"
    found = problems(
        tmp_path, capsys, rules="".join(RIGHT.values()), deal_fields=fields, where=where, local=local
    )
    assert [(one["line"], one["code"], one["message"]) for one in found] == []


def test_a_suggestion_comes_with_a_misspelt_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = problems(tmp_path, capsys, rules=on_deal("set sise = 1"))
    assert (found["path"], found["line"], found["column"]) == ("deals.rules", 1, 37)
    assert found["hint"] == "did you mean `size`?"
