"""Data sets: records that come with an app, checked against the fields of their entity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fieldstone_metadata.csv_records import read_records
from fieldstone_metadata.declarations import DataSet
from fieldstone_metadata.documents import Document
from fieldstone_metadata.expressions import Expressions
from fieldstone_metadata.kinds.field import plain_value
from fieldstone_metadata.kinds.paths import own_fields
from fieldstone_metadata.layer_files import File
from fieldstone_metadata.nodes import Node, to_plain
from fieldstone_metadata.shapes import EntityShape, FieldShape
from fieldstone_metadata.suggestions import did_you_mean
from fieldstone_metadata.workspace import Workspace, origin_of
from fieldstone_rules import Purpose

_LINKS = frozenset({"reference", "references", "user"})
_SETTABLE = frozenset({"owner", "team", "currency"})
_SYSTEM_LINKS = frozenset({"owner", "team"})

LayerFiles = Mapping[str, Mapping[str, File]]
"""Layer → path → file."""


def build_data(
    document: Document, workspace: Workspace, expressions: Expressions, files: LayerFiles
) -> DataSet | None:
    """The declaration of a sound data set; None where it has no entity."""
    root = document.root
    shape = workspace.entity_named(root.get("entity"))
    if shape is None:
        return None
    key = own_fields(root.list_under("key"), shape, workspace)
    nodes = _record_nodes(document, shape, workspace, files)
    builder = _Records(shape, workspace, expressions)
    records = [builder.record(node) for node in nodes]
    _check_keys(key, nodes, records, workspace)
    return DataSet(document.name, shape.name, key, records, bool(root.plain("demo", False)), origin_of(root))


def _record_nodes(
    document: Document, shape: EntityShape, workspace: Workspace, files: LayerFiles
) -> list[Node]:
    root, path = document.root, document.root.get("file")
    if path is None:
        if root.get("records") is None:
            workspace.report.error(root, "key_missing", "a data set has `records` or a `file`")
        return root.list_under("records")
    if root.get("records") is not None:
        workspace.report.error_at_key(path, "unknown_key", "a data set has either `records` or a `file`")
    known = files.get(path.source.layer, {})
    file = known.get(path.value)
    if file is None or not path.value.endswith(".csv"):
        hint = did_you_mean(path.value, [name for name in known if name.endswith(".csv")])
        workspace.report.error(path, "file_missing", f"there is no CSV file `{path.value}` in this app", hint)
        return []
    return read_records(file, path.source.layer, shape, workspace)


@dataclass
class _Records:
    """Checks the records of one data set."""

    shape: EntityShape
    workspace: Workspace
    expressions: Expressions

    def record(self, node: Node) -> Mapping[str, Any]:
        """The values of a record in the API's form; references are mappings, expressions
        texts that begin with `=`.
        """
        values = {name: self._value(name, child) for name, child in node.items() if self._knows(name, child)}
        for name, field in self.shape.fields.items():
            required = field.node.plain("required") is True and field.node.plain("visible", True) is True
            if (
                required
                and node.get(name) is None
                and field.node.get("default") is None
                and field.initial is None
            ):
                self.workspace.report.error(
                    node, "value_missing", f"this record has no `{name}`, which is required"
                )
        return values

    def _knows(self, name: str, child: Node) -> bool:
        field = self.shape.fields.get(name)
        if field is not None and field.declared.name in ("formula", "sequence"):
            message = f"`{name}` is a `{field.declared.name}`: the platform makes its value"
            self.workspace.report.error_at_key(child, "not_writable", message)
            return False
        if field is None and not (name in _SETTABLE and name in self.shape.system_types()):
            line, column = child.place
            place = Node(name, child.source, line, column)
            self.workspace.unknown(
                place, "unknown_field", f"field of `{self.shape.name}` called", self.shape.fields
            )
            return False
        return True

    def _value(self, name: str, node: Node) -> Any:
        field = self.shape.fields.get(name)
        if node.value is None:
            return None
        if isinstance(node.value, str) and node.value.startswith("="):
            expected = field.rule_type if field is not None else self.shape.system_types()[name]
            self.expressions.check(node, self.expressions.scope(None, Purpose.VALUE, expected.optional()))
            return node.value
        if name in _SYSTEM_LINKS or (field is not None and field.declared.name in _LINKS):
            return self._found_record(name, node, field)
        return plain_value(node, field, self.workspace) if field is not None else to_plain(node)

    def _found_record(self, name: str, node: Node, field: FieldShape | None) -> Any:
        """A reference: a mapping of fields that find the other record (a list of them for `references`)."""
        if field is not None and field.declared.name == "references":
            return [self._found_record(name, child, None) for child in node.children()]
        if not isinstance(node.value, dict) or not node.value:
            hint = f"such as `{name}: {{name: Acme}}`"
            message = "a reference is a mapping of fields that find the other record"
            self.workspace.report.error(node, "bad_value", message, hint)
            return None
        targets = self._targets(name)
        for key, child in node.items():
            if not any(key in target.fields for target in targets):
                known = {field for target in targets for field in target.fields}
                line, column = child.place
                place = Node(key, child.source, line, column)
                self.workspace.unknown(
                    place, "unknown_field", f"field of the record behind `{name}` called", known
                )
        return to_plain(node)

    def _targets(self, name: str) -> list[EntityShape]:
        field = self.shape.fields.get(name)
        names = field.details.entities if field is not None else ("user" if name == "owner" else "team",)
        return [self.workspace.entities[target] for target in names if target in self.workspace.entities]


def _check_keys(
    key: tuple[str, ...], nodes: list[Node], records: list[Mapping[str, Any]], workspace: Workspace
) -> None:
    """Reports records without a value for the key, and two with the same."""
    first: dict[str, int] = {}
    for node, record in zip(nodes, records, strict=True):
        missing = [name for name in key if record.get(name) is None and node.get(name) is None]
        if missing:
            message = f"this record has no `{missing[0]}`, which is part of the key"
            workspace.report.error(node, "value_missing", message)
            continue
        identity = repr([record.get(name) for name in key])
        if identity in first:
            message = f"this record has the same key as the one in line {first[identity]}"
            workspace.report.error(node, "repeated_value", message)
        first.setdefault(identity, node.line)
