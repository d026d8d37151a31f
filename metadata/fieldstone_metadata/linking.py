"""Many-to-many fields whose links are records of a declared entity: which of its references make a link."""

from __future__ import annotations

from fieldstone_metadata.nodes import Node
from fieldstone_metadata.shapes import EntityShape, FieldShape
from fieldstone_metadata.workspace import Workspace
from fieldstone_rules.schema import Through

_REFERENCES = frozenset({"reference", "user"})


def settle_links(workspace: Workspace) -> None:
    """Finds for every `through` the two references that make a link; reports where there are none or
    several. The entities are outlined.
    """
    for shape in workspace.entities.values():
        for field in shape.fields.values():
            node = field.node.get("through")
            if node is not None and field.details.entities:
                field.through = _through(node, shape, field.details.entities[0], workspace)
                if field.through is None:
                    workspace.silenced.add(field.name)


def _through(node: Node, shape: EntityShape, other: str, workspace: Workspace) -> Through | None:
    linking = workspace.entity_named(node)
    if linking is None:
        return None
    ends = _ends(linking, shape, other)
    problem, hint = _fault(linking, shape, other, ends)
    if problem is not None:
        if not linking.unsound:
            workspace.report.error(node, "bad_through", problem, hint)
        return None
    near, far = (found[0] for found in ends)
    _note(linking, (near.name, far.name))
    return Through(linking.name, near.name, far.name, near.cascades, far.cascades)


def _note(linking: EntityShape, pair: tuple[str, str]) -> None:
    """Two fields may share their links, each from its side."""
    if pair not in linking.links and pair[::-1] not in linking.links:
        linking.links.append(pair)


def _ends(linking: EntityShape, shape: EntityShape, other: str) -> tuple[list[FieldShape], list[FieldShape]]:
    """The references that may lead to this side, and those that may lead to the other."""
    near, far = _references(linking, shape.name), _references(linking, other)
    return (near[:1], near[1:]) if shape.name == other else (near, far)


def _references(linking: EntityShape, entity: str) -> list[FieldShape]:
    """The references that lead to one entity and to no other."""
    fields = linking.fields.values()
    return [f for f in fields if f.declared.name in _REFERENCES and f.details.entities == (entity,)]


def _fault(
    linking: EntityShape, shape: EntityShape, other: str, ends: tuple[list[FieldShape], list[FieldShape]]
) -> tuple[str | None, str | None]:
    """What keeps an entity from making the links, and what to do."""
    if linking.name in (shape.name, other):
        return f"the links between records cannot be records of `{linking.name}` itself", "declare an entity"
    for entity, found in zip((shape.name, other), ends, strict=True):
        if len(found) != 1:
            return _unclear(linking, shape.name, other, entity, found)
    parents = linking.owned
    if parents and parents[0].name != ends[0][0].name:
        around = parents[0].details.entities[0]
        problem = f"records of `{linking.name}` live inside those of `{around}`"
        return problem, f"declare the field in `{around}`; its `inverse` is the way back"
    return None, None


def _unclear(
    linking: EntityShape, this: str, other: str, entity: str, found: list[FieldShape]
) -> tuple[str, str]:
    if this == other:
        count = len(_references(linking, this))
        return (
            f"`{linking.name}` has {count} references to `{this}`, and links between two of them need two",
            "the first of them leads to this record, the second to the other one",
        )
    if not found:
        return (
            f"`{linking.name}` has no reference that leads to `{entity}` and nowhere else",
            f"add `{entity}: {{type: reference, to: {entity}, required: true}}` to it",
        )
    names = " and ".join(f"`{field.name}`" for field in found)
    return (
        f"`{linking.name}` has several references to `{entity}`, {names}: it is not clear which one links",
        "an entity of links has one reference to each side",
    )
