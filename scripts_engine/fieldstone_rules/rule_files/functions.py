"""The functions of all rule files, checked when somebody first asks for them.

A function may call others, in its own file by their name and elsewhere as `file.name(…)`, but never itself,
not even in a roundabout way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from lark import Token, Tree

from fieldstone_rules.checking.context import NULL, Names, UserFunction
from fieldstone_rules.errors import Problem
from fieldstone_rules.parsing import subtrees, tokens
from fieldstone_rules.rule_files.bodies import Body, new_body, variable
from fieldstone_rules.rule_files.course import Course
from fieldstone_rules.rule_files.declarations import Function
from fieldstone_rules.rule_files.world import RuleWorld
from fieldstone_rules.spans import NOWHERE
from fieldstone_rules.tree import Constant, walk
from fieldstone_rules.types import Kind, Type, reference, simple

_PLAIN = frozenset(
    {
        Kind.BOOLEAN, Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.PERCENT, Kind.TEXT, Kind.DATE,
        Kind.DATETIME,
        Kind.TIME, Kind.DURATION,
    }
)  # fmt: skip


class Functions:
    """All functions by their full names, `file.name`. problems: file → what is wrong with its functions."""

    def __init__(self, world: RuleWorld, sources: Mapping[str, str], course: Course) -> None:
        self._world = world
        self._course = course
        self._sources = sources
        self._trees: dict[str, tuple[str, Tree[Token]]] = {}
        self._checked: dict[str, tuple[UserFunction, Function | None]] = {}
        self._checking: list[str] = []
        self.problems: dict[str, list[Problem]] = {name: [] for name in sources}

    def add(self, file: str, tree: Tree[Token]) -> None:
        """Take a function of a file in; a second one of the same name is left out."""
        self._trees.setdefault(f"{file}.{tokens(tree, 'NAME')[0]}", (file, tree))

    def names(self) -> Iterator[str]:
        """The full names of all functions."""
        return iter(self._trees)

    def declared(self, full_name: str) -> Function | None:
        """A function as it is declared; None for one that is wrong."""
        self.get(full_name)
        return self._checked[full_name][1]

    def get(self, full_name: str) -> UserFunction:
        """A function as calls see it; one that is wrong stands in with null, which fits everywhere."""
        return self._course.function(full_name, partial(self._get, full_name))

    def _get(self, full_name: str) -> UserFunction:
        if full_name in self._checking:
            self._report_cycle(full_name)
            return _broken(full_name)
        if full_name not in self._checked:
            self._checking.append(full_name)
            self._checked[full_name] = self._check(full_name)
            self._checking.pop()
        return self._checked[full_name][0]

    def _check(self, full_name: str) -> tuple[UserFunction, Function | None]:
        file, tree = self._trees[full_name]
        body = new_body(self._sources[file], self._world, None, View(self, file))
        parameters = _parameters(body, tree)
        names = Names(None, {name: variable(name, type_) for name, type_ in parameters.items()})
        expression = body.value(subtrees(tree)[-1], names)
        self.problems[file] += body.problems
        if any(problem.severity == "error" for problem in self.problems[file] if problem in body.problems):
            return _broken(full_name, parameters), None
        name = full_name.partition(".")[2]
        size = sum(1 for _ in walk(expression.tree))
        declared = Function(name, body.line(tree), parameters, expression)
        return UserFunction(full_name, parameters, expression.tree, size), declared

    def _report_cycle(self, full_name: str) -> None:
        for name in self._checking[self._checking.index(full_name) :]:
            file, tree = self._trees[name]
            token = tokens(tree, "NAME")[0]
            body = new_body(self._sources[file], self._world, None, {})
            body.checking.report(token, "function_cycle", f"The function `{token}` calls itself.")
            self.problems[file] += body.problems


class View(Mapping[str, UserFunction]):
    """The functions as one file sees them: its own by their plain names too. file: None for documents."""

    def __init__(self, functions: Functions, file: str | None = None) -> None:
        self._functions = functions
        self._file = file

    def _full(self, name: str) -> str:
        return name if "." in name else f"{self._file}.{name}"

    def __getitem__(self, name: str) -> UserFunction:
        if name not in self:
            raise KeyError(name)
        return self._functions.get(self._full(name))

    def __contains__(self, name: object) -> bool:
        return self._full(str(name)) in set(self._functions.names())

    def __iter__(self) -> Iterator[str]:
        for name in self._functions.names():
            file, _, short = name.partition(".")
            yield short if file == self._file else name

    def __len__(self) -> int:
        return sum(1 for _ in self._functions.names())


def _broken(full_name: str, parameters: Mapping[str, Type] | None = None) -> UserFunction:
    known = {name: simple(Kind.NULL) for name in parameters or {}}
    return UserFunction(full_name, known, Constant(NULL, NOWHERE, None), 1)


def _parameters(body: Body, tree: Tree[Token]) -> dict[str, Type]:
    found: dict[str, Type] = {}
    for parameter in (part for part in subtrees(tree) if part.data == "parameter"):
        name, type_ = tokens(parameter, "NAME")
        if str(name) in found:
            body.checking.report(name, "defined_twice", f"There is a parameter `{name}` already.")
        found[str(name)] = _type(body, type_)
    return found


def _type(body: Body, token: Token) -> Type:
    word = str(token)
    if word in _PLAIN:
        return simple(Kind(word))
    if body.world.entity(word) is not None:
        return reference(word)
    body.checking.unknown(token, "type or entity", [*_PLAIN, *body.world.entity_names()])
    return simple(Kind.NULL)
