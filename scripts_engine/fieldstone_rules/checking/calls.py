"""Calls of functions: of the library, of a rule file, and those that the language itself gives a meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import re2
from lark import Token, Tree

from fieldstone_rules import limits
from fieldstone_rules.checking import gathering, literals
from fieldstone_rules.checking.arithmetic import first_present
from fieldstone_rules.checking.assignment import assignable
from fieldstone_rules.checking.comparisons import fits
from fieldstone_rules.checking.context import Checking, Names, UserFunction, describe, is_null, path_of
from fieldstone_rules.checking.conversion import base, convert
from fieldstone_rules.checking.logic import condition
from fieldstone_rules.checking.names import title
from fieldstone_rules.functions import FUNCTIONS
from fieldstone_rules.functions.declaration import Form, FunctionDeclaration
from fieldstone_rules.functions.formatting import DATE_FORM, NUMBER_FORM, PATTERN
from fieldstone_rules.functions.texts import compiled_pattern
from fieldstone_rules.functions.times import duration_type
from fieldstone_rules.functions.zones import zone_names, zoned
from fieldstone_rules.parsing import span_of, subtrees, tokens
from fieldstone_rules.suggestions import did_you_mean
from fieldstone_rules.syntax_errors import shorten
from fieldstone_rules.tree import (
    OLD,
    RECORD,
    USER,
    About,
    And,
    Apply,
    Binding,
    Call,
    Constant,
    Equal,
    Field,
    HasRole,
    Node,
    Not,
    Or,
    Truth,
    UserTeams,
    UserZone,
    Variable,
    Within,
    depth,
)
from fieldstone_rules.types import Kind, list_of, reference, simple

_BOOLEAN = simple(Kind.BOOLEAN, nullable=False)
_WRITTEN_MOMENTS = {"date": Kind.DATE, "datetime": Kind.DATETIME, "time": Kind.TIME}


def call(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """`name(arguments)`."""
    token = tokens(tree, "NAME")[0]
    name, arguments = str(token), subtrees(subtrees(tree)[0])
    if name in checking.forbidden:
        return checking.report(token, "not_allowed", f"`{name}()` cannot be used here.")
    named = next((argument for argument in arguments if argument.data == "named"), None)
    if named is not None:
        return checking.report(named, "arguments", "Arguments are named only in actions.")
    if name in checking.functions:
        if any(not gathering.is_plain(argument) for argument in arguments):
            return checking.report(token, "arguments", f"`{name}` takes no `where`, `order by` or `as`.")
        return _apply(checking, tree, checking.functions[name], arguments, names)
    if gathering.is_gathering(checking, name, arguments, names):
        return gathering.gather(checking, tree, name, arguments, names)
    if any(not gathering.is_plain(argument) for argument in arguments):
        return checking.report(token, "arguments", f"`{name}` takes no `where`, `order by` or `as`.")
    values = [subtrees(subtrees(argument)[0])[0] for argument in arguments]
    if name in _SPECIAL:
        return _call_special(checking, tree, name, values, names)
    if name not in FUNCTIONS or not FUNCTIONS[name].forms:
        return _unknown_function(checking, token)
    return _library(checking, tree, FUNCTIONS[name], values, names)


def call_of(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """`document.name(arguments)`: a function of another rules document."""
    of, arguments = subtrees(tree)
    token = tokens(tree, "NAME")[0]
    if of.data != "name":
        return checking.report(token, "unknown_function", "A value has no functions of its own.")
    name = f"{tokens(of, 'NAME')[0]}.{token}"
    if name not in checking.functions:
        hint = did_you_mean(name, checking.functions)
        return checking.report(tree, "unknown_function", f"There is no function `{shorten(name)}`.", hint)
    given = subtrees(arguments)
    if any(argument.data == "named" or not gathering.is_plain(argument) for argument in given):
        return checking.report(token, "arguments", f"`{name}` takes plain values.")
    return _apply(checking, tree, checking.functions[name], given, names)


def _unknown_function(checking: Checking, token: Token) -> Node:
    known = [*FUNCTIONS, *checking.functions]
    return checking.report(
        token,
        "unknown_function",
        f"There is no function `{shorten(str(token))}`.",
        did_you_mean(str(token), known),
    )


# ---- the library


def _library(
    checking: Checking,
    tree: Tree[Token],
    declaration: FunctionDeclaration,
    values: list[Tree[Token]],
    names: Names,
) -> Node:
    in_zones = [zoned(form) for form in declaration.forms if form.context]
    check = _argument if in_zones else Checking.check
    arguments = [check(checking, value, names) for value in values]
    if declaration.name in _WRITTEN_MOMENTS and len(arguments) == 1 and _is_written(arguments[0]):
        return literals.moment(
            checking, _WRITTEN_MOMENTS[declaration.name], _text(arguments[0]), span_of(tree)
        )
    forms = (*declaration.forms, *in_zones)
    if not any(form.accepts_count(len(arguments)) for form in forms):
        return checking.report(tree, "arguments", f"It is called as `{signature(declaration)}`.")
    types = [argument.type for argument in arguments]
    form = next((form for form in forms if form.accepts(types)), None)
    if form is None:
        return checking.report(
            tree, "type", _misfit(declaration, arguments), f"it is called as `{signature(declaration)}`"
        )
    if form in in_zones:
        arguments[-1] = _zone(checking, arguments[-1])
        types = [argument.type for argument in arguments]
    if not _written_out(checking, form, arguments):
        return Constant(simple(Kind.NULL), span_of(tree), None)
    if any(is_null(argument) for argument in arguments):
        return Constant(simple(Kind.NULL), span_of(tree), None)
    type_ = duration_type(_text(arguments[1])) if declaration.name == "duration" else form.result(types)
    type_ = type_.optional() if any(type_.nullable for type_ in types) else type_
    return Call(type_, span_of(tree), declaration, form, tuple(arguments))


def _argument(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """An argument where a time zone may stand: `user.timezone` needs no right to read users."""
    if not (
        _is_user_zone(tree) and checking.user and USER not in checking.forbidden | names.variables.keys()
    ):
        return checking.check(tree, names)
    return UserZone(simple(Kind.TEXT, nullable=False), span_of(tree))


def _is_user_zone(tree: Tree[Token]) -> bool:
    if tree.data != "follow" or str(tokens(tree, "NAME")[0]) != "timezone":
        return False
    base = subtrees(tree)[0]
    return base.data == "name" and str(base.children[0]) == USER


def _zone(checking: Checking, node: Node) -> Node:
    """The time zone that a function is told."""
    if is_null(node) or isinstance(node, UserZone) or (_is_written(node) and _text(node) in zone_names()):
        return node
    hint = did_you_mean(_text(node), zone_names()) if _is_written(node) else None
    message = "A time zone is `user.timezone`, or written out like 'Europe/Berlin'."
    return checking.report(node.span, "timezone", message, hint)


def _is_written(node: Node) -> bool:
    return isinstance(node, Constant) and isinstance(node.value, str)


def _text(node: Node) -> str:
    assert isinstance(node, Constant)
    return str(node.value)


def signature(declaration: FunctionDeclaration) -> str:
    """How a function is called, for people."""
    return f"{declaration.name}({', '.join(declaration.parameters)})"


def _misfit(declaration: FunctionDeclaration, arguments: list[Node]) -> str:
    given = ", ".join(describe(argument.type) for argument in arguments)
    return f"`{declaration.name}` does not take ({given})."


def _written_out(checking: Checking, form: Form, arguments: list[Node]) -> bool:
    """Whether the arguments that have to stand in the text do, and are among the known ones."""
    good = True
    for position, argument in enumerate(arguments):
        if position in form.constants:
            good &= _is_among(checking, argument, form.constants[position])
        if position in form.literals:
            good &= _is_pattern(checking, argument)
    return good


def _is_among(checking: Checking, argument: Node, known: tuple[str, ...]) -> bool:
    if _is_written(argument) and _text(argument) in known:
        return True
    hint = did_you_mean(_text(argument), known) if _is_written(argument) else None
    checking.report(argument.span, "arguments", f"One of {', '.join(known)} is written here.", hint)
    return False


def _is_pattern(checking: Checking, argument: Node) -> bool:
    if not _is_written(argument) or checking.source[argument.span.start : argument.span.start + 1] != "'":
        checking.report(argument.span, "arguments", "A pattern is written out as '…'.")
        return False
    try:
        compiled_pattern(_text(argument))
    except re2.error as error:
        checking.report(argument.span, "pattern", f"This is no regular expression: {_reason(error)}.")
        return False
    return True


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else "unknown"
    return (reason.decode() if isinstance(reason, bytes) else str(reason))[:100]


# ---- functions of a rule file


def _apply(
    checking: Checking, tree: Tree[Token], function: UserFunction, arguments: list[Tree[Token]], names: Names
) -> Node:
    values = [checking.check(subtrees(subtrees(argument)[0])[0], names) for argument in arguments]
    if is_null(function.body):
        return Constant(simple(Kind.NULL), span_of(tree), None)  # it is wrong and told where it stands
    if len(values) != len(function.parameters):
        wanted = ", ".join(function.parameters)
        return checking.report(tree, "arguments", f"It is called as `{function.name}({wanted})`.")
    good = [
        assignable(checking, value, type_)
        for value, type_ in zip(values, function.parameters.values(), strict=True)
    ]
    if not all(good):
        return Constant(simple(Kind.NULL), span_of(tree), None)
    fits_in = checking.expand(function.size, limits.current.nodes)
    if not fits_in or depth(function.body) > limits.EXPANDED_DEPTH:
        return checking.report(
            tree, "too_complex", f"The function `{function.name}` is too large to be called here."
        )
    return Apply(
        function.body.type,
        span_of(tree),
        function.name,
        tuple(function.parameters),
        tuple(values),
        function.body,
    )


# ---- functions with a meaning of their own

Special = Callable[[Checking, Tree[Token], list[Tree[Token]], Names], Node]


def _call_special(
    checking: Checking, tree: Tree[Token], name: str, values: list[Tree[Token]], names: Names
) -> Node:
    fewest, most, special = _SPECIAL[name]
    if not fewest <= len(values) <= most:
        return checking.report(tree, "arguments", f"It is called as `{signature(FUNCTIONS[name])}`.")
    return special(checking, tree, values, names)


def _coalesce(checking: Checking, tree: Tree[Token], values: list[Tree[Token]], names: Names) -> Node:
    return first_present(checking, [checking.check(value, names) for value in values], span_of(tree))


def _has_role(checking: Checking, tree: Tree[Token], values: list[Tree[Token]], names: Names) -> Node:
    role = checking.check(values[0], names)
    if not checking.user:
        return checking.report(tree, "not_allowed", "There is no user here.")
    if not _is_written(role):
        return checking.report(values[0], "arguments", "The role is written out as a text.")
    roles = tuple(checking.schema.roles())
    if roles and _text(role) not in roles:
        hint = did_you_mean(_text(role), roles)
        return checking.report(values[0], "unknown_name", f"There is no role `{_text(role)}`.", hint)
    return HasRole(_BOOLEAN, span_of(tree), _text(role))


def _in_team(checking: Checking, tree: Tree[Token], values: list[Tree[Token]], names: Names) -> Node:
    team = checking.check(values[0], names)
    if not checking.user:
        return checking.report(tree, "not_allowed", "There is no user here.")
    if is_null(team):
        return Constant(_BOOLEAN, span_of(tree), False)
    teams = UserTeams(list_of(reference("team", nullable=False)), span_of(tree))
    probe = Variable(reference("team"), span_of(tree), "")
    if team.type.kind is not Kind.REFERENCE or not fits(checking, values[0], team, probe, order=False):
        return checking.report(values[0], "type", "A reference to a team is expected.")
    return Within(_BOOLEAN, span_of(tree), team, teams)


def _old_record(checking: Checking, tree: Tree[Token], names: Names) -> Binding | None:
    record = names.variables.get("#record")
    if record is None or not checking.old:
        checking.report(tree, "not_allowed", "This has a meaning only while a record is being saved.")
        return None
    return Binding(record.type.optional(), span_of(tree), OLD)


def _is_new(checking: Checking, tree: Tree[Token], _: list[Tree[Token]], names: Names) -> Node:
    old = _old_record(checking, tree, names)
    if old is None:
        return Constant(simple(Kind.NULL), span_of(tree), None)
    return Equal(_BOOLEAN, span_of(tree), old, Constant(simple(Kind.NULL), span_of(tree), None))


def _changed(checking: Checking, tree: Tree[Token], values: list[Tree[Token]], names: Names) -> Node:
    old, now = _old_record(checking, tree, names), checking.check(values[0], names)
    if old is None or is_null(now):
        return Constant(simple(Kind.NULL), span_of(tree), None)
    path = path_of(now)
    if not isinstance(now, Field) or path is None or path[0] != RECORD or len(path) != 2:
        return checking.report(values[0], "arguments", "`changed` takes a field of the record.")
    before = replace(now, of=old, type=now.type.optional())
    return Not(_BOOLEAN, span_of(tree), Equal(_BOOLEAN, span_of(tree), now, before))


def _became(checking: Checking, tree: Tree[Token], values: list[Tree[Token]], names: Names) -> Node:
    """True now and not before: the same condition about the record and about its stored state."""
    old, now = _old_record(checking, tree, names), condition(checking, values[0], names)
    if old is None or is_null(now):
        return Constant(simple(Kind.NULL), span_of(tree), None)
    span = span_of(tree)
    new = Equal(_BOOLEAN, span, old, Constant(simple(Kind.NULL), span, None))
    before = Truth(_BOOLEAN, span, About(now.type, span, old, old.type.entities[0], "became", now))
    return And(
        _BOOLEAN, span, (Truth(_BOOLEAN, span, now), Or(_BOOLEAN, span, (new, Not(_BOOLEAN, span, before))))
    )


def _title(checking: Checking, _: Tree[Token], values: list[Tree[Token]], names: Names) -> Node:
    node = checking.check(values[0], names)
    if is_null(node):
        return node
    if node.type.kind is not Kind.REFERENCE:
        return checking.report(values[0], "type", "A reference to a record is expected.")
    return title(checking, node, span_of(values[0]))


def _format(checking: Checking, tree: Tree[Token], values: list[Tree[Token]], names: Names) -> Node:
    node, pattern, *zone = (_argument(checking, value, names) for value in values)
    form = NUMBER_FORM if NUMBER_FORM.accepts([node.type, pattern.type]) else DATE_FORM
    if is_null(node) or is_null(pattern):
        return Constant(simple(Kind.NULL), span_of(tree), None)
    if not form.accepts([node.type, pattern.type]):
        return checking.report(tree, "type", _misfit(FUNCTIONS["format"], [node, pattern]))
    if form is DATE_FORM and not (_is_written(pattern) and PATTERN.fullmatch(_text(pattern))):
        return checking.report(
            pattern.span, "pattern", "A date is written with yyyy, MM, dd, HH, mm, ss and signs."
        )
    if zone and form is not DATE_FORM:
        return checking.report(values[2], "arguments", "Only a moment is written in a time zone.")
    form = zoned(form) if zone else form
    arguments = (node, pattern, *(_zone(checking, one) for one in zone))
    type_ = form.result([argument.type for argument in arguments])
    return Call(type_, span_of(tree), FUNCTIONS["format"], form, arguments)


_SPECIAL: dict[str, tuple[int, int, Special]] = {
    "coalesce": (1, 100, _coalesce),
    "has_role": (1, 1, _has_role),
    "in_team": (1, 1, _in_team),
    "is_new": (0, 0, _is_new),
    "changed": (1, 1, _changed),
    "became": (1, 1, _became),
    "title": (1, 1, _title),
    "base": (1, 1, base),
    "convert": (2, 2, convert),
    "format": (2, 3, _format),
}
