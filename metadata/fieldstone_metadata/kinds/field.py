"""Fields of entities: defaults, conditions, targets and formulas."""

from __future__ import annotations

from typing import Any

from fieldstone_metadata.declarations import Conversion, Default, Field, ReferenceTarget, Written
from fieldstone_metadata.expressions import BOOLEAN, Expressions, used_from_outside
from fieldstone_metadata.groundwork import Formulas
from fieldstone_metadata.kinds.picking import limits_of
from fieldstone_metadata.names import ANY, label_of
from fieldstone_metadata.nodes import Node, to_plain
from fieldstone_metadata.options import texts
from fieldstone_metadata.plain_values import ValueFaultError
from fieldstone_metadata.scalar_positions import place_in_file
from fieldstone_metadata.shapes import EntityShape, FieldShape
from fieldstone_metadata.workspace import Workspace, origin_of
from fieldstone_metadata.world import is_stored
from fieldstone_rules import Expression, Purpose
from fieldstone_rules.reading import fields_read
from fieldstone_rules.types import Kind, Type, simple

NOT_IN_STORED = frozenset({"now", "today", "user", "settings"})
"""What a stored formula may not use, because it would change without a write."""

_OWN_KEYS = frozenset(
    {"options", "option_set", "depends_on", "to", "on_delete", "inverse", "where", "owned", "through", "tree"}
)
_SCALARS = frozenset(Kind) - {Kind.LIST, Kind.COLLECTION, Kind.JSON, Kind.COMPOUND, Kind.NULL}


def build_field(
    shape: FieldShape, entity: EntityShape, workspace: Workspace, expressions: Expressions
) -> Field:
    """The declaration of a field of a sound entity; what is wrong with it is reported."""
    node = shape.node
    help_text, message = node.plain("help"), node.plain("message")
    options = {key: value for key, value in shape.details.options.items() if key not in _OWN_KEYS}
    _check_bounds(node, workspace)
    governed = shape.initial is not None or node.plain("owned") is True
    return Field(
        name=shape.name,
        type=shape.declared.name,
        label=label_of(node.plain("label"), shape.name),
        help=label_of(help_text, shape.name) if help_text else None,
        required=_truth(expressions.condition(node.get("required"), entity.name), default=governed)
        or governed,
        readonly=_truth(expressions.condition(node.get("readonly"), entity.name), default=False),
        visible=_truth(expressions.condition(node.get("visible"), entity.name), default=True),
        default=_default(shape, entity, workspace, expressions),
        unique=bool(node.plain("unique", False)),
        index=bool(node.plain("index", False)),
        check=_check(shape, entity, expressions),
        message=label_of(message, shape.name) if message else None,
        private=bool(node.plain("private", False)),
        was=texts(node, "was"),
        options={key: value for key, value in options.items() if key not in ("expression", "stored")},
        choices=shape.choices,
        depends_on=_depends_on(shape, entity, workspace),
        target=_target(shape, entity, expressions),
        formula=formula_of(shape, entity.name, workspace, expressions),
        stored=is_stored(node),
        convert=_conversion(node.get("convert"), expressions),
        origin=origin_of(node),
    )


def _truth(condition: bool | Expression | None, *, default: bool) -> bool | Expression:
    return default if condition is None else condition


def _check(shape: FieldShape, entity: EntityShape, expressions: Expressions) -> Expression | None:
    node = shape.node.get("check")
    if node is None:
        return None
    return expressions.check(node, expressions.scope(entity.name, Purpose.CHECK, BOOLEAN, old=True))


def _conversion(node: Node | None, expressions: Expressions) -> Conversion | None:
    """How values convert, as far as it can be told before the documents in force are known: that it can be
    read.
    """
    source = None if node is None else expressions.parsed(node)
    if node is None or source is None:
        return None
    places = [place_in_file(node, line, 1) for line in range(1, source.count("\n") + 2)]
    origin = origin_of(node)
    return Conversion(
        source, Written(origin.layer, origin.path, places[0][0], origin.changed_by, tuple(places))
    )


def _check_bounds(node: Node, workspace: Workspace) -> None:
    """`min` above `max`, or more decimals than digits."""
    for low, high in (("min", "max"), ("scale", "precision")):
        small, great = node.get(low), node.get(high)
        if small is not None and great is not None and small.value > great.value:
            message = f"`{low}` is {small.value}, more than `{high}`, {great.value}"
            workspace.report.error(small, "bad_bounds", message)


def _default(
    shape: FieldShape, entity: EntityShape, workspace: Workspace, expressions: Expressions
) -> Default | None:
    node = shape.node.get("default")
    if node is None or node.value is None:
        return Default(value=shape.initial) if shape.initial is not None else None
    if isinstance(node.value, str) and node.value.startswith("="):
        scope = expressions.scope(entity.name, Purpose.DEFAULT, shape.rule_type.optional())
        checked = expressions.check(node, scope)
        return Default(expression=checked) if checked is not None else None
    value = plain_value(node, shape, workspace)
    if shape.initial is not None and value not in (None, shape.initial):
        message = f"a record starts in `{shape.initial}`, the initial state of its workflow, not in `{value}`"
        workspace.report.error(node, "default_not_initial", message)
    return Default(value=value) if value is not None else None


def plain_value(node: Node, shape: FieldShape, workspace: Workspace) -> Any:
    """A plain value for a field, in the API's form; None where it does not fit, which is reported."""
    if shape.declared.name in ("reference", "user"):
        hint = "write `=` and an expression, such as `=user` or `=owner.manager`"
        workspace.report.error(node, "bad_value", "a reference has no plain default", hint)
        return None
    if shape.node.broken or node.broken:
        return None
    try:
        return shape.declared.parse(to_plain(node), shape.details)
    except ValueFaultError as fault:
        shown = f"`{node.value}`" if not isinstance(node.value, (dict, list)) else "this"
        workspace.report.error(node, "bad_value", f"{shown[:80]} {fault}", fault.hint)
        return None


