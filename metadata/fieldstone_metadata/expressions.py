"""Checking the expressions of documents, with every problem at its place in the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from fieldstone_metadata.nodes import Node
from fieldstone_metadata.problems import ERROR, Problem
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.scalar_positions import place_in_file
from fieldstone_metadata.world import World
from fieldstone_metadata.yaml_mistakes import cut_by_comment, quote_it
from fieldstone_rules import Expression, Purpose, RuleError, Scope, check_expression, check_text
from fieldstone_rules import Problem as RuleProblem
from fieldstone_rules.certain import certain_condition, certain_parts
from fieldstone_rules.checking.context import UserFunction
from fieldstone_rules.cost import cost_problem
from fieldstone_rules.expression import CONDITIONS
from fieldstone_rules.parsing import check_size, parse_expression
from fieldstone_rules.satisfiable import Facts
from fieldstone_rules.tree import Binding, Call, Constant, HasRole, Setting, UserTeams, walk
from fieldstone_rules.tree import Node as TreeNode
from fieldstone_rules.types import Kind, Type, simple

BOOLEAN = simple(Kind.BOOLEAN)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_MARKED = frozenset({Purpose.DEFAULT, Purpose.VALUE})
_ECHOES = frozenset({"broken_formula"})
"""Codes of problems that are only the echo of one that is reported where it arises."""


@dataclass(frozen=True)
class Known:
    """What is certain wherever a condition is asked.

    hint: says it to people. severity: of a condition that then never holds.
    """

    facts: Facts
    hint: str | None = None
    severity: str = ERROR


@dataclass
class Expressions:
    """Checks expressions against a world. silenced: names that are known to be missing or unsound.

    functions: those of the rule files.
    """

    world: World
    report: Report
    silenced: set[str]
    functions: Mapping[str, UserFunction] = field(default_factory=dict)

    def check(self, node: Node, scope: Scope, known: Known | None = None) -> Expression | None:
        """The checked expression in the scalar `node`, or None if it is wrong; problems
        are reported in its file.

        For a default or a value the leading `=`, which marks an expression where a plain
        value is usual, is skipped. known: what is certain wherever the condition is asked.
        """
        if node.broken:
            return None
        source, skipped = _source_of(node, marked=scope.purpose in _MARKED)
        return self._read(node, source, skipped, scope, check_expression, known)

    def check_text(self, node: Node, scope: Scope) -> Expression | None:
        """The text with `{expressions}` in the scalar `node`, checked; None if it is wrong."""
        return None if node.broken else self._read(node, str(node.value), 0, scope, check_text)

    def parsed(self, node: Node) -> str | None:
        """The text of the expression in the scalar `node`, of which only the syntax is checked."""
        if node.broken:
            return None
        source, _ = _source_of(node, marked=False)
        try:
            check_size(source)
            parse_expression(source)
        except RuleError as error:
            self._report(error.problems, node, source, 0)
            return None
        return source

    def _read(  # noqa: PLR0917  a text is a node, the characters and where they begin
        self,
        node: Node,
        source: str,
        skipped: int,
        scope: Scope,
        check: Callable[[str, Scope], Expression],
        known: Known | None = None,
    ) -> Expression | None:
        try:
            expression = check(source, replace(scope, schema=self.world, functions=self.functions))
        except RuleError as error:
            self._report(error.problems, node, source, skipped)
            return None
        foregone = tuple(_foregone(expression, known))
        self._report((*expression.warnings, *foregone), node, source, skipped)
        if any(problem.severity == ERROR for problem in foregone):
            return None
        return expression

    def condition(
        self, node: Node | None, entity: str, purpose: Purpose = Purpose.CONDITION, *, old: bool = False
    ) -> bool | Expression | None:
        """A condition over a record of `entity`: a plain truth value, be it written as an expression, a
        checked expression, or None if absent or wrong.
        """
        if node is None or isinstance(node.value, bool):
            return None if node is None else bool(node.value)
        found = self.check(node, self.scope(entity, purpose, BOOLEAN, old=old))
        constant = found.tree.value if found is not None and isinstance(found.tree, Constant) else None
        return constant if isinstance(constant, bool) else found

    def scope(
        self,
        entity: str | None,
        purpose: Purpose,
        expected: Type | None = None,
        *,
        old: bool = False,
        variables: Mapping[str, Type] | None = None,
        forbidden: frozenset[str] = frozenset(),
    ) -> Scope:
        """A scope over this world."""
        return Scope(
            schema=self.world,
            entity=entity,
            purpose=purpose,
            expected=expected,
            variables=variables or {},
            old=old,
            forbidden=forbidden,
        )

    def _report(self, problems: tuple[RuleProblem, ...], node: Node, source: str, skipped: int) -> None:
        names = set(_NAME.findall(source))
        failed = any(problem.severity == ERROR for problem in problems)
        for problem in problems:
            if failed and problem.severity != ERROR:
                continue  # what is broken is taken for null, of which warnings would tell
            about = {_named(problem, source)} if problem.code == "unknown_name" else names
            phantom = problem.code in _ECHOES or (problem.code != "syntax" and about & self.silenced)
            if not phantom:
                self.report.extend([_in_file(problem, node, skipped)])


def _foregone(expression: Expression, known: Known | None) -> Iterator[RuleProblem]:
    """What is certain before the expression is ever asked: its outcome, and what it costs."""
    if expression.scope.purpose not in CONDITIONS:
        yield from certain_parts(expression)
    elif not isinstance(expression.tree, Constant):
        yield from _certain(expression, known)
    costly = cost_problem(expression)
    yield from [costly] if costly is not None else []


def _certain(expression: Expression, known: Known | None) -> Iterator[RuleProblem]:
    if known is None:
        return certain_condition(expression)
    return certain_condition(expression, known.facts, severity=known.severity, known=known.hint)


def used_from_outside(expression: Expression, forbidden: frozenset[str]) -> set[str]:
    """Which of the functions and roots in `forbidden` an expression uses, also through formulas."""
    return {name for part in walk(expression.tree) if (name := _root_or_function(part)) in forbidden}


def _root_or_function(part: TreeNode) -> str | None:
    if isinstance(part, Call):
        return part.function.name
    if isinstance(part, Setting):
        return "settings"
    asks_user = isinstance(part, (UserTeams, HasRole)) or (isinstance(part, Binding) and part.name == "user")
    return "user" if asks_user else None


def _named(problem: RuleProblem, source: str) -> str:
    """The name that a problem is about: the text at its place."""
    line = source.split("\n")[problem.line - 1]
    end = problem.end_column if problem.end_line == problem.line else len(line) + 1
    return line[problem.column - 1 : end - 1]


def _source_of(node: Node, *, marked: bool) -> tuple[str, int]:
    """The text of an expression and how many characters were skipped before it."""
    if isinstance(node.value, bool):
        return str(node.value).lower(), 0
    text = str(node.value)
    return (text[1:], 1) if marked and text.startswith("=") else (text, 0)


def _in_file(problem: RuleProblem, node: Node, skipped: int) -> Problem:
    column = problem.column + (skipped if problem.line == 1 else 0)
    line, column = place_in_file(node, problem.line, column)
    hint = problem.hint
    if problem.code == "syntax" and cut_by_comment(node):
        hint = quote_it(node.source.text[node.start :].split("\n", 1)[0].strip())
    message = problem.message[:1].lower() + problem.message[1:].removesuffix(".")
    source = node.source
    return Problem(source.path, line, column, problem.code, message, hint, problem.severity, source.layer)
