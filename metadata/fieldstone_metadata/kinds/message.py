"""Messages: what rules tell people, as texts with expressions about one record."""

from __future__ import annotations

from collections.abc import Mapping

from fieldstone_metadata.declarations import Message
from fieldstone_metadata.documents import Document
from fieldstone_metadata.expressions import Expressions
from fieldstone_metadata.names import label_of
from fieldstone_metadata.nodes import Node
from fieldstone_metadata.workspace import Workspace, origin_of
from fieldstone_rules import Expression, Purpose

KIND = "message"


def build_message(document: Document, workspace: Workspace, expressions: Expressions) -> Message | None:
    """The declaration of a message; None where what it is about is not there, which is reported."""
    root = document.root
    about = root.get("entity")
    if about is not None and workspace.entity_named(about) is None:
        return None
    entity = str(about.value) if about is not None else None
    return Message(
        document.name,
        label_of(root.plain("label"), document.name),
        entity,
        _text(root.get("subject"), entity, expressions),
        _text(root.get("body"), entity, expressions),
        origin_of(root),
    )


def _text(node: Node | None, entity: str | None, expressions: Expressions) -> Expression | None:
    if node is None:
        return None
    return expressions.check_text(node, expressions.scope(entity, Purpose.VALUE))


def entities_of_messages(workspace: Workspace) -> Mapping[str, str | None]:
    """The messages that rules can name → the entity that each is about."""
    return {name: document.root.plain("entity") for name, document in workspace.of_kind(KIND).items()}
