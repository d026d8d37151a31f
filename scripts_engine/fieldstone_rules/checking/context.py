"""What the checker carries along: the text, the names in scope, and the problems found so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from lark import Token, Tree

from fieldstone_rules import limits
from fieldstone_rules.errors import Problem
from fieldstone_rules.parsing import span_of
from fieldstone_rules.schema import EntitySchema, Schema
from fieldstone_rules.spans import Span, problem_at
from fieldstone_rules.suggestions import did_you_mean
from fieldstone_rules.syntax_errors import shorten
from fieldstone_rules.tree import Binding, Constant, Field, Node, Part
from fieldstone_rules.types import Kind, Type, simple

NULL = simple(Kind.NULL)
MOST_PROBLEMS = 100

Path = tuple[str, ...]
Rule = Callable[["Checking", "Tree[Token]", "Names"], Node]


@dataclass(frozen=True)
class Names:
    """The names that a part of an expression can use.

    row: the record whose fields bare names mean, or None. variables: name → what it stands for.
    present: paths known not to be null here.
    """

    row: Node | None
    variables: Mapping[str, Node] = field(default_factory=dict)
    present: frozenset[Path] = frozenset()

    def knowing(self, paths: frozenset[Path]) -> Names:
        """The same names where some paths are known to be present."""
        return replace(self, present=self.present | paths) if paths else self

    def with_variable(self, name: str, node: Node) -> Names:
        """The same names and one more."""
        return replace(self, variables={**self.variables, name: node})


@dataclass(frozen=True)
class UserFunction:
    """A function of a rule file, checked: its parameters with their types, and its body."""

    name: str
    parameters: Mapping[str, Type]
    body: Node
    size: int


@dataclass
class Checking:
    """One run of the checker over one text.

    old: `old`, `changed` and `became` may occur. user: `user` may occur. forbidden: names that may not.
    parts: how many parts the expressions inside texts have had. expanded: how many the functions and formulas
    that are used have had.
    formulas: bodies of formulas checked on the way, shared by nested runs; None marks one that is being
    checked.
    """

    source: str
    schema: Schema
    rules: Mapping[str, Rule]
    old: bool = False
    user: bool = True
    forbidden: frozenset[str] = frozenset()
    functions: Mapping[str, UserFunction] = field(default_factory=dict)
    formulas: dict[tuple[str, str], Node | None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    rows: int = 0
    parts: int = 0
    expanded: int = 0

    def check(self, tree: Tree[Token], names: Names) -> Node:
        """The typed tree of a part of an expression; problems are noted and a null stands in for what is
        broken.
        """
        return self.rules[str(tree.data)](self, tree, names)

    def report(
        self,
        part: Tree[Token] | Token | Span,
        code: str,
        message: str,
        hint: str | None = None,
        severity: str = "error",
    ) -> Node:
        """Note a problem; gives a node to stand in, which fits everywhere so that one mistake is told
        once.
        """
        span = part if isinstance(part, Span) else span_of(part)
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem_at(self.source, span, code, message, hint, severity=severity))
        return Constant(NULL, span, None)

    def unknown(self, token: Token, what: str, known: Iterable[str]) -> Node:
        """Note an unknown name, with the nearest known one."""
        message = f"There is no {what} `{shorten(str(token))}`."
        return self.report(token, "unknown_name", message, did_you_mean(str(token), known))

    def entity(self, name: str) -> EntitySchema | None:
        """The schema of an entity."""
        return self.schema.entity(name)

    def expand(self, size: int, most: int) -> bool:
        """Whether something of this size may be put in here: neither it nor all together is too large."""
        self.expanded += size
        return size <= most and self.expanded <= limits.EXPANDED_NODES

    def new_row(self) -> str:
        """A fresh name for the records of a collection."""
        self.rows += 1
        return f"row{self.rows}"


def path_of(node: Node) -> Path | None:
    """The names that lead to a value, from a binding on; None for a value that is computed."""
    names: list[str] = []
    while isinstance(node, Field | Part):
        names.append(node.name)
        node = node.of
    return (node.name, *reversed(names)) if isinstance(node, Binding) else None


def is_null(node: Node) -> bool:
    """Whether a node is the literal null, or stands in for something broken."""
    return isinstance(node, Constant) and node.value is None


def describe(type_: Type) -> str:
    """A type as people call it."""
    if type_.kind is Kind.REFERENCE and type_.entities:
        return "reference to " + " or ".join(f"`{entity}`" for entity in type_.entities)
    if type_.kind is Kind.LIST and type_.item is not None:
        return f"list of {describe(type_.item)}"
    if type_.kind is Kind.COLLECTION:
        return "collection of records"
    if type_.kind is Kind.COMPOUND:
        return "value of several parts"
    return str(type_.kind)
