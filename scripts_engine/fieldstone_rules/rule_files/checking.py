"""Checking the declarations of rule files: all problems of all files at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

from lark import Token, Tree

from fieldstone_rules.checking.context import UserFunction
from fieldstone_rules.errors import Problem
from fieldstone_rules.expression import Purpose, warn_of_unknown
from fieldstone_rules.parsing import span_of, subtrees, tokens
from fieldstone_rules.rule_files.bodies import TEXT, Body, new_body, restricted
from fieldstone_rules.rule_files.certainties import foregone
from fieldstone_rules.rule_files.conflicts import conflicts
from fieldstone_rules.rule_files.course import Course, FileCheck
from fieldstone_rules.rule_files.coverage import untested
from fieldstone_rules.rule_files.declarations import (
    Check,
    Declaration,
    Event,
    Moment,
    Occasion,
    RuleFile,
    Trigger,
    Validation,
)
from fieldstone_rules.rule_files.functions import Functions, View
from fieldstone_rules.rule_files.heads import as_user, opening, whole_number
from fieldstone_rules.rule_files.later import check_assignment, check_schedule, check_score, check_sla
from fieldstone_rules.rule_files.reading import Parsed, read
from fieldstone_rules.rule_files.statements import check_block, field_at
from fieldstone_rules.rule_files.test_cases import check_test
from fieldstone_rules.rule_files.whole_entities import beyond_the_database
from fieldstone_rules.rule_files.world import RuleWorld

_AFTERWARDS = "The record is saved already; set its fields in a `before` trigger."
_BEFORE = (
    "Before a save only `set`, `let`, `if`, `for` and `fail` can be used; write this in an `after` trigger."
)
_KINDS = ("validation", "trigger", "schedule", "assignment", "score", "sla")


@dataclass(frozen=True)
class CheckedFiles:
    """The result. files: those that are sound, by name. problems: file → what is wrong with it."""

    files: Mapping[str, RuleFile]
    problems: Mapping[str, tuple[Problem, ...]]


class RuleFiles:
    """All rule files of an application on their way through a check.

    Their functions can be called from other expressions before the files themselves are checked.
    """

    def __init__(self, sources: Mapping[str, str], world: RuleWorld, course: Course | None = None) -> None:
        """course: how the check goes about it, where it follows another one."""
        self._sources = sources
        self._world = world
        self._course = course or Course()
        self._kept = {name: kept for name in sources if (kept := self._course.kept(name)) is not None}
        self._parsed: dict[str, Parsed] = {
            name: read(source) for name, source in sources.items() if name not in self._kept
        }
        self._functions = Functions(world, sources, self._course)
        for name, parsed in self._parsed.items():
            for tree in parsed.trees:
                if tree.data == "function":
                    self._functions.add(name, tree)

    @property
    def functions(self) -> Mapping[str, UserFunction]:
        """The functions as expressions outside of the files call them: `file.name(…)`."""
        return View(self._functions)

    @cached_property
    def lost(self) -> frozenset[str]:
        """The names of declarations that could not be read; nobody should complain that they are missing."""
        return frozenset().union(*(parsed.lost for parsed in self._parsed.values()))

    def check(self) -> CheckedFiles:
        """All declarations, checked."""
        found = {name: self._course.file(name, partial(self._file, name)) for name in self._sources}
        files = {name: check.file for name, check in found.items()}
        problems = {name: [*check.problems] for name, check in found.items()}
        for name, problem in conflicts(files.values(), self._world):
            problems[name].append(problem)
        if not any(_is_error(problem) for told in problems.values() for problem in told):
            for name, problem in untested([*files.values()], self._world):
                problems[name].append(problem)
        sound = {name: file for name, file in files.items() if not any(map(_is_error, problems[name]))}
        return CheckedFiles(sound, {name: _in_order(told, self.lost) for name, told in problems.items()})

    def _file(self, name: str) -> FileCheck:
        if name in self._kept:
            return self._kept[name]
        source, parsed = self._sources[name], self._parsed[name]
        problems = [*parsed.problems]
        declarations: list[Declaration] = []
        seen: set[tuple[str, str]] = set()
        for tree in parsed.trees:
            body = self._body(name, source, tree)
            _check_name(body, tree, seen)
            found = self._declaration(name, body, tree)
            problems += body.problems
            if found is not None:
                problems += foregone(found, self._world)
                problems += beyond_the_database(found)
            declarations += [found] if found is not None else []
        problems += self._functions.problems[name]
        return FileCheck(RuleFile(name, source, tuple(declarations)), tuple(problems))

    def _declaration(self, file: str, body: Body, tree: Tree[Token]) -> Declaration | None:
        if tree.data == "function":
            return self._functions.declared(f"{file}.{tokens(tree, 'NAME')[0]}")
        if tree.data in _KINDS and body.entity is None:
            token = tokens(tree, "NAME")[1]
            body.checking.unknown(token, "entity", self._world.entity_names())
            return None
        return _CHECKS[str(tree.data)](body, tree)

    def _body(self, file: str, source: str, tree: Tree[Token]) -> Body:
        entity = str(tokens(tree, "NAME")[1]) if tree.data in _KINDS else None
        known = entity if entity is not None and self._world.entity(entity) is not None else None
        saving = tree.data in ("validation", "trigger")
        return new_body(source, self._world, known, View(self._functions, file), old=saving)


def _is_error(problem: Problem) -> bool:
    return problem.severity == "error"


def _in_order(problems: list[Problem], lost: frozenset[str]) -> tuple[Problem, ...]:
    """Each problem once, by place, without complaints about functions that could not be read."""
    real = {
        problem
        for problem in problems
        if not (problem.code == "unknown_function" and any(f"`{name}`" in problem.message for name in lost))
    }
    return tuple(sorted(real, key=lambda problem: (problem.line, problem.column, problem.code)))


def _check_name(body: Body, tree: Tree[Token], seen: set[tuple[str, str]]) -> None:
    if tree.data == "test":
        return
    token = tokens(tree, "NAME")[0]
    kind = "function" if tree.data == "function" else "rule"
    if (kind, str(token)) in seen:
        body.checking.report(token, "defined_twice", f"There is a {kind} `{token}` in this file already.")
    seen.add((kind, str(token)))


# ---- what runs in a save


def _validation(body: Body, tree: Tree[Token]) -> Validation:
    when, names = opening(body, tree)
    checks: list[Check] = []
    parts = list(tree.children)
    for place, part in enumerate(parts):
        if isinstance(part, Token) and part.type == "CHECK":
            condition, message = parts[place + 1], parts[place + 3]
            path = _path_behind(parts, place + 4)
            checked = body.condition(_tree(condition), names, Purpose.CHECK)
            warn_of_unknown(body.checking, span_of(_tree(condition)), checked.tree)
            text = body.value(_tree(message), names, TEXT)
            checks.append(Check(body.line(part), checked, text, field_at(body, path)))
    name = str(tokens(tree, "NAME")[0])
    return Validation(name, body.line(tree), str(body.entity), when, tuple(checks))


def _path_behind(parts: list[Tree[Token] | Token], place: int) -> Tree[Token] | None:
    at = parts[place] if place < len(parts) else None
    return _tree(parts[place + 1]) if isinstance(at, Token) and at.type == "AT" else None


def _tree(part: Tree[Token] | Token) -> Tree[Token]:
    assert isinstance(part, Tree)
    return part


def _trigger(body: Body, tree: Tree[Token]) -> Trigger:
    moment = _moment(tree)
    occasions = tuple(_occasion(body, event) for event in subtrees(tree) if event.data == "event")
    deleting = any(occasion.event is Event.DELETE for occasion in occasions)
    own = _AFTERWARDS if moment is not Moment.BEFORE else _deleted(deleting)
    inner = restricted(body, own_fields=own, writes=_BEFORE if moment is Moment.BEFORE else None)
    when, names = opening(inner, tree)
    skipped = ("moment", "event", "when")
    statements = check_block(inner, [part for part in subtrees(tree) if part.data not in skipped], names)
    order = tokens(tree, "NUMBER")
    return Trigger(
        name=str(tokens(tree, "NAME")[0]),
        line=body.line(tree),
        entity=str(body.entity),
        moment=moment,
        occasions=occasions,
        order=whole_number(body, order[0]) if order else None,
        as_user=as_user(body, tree),
        when=when,
        statements=statements,
    )


def _deleted(deleting: bool) -> str | None:
    return "A record that is being deleted keeps its fields." if deleting else None


def _moment(tree: Tree[Token]) -> Moment:
    part = next(part for part in subtrees(tree) if part.data == "moment")
    if tokens(part, "BEFORE"):
        return Moment.BEFORE
    return Moment.COMMIT if tokens(part, "COMMIT") else Moment.AFTER


def _occasion(body: Body, tree: Tree[Token]) -> Occasion:
    word = next(part for part in tree.children if isinstance(part, Token))
    names = tokens(tree, "NAME")
    event = Event(str(word).lower())
    if event is Event.TRANSITION:
        known = tuple(body.world.transitions(str(body.entity)))
        if not known:
            body.checking.report(word, "unknown_name", f"`{body.entity}` has no workflow.")
        elif names and str(names[0]) not in known:
            body.checking.unknown(names[0], f"transition of `{body.entity}` called", known)
    return Occasion(event, str(names[0]) if names else None)


_CHECKS: Mapping[str, Callable[[Body, Tree[Token]], Declaration]] = {
    "validation": _validation,
    "trigger": _trigger,
    "schedule": check_schedule,
    "assignment": check_assignment,
    "score": check_score,
    "sla": check_sla,
    "test": check_test,
}
