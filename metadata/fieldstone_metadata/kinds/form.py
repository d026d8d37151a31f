"""Forms: the layout brought to tabs of sections of items."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fieldstone_metadata.declarations import Form, FormField, RelatedList, Section, Tab, Timeline
from fieldstone_metadata.documents import Document
from fieldstone_metadata.expressions import Expressions
from fieldstone_metadata.kinds.paths import own_field, path_names
from fieldstone_metadata.names import label_of
from fieldstone_metadata.nodes import Node
from fieldstone_metadata.shapes import EntityShape
from fieldstone_metadata.suggestions import did_you_mean
from fieldstone_metadata.workspace import Workspace, origin_of

Item = FormField | RelatedList | Timeline

_SORTS = ("section", "tab", "field", "related", "timeline")
_ALLOWED: Mapping[str, frozenset[str]] = {
    "section": frozenset({"section", "name", "columns", "fields", "items"}),
    "tab": frozenset({"tab", "name", "items"}),
    "field": frozenset({"field", "visible"}),
    "related": frozenset({"related", "columns", "edit"}),
    "timeline": frozenset({"timeline"}),
}


def build_form(document: Document, workspace: Workspace, expressions: Expressions) -> Form | None:
    """The declaration of a sound form; None where it has no entity."""
    root = document.root
    shape = workspace.entity_named(root.get("entity"))
    if shape is None:
        return None
    layout = _Layout(shape, workspace, expressions)
    roles = (workspace.role_named(node) for node in root.list_under("roles"))
    return Form(
        document.name,
        shape.name,
        tuple(role for role in roles if role is not None),
        int(root.plain("priority", 0)),
        layout.tabs(root.value["layout"].children()),
        layout.quick(root),
        origin_of(root),
    )


@dataclass
class _Layout:
    """Builds the layout of one form. placed: the fields that stand in it already."""

    shape: EntityShape
    workspace: Workspace
    expressions: Expressions
    placed: set[str] = field(default_factory=set)

    def tabs(self, nodes: list[Node]) -> tuple[Tab, ...]:
        """The tabs of a layout; what stands outside of tabs comes first, in a tab without a label."""
        loose = [node for node in nodes if self._sort(node) not in (None, "tab")]
        tabs = [self._tab(node) for node in nodes if self._sort_quietly(node) == "tab"]
        return (Tab(None, self._sections(loose)), *tabs) if loose else tuple(tabs)

    def quick(self, root: Node) -> tuple[str, ...]:
        """The fields of the quick-create dialog."""
        names = (own_field(node, self.shape, self.workspace) for node in root.list_under("quick"))
        return tuple(dict.fromkeys(name for name in names if name is not None))

    def _tab(self, node: Node) -> Tab:
        label = label_of(node.plain("tab"), "")
        return Tab(label, self._sections(self._without_tabs(node.list_under("items"))))

    def _without_tabs(self, nodes: list[Node]) -> list[Node]:
        for node in nodes:
            if self._sort(node) == "tab":
                self.workspace.report.error(node, "misplaced_item", "a tab cannot stand inside another")
        return [node for node in nodes if self._sort_quietly(node) not in (None, "tab")]

    def _sections(self, nodes: list[Node]) -> tuple[Section, ...]:
        """Sections in their order; items that stand loose between them share a section without a heading."""
        sections: list[Section] = []
        loose: list[Item] = []
        for node in nodes:
            if self._sort_quietly(node) != "section":
                loose.extend(self._items([node]))
                continue
            if loose:
                sections.append(Section(None, 1, tuple(loose)))
                loose = []
            sections.append(self._section(node))
        return (*sections, Section(None, 1, tuple(loose))) if loose else tuple(sections)

    def _section(self, node: Node) -> Section:
        columns = node.get("columns")
        if columns is not None and not isinstance(columns.value, int):
            self.workspace.report.error(columns, "wrong_type", "a section has 1 or 2 columns, not a list")
        children = [*node.list_under("fields"), *node.list_under("items")]
        for child in children:
            if self._sort(child) in ("section", "tab"):
                self.workspace.report.error(child, "misplaced_item", "a section holds no sections or tabs")
        count = columns.value if columns is not None and isinstance(columns.value, int) else 2
        return Section(label_of(node.plain("section"), ""), count, self._items(children))

    def _items(self, nodes: list[Node]) -> tuple[Item, ...]:
        build: Mapping[str | None, Callable[[Node], Item | None]] = {
            "field": self._field,
            "related": self._related,
            "timeline": lambda _node: Timeline(),
        }
        sorted_nodes = ((self._sort_quietly(node), node) for node in nodes)
        items = (build[sort](node) for sort, node in sorted_nodes if sort in build)
        return tuple(item for item in items if item is not None)

    def _field(self, node: Node) -> FormField | None:
        named = node.get("field") or node
        name = own_field(named, self.shape, self.workspace)
        if name in self.placed:
            message = f"`{name}` stands in this form already: one of the two inputs would not be saved"
            self.workspace.report.error(named, "repeated_value", message)
        self.placed |= {name} if name is not None else set()
        visible = self.expressions.condition(node.get("visible"), self.shape.name)
        return FormField(name, True if visible is None else visible) if name is not None else None

    def _related(self, node: Node) -> RelatedList | None:
        named = node.value["related"]
        target = self._target(named.value)
        if target is None:
            known = {*self.shape.inverses, *self._many_to_many()}
            self.workspace.unknown(
                named, "unknown_inverse", f"collection of `{self.shape.name}` called", known
            )
            return None
        columns = path_names(
            node.get("columns"), self.workspace.entities[target], self.workspace, self.expressions.world
        )
        return RelatedList(named.value, columns, self._edited(node, named.value))

    def _edited(self, node: Node, name: str) -> str | None:
        """How the rows of a related list are edited: in the form only if they are saved with it."""
        edit, inverse = node.get("edit"), self.shape.inverses.get(name)
        if edit is None:
            return None
        if inverse is None or not inverse.owned:
            message = (
                f"`{name}` is not saved with the record: only what is `owned` by it is edited in its form"
            )
            self.workspace.report.error_at_key(edit, "no_effect", message)
        if name in self.placed:
            message = f"`{name}` stands in this form already: one of the two would not be saved"
            self.workspace.report.error_at_key(edit, "repeated_value", message)
        self.placed.add(name)
        return str(edit.value)

    def _target(self, name: str) -> str | None:
        """The entity behind an inverse or a many-to-many field of this form's entity."""
        inverse = self.shape.inverses.get(name)
        return inverse.entity if inverse is not None else self._many_to_many().get(name)

    def _many_to_many(self) -> Mapping[str, str]:
        fields = self.shape.fields.items()
        return {
            name: field.details.entities[0] for name, field in fields if field.declared.name == "references"
        }

    def _sort(self, node: Node) -> str | None:
        """What an item is; reports one that is nothing, or several things, or has a key
        that is not its own.
        """
        sort = self._sort_quietly(node)
        if sort is None and node.broken:
            return None
        if sort is None:
            message = "an item is one of a section, a tab, a field, a related list and a timeline"
            self.workspace.report.error(node, "misplaced_item", message)
            return None
        for key, child in node.items():
            if key not in _ALLOWED[sort]:
                hint = did_you_mean(key, _ALLOWED[sort])
                self.workspace.report.error_at_key(child, "unknown_key", f"a {sort} has no key `{key}`", hint)
        return sort

    def _sort_quietly(self, node: Node) -> str | None:
        if isinstance(node.value, str):
            return "field"
        sorts = [sort for sort in _SORTS if node.get(sort) is not None]
        return sorts[0] if len(sorts) == 1 else None
