"""From text to Lark's tree: lexing, parsing, and the limits that hold while the text is read.

The tree follows `grammar.lark`. Its size is measured as it grows, so hostile text ends with an error long
before
it costs memory or depth.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import platform
import re
import tempfile
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import lark
from lark import Lark, TextSlice, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from fieldstone_rules import limits
from fieldstone_rules.errors import Problem, RuleError
from fieldstone_rules.spans import NOWHERE, Span, problem_at
from fieldstone_rules.syntax_errors import explain

_CHAINS = frozenset({"disjunction", "conjunction", "sum", "product", "fallback"})
_LISTS = ("__primary_", "__arguments_", "__mapping_")
_FREE = frozenset(
    {"argument", "arguments", "source", "where", "order_by", "order_key", "path", "pair", "mapping", "block"}
)

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class TooComplex(Exception):
    """A text grew beyond a limit while it was parsed."""

    def __init__(self, message: str, span: Span) -> None:
        self.message = message
        self.span = span
        super().__init__(message)


class MeasuredTree(Tree[Token]):
    """A syntax tree that knows how deep and how large it is.

    A chain of one operator (`a + b + c`) counts as one level, as people see it.
    """

    __slots__ = ()

    def __init__(self, data: str, children: list[Any], meta: Any = None) -> None:
        super().__init__(data, children, meta)
        self.size: int = 0
        self.depth: int = 0
        if not data.startswith("__"):
            self._measure(str(data))
        elif len(children) > limits.current.nodes and data.startswith(_LISTS):
            raise TooComplex(too_many_parts(), _first_span(children))

    def _measure(self, name: str) -> None:
        """Lark's own helper trees, whose names begin with `__`, are measured with the tree that takes them
        in.
        """
        trees = [child for child in self.children if isinstance(child, MeasuredTree)]
        self.size = 1 + sum(tree.size for tree in trees)
        self.depth = max((_depth_within(name, tree) for tree in trees), default=0) + _own_depth(name)
        if self.depth > limits.current.depth:
            message = f"This is nested more than {limits.current.depth} levels deep."
            raise TooComplex(message, _first_span(self.children))
        if self.size > limits.FILE_NODES:
            raise TooComplex("This text has too many parts.", _first_span(self.children))


def too_many_parts() -> str:
    """The sentence about an expression that is too large."""
    return f"An expression has at most {limits.current.nodes:,} parts."


def _depth_within(parent: str, tree: MeasuredTree) -> int:
    chained = parent in _CHAINS and tree.data == parent
    return tree.depth - 1 if chained else tree.depth


def _own_depth(name: str) -> int:
    return 0 if name in _FREE else 1


def _first_span(children: list[Any]) -> Span:
    for child in children:
        if isinstance(child, Token):
            return Span(child.start_pos or 0, child.end_pos or 0)
        if isinstance(child, Tree) and not child.meta.empty:
            return span_of(child)
    return NOWHERE


def span_of(part: Tree[Token] | Token) -> Span:
    """The place of a part of the tree in the source."""
    if isinstance(part, Token):
        return Span(part.start_pos or 0, part.end_pos or 0)
    if part.meta.empty:
        return NOWHERE
    return Span(part.meta.start_pos, part.meta.end_pos)


def subtrees(tree: Tree[Token]) -> list[Tree[Token]]:
    """The parts of a tree that are trees, in order, without the words and signs between them."""
    return [child for child in tree.children if isinstance(child, Tree)]


def tokens(tree: Tree[Token], kind: str) -> list[Token]:
    """The words of one kind directly in a tree, in order."""
    return [child for child in tree.children if isinstance(child, Token) and child.type == kind]


def parse_expression(source: str, start: int = 0, end: int | None = None) -> Tree[Token]:
    """The tree of the expression in `source[start:end]`; positions count from the start of `source`.

    Raises RuleError with the one problem at which reading had to stop.
    """
    tree = _expression(source, start, len(source) if end is None else end, limits.current)
    if isinstance(tree, MeasuredTree) and tree.size > limits.current.nodes:
        raise _too_complex(source, too_many_parts(), span_of(tree))
    return tree


@lru_cache(maxsize=4096)
def _expression(source: str, start: int, end: int, _limits: limits.Limits) -> Tree[Token]:
    """What parsing gave before: `owner == user` stands in hundreds of grants, and a check after a change
    reads the same texts again. Nobody changes a tree; the limits decide whether there is one.
    """
    return _parse(source, "expression", start, end)


def parse_file(source: str, start: int = 0, end: int | None = None) -> Tree[Token]:
    """The tree of the rule file in `source[start:end]`. Raises RuleError at the first syntax error."""
    return _parse(source, "file", start, len(source) if end is None else end)


def _parse(source: str, kind: str, start: int, end: int) -> Tree[Token]:
    check_size(source)
    try:
        return parser().parse(TextSlice(source, start, end), start=kind)
    except TooComplex as error:
        raise _too_complex(source, error.message, error.span) from None
    except (UnexpectedToken, UnexpectedCharacters, UnexpectedEOF, UnexpectedInput) as error:
        raise RuleError([explain(source, error, end)], source) from None


def check_size(source: str) -> None:
    """Refuse a text that is too long, or that holds characters no database text can hold."""
    if (
        len(source) > limits.current.source_bytes
        or len(source.encode("utf-8", "surrogatepass")) > limits.current.source_bytes
    ):
        message = f"The text is longer than {limits.current.source_bytes // 1024} KB."
        raise RuleError([Problem("too_long", message, 1, 1, 1, 1)], source[:200])
    unstorable = _UNSTORABLE.search(source)
    if unstorable is not None:
        span = Span(unstorable.start(), unstorable.end())
        raise RuleError(
            [problem_at(source, span, "syntax", "This character cannot be stored in a text.")], source
        )


def _too_complex(source: str, message: str, span: Span) -> RuleError:
    return RuleError(
        [problem_at(source, span, "too_complex", message, "split it into smaller rules")], source
    )


# ---- the parser itself, built once per grammar, Lark and Python version


@cache
def parser() -> Lark:
    """The parser, from a cache file beside the compiled modules if there is one.

    The cache lies where Python keeps the byte code of this package, so whoever could forge it could as well
    change the code. Its name holds a digest of everything it depends on, and it is put in place atomically.
    """
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    location = _cache_file(grammar)
    return _load(location) or _build(grammar, location)


def _cache_file(grammar: str) -> Path:
    ingredients = "\0".join(
        [grammar, lark.__version__, platform.python_version(), Path(__file__).read_text("utf-8")]
    )
    digest = hashlib.sha256(ingredients.encode()).hexdigest()[:16]
    return Path(__file__).parent / "__pycache__" / f"grammar-{digest}.pickle"


def _load(location: Path) -> Lark | None:
    try:
        with location.open("rb") as file:
            return Lark.load(file)
    except (OSError, EOFError, pickle.UnpicklingError, KeyError, AttributeError, ImportError):
        return None


def _build(grammar: str, location: Path) -> Lark:
    built = Lark(
        grammar,
        parser="lalr",
        start=["file", "expression"],
        propagate_positions=True,
        maybe_placeholders=False,
        tree_class=MeasuredTree,
    )
    _store(built, location)
    return built


def _store(built: Lark, location: Path) -> None:
    """Keep the parser for the next process; a read-only installation simply builds it each time."""
    try:
        location.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=location.parent, delete=False) as file:
            built.save(file)
        os.replace(file.name, location)
    except OSError:
        return
