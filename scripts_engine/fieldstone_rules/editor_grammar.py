"""The grammar for editors, made from the tokens and functions of the language: TextMate's JSON form.

VS Code, JetBrains, Sublime Text and others read it; CodeMirror's legacy modes take the word lists in it
(`fieldstone.words`) for their own tokenizers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from fieldstone_rules.checking.names import RESERVED
from fieldstone_rules.functions import FUNCTIONS
from fieldstone_rules.functions.declaration import FunctionDeclaration
from fieldstone_rules.parsing import parser
from fieldstone_rules.rule_files.actions import ACTIONS

SCOPE = "source.fieldstone-rules"

_CONSTANTS = ("TRUE", "FALSE", "NULL")
_OPERATORS = ("AND", "OR", "NOT", "IN", "BETWEEN", "AS", "IF", "THEN", "ELSE", "WHERE", "BY")
_DECLARATIONS = (
    "FUNCTION", "VALIDATION", "TRIGGER", "SCHEDULE", "ASSIGNMENT", "SCORE", "SLA", "TEST",
)  # fmt: skip
_BEHIND_A_NAME = r"(?<![.\w])"


@cache
def _terminals() -> Mapping[str, str]:
    """Terminal → its regular expression, as the parser has it."""
    return {terminal.name: terminal.pattern.to_regexp() for terminal in parser().terminals}


def _keyword_terminals() -> list[str]:
    """The terminals that are one word of the language."""
    found = [name for name, pattern in _terminals().items() if pattern == rf"{name.lower()}\b"]
    return sorted(set(found))


def words() -> Mapping[str, list[str]]:
    """The words of the language by what they are."""
    special = {*_CONSTANTS, *_OPERATORS, *_DECLARATIONS}
    return {
        "constants": [name.lower() for name in _CONSTANTS],
        "operators": [name.lower() for name in _OPERATORS],
        "declarations": [name.lower() for name in _DECLARATIONS],
        "keywords": [name.lower() for name in _keyword_terminals() if name not in special],
        "roots": sorted(RESERVED - {"if", "not", "true", "false", "null"}),
        "functions": sorted(name for name in FUNCTIONS),
        "actions": sorted(ACTIONS),
    }


def grammar() -> dict[str, Any]:
    """The TextMate grammar."""
    return {
        "name": "Fieldstone rules",
        "scopeName": SCOPE,
        "fileTypes": ["rules"],
        "patterns": [{"include": f"#{name}"} for name in _REPOSITORY],
        "repository": {name: make() for name, make in _REPOSITORY.items()},
        "fieldstone": {
            "words": words(),
            "help": {name: _help(FUNCTIONS[name]) for name in sorted(FUNCTIONS)},
        },
    }


def grammar_text() -> str:
    """The grammar as the text of its file."""
    return json.dumps(grammar(), indent=2, ensure_ascii=False) + "\n"


def _help(declaration: FunctionDeclaration) -> str:
    return f"{declaration.name}({', '.join(declaration.parameters)}): {declaration.help}"


def _word(kind: str, scope: str, behind: str = "") -> dict[str, Any]:
    listed = "|".join(words()[kind])
    return {"name": f"{scope}.fieldstone-rules", "match": rf"{_BEHIND_A_NAME}(?:{listed})\b{behind}"}


def _declaration() -> dict[str, Any]:
    """`trigger stamp_win`: the keyword and the name that it declares."""
    listed = "|".join(word for word in words()["declarations"] if word != "test")
    return {
        "match": rf"{_BEHIND_A_NAME}({listed})\s+({_terminals()['NAME']})",
        "captures": {
            "1": {"name": "keyword.declaration.fieldstone-rules"},
            "2": {"name": "entity.name.function.fieldstone-rules"},
        },
    }


def _text() -> dict[str, Any]:
    """A text with expressions in braces."""
    inner = [{"include": f"#{name}"} for name in _REPOSITORY if name not in ("comment", "text")]
    return {
        "name": "string.quoted.double.fieldstone-rules",
        "begin": '"',
        "end": '"',
        "patterns": [
            {"name": "constant.character.escape.fieldstone-rules", "match": r"\\.|\{\{|\}\}"},
            {"name": "meta.interpolation.fieldstone-rules", "begin": r"\{", "end": r"\}", "patterns": inner},
        ],
    }


def _raw() -> dict[str, Any]:
    escape = {"name": "constant.character.escape.fieldstone-rules", "match": r"\\."}
    return {
        "name": "string.quoted.single.fieldstone-rules",
        "begin": "'",
        "end": "'",
        "patterns": [escape],
    }


def _number() -> dict[str, Any]:
    """A number with what belongs to it: a percent sign, a currency, or a unit of time."""
    terminals = _terminals()
    unit = rf"\s*(?:business\s+)?{terminals['UNIT']}"
    match = (
        rf"(?<![\w.])(?:{terminals['PERCENT']}|{terminals['NUMBER']}(?:{unit}|\s*{terminals['CURRENCY']})?)"
    )
    return {"name": "constant.numeric.fieldstone-rules", "match": match}


_REPOSITORY: Mapping[str, Callable[[], dict[str, Any]]] = {
    "comment": lambda: {"name": "comment.line.number-sign.fieldstone-rules", "match": "#.*$"},
    "text": _text,
    "raw": _raw,
    "number": _number,
    "declaration": _declaration,
    "constant": lambda: _word("constants", "constant.language"),
    "operator": lambda: _word("operators", "keyword.operator.word"),
    "function": lambda: _word("functions", "support.function", r"(?=\s*\()"),
    "action": lambda: _word("actions", "support.function.action", r"(?=\s*\()"),
    "root": lambda: _word("roots", "variable.language"),
    "keyword": lambda: _word("declarations", "keyword.declaration"),
    "statement": lambda: _word("keywords", "keyword.control", r"(?!\s*[:.)\]]|\s*==|\s*[<>+*/-])"),
    "sign": lambda: {"name": "keyword.operator.fieldstone-rules", "match": r"\?\?|->|[=!<>]=|[<>=+*/%-]"},
}
