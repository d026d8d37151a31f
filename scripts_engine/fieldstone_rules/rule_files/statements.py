"""Checking statements: what they set and make, and that everything they name is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lark import Token, Tree

from fieldstone_rules.checking.context import NULL, Names, is_null
from fieldstone_rules.checking.gathering import collected
from fieldstone_rules.checking.logic import present_if
from fieldstone_rules.checking.names import RESERVED, entity_of, resolve, step
from fieldstone_rules.expression import Expression, Purpose
from fieldstone_rules.parsing import span_of, subtrees, tokens
from fieldstone_rules.rule_files.actions import ACTIONS, ASSIGN, MESSAGE, NOTIFY, TRANSITION, Action
from fieldstone_rules.rule_files.bodies import TEXT, Body, variable
from fieldstone_rules.rule_files.declarations import (
    Assign,
    Create,
    Delete,
    Do,
    Fail,
    For,
    If,
    Let,
    Statement,
    Update,
)
from fieldstone_rules.suggestions import did_you_mean
from fieldstone_rules.tree import Constant, Node
from fieldstone_rules.types import Kind, Type, reference

Checked = tuple[Statement | None, Names]


def check_block(body: Body, trees: Sequence[Tree[Token]], names: Names) -> tuple[Statement, ...]:
    """The statements of a block; what one `let` names is known in those behind it."""
    statements: list[Statement] = []
    for tree in trees:
        statement, names = check_statement(body, tree, names)
        statements += [statement] if statement is not None else []
    return tuple(statements)


def check_statement(body: Body, tree: Tree[Token], names: Names) -> Checked:
    """A statement, and the names known behind it; None for one that is wrong."""
    return _CHECKS[str(tree.data)](body, tree, names)


# ---- set


def _set(body: Body, tree: Tree[Token], names: Names) -> Checked:
    path, value = subtrees(tree)
    *way, last = tokens(path, "NAME")
    if not way:
        return _set_own(body, tree, last, value, names), names
    node = _followed(body, way, names)
    if is_null(node):
        return None, names
    entity = entity_of(body.checking, node)
    if entity is None:
        body.checking.report(path, "type", "This does not lead to a record of one kind.")
        return None, names
    expected = settable(body, entity.name, last)
    if expected is None:
        return None, names
    record = body.expression(node, Purpose.VALUE)
    return Assign(body.line(tree), entity.name, record, str(last), body.value(value, names, expected)), names


def _followed(body: Body, way: Sequence[Token], names: Names) -> Node:
    node = resolve(body.checking, way[0], names)
    for token in way[1:]:
        node = step(body.checking, node, token, names)
    return node


def _set_own(
    body: Body, tree: Tree[Token], token: Token, value: Tree[Token], names: Names
) -> Statement | None:
    if str(token) in names.variables:
        body.checking.report(token, "not_allowed", f"`{token}` is a variable and keeps its value.")
        return None
    if body.entity is None or body.own_fields is not None:
        message = body.own_fields or "There is no record here whose field could be set."
        body.checking.report(token, "not_allowed", message)
        return None
    expected = settable(body, body.entity, token)
    if expected is None:
        return None
    return Assign(body.line(tree), body.entity, None, str(token), body.value(value, names, expected))


def settable(body: Body, entity: str, token: Token) -> Type | None:
    """The type of a field that a rule may set; reports one that is not there or cannot be set."""
    schema = body.world.entity(entity)
    if schema is None or str(token) not in schema.fields:
        known = schema.fields if schema is not None else ()
        body.checking.unknown(token, f"field of `{entity}` called", known)
        return None
    reason = body.world.why_not_settable(entity, str(token))
    given_as_state = body.states and schema.fields[str(token)].states
    if reason is not None and not given_as_state:
        body.checking.report(token, "not_settable", reason)
        return None
    return schema.fields[str(token)].type


def _may_write(body: Body, tree: Tree[Token]) -> bool:
    if body.writes is not None:
        body.checking.report(tree, "not_allowed", body.writes)
    return body.writes is None


# ---- let, if, for


def _let(body: Body, tree: Tree[Token], names: Names) -> Checked:
    token, value = tokens(tree, "NAME")[0], subtrees(tree)[0]
    _check_variable(body, token, names)
    if value.data == "create":
        made, _ = _create(body, value, names)
        if not isinstance(made, Create):
            return None, _with_unknown(names, token)
        known = names.with_variable(str(token), variable(str(token), reference(made.entity, nullable=False)))
        return Let(body.line(tree), str(token), made), known
    expression = body.value(value, names)
    known = names.with_variable(str(token), _stand_in(str(token), expression))
    return Let(body.line(tree), str(token), expression), known


def _stand_in(name: str, expression: Expression) -> Node:
    """What a variable means behind its `let`; one whose value is broken fits everywhere."""
    return expression.tree if is_null(expression.tree) else variable(name, expression.type)


def _with_unknown(names: Names, token: Token) -> Names:
    return names.with_variable(str(token), Constant(NULL, span_of(token), None))


def _check_variable(body: Body, token: Token, names: Names) -> None:
    if str(token) in RESERVED:
        body.checking.report(token, "reserved_name", f"`{token}` is a word of the language.")
    elif str(token) in names.variables:
        body.checking.report(token, "defined_twice", f"There is a variable `{token}` already.")


def _if(body: Body, tree: Tree[Token], names: Names) -> Checked:
    condition, then, *rest = subtrees(tree)
    asked = body.condition(condition, names)
    known = names.knowing(present_if(asked.tree, True))
    yes = check_block(body, subtrees(then), known)
    no: tuple[Statement, ...] = ()
    if rest and rest[0].data == "block":
        no = check_block(body, subtrees(rest[0]), names)
    elif rest:
        no = check_block(body, rest, names)
    return If(body.line(tree), asked, yes, no), names


def _for(body: Body, tree: Tree[Token], names: Names) -> Checked:
    token = tokens(tree, "NAME")[0]
    *argument, block = subtrees(tree)
    _check_variable(body, token, names)
    found = collected(body.checking, Tree("argument", list(argument)), names)
    if found is None:
        check_block(body, subtrees(block), _with_unknown(names, token))
        return None, names
    collection, value = found
    if value is not None:
        body.checking.report(argument[0], "type", "`for` goes through records, not through their fields.")
    type_ = reference(collection.source.entity, nullable=False)
    inner = names.with_variable(str(token), variable(str(token), type_))
    expression = body.expression(collection, Purpose.VALUE)
    statements = check_block(body, subtrees(block), inner)
    return For(body.line(tree), str(token), collection, expression, statements), names


# ---- writes


def _create(body: Body, tree: Tree[Token], names: Names) -> Checked:
    token, mapping = tokens(tree, "NAME")[0], subtrees(tree)[0]
    entity = str(token)
    if not _may_write(body, tree):
        return None, names
    if body.world.entity(entity) is None:
        body.checking.unknown(token, "entity", body.world.entity_names())
        return None, names
    values = _values(body, entity, mapping, names)
    given = {str(tokens(pair, "NAME")[0]) for pair in subtrees(mapping)}
    missing = [name for name in body.world.required_fields(entity) if name not in given]
    if missing and not body.incomplete:
        listed = ", ".join(f"`{name}`" for name in missing)
        body.checking.report(token, "value_missing", f"`{entity}` needs a value for {listed}.")
    return Create(body.line(tree), entity, values), names


def _values(body: Body, entity: str, mapping: Tree[Token], names: Names) -> Mapping[str, Expression]:
    values: dict[str, Expression] = {}
    for pair in subtrees(mapping):
        token = tokens(pair, "NAME")[0]
        if str(token) in values:
            body.checking.report(token, "defined_twice", f"`{token}` is given twice.")
        expected = settable(body, entity, token)
        expression = body.value(subtrees(pair)[0], names, expected)
        if expected is not None:
            values[str(token)] = expression
    return values


def _update(body: Body, tree: Tree[Token], names: Names) -> Checked:
    target, mapping = subtrees(tree)
    if not _may_write(body, tree):
        return None, names
    record, entity = body.reference(target, names)
    if entity is None:
        return None, names
    return Update(body.line(tree), entity, record, _values(body, entity, mapping, names)), names


def _delete(body: Body, tree: Tree[Token], names: Names) -> Checked:
    if not _may_write(body, tree):
        return None, names
    record, entity = body.reference(subtrees(tree)[0], names)
    return (Delete(body.line(tree), entity, record) if entity is not None else None), names


def _fail(body: Body, tree: Tree[Token], names: Names) -> Checked:
    text, *path = subtrees(tree)
    message = body.value(text, names, TEXT)
    return Fail(body.line(tree), message, field_at(body, path[0] if path else None)), names


def field_at(body: Body, path: Tree[Token] | None) -> str | None:
    """The field of the record at hand that a message is shown at."""
    if path is None:
        return None
    first, *more = tokens(path, "NAME")
    schema = body.world.entity(body.entity) if body.entity is not None else None
    if schema is None or more:
        body.checking.report(path, "not_allowed", "A message is shown at a field of the record at hand.")
    elif str(first) not in schema.fields:
        body.checking.unknown(first, f"field of `{schema.name}` called", schema.fields)
    return str(first)


# ---- actions


def _do(body: Body, tree: Tree[Token], names: Names) -> Checked:
    token, arguments = tokens(tree, "NAME")[0], subtrees(subtrees(tree)[0])
    if not _may_write(body, tree):
        return None, names
    if str(token) not in ACTIONS:
        hint = did_you_mean(str(token), ACTIONS)
        body.checking.report(token, "unknown_action", f"There is no action `{token}`.", hint)
        return None, names
    action = ACTIONS[str(token)]
    given = _by_name(body, action, arguments)
    missing = [name for name, one in action.parameters.items() if one.required and name not in given]
    if missing:
        body.checking.report(tree, "arguments", f"`{missing[0]}` is missing.", action.signature)
    return _done(body, tree, action, given, names), names


def _by_name(body: Body, action: Action, arguments: Sequence[Tree[Token]]) -> dict[str, Tree[Token]]:
    """The expressions of the arguments by the names of their parameters."""
    given: dict[str, Tree[Token]] = {}
    for place, argument in enumerate(arguments):
        name, value = _named(action, place, argument)
        if name is None or name not in action.parameters:
            body.checking.report(argument, "arguments", "There is no such argument.", action.signature)
        elif name in given:
            body.checking.report(argument, "arguments", f"`{name}` is given twice.")
        else:
            given[name] = value
    return given


def _named(action: Action, place: int, argument: Tree[Token]) -> tuple[str | None, Tree[Token]]:
    if argument.data == "named":
        return str(tokens(argument, "NAME")[0]), subtrees(argument)[0]
    order = list(action.parameters)
    return (order[place] if place < len(order) else None), subtrees(subtrees(argument)[0])[0]


def _done(
    body: Body, tree: Tree[Token], action: Action, given: Mapping[str, Tree[Token]], names: Names
) -> Do:
    values: dict[str, Expression] = {}
    words: dict[str, str] = {}
    for name, value in given.items():
        parameter = action.parameters[name]
        if parameter.named is None:
            values[name] = body.value(value, names, parameter.type)
        else:
            words[name] = _word(body, value)
    if action.name == TRANSITION and "record" in values and "name" in words:
        _check_transition(body, given["name"], values["record"].type, words["name"])
    if action.name == ASSIGN and "record" in values:
        _check_owned(body, given["record"], values["record"].type)
    if action.name == NOTIFY:
        _check_words(body, tree, action, given)
    if words.get(MESSAGE):
        _check_message(body, given[MESSAGE], words[MESSAGE])
    return Do(body.line(tree), action.name, values, words)


def _word(body: Body, tree: Tree[Token]) -> str:
    if tree.data != "name":
        body.checking.report(tree, "arguments", f"A name is written here, as in `{MESSAGE}: welcome`.")
        return ""
    return str(tokens(tree, "NAME")[0])


def _check_words(body: Body, tree: Tree[Token], action: Action, given: Mapping[str, Tree[Token]]) -> None:
    """What a notification says: a text, or a document."""
    found = {"text", MESSAGE} & given.keys()
    if not found:
        body.checking.report(tree, "arguments", "`text` is missing.", action.signature)
    elif len(found) == 2:
        message = f"Either `text` or `{MESSAGE}` says what is told, not both."
        body.checking.report(given[MESSAGE], "arguments", message)


def _check_message(body: Body, tree: Tree[Token], name: str) -> None:
    """The document that a rule names is there, and about the record at hand if it is about one."""
    known = body.world.messages()
    if name not in known:
        body.checking.unknown(tokens(tree, "NAME")[0], "message called", known)
        return
    about = known[name]
    if about is not None and about != body.entity:
        here = f"of `{body.entity}`" if body.entity is not None else "without a record"
        message = f"The message `{name}` is about a record of `{about}`, and this is a rule {here}."
        body.checking.report(tree, "type", message)


def _check_owned(body: Body, tree: Tree[Token], type_: Type) -> None:
    """Only a record of a kind that has owners can be assigned."""
    if type_.kind is not Kind.REFERENCE:
        return
    if len(type_.entities) != 1:
        body.checking.report(tree, "cast", "This may be one of several kinds of records.", "cast it")
        return
    schema = body.world.entity(type_.entities[0])
    if schema is not None and "owner" not in schema.fields:
        body.checking.report(tree, "type", f"A record of `{schema.name}` belongs to nobody.")


def _check_transition(body: Body, tree: Tree[Token], type_: Type, name: str) -> None:
    if type_.kind is not Kind.REFERENCE or not name:
        return
    if len(type_.entities) != 1:
        body.checking.report(tree, "cast", "This may be one of several kinds of records.", "cast it")
        return
    known = tuple(body.world.transitions(type_.entities[0]))
    if name not in known:
        what = f"transition of `{type_.entities[0]}` called"
        body.checking.unknown(tokens(tree, "NAME")[0], what, known)


_CHECKS: Mapping[str, Callable[[Body, Tree[Token], Names], Checked]] = {
    "set": _set,
    "let": _let,
    "if_statement": _if,
    "for": _for,
    "create": _create,
    "update": _update,
    "delete": _delete,
    "do": _do,
    "fail": _fail,
}
