"""Checking the tests in rule files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lark import Token, Tree

from fieldstone_rules.checking.context import Names
from fieldstone_rules.checking.logic import present_if
from fieldstone_rules.parsing import span_of, subtrees, tokens
from fieldstone_rules.rule_files.bodies import Body
from fieldstone_rules.rule_files.declarations import Expect, Given, Let, Refuse, Statement, Test
from fieldstone_rules.rule_files.statements import check_statement
from fieldstone_rules.types import Kind, Type, simple

_PARTS = frozenset({"given", "expect", "refuse"})


def check_test(body: Body, tree: Tree[Token]) -> Test:
    """`test "name" as role at moment { … }`: its statements act as callers do, who may name a state."""
    body = replace(body, states=True)
    title, *rest = subtrees(tree)
    moment = rest.pop(0) if tokens(tree, "AT") else None
    at = body.value(moment, body.names(), _moment_type(body, moment)) if moment is not None else None
    return Test(
        name=str(title.children[0])[1:-1],
        line=body.line(tree),
        role=_role(body, tree),
        at=at,
        statements=_statements(body, rest),
    )


def _moment_type(body: Body, tree: Tree[Token]) -> Type:
    """A day or a point in time: whichever is written."""
    kind = body.node(tree, body.names()).type.kind
    return simple(kind if kind in (Kind.DATE, Kind.DATETIME) else Kind.DATE)


def _role(body: Body, tree: Tree[Token]) -> str | None:
    names = tokens(tree, "NAME")
    if names and str(names[0]) not in set(body.world.roles()):
        body.checking.unknown(names[0], "role", body.world.roles())
    return str(names[0]) if names else None


def _statements(body: Body, trees: Sequence[Tree[Token]]) -> tuple[Statement, ...]:
    statements: list[Statement] = []
    names = body.names()
    for tree in trees:
        statement, names = _statement(body, tree, names)
        statements += [statement] if statement is not None else []
    return tuple(statements)


def _statement(body: Body, tree: Tree[Token], names: Names) -> tuple[Statement | None, Names]:
    if tree.data not in _PARTS:
        return check_statement(body, tree, names)
    if tree.data == "expect":
        condition = body.condition(subtrees(tree)[0], names)
        return Expect(body.line(tree), condition), names.knowing(present_if(condition.tree, True))
    if tree.data == "refuse":
        refused, _ = check_statement(replace(body, incomplete=True), subtrees(tree)[0], names)
        if refused is None:
            return None, names
        span = span_of(subtrees(tree)[0])
        return Refuse(body.line(tree), refused, body.checking.source[span.start : span.end]), names
    let, known = check_statement(body, Tree("let", tree.children, tree.meta), names)
    return (Given(body.line(tree), let) if isinstance(let, Let) else None), known
