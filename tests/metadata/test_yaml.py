"""YAML as documents use it: the core schema of YAML 1.2, places, and the mistakes people make."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fieldstone_metadata.nodes import Source, to_plain
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.yaml_reader import read_documents
from fieldstone_testing.effort import soon


def read(text):
    report = Report()
    roots = read_documents(Source("local", "a.yaml", text), report)
    return [to_plain(root) for root in roots], report.sorted()


def value(text):
    (document,), problems = read(f"a: {text}")
    assert problems == ()
    return document["a"]


def places(text):
    return [(problem.line, problem.column, problem.code) for problem in read(text)[1]]


@pytest.mark.parametrize(
    "text", ["NO", "no", "yes", "on", "off", "y", "1.2.0", "2026-11-21", "12:30", "1_000", "~x"]
)
def test_what_only_older_yaml_converts_is_text(text):
    assert value(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("null", None),
        ("~", None),
        ("", None),
        ("true", True),
        ("False", False),
        ("12", 12),
        ("-7", -7),
        ("0x1F", 31),
        ("0o17", 15),
        ("012", 12),
        ("'12'", "12"),
        ('"true"', "true"),
    ],
)
def test_scalars_follow_the_core_schema(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize("text", ["0.1", "1.10", "-2.5e-3", "123456789012345678901234567890.123456789"])
def test_decimals_are_exact(text):
    assert value(text) == Decimal(text)
    assert isinstance(value(text), Decimal)


@pytest.mark.parametrize("text", [".inf", "-.inf", ".nan", "9" * 61])
def test_numbers_that_cannot_be_stored_are_refused(text):
    assert places(f"a: {text}") == [(1, 4, "bad_number")]


def test_a_file_holds_several_documents():
    assert read("a: 1\n---\nb: 2\n---\n# nothing\n")[0] == [{"a": 1}, {"b": 2}, None]


def test_a_duplicate_key_is_an_error_at_the_second():
    assert places("a: 1\nb: 2\na: 3\n") == [(3, 1, "duplicate_key")]


def test_a_duplicate_key_names_the_line_of_the_first():
    assert "line 1" in read("a: 1\na: 2\n")[1][0].message


@pytest.mark.parametrize("text", ["a: &x 1\nb: *x", "a: !!python/object:os.system x", "a: !tag x", "<<: *x"])
def test_aliases_anchors_and_tags_are_refused(text):
    assert {code for _, _, code in places(text)} <= {"alias", "anchor_or_tag"}
    assert places(text)


def test_billion_laughs_expand_nothing_and_end_at_once():
    lines = ["a0: &a0 [lol]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    with soon():
        _, problems = read("\n".join(lines))
    assert {problem.code for problem in problems} == {"alias", "anchor_or_tag"}


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "[{a: ["])
def test_endless_nesting_is_one_clear_error(opening):
    with soon():
        _, problems = read(opening * 500_000)
    assert [problem.code for problem in problems] == ["too_deep"]


def test_a_syntax_error_does_not_hide_the_documents_behind_it():
    text = "kind: [\n---\nkind: view\nname: x\n---\nkind: }\n---\nkind: menu\n"
    documents, problems = read(text)
    assert {"kind": "view", "name": "x"} in documents
    assert {"kind": "menu"} in documents
    assert [(problem.line, problem.code) for problem in problems] == [(2, "yaml_syntax"), (6, "yaml_syntax")]


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ('where: stage in ["a"]: x', """'stage in ["a"]: x'"""),
        ('where: "won" == stage', """'"won" == stage'"""),
        ('  lost: {type: text, visible: stage in ["a", "b"]}', """'stage in ["a", "b"]'"""),
        ('  lost: {type: text, visible: "a" == stage}', """'"a" == stage'"""),
        ("message: {name} is too large", "'{name} is too large'"),
        ("message: Note: too large", "'Note: too large'"),
        ("check: @x", "'@x'"),
        ("from: *", "'*'"),
    ],
)
def test_a_value_that_yaml_would_cut_is_shown_quoted(text, quoted):
    problem = read(f"kind: view\n{text}\n")[1][0]
    assert problem.code == "yaml_syntax"
    assert problem.hint.endswith(quoted)


def test_an_expression_cut_at_a_comma_is_shown_quoted():
    _, (problem,) = read("f: {type: formula, expression: round(amount, 2), label: X}")
    assert (problem.line, problem.column, problem.code) == (1, 32, "yaml_cut")
    assert problem.hint.endswith("'round(amount, 2)'")


def test_tabs_are_named():
    assert read("a:\n\tb: 1\n")[1][0].hint == "indent with spaces, not with tabs"


def test_control_characters_are_named_with_their_place():
    (problem,) = read("a: 1\nb: x\x01y\n")[1]
    assert (problem.line, problem.column, problem.code) == (2, 5, "bad_character")
    assert "U+0001" in problem.message


def test_keys_must_be_texts():
    assert places("? [a, b]\n: 1\n") == [(1, 3, "bad_key")]


def test_places_count_characters_not_bytes():
    assert places("é: 1\nå: {ø: 1, ø: 2}\n") == [(2, 11, "duplicate_key")]
