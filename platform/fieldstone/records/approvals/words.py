"""Approvals in words."""

from __future__ import annotations

from fieldstone.model.model import ApprovalStep, Model
from fieldstone.records.labels import field_label, text_of
from fieldstone_rules.tree import RECORD, Binding, Collection, Field, Node

_OF = {"any": "", "all": "all of "}


def waits_for(model: Model, step: ApprovalStep, locale: str) -> str:
    """Whose approval a step waits for: "Sales manager", "2 of Sales manager", "Manager of Owner"."""
    needs = str(step.declaration.needs)
    return f"{_OF.get(needs, f'{needs} of ')}{_asked(model, step, locale)}"


def _asked(model: Model, step: ApprovalStep, locale: str) -> str:
    """The label of a role, the labels along a path, or else the expression as it is written."""
    role, users = step.declaration.role, step.users
    if role is not None:
        return text_of(model.roles[role].label, locale) if role in model.roles else role
    path = _path(model, users.expression.tree, locale) if users is not None else None
    return path or step.declaration.source.removeprefix("=").strip()


def _path(model: Model, node: Node, locale: str) -> str | None:
    """The labels of the fields that a path follows, the last one first; None for anything else."""
    labels: list[str] = []
    while not isinstance(node, Binding):
        if isinstance(node, Collection) and node.of is not None and node.where is None:
            owner, name, node = node.source.owner or "", node.source.name or "", node.of
        elif isinstance(node, Field):
            owner, name, node = node.entity, node.name, node.of
        else:
            return None
        labels.append(_label(model, owner, name, locale))
    return " of ".join(labels) if node.name == RECORD and labels else None


def _label(model: Model, owner: str, name: str, locale: str) -> str:
    entity = model.entities.get(owner)
    if entity is None:
        return name
    field, inverse = entity.field(name), entity.inverses.get(name)
    if field is not None:
        return field_label(field, locale)
    return text_of(inverse.label, locale) if inverse is not None else name
