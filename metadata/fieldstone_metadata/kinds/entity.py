"""Entities: their titles, keys, indexes, search and order."""

from __future__ import annotations

from functools import partial

from fieldstone_metadata.declarations import Duplicates, Entity, Field, Label
from fieldstone_metadata.expressions import Expressions, used_from_outside
from fieldstone_metadata.field_types import FIELD_TYPES
from fieldstone_metadata.kinds.field import build_field, formula_of, private_fields
from fieldstone_metadata.kinds.paths import check_order, field_paths
from fieldstone_metadata.names import label_of, plural_of
from fieldstone_metadata.nodes import Node
from fieldstone_metadata.options import texts
from fieldstone_metadata.shapes import EntityShape
from fieldstone_metadata.workspace import Workspace, origin_of
from fieldstone_rules import Expression, Purpose
from fieldstone_rules.types import Kind

_IN_TITLE = frozenset({"now", "today", "user", "settings"})
_SYSTEM_KEYS = frozenset(
    {"owner", "team", "currency", "created_at", "updated_at", "created_by", "updated_by"}
)


def build_entities(workspace: Workspace, expressions: Expressions) -> dict[str, Entity]:
    """The declarations of all sound entities. Fields come first, because titles and
    lists may name any formula.
    """
    fields = {name: _fields(shape, workspace, expressions) for name, shape in [*workspace.entities.items()]}
    entities: dict[str, Entity] = {}
    for name, shape in [*workspace.entities.items()]:
        built = workspace.building.part(
            ("entity", name),
            (shape, fields[name]),
            partial(_entity, shape, fields[name], workspace, expressions),
        )
        if built is not None:
            entities[name] = built
    return entities


def _fields(shape: EntityShape, workspace: Workspace, expressions: Expressions) -> dict[str, Field]:
    fields = workspace.building.part(
        ("fields", shape.name), (shape,), partial(_built_fields, shape, workspace, expressions)
    )
    for name, field in fields.items():
        # What was taken over has not been asked for its formulas yet, and others look at their types.
        if field.formula is not None:
            formula_of(shape.fields[name], shape.name, workspace, expressions)
    return fields


def _built_fields(shape: EntityShape, workspace: Workspace, expressions: Expressions) -> dict[str, Field]:
    return {field.name: build_field(field, shape, workspace, expressions) for field in shape.fields.values()}


def _entity(
    shape: EntityShape, fields: dict[str, Field], workspace: Workspace, expressions: Expressions
) -> Entity | None:
    root, title = shape.document.root, _title(shape, workspace, expressions)
    lists = (
        _unique(shape, fields, workspace),
        _columns("indexes", shape, fields, workspace),
        _search(shape, workspace, expressions),
        check_order(root.get("order"), shape, workspace, expressions.world),
    )
    duplicates = _duplicates(shape, fields, workspace)
    _check_indexes(shape, fields, workspace)
    if title is None:
        return None
    label = label_of(root.plain("label"), shape.name)
    return Entity(
        shape.name,
        label,
        _plural(root.plain("plural"), label),
        root.plain("icon"),
        title,
        fields,
        *lists,
        duplicates=duplicates,
        track=bool(root.plain("track", True)),
        activities=shape.activities,
        owner=shape.owner,
        was=texts(root, "was"),
        origin=origin_of(root),
    )


def _plural(declared: object, label: Label) -> Label:
    """The declared plural, or English ones made from the label; other languages keep the label."""
    if declared:
        return label_of(declared, "")
    return {locale: plural_of(text) if locale in ("", "en") else text for locale, text in label.items()}


def _title(shape: EntityShape, workspace: Workspace, expressions: Expressions) -> Expression | None:
    root, source = shape.document.root, shape.title_source()
    if source is None:
        _report_no_title(shape, workspace)
        return None
    node = root.get("title") or Node(source, root.source, root.line, root.column)
    title = expressions.check(node, expressions.scope(shape.name, Purpose.FORMULA, forbidden=_IN_TITLE))
    if title is not None and title.type.kind not in (Kind.TEXT, Kind.CHOICE):
        hint = f'join parts to a text, such as "{{{node.value}}}"'
        workspace.report.error(node, "title_not_text", "a title must be a text", hint)
        return None
    private = private_fields(title, workspace) if title is not None else []
    if private:
        message = (
            f"a title cannot use `{private[0]}`, which is private: whoever refers to a record reads its title"
        )
        workspace.report.error(node, "private_title", message)
    outside = used_from_outside(title, _IN_TITLE) if title is not None else ()
    if outside:
        message = f"a title cannot use `{min(outside)}`, not even through a formula"
        workspace.report.error(node, "not_allowed", message)
    return title


