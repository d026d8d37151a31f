"""What declarations begin with: their condition, their numbers, and whose rights they have."""

from __future__ import annotations

from lark import Token, Tree

from fieldstone_rules.checking.context import Names
from fieldstone_rules.checking.logic import present_if
from fieldstone_rules.expression import Expression
from fieldstone_rules.parsing import subtrees, tokens
from fieldstone_rules.rule_files.bodies import Body


def opening(body: Body, tree: Tree[Token]) -> tuple[Expression | None, Names]:
    """The `when` of a declaration, and the names known where it holds."""
    names = body.names()
    when = next((part for part in subtrees(tree) if part.data == "when"), None)
    if when is None:
        return None, names
    condition = body.condition(subtrees(when)[0], names)
    return condition, names.knowing(present_if(condition.tree, True))


def whole_number(body: Body, token: Token) -> int:
    """A whole number; reports one that is none."""
    text = str(token)
    if not text.isdigit() or len(text) > 9:
        body.checking.report(token, "number_range", "A whole number of at most nine digits is written here.")
        return 0
    return int(text)


def as_user(body: Body, tree: Tree[Token]) -> bool:
    """Whether a rule runs with the rights of the acting user."""
    names = tokens(tree, "NAME")
    if len(names) < 3:
        return False
    if str(names[2]) != "user":
        body.checking.report(names[2], "unknown_name", "A rule runs `as user`, or with the system's rights.")
    return True
