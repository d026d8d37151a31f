"""The grammar for editors: current, made of the language's own words, and right about its tour."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fieldstone_rules import FUNCTIONS
from fieldstone_rules.editor_grammar import grammar, grammar_text, words
from fieldstone_rules.parsing import parser

from .test_rule_files import TOUR

FILE = Path(__file__).parents[2] / "docs/reference/fieldstone-rules.tmLanguage.json"


def test_the_file_is_current() -> None:
    assert FILE.read_text("utf-8") == grammar_text(), "run .venv/bin/python docs/generate.py"


def test_every_word_of_the_language_is_known() -> None:
    found = {word for listed in words().values() for word in listed}
    keywords = {terminal.name.lower() for terminal in parser().terminals if terminal.priority == 5}
    assert keywords - found == {"unit"}
    assert set(FUNCTIONS) <= found


# ---- a small tokenizer, as editors have it


def _rules(patterns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    repository = grammar()["repository"]
    return [repository[rule["include"][1:]] if "include" in rule else rule for rule in patterns]


def _first(rules: list[dict[str, Any]], text: str, start: int) -> tuple[re.Match[str], dict[str, Any]] | None:
    matches = [(re.compile(rule.get("match") or rule["begin"]).search(text, start), rule) for rule in rules]
    found = [(match, rule) for match, rule in matches if match is not None]
    return min(found, key=lambda pair: pair[0].start(), default=None)


def tokens(text: str) -> list[tuple[str, str]]:
    """(text, first part of its scope) of all that a line is coloured by."""
    told: list[tuple[str, str]] = []
    _read(text, 0, _rules(grammar()["patterns"]), None, told)
    return told


def _read(
    text: str, start: int, rules: list[dict[str, Any]], end: str | None, told: list[tuple[str, str]]
) -> int:
    while True:
        closing = re.compile(end).search(text, start) if end is not None else None
        found = _first(rules, text, start)
        if found is None or (closing is not None and closing.start() <= found[0].start()):
            return closing.end() if closing is not None else len(text)
        match, rule = found
        if "begin" in rule:
            told.append((match[0], _scope(rule)))
            start = _read(text, match.end(), _rules(rule["patterns"]), rule["end"], told)
            continue
        captures = rule.get("captures", {"0": rule})
        told += [(match[int(group)], _scope(capture)) for group, capture in captures.items()]
        start = match.end()


def _scope(rule: dict[str, Any]) -> str:
    return str(rule["name"]).removesuffix(".fieldstone-rules")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("# sales.rules", [("# sales.rules", "comment.line.number-sign")]),
        (
            "trigger stamp_win on opportunity before transition win {",
            [
                ("trigger", "keyword.declaration"),
                ("stamp_win", "entity.name.function"),
                ("on", "keyword.control"),
                ("before", "keyword.control"),
                ("transition", "keyword.control"),
            ],
        ),
        (
            "set closed_on = today() - 14 days",
            [
                ("set", "keyword.control"),
                ("=", "keyword.operator"),
                ("today", "support.function"),
                ("-", "keyword.operator"),
                ("14 days", "constant.numeric"),
            ],
        ),
        ("10 business days", [("10 business days", "constant.numeric")]),
        ("amount > 50000 EUR", [(">", "keyword.operator"), ("50000 EUR", "constant.numeric")]),
        ("at 75%", [("at", "keyword.control"), ("75%", "constant.numeric")]),
        (
            '"Big {upper(name)} {{x}}"',
            [
                ('"', "string.quoted.double"),
                ("{", "meta.interpolation"),
                ("upper", "support.function"),
                ("{{", "constant.character.escape"),
                ("}}", "constant.character.escape"),
            ],
        ),
        ("line.order", []),
        ("order: record", [("record", "variable.language")]),
        ("message == null", [("==", "keyword.operator"), ("null", "constant.language")]),
        ("do notify(user: x)", [("do", "keyword.control"), ("notify", "support.function.action"),
                                ("user", "variable.language")]),
        ('test "a" as rep', [("test", "keyword.declaration"), ('"', "string.quoted.double"),
                             ("as", "keyword.operator.word")]),
    ],
)  # fmt: skip
def test_a_line_is_coloured_by_what_its_words_are(line: str, expected: list[tuple[str, str]]) -> None:
    assert tokens(line) == expected


def test_the_tour_is_coloured_throughout() -> None:
    told = tokens(TOUR)
    declared = [text for text, scope in told if scope == "entity.name.function"]
    assert declared[:4] == ["is_open", "close_date_not_ahead", "stamp_win", "order_from_win"]
    assert {"is_open", "name", "deal"}.isdisjoint(text for text, scope in told if scope == "keyword.control")
    assert json.loads(FILE.read_text("utf-8"))["scopeName"] == "source.fieldstone-rules"
