"""What a check knows while it goes on: the sound documents, the outlines, and where problems go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fieldstone_metadata.declarations import Origin
from fieldstone_metadata.documents import Document
from fieldstone_metadata.groundwork import Building
from fieldstone_metadata.lookups import ALL, OUTLINE, Watched
from fieldstone_metadata.nodes import Node
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.shapes import EntityShape
from fieldstone_metadata.suggestions import did_you_mean
from fieldstone_rules import Expression


@dataclass
class Workspace:
    """Shared by all steps of one check.

    documents: kind → name → sound document. silenced: names of elements that are unsound and were reported
    as such;
    nobody complains that they are missing. entities: outlines, filled before expressions are checked.
    formulas: those
    checked so far, by entity and field; None for one that is wrong or being checked. building: the parts that
    are made of the documents, some of which an earlier check may have made.
    """

    documents: Mapping[str, Mapping[str, Document]]
    report: Report
    silenced: set[str]
    building: Building
    entities: Watched[EntityShape] = field(init=False)
    formulas: dict[tuple[str, str], Expression | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin without outlines."""
        self.entities = Watched(OUTLINE, self.building.lookups)

    def of_kind(self, kind: str) -> Mapping[str, Document]:
        """The sound documents of a kind, by name."""
        found = self.documents.get(kind)
        if found is None:
            self.building.lookups.note((kind, ALL))
        return {} if found is None else found

    def unknown(self, node: Node, code: str, what: str, known: Iterable[str]) -> None:
        """Reports that `node` names nothing known, with a suggestion, unless the name is silenced."""
        if node.value not in self.silenced:
            hint = did_you_mean(str(node.value), known)
            self.report.error(node, code, f"there is no {what} `{node.value}`", hint)

    def entity_named(self, node: Node | None) -> EntityShape | None:
        """The outline of the entity that `node` names; reports an unknown one."""
        if node is None:
            return None
        shape: EntityShape | None = self.entities.get(node.value)
        if shape is None:
            self.unknown(node, "unknown_entity", "entity", self.entities)
        return shape

    def role_named(self, node: Node) -> str | None:
        """The role that `node` names; reports an unknown one."""
        roles = self.of_kind("role")
        if node.value not in roles:
            self.unknown(node, "unknown_role", "role", roles)
            return None
        return str(node.value)


def origin_of(node: Node) -> Origin:
    """Where an element stands, for people who ask who owns it."""
    line, _ = node.place
    return Origin(node.owner, node.source.path, line, node.changed_by)
