"""What names mean: variables, fields, hops, inverses, entities, settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from lark import Token, Tree

from fieldstone_rules import limits
from fieldstone_rules.checking.context import Checking, Names, describe, is_null, path_of
from fieldstone_rules.errors import RuleError
from fieldstone_rules.parsing import parse_expression, span_of, subtrees, tokens
from fieldstone_rules.schema import EntitySchema, FieldSchema
from fieldstone_rules.spans import Span
from fieldstone_rules.tree import (
    OLD,
    RECORD,
    USER,
    About,
    Binding,
    Cast,
    Collection,
    CollectionSource,
    Field,
    Lookup,
    Node,
    Part,
    Setting,
    UserTeams,
    Variable,
    depth,
    walk,
)
from fieldstone_rules.types import Kind, Type, collection, list_of, reference

RESERVED = frozenset({"if", "not", "true", "false", "null", "record", "old", "user", "settings", "entity"})


def name(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """A bare name: a variable, a field, an inverse or an entity, in this order."""
    return resolve(checking, tokens(tree, "NAME")[0], names)


def resolve(checking: Checking, token: Token, names: Names) -> Node:
    """What a bare name stands for."""
    word = str(token)
    if word in names.variables:
        found = names.variables[word]
        return replace(found, span=span_of(token)) if isinstance(found, Variable) else found
    if word in (RECORD, OLD, USER):
        return _root(checking, token, names)
    if word in ("settings", "entity"):
        return checking.report(token, "unknown_name", f"`{word}` is followed by a dot and a name.")
    row = entity_of(checking, names.row) if names.row is not None else None
    if row is not None and names.row is not None and _has(row, word):
        return member(checking, names.row, row, token, names)
    if checking.entity(word) is not None:
        return whole_entity(checking, word, span_of(token))
    return checking.unknown(token, "field or variable", _known_names(checking, row, names))


def _has(entity: EntitySchema, word: str) -> bool:
    return word in entity.fields or word in entity.inverses


def _known_names(checking: Checking, row: EntitySchema | None, names: Names) -> list[str]:
    fields = [*row.fields, *row.inverses] if row is not None else []
    return [*names.variables, *fields, *checking.schema.entity_names(), "user", "record", "old"]


def _root(checking: Checking, token: Token, names: Names) -> Node:
    word = str(token)
    if word in checking.forbidden or (word == USER and not checking.user):
        return checking.report(token, "not_allowed", f"`{word}` cannot be used here.")
    if word == USER:
        return Binding(reference(USER, nullable=False), span_of(token), USER)
    record = names.variables.get("#record")
    if record is None:
        return checking.report(token, "not_allowed", f"There is no record here that `{word}` could mean.")
    if word == OLD and not checking.old:
        return checking.report(
            token, "not_allowed", "`old` has a meaning only while a record is being saved."
        )
    if word == OLD:
        return Binding(record.type.optional(), span_of(token), OLD)
    return record


def entity_of(checking: Checking, node: Node) -> EntitySchema | None:
    """The entity that a reference names, if it names just one."""
    if node.type.kind is not Kind.REFERENCE or len(node.type.entities) != 1:
        return None
    return checking.entity(node.type.entities[0])


def whole_entity(checking: Checking, entity: str, span: Span) -> Node:
    """All live records of an entity."""
    return Collection(collection(entity), span, CollectionSource(entity), None, checking.new_row(), None, ())


# ---- dots


def follow(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """`a.b`: one step from a value."""
    base, token = subtrees(tree)[0], tokens(tree, "NAME")[0]
    special = _dotted_root(checking, base, token)
    if special is not None:
        return special
    return step(checking, checking.check(base, names), token, names)


def _dotted_root(checking: Checking, base: Tree[Token], token: Token) -> Node | None:
    """`entity.x` and `settings.app.key`, unless a variable has that name."""
    if base.data == "name" and str(base.children[0]) == "entity":
        if checking.entity(str(token)) is None:
            return checking.unknown(token, "entity", checking.schema.entity_names())
        return whole_entity(checking, str(token), span_of(token))
    if base.data == "name" and str(base.children[0]) == "settings":
        return checking.report(token, "unknown_name", "A setting is written `settings.app.key`.")
    if base.data == "follow" and base.children[0] and _is_settings(subtrees(base)[0]):
        return _setting(checking, tokens(base, "NAME")[0], token)
    return None


def _is_settings(tree: Tree[Token]) -> bool:
    return tree.data == "name" and str(tree.children[0]) == "settings"


def _setting(checking: Checking, app: Token, key: Token) -> Node:
    if "settings" in checking.forbidden:
        return checking.report(app, "not_allowed", "Settings cannot be used here.")
    apps = checking.schema.settings()
    if str(app) not in apps:
        return checking.unknown(app, "app with settings", apps)
    if str(key) not in apps[str(app)]:
        return checking.unknown(key, f"setting of `{app}`", apps[str(app)])
    return Setting(apps[str(app)][str(key)], Span(span_of(app).start, span_of(key).end), str(app), str(key))


def step(checking: Checking, node: Node, token: Token, names: Names) -> Node:
    """What `.name` behind a value means."""
    if is_null(node):
        return node
    if node.type.kind is Kind.REFERENCE:
        return _step_to_record(checking, node, token, names)
    if node.type.kind is Kind.CHOICE and str(token) in node.type.attributes:
        return _attribute(checking, node, token)
    if node.type.kind is Kind.COMPOUND and str(token) in node.type.attributes:
        return _part(checking, node, token, names)
    if node.type.kind is Kind.COLLECTION:
        hint = f"use it in a function: `sum(….{token})`, `first(….{token})`, `any(… where {token} …)`"
        return checking.report(token, "type", "A collection has no single value.", hint)
    return checking.unknown(token, f"part of a {describe(node.type)} called", node.type.attributes)


def _step_to_record(checking: Checking, node: Node, token: Token, names: Names) -> Node:
    if isinstance(node, Binding) and node.name == USER and str(token) == "teams":
        return UserTeams(list_of(reference("team", nullable=False)), span_of(token))
    entity = entity_of(checking, node)
    if entity is None:
        kinds = node.type.entities or tuple(checking.schema.entity_names())[:1]
        hint = (
            f"say which: `({checking.source[node.span.start : node.span.end]} as {kinds[0]}).{token}`"
            if kinds
            else None
        )
        return checking.report(token, "cast", "This reference may be to several kinds of records.", hint)
    return member(checking, node, entity, token, names)


def _attribute(checking: Checking, node: Node, token: Token) -> Node:
    table = _states(checking, node)
    values = {state: _plain(attributes.get(str(token))) for state, attributes in table.items()}
    span = Span(node.span.start, span_of(token).end)
    return Lookup(node.type.attributes[str(token)].optional(), span, node, values)


def _part(checking: Checking, node: Node, token: Token, names: Names) -> Node:
    if not isinstance(node, Field):
        message = "A part is read where its field is named."
        return checking.report(token, "type", message, f"such as `address.{token}`")
    span = Span(node.span.start, span_of(token).end)
    part_type = node.type.attributes[str(token)]
    return with_presence(Part(_type_behind(node, part_type), span, node, str(token)), names)


def _states(checking: Checking, node: Node) -> Mapping[str, Mapping[str, object]]:
    entity = checking.entity(node.entity) if isinstance(node, Field) else None
    return entity.fields[node.name].states if entity is not None and isinstance(node, Field) else {}


def _plain(value: object) -> object:
    """A number of a document as an exact one."""
    return Decimal(str(value)) if isinstance(value, float) else value


# ---- fields


def member(checking: Checking, of: Node, entity: EntitySchema, token: Token, names: Names) -> Node:
    """A field, formula or collection of the record that `of` refers to."""
    word, span = str(token), span_of(token)
    if word in entity.fields:
        return _field(checking, of, entity, token, names)
    if word in entity.inverses:
        inverse = entity.inverses[word]
        source = CollectionSource(
            inverse.entity,
            entity.name,
            word,
            inverse.field,
            many=inverse.many,
            owned=inverse.owned,
            through=inverse.through,
            along=inverse.along,
        )
        return Collection(collection(inverse.entity), span, source, of, checking.new_row(), None, ())
    return checking.unknown(token, f"field of `{entity.name}` called", [*entity.fields, *entity.inverses])


def _field(checking: Checking, of: Node, entity: EntitySchema, token: Token, names: Names) -> Node:
    field = entity.fields[str(token)]
    span = Span(
        min(of.span.start, span_of(token).start)
        if isinstance(of, Field | Variable)
        else span_of(token).start,
        span_of(token).end,
    )
    if field.secret:
        return checking.report(
            token, "secret", f"`{field.name}` is secret and cannot be read by an expression."
        )
    if field.type.kind is Kind.COLLECTION:
        target = field.type.entities[0]
        along = field.through is not None and field.through.with_near
        source = CollectionSource(
            target, entity.name, field.name, many=True, through=field.through, along=along
        )
        return Collection(collection(target), span, source, of, checking.new_row(), None, ())
    if field.expression is not None:
        return _formula(checking, of, entity, field, token)
    node = Field(_type_behind(of, field.type), span, of, entity.name, field.name)
    if _hops(node) > limits.HOPS:
        return checking.report(token, "too_many_hops", f"A path follows at most {limits.HOPS} references.")
    return with_presence(node, names)


def _type_behind(of: Node, type_: Type) -> Type:
    return type_.optional() if of.type.nullable else type_


def with_presence(node: Field | Part, names: Names) -> Node:
    """The node, without null in its type if a condition around it rules null out."""
    path = path_of(node)
    return replace(node, type=node.type.required()) if path is not None and path in names.present else node


def _hops(node: Node) -> int:
    hops = 0
    while isinstance(node, Field | Cast):
        hops += isinstance(node, Field) and not isinstance(node.of, Binding)
        node = node.of
    return hops


def _formula(checking: Checking, of: Node, entity: EntitySchema, field: FieldSchema, token: Token) -> Node:
    key = (entity.name, field.name)
    if key not in checking.formulas:
        checking.formulas[key] = None
        checking.formulas[key] = _checked_formula(checking, entity, field)
    body = checking.formulas[key]
    if body is None:
        return checking.report(token, "formula_cycle", f"The formula `{field.name}` depends on itself.")
    if is_null(body):
        return checking.report(
            token, "broken_formula", f"The formula `{field.name}` has an error of its own."
        )
    fits_in = checking.expand(sum(1 for _ in walk(body)), limits.EXPANDED_NODES // 10)
    if not fits_in or depth(body) > limits.EXPANDED_DEPTH:
        return checking.report(
            token, "too_complex", f"The formula `{field.name}` is too large to be used in another."
        )
    return About(_type_behind(of, body.type), span_of(token), of, entity.name, field.name, body)


def _checked_formula(checking: Checking, entity: EntitySchema, field: FieldSchema) -> Node | None:
    """The body of a formula, checked where it is used; its own check reports what is wrong with it.

    None: the formula depends on itself.
    """
    source = field.expression or ""
    inner = Checking(
        source,
        checking.schema,
        checking.rules,
        functions=checking.functions,
        formulas=checking.formulas,
        rows=checking.rows,
    )
    record = Binding(reference(entity.name, nullable=False), Span(0, 0), RECORD)
    try:
        body = inner.check(parse_expression(source), Names(record, {"#record": record}))
    except RuleError:
        body = inner.report(Span(0, 0), "syntax", "")
    checking.rows = max(checking.rows, inner.rows)
    if any(problem.code == "formula_cycle" for problem in inner.problems):
        return None
    broken = any(problem.severity == "error" for problem in inner.problems)
    return inner.report(Span(0, 0), "broken", "") if broken else body


def title(checking: Checking, node: Node, span: Span) -> Node:
    """The title of the record that a reference names."""
    entity = entity_of(checking, node)
    if entity is None or entity.title is None:
        return checking.report(
            span, "cast", "This reference has no title of one kind.", "cast it: `(x as account)`"
        )
    field = FieldSchema("title", node.type, expression=entity.title)
    return _formula(
        checking, node, entity, field, Token("NAME", "title", start_pos=span.start, end_pos=span.end)
    )


def cast(checking: Checking, tree: Tree[Token], names: Names) -> Node:
    """`(regarding as account)`."""
    node, token = checking.check(subtrees(tree)[0], names), tokens(tree, "NAME")[0]
    if is_null(node):
        return node
    if node.type.kind is not Kind.REFERENCE:
        return checking.report(tree, "type", f"Only a reference can be cast, not a {describe(node.type)}.")
    if checking.entity(str(token)) is None:
        return checking.unknown(token, "entity", node.type.entities or checking.schema.entity_names())
    if node.type.entities and str(token) not in node.type.entities:
        return checking.report(token, "cast", f"This is never a `{token}` but a {describe(node.type)}.")
    only = node.type.entities == (str(token),)
    return node if only else Cast(reference(str(token)), span_of(tree), node, str(token))