def _depends_on(shape: FieldShape, entity: EntityShape, workspace: Workspace) -> str | None:
    """The choice that limits the options of this one; reports what could do nothing."""
    node, limited = shape.node.get("depends_on"), [option for option in shape.choices if option.values_for]
    if node is None:
        if limited:
            message = f"the option `{limited[0].value}` is `for` something, and there is no `depends_on`"
            workspace.report.error(shape.node, "no_effect", message, "name the other choice in `depends_on`")
        return None
    other = entity.fields.get(str(node.value))
    if other is None or other is shape or other.declared.name != "choice" or shape.states:
        workspace.report.error(node, "bad_depends_on", _why_no_dependency(shape, other, str(node.value)))
        return None
    if not limited:
        workspace.report.error(node, "no_effect", "no option of this field is `for` anything")
    for option in limited:
        for value in option.values_for:
            if value not in other.details.choices:
                message = f"`{option.value}` is for `{value}`, which is no option of `{other.name}`"
                workspace.report.error(node, "unknown_option", message)
    return other.name


def _why_no_dependency(shape: FieldShape, other: FieldShape | None, name: str) -> str:
    if shape.states:
        return "the states of a workflow do not depend on another field; its transitions have guards"
    return f"there is no field `{name}` here" if other is None else f"`{name}` is no other `choice`"


def _target(shape: FieldShape, entity: EntityShape, expressions: Expressions) -> ReferenceTarget | None:
    node, entities = shape.node, shape.details.entities
    if node.plain("to") == ANY:
        return ReferenceTarget(())
    if not entities:
        return None
    limits = limits_of(node, entity, entities, expressions)
    if node.plain("on_delete") == "clear" and shape.node.plain("required") is True:
        message = f"`{shape.name}` is required, so it cannot be cleared when the other record is deleted"
        expressions.report.error(
            node.value["on_delete"], "clear_required", message, "`restrict` or `cascade`"
        )
    return ReferenceTarget(
        entities,
        "cascade" if node.plain("owned") is True else node.plain("on_delete", "restrict"),
        node.plain("inverse"),
        limits,
        owned=node.plain("owned") is True,
        tree=bool(node.plain("tree", False)),
        through=shape.through,
    )


def formula_of(
    shape: FieldShape, entity: str, workspace: Workspace, expressions: Expressions
) -> Expression | None:
    """The checked expression of a formula, with its type made known to the world; None for other fields."""
    node, key = shape.node.get("expression"), (entity, shape.name)
    if shape.declared.name != "formula" or node is None:
        return None
    if key not in workspace.formulas:
        workspace.formulas[key] = None
        formula = workspace.building.part(
            ("formula", *key), (shape,), lambda: _formula(shape, node, entity, workspace, expressions)
        )
        workspace.formulas[key] = formula
        if formula is not None:
            expressions.world.settle(entity, shape.name, formula.type)
    return workspace.formulas[key]


def formulas_of(workspace: Workspace) -> Formulas:
    """What others see of the formulas that have been checked."""
    checked = workspace.formulas.items()
    return {key: (repr(found.type), found.collections) for key, found in checked if found is not None}


def _formula(
    shape: FieldShape, node: Node, entity: str, workspace: Workspace, expressions: Expressions
) -> Expression | None:
    stored = is_stored(shape.node)
    forbidden = NOT_IN_STORED if stored else frozenset()
    expression = expressions.check(node, expressions.scope(entity, Purpose.FORMULA, forbidden=forbidden))
    if expression is None or shape.name in workspace.silenced:
        workspace.silenced.add(shape.name)
        return None
    if expression.type.kind not in _SCALARS:
        workspace.report.error(
            node, "bad_formula", "a formula gives one value, not a list, a collection or nothing"
        )
        return None
    _warn_of_private(shape, node, expression, workspace)
    outside = used_from_outside(expression, forbidden)
    if outside:
        message = f"a stored formula cannot use `{min(outside)}`, not even through another formula"
        workspace.report.error(node, "not_allowed", message)
    return expression


def _warn_of_private(shape: FieldShape, node: Node, expression: Expression, workspace: Workspace) -> None:
    """Warns of a formula that tells what is personal to people who may not know it."""
    private = private_fields(expression, workspace)
    if private and not shape.node.plain("private", False):
        message = (
            f"`{shape.name}` is shown to people who may not see `{private[0]}`, from which it is computed"
        )
        hint = "add `private: true` to it too, unless what it tells is not personal"
        workspace.report.warning(node, "private_source", message, hint)


def private_fields(expression: Expression, workspace: Workspace) -> list[str]:
    """The fields of personal data that an expression reads, also through formulas and references."""
    read = sorted(fields_read(expression.tree))
    shapes = ((name, workspace.entities[entity].fields.get(name)) for entity, name in read)
    return [name for name, found in shapes if found is not None and found.node.plain("private", False)]


def stored_type(shape: FieldShape, entity: str, workspace: Workspace, expressions: Expressions) -> Type:
    """The type of a stored formula; reports one that depends on itself."""
    key = (entity, shape.name)
    if key in workspace.formulas and workspace.formulas[key] is None and shape.name not in workspace.silenced:
        workspace.silenced.add(shape.name)
        message = f"the formula `{shape.name}` depends on itself"
        workspace.report.error(shape.node.value["expression"], "formula_cycle", message)
    expression = formula_of(shape, entity, workspace, expressions)
    return expression.type if expression is not None else simple(Kind.NULL)
