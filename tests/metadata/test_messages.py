"""Messages: texts with expressions about one record, which rules name; every mistake at its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fieldstone_metadata import Application, Checked, File, Layer, Problem, check, core_layer
from fieldstone_metadata.uses import find_element, where_used

APP = """\
kind: app
name: desk
version: 1.0.0
---
kind: entity
name: account
fields:
  name: {type: text}
---
kind: entity
name: case
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, inverse: cases}
  due: {type: date}
  payload: {type: json}
"""

MESSAGE = """\
---
kind: message
name: reminder
entity: case
subject: "Case {name} is due"
body: |
  For {account.name}: {if due == null then 'no date' else 'soon'}.
  Braces are {{ and }}, and \\n is no escape.
"""


def checked(message: str = MESSAGE, rules: str = "") -> Checked:
    """The app with a message, and rules about cases."""
    files = (File("app.yaml", APP + message), File("rules/cases.rules", rules))
    return check([core_layer(), Layer("desk", files)])


def errors(message: str = MESSAGE, rules: str = "") -> list[str]:
    return [f"{problem.path}:{problem.line}:{problem.column} {problem.code}" for problem in
            checked(message, rules).errors]  # fmt: skip


def test_a_message_is_typed_against_its_entity() -> None:
    application = checked().application
    assert application is not None
    message = application.messages["reminder"]
    assert (message.label[""], message.entity) == ("Reminder", "case")
    assert message.subject is not None
    assert ("case", "name") in message.subject.reads
    assert message.body is not None
    assert ("account", "name") in message.body.reads


def test_a_message_without_an_entity_knows_no_record(check_text: Callable[..., Checked]) -> None:
    text = "kind: message\nname: hello\nsubject: Hello {user.name}, {name} and {today()}\n"
    (problem,) = check_text(text).errors
    assert (problem.code, problem.line, problem.column) == ("unknown_name", 3, 30)


@pytest.mark.parametrize(
    ("old", "new", "code", "at"),
    [
        ("{name}", "{nam}", "unknown_name", "nam}"),
        ("{account.name}", "{account.nam}", "unknown_name", "nam}"),
        ("due == null", "due == 1", "type", "due == 1"),
        ("{name}", "{name", "syntax", "{name is"),
        ("{name}", "{name +}", "syntax", "}"),
        ("{name}", "{payload}", "type", "payload"),
        ("{name}", "{old.name}", "not_allowed", "old"),
        ("entity: case", "entity: cases", "unknown_entity", "cases"),
        ("subject:", "subjekt:", "unknown_key", "subjekt"),
        ('subject: "Case {name} is due"', "subject: [a]", "wrong_type", "[a]"),
    ],
)
def test_a_mistake_is_told_where_it_stands(old: str, new: str, code: str, at: str) -> None:
    text = APP + MESSAGE.replace(old, new, 1)
    found = [problem for problem in checked(MESSAGE.replace(old, new, 1)).errors if problem.code == code]
    assert text.split("\n")[found[0].line - 1][found[0].column - 1 :].startswith(at)


def test_what_a_text_prints_is_no_mistake() -> None:
    texts = (
        "{{name}}",
        "{account} {due} {name}",
        "100 % } of it",
        "{count(account.cases where due == null)}",
    )
    found = [errors(MESSAGE.replace("Case {name} is due", text)) for text in texts]
    assert found == [[]] * len(texts)


def test_a_message_has_a_subject() -> None:
    assert errors("---\nkind: message\nname: m\nbody: x\n") == ["app.yaml:18:1 key_missing"]


@pytest.mark.parametrize(("format_", "codes"), [("pdf", ["not_supported_yet"]), ("markdown", [])])
def test_a_print_template_waits_for_printing(format_: str, codes: list[str]) -> None:
    found = checked(f"{MESSAGE}format: {format_}\n").errors
    assert [problem.code for problem in found] == codes


# ---- rules


RULES = {
    "one about the record at hand": ("on case after save { do notify(user: owner, message: reminder) }", []),
    "one about another": (
        "on account after save { do notify(user: owner, message: reminder) }",
        ["type: the message `reminder` is about a record of `case`, and this is a rule of `account`"],
    ),
    "an unknown one": (
        "on case after save { do notify(user: owner, message: remindr) }",
        ["unknown_name: there is no message called `remindr`"],
    ),
    "a text instead of a name": (
        'on case after save { do notify(user: owner, message: "reminder") }',
        ["arguments: a name is written here, as in `message: welcome`"],
    ),
    "both a text and a message": (
        'on case after save { do notify(user: owner, text: "x", message: reminder) }',
        ["arguments: either `text` or `message` says what is told, not both"],
    ),
    "neither": ("on case after save { do notify(user: owner) }", ["arguments: `text` is missing"]),
}


@pytest.mark.parametrize("case", RULES)
def test_rules_name_messages_that_fit(case: str) -> None:
    rule, expected = RULES[case]
    found = checked(rules=f"trigger t {rule}").errors
    assert [f"{problem.code}: {problem.message}" for problem in found] == expected


def test_any_rule_may_name_a_message_about_no_record() -> None:
    text = "---\nkind: message\nname: hello\nsubject: Hello\n"
    assert errors(text, "trigger t on account after save { do notify(user: owner, message: hello) }") == []


def test_a_misspelt_message_comes_with_a_suggestion() -> None:
    (problem,) = checked(rules="trigger t on case after save { do email(to: name, message: remind) }").errors
    assert problem.hint == "did you mean `reminder`?"


def test_a_message_that_is_wrong_is_told_once() -> None:
    rule = "trigger t on case after save { do notify(user: owner, message: reminder) }"
    assert errors(MESSAGE.replace("{name}", "{nam}"), rule) == ["app.yaml:21:17 unknown_name"]
    assert errors(MESSAGE.replace("kind: message", "kind: message\nlabel: [1]"), rule) == [
        "app.yaml:19:8 wrong_type"
    ]


def test_what_messages_use_and_where_they_are_used_is_known() -> None:
    rule = "trigger t on case after save {\n  do notify(user: owner, message: reminder)\n}"
    application: Application | None = checked(rules=rule).application
    assert application is not None

    def uses(name: str) -> list[str]:
        return [str(use) for use in where_used(application, find_element(application, name))]

    assert uses("reminder") == ["rules/cases.rules:2: trigger cases.t (tells)"]
    assert "app.yaml:18: message reminder (body)" in uses("account.name")
    assert "app.yaml:18: message reminder (entity)" in uses("case")


def test_a_higher_layer_changes_the_words() -> None:
    local = Layer(
        "local", (File("m.yaml", "kind: message\nname: reminder\nextends: true\nsubject: Due {nam}\n"),)
    )
    layers = [core_layer(), Layer("desk", (File("app.yaml", APP + MESSAGE),)), local]
    found: list[Problem] = list(check(layers).errors)
    assert [(problem.path, problem.line, problem.column) for problem in found] == [("m.yaml", 4, 15)]
