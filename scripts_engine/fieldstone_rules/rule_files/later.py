"""Checking the rules that run as jobs: schedules, assignment, scores and SLAs."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from lark import Token, Tree

from fieldstone_rules.checking.context import Names, describe
from fieldstone_rules.expression import Expression
from fieldstone_rules.parsing import subtrees, tokens
from fieldstone_rules.rule_files.bodies import TEXT, Body
from fieldstone_rules.rule_files.cron import why_not_cron
from fieldstone_rules.rule_files.declarations import Assignment, Pool, Schedule, Score, Sla
from fieldstone_rules.rule_files.heads import as_user, opening, whole_number
from fieldstone_rules.rule_files.statements import check_block
from fieldstone_rules.types import Kind, reference, simple

_POOL_NAME = re.compile(r"[a-z][a-z0-9_]*")
_POOLS = frozenset({"queue", "round_robin"})
_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.NULL})


def check_schedule(body: Body, tree: Tree[Token]) -> Schedule:
    """`schedule name on entity at "cron" { … }`."""
    written, *rest = subtrees(tree)
    when, names = opening(body, tree)
    limit = tokens(tree, "NUMBER")
    if limit and whole_number(body, limit[0]) == 0:
        body.checking.report(
            limit[0], "number_range", "A schedule that is limited to no records does nothing."
        )
    return Schedule(
        name=str(tokens(tree, "NAME")[0]),
        line=body.line(tree),
        entity=str(body.entity),
        cron=_cron(body, written),
        as_user=as_user(body, tree),
        when=when,
        limit=whole_number(body, limit[0]) if limit else None,
        statements=check_block(body, [part for part in rest if part.data != "when"], names),
    )


def _cron(body: Body, tree: Tree[Token]) -> str:
    text = str(tree.children[0])[1:-1]
    problem = why_not_cron(text)
    if problem is not None:
        hint = 'minute, hour, day, month, weekday: "0 6 * * 1-5"'
        body.checking.report(tree, "schedule", f"This is no time to repeat. {problem}", hint)
    return text


def check_assignment(body: Body, tree: Tree[Token]) -> Assignment:
    """`assignment name on entity { when … -> … otherwise -> … }`."""
    names = body.names()
    cases: list[tuple[Expression, Expression | Pool]] = []
    parts = subtrees(tree)
    for place, part in enumerate(parts):
        if part.data == "when":
            cases.append((body.condition(subtrees(part)[0], names), _receiver(body, parts[place + 1], names)))
    otherwise = _receiver(body, parts[-1], names) if tokens(tree, "OTHERWISE") else None
    _check_owned(body, tree)
    name = str(tokens(tree, "NAME")[0])
    return Assignment(name, body.line(tree), str(body.entity), tuple(cases), otherwise)


def _check_owned(body: Body, tree: Tree[Token]) -> None:
    schema = body.world.entity(str(body.entity))
    if schema is not None and "owner" not in schema.fields:
        message = f"A record of `{schema.name}` belongs to nobody, so it cannot be assigned."
        body.checking.report(tokens(tree, "NAME")[1], "type", message)


def _receiver(body: Body, tree: Tree[Token], names: Names) -> Expression | Pool:
    if tree.data == "call" and str(tokens(tree, "NAME")[0]) in _POOLS:
        return _pool(body, tree)
    return body.value(tree, names, reference("user", "team"))


def _pool(body: Body, tree: Tree[Token]) -> Pool:
    way, arguments = str(tokens(tree, "NAME")[0]), subtrees(subtrees(tree)[0])
    found = list(subtrees(tree)[0].scan_values(_is_text))
    if len(arguments) != 1 or len(found) != 1 or len(list(subtrees(tree)[0].scan_values(bool))) != 1:
        body.checking.report(tree, "arguments", f'It is called as `{way}("name")`.')
        return Pool(way, "")
    name = str(found[0])[1:-1]
    if not _POOL_NAME.fullmatch(name):
        message = "It is named with small letters, digits and `_`, beginning with a letter."
        body.checking.report(found[0], "bad_name", message)
    return Pool(way, name)


def _is_text(part: object) -> bool:
    return isinstance(part, Token) and part.type in ("TEXT", "RAW")


def check_score(body: Body, tree: Tree[Token]) -> Score:
    """`score name on entity { when … -> points }`."""
    names = body.names()
    cases: list[tuple[Expression, Expression]] = []
    for line in subtrees(tree):
        condition, points = subtrees(line)
        value = body.value(points, names)
        if value.type.kind not in _NUMBERS:
            body.checking.report(points, "type", f"Points are a number, not a {describe(value.type)}.")
        cases.append((body.condition(condition, names), value))
    return Score(str(tokens(tree, "NAME")[0]), body.line(tree), str(body.entity), tuple(cases))


def check_sla(body: Body, tree: Tree[Token]) -> Sla:
    """`sla name on entity { start when … stop when … target … }`."""
    found = Sla(str(tokens(tree, "NAME")[0]), body.line(tree), str(body.entity))
    for part in subtrees(tree):
        found = _with_part(body, found, part)
    for name in ("start", "stop", "target"):
        if getattr(found, name) is None:
            body.checking.report(tokens(tree, "NAME")[0], "value_missing", f"The SLA has no `{name}`.")
    return found


def _with_part(body: Body, sla: Sla, part: Tree[Token]) -> Sla:
    names, first = body.names(), subtrees(part)[0]
    kind = str(part.data)
    if kind in ("sla_start", "sla_pause", "sla_stop"):
        return _with_condition(sla, kind, body.condition(subtrees(first)[0], names))
    if kind == "sla_target":
        return replace(sla, target=body.value(first, names, simple(Kind.DURATION)))
    if kind == "sla_calendar":
        return replace(sla, calendar=body.value(first, names, TEXT))
    statements = check_block(body, subtrees(first), names)
    if kind == "sla_breach":
        return replace(sla, breach=statements)
    share = _share(body, sla, tokens(part, "PERCENT")[0])
    return replace(sla, warnings=(*sla.warnings, (share, statements)))


def _share(body: Body, sla: Sla, token: Token) -> Decimal:
    """The share of the target at which a warning comes, each once and before the breach."""
    share = Decimal(str(token).rstrip("%"))
    if not 0 < share < 100:
        message = "A warning comes after the start and before the target: above 0% and below 100%."
        body.checking.report(token, "number_range", message, "what happens at the target stands in `breach`")
    elif any(share == known for known, _ in sla.warnings):
        body.checking.report(token, "defined_twice", f"There is a warning at {token} already.")
    return share


def _with_condition(sla: Sla, kind: str, condition: Expression) -> Sla:
    if kind == "sla_start":
        return replace(sla, start=condition)
    return replace(sla, pause=condition) if kind == "sla_pause" else replace(sla, stop=condition)