def _report_no_title(shape: EntityShape, workspace: Workspace) -> None:
    if not shape.unsound:
        message = f"`{shape.name}` has no text field that could name its records"
        workspace.report.error(shape.document.root, "title_missing", message, "declare a `title`")


def _columns(
    key: str, shape: EntityShape, fields: dict[str, Field], workspace: Workspace
) -> tuple[tuple[str, ...], ...]:
    groups = []
    for group in shape.document.root.list_under(key):
        names = [node.value for node in group.children() if _is_column(node, shape, fields, workspace)]
        if names:
            groups.append(tuple(names))
    return tuple(groups)


def _unique(
    shape: EntityShape, fields: dict[str, Field], workspace: Workspace
) -> tuple[tuple[str, ...], ...]:
    """What is declared, and for an entity of links that a pair is linked once."""
    declared = _columns("unique", shape, fields, workspace)
    known = {frozenset(names) for names in declared}
    return (*declared, *(names for names in dict.fromkeys(shape.links) if frozenset(names) not in known))


def _duplicates(shape: EntityShape, fields: dict[str, Field], workspace: Workspace) -> tuple[Duplicates, ...]:
    """Who counts as the same record; reports a name that is taken and fields that cannot be compared."""
    found: dict[str, Duplicates] = {}
    for node in shape.document.root.list_under("duplicates"):
        rule = Duplicates(node.plain("name"), tuple(texts(node, "match")), node.plain("mode"))
        if rule.name in found:
            message = f"there are two rules called `{rule.name}` for duplicates"
            workspace.report.error(node.get("name") or node, "repeated_value", message)
        sound = [_is_column(child, shape, fields, workspace) for child in node.list_under("match")]
        if all(sound):
            found[rule.name] = rule
    return tuple(found.values())


def _is_column(node: Node, shape: EntityShape, fields: dict[str, Field], workspace: Workspace) -> bool:
    """Whether `node` names a field that can stand in an index; reports one that cannot."""
    name = node.value
    if name in _SYSTEM_KEYS and name in shape.system_types():
        return True
    field = fields.get(name)
    if field is None:
        workspace.unknown(node, "unknown_field", f"field of `{shape.name}` called", shape.fields)
        return False
    if field.target is not None and len(field.target.entities) > 1:
        message = f"`{name}` leads to one of several entities; it cannot stand in a list of columns yet"
        workspace.report.error(node, "not_supported_yet", message)
        return False
    virtual = field.type == "formula" and not field.stored
    if virtual or "index" in FIELD_TYPES[field.type].without:
        reason = "only a stored formula can be" if virtual else f"a `{field.type}` cannot be"
        workspace.report.error(node, "not_indexable", f"`{name}` cannot stand here: {reason} indexed")
        return False
    return True


def _check_indexes(shape: EntityShape, fields: dict[str, Field], workspace: Workspace) -> None:
    for name, field in fields.items():
        if field.index and field.type == "formula" and not field.stored:
            node = shape.fields[name].node.value["index"]
            workspace.report.error_at_key(node, "not_indexable", "only a stored formula can be indexed")


def _search(shape: EntityShape, workspace: Workspace, expressions: Expressions) -> tuple[str, ...]:
    """The searched paths; without any, the text fields that name records."""
    node = shape.document.root.get("search")
    paths = field_paths(node.children() if node else [], shape, workspace, expressions.world)
    for child, found in paths:
        if found.type.kind not in (Kind.TEXT, Kind.CHOICE, Kind.LIST, Kind.COMPOUND):
            workspace.report.error(
                child, "not_searchable", f"`{child.value}` is no text, so it cannot be searched"
            )
        elif found.expression is not None:
            message = f"searching by `{child.value}`, a formula that is not `stored`, is not supported yet"
            workspace.report.error(child, "not_supported_yet", message)
    if node is not None:
        return tuple(child.value for child, _ in paths)
    return tuple(
        name
        for name, field in shape.fields.items()
        if field.declared.name in ("text", "person_name", "email", "sequence")
    )
