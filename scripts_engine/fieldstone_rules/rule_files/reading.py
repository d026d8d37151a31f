"""From the text of a rule file to one syntax tree per declaration, with an error for each that is broken.

A file without errors is parsed as a whole. Otherwise it is cut where lines begin like a declaration, and each
piece is parsed alone, so that one mistake hides no other and causes no further one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from lark import Token, Tree

from fieldstone_rules import limits
from fieldstone_rules.errors import Problem, RuleError
from fieldstone_rules.parsing import check_size, parse_file, subtrees

_HEAD = re.compile(
    r"^[ \t]*(?:(?:validation|trigger|schedule|assignment|score|sla)[ \t]+(?P<name>[a-z][a-z0-9_]*)[ \t]+on\b"
    r"|function[ \t]+(?P<function>[a-z][a-z0-9_]*)[ \t]*\(|test[ \t]+[\"'])",
    re.MULTILINE,
)
_HIDDEN = re.compile(r"#[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")


@dataclass(frozen=True)
class Parsed:
    """The declarations of a file that parse, what is wrong with the others, and the names those had."""

    trees: tuple[Tree[Token], ...]
    problems: tuple[Problem, ...] = ()
    lost: frozenset[str] = frozenset()


def read(source: str) -> Parsed:
    """The declarations of a rule file; never raises. A file that was read before is not read again."""
    return _read(source, limits.current)


@lru_cache(maxsize=4096)
def _read(source: str, _limits: limits.Limits) -> Parsed:
    try:
        check_size(source)
    except RuleError as error:
        return Parsed((), error.problems)
    try:
        return Parsed(tuple(subtrees(parse_file(source))))
    except RuleError:
        return _read_pieces(source)


def _read_pieces(source: str) -> Parsed:
    heads = list(_HEAD.finditer(_masked(source)))
    starts = [0, *(match.start() for match in heads)]
    names = [None, *(match["name"] or match["function"] for match in heads)]
    trees: list[Tree[Token]] = []
    problems: list[Problem] = []
    lost: set[str] = set()
    for start, end, name in zip(starts, [*starts[1:], len(source)], names, strict=True):
        try:
            trees += subtrees(parse_file(source, start, end))
        except RuleError as error:
            problems += error.problems
            lost |= {name} if name else set()
    return Parsed(tuple(trees), tuple(problems), frozenset(lost))


def _masked(source: str) -> str:
    """The text with comments and the insides of texts blanked out, so that they look like no declaration."""
    return _HIDDEN.sub(lambda match: re.sub(r"[a-z]", ".", match[0]), source)
