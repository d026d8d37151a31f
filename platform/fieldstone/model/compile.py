"""From checked declarations to a model that is ready to run: once per publication, never per request."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from fieldstone.fields import FIELD_TYPES, FieldType
from fieldstone.fields.references import ReferencesType
from fieldstone.model.model import (
    Approval,
    ApprovalStep,
    Condition,
    Entity,
    Field,
    Inverse,
    Model,
    Rule,
    Transition,
    Workflow,
)
from fieldstone.model.tables import EntityStorage, build_storage
from fieldstone_metadata import declarations
from fieldstone_metadata.allocation import without_collection
from fieldstone_rules import Expression


def compile_model(application: declarations.Application, *, version: int, schema: str) -> Model:
    """The model of one publication.

    version: its number. schema: the database schema that holds the tenant's records.
    """
    with without_collection():
        return _compiled(application, version, schema)


def _compiled(application: declarations.Application, version: int, schema: str) -> Model:
    metadata, storage = build_storage(application.entities, schema)
    inverses = _inverses(application.entities)
    entities = {
        name: _entity(entity, storage[name], inverses[name], application.workflow_of(name))
        for name, entity in application.entities.items()
    }
    return Model(version, schema, application, metadata, entities, application.schema, _settings(application))


def compile_rule(expression: Expression) -> Rule:
    """A checked expression with its Python form."""
    return Rule(expression)


def compile_condition(condition: bool | Expression) -> Condition:
    """A constant as it is, an expression with its Python form."""
    return condition if isinstance(condition, bool) else compile_rule(condition)


def _optional(expression: Expression | None) -> Rule | None:
    return None if expression is None else compile_rule(expression)


def _entity(
    declaration: declarations.Entity,
    storage: EntityStorage,
    inverses: Mapping[str, Inverse],
    workflow: declarations.Workflow | None,
) -> Entity:
    return Entity(
        name=declaration.name,
        declaration=declaration,
        kept_in=storage.table,
        fields={name: _field(field_type, storage) for name, field_type in storage.types.items()},
        system={name: _field(field_type, storage) for name, field_type in storage.system.items()},
        inverses=inverses,
        title=compile_rule(declaration.title),
        workflow=None if workflow is None else _workflow(workflow),
    )


def _field(field_type: FieldType, storage: EntityStorage) -> Field:
    declaration = field_type.declaration
    return Field(
        name=declaration.name,
        declaration=declaration,
        type=field_type,
        kept_in=partial(storage.columns, declaration.name),
        required=compile_condition(declaration.required),
        readonly=compile_condition(declaration.readonly),
        visible=compile_condition(declaration.visible),
        check=_optional(declaration.check),
        default=_optional(declaration.default.expression if declaration.default else None),
        formula=_optional(declaration.formula),
        linked_by=partial(storage.link, declaration.name) if isinstance(field_type, ReferencesType) else None,
    )


def _workflow(declaration: declarations.Workflow) -> Workflow:
    transitions = {
        name: Transition(name, transition, _optional(transition.guard), _approval(transition.approval))
        for name, transition in declaration.transitions.items()
    }
    limits = {name: Rule(state.time_limit) for name, state in declaration.states.items() if state.time_limit}
    return Workflow(declaration.field, declaration, transitions, limits)


def _approval(declaration: declarations.Approval | None) -> Approval | None:
    if declaration is None:
        return None
    steps = tuple(ApprovalStep(step, _optional(step.users)) for step in declaration.steps)
    return Approval(compile_condition(declaration.when), steps)


def _inverses(entities: Mapping[str, declarations.Entity]) -> dict[str, dict[str, Inverse]]:
    found: dict[str, dict[str, Inverse]] = {name: {} for name in entities}
    for entity in entities.values():
        for field in entity.fields.values():
            target = field.target
            if target is None or target.inverse is None:
                continue
            for name in target.entities or _user_target(field):
                many = field.type == "references"
                found[name][target.inverse] = Inverse(
                    target.inverse, entity.name, field.name, many, entity.plural, target.owned
                )
    return found


def _user_target(field: declarations.Field) -> tuple[str, ...]:
    return ("user",) if field.type == "user" else ()


def _settings(application: declarations.Application) -> dict[str, dict[str, Any]]:
    """App → setting → its value, as the Python value of its type."""
    return {
        name: {key: _setting(setting) for key, setting in app.settings.items()}
        for name, app in application.apps.items()
    }


def _setting(setting: declarations.Setting) -> Any:
    declared = declarations.Field(setting.name, setting.type, setting.label)
    return FIELD_TYPES[setting.type](declared, "settings").read(setting.default)
