"""CSV files of data sets: rows to records with places.

The heading line names fields; `account.name` finds the record of the reference `account` by its
`name`. Empty cells are null. Cells are texts, so numbers, truth values and lists (separated by `;`)
are read as their field's type.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping

from fieldstone_metadata.layer_files import File
from fieldstone_metadata.nodes import Node, Source
from fieldstone_metadata.shapes import EntityShape
from fieldstone_metadata.workspace import Workspace

MOST_ROWS = 100_000
_LISTS = frozenset({"choices", "tags", "references"})


def read_records(file: File, layer: str, shape: EntityShape, workspace: Workspace) -> list[Node]:
    """A mapping for each row of `file`, as a YAML document would hold it; what is wrong is reported."""
    source = Source(layer, file.path, file.text)
    reader = csv.reader(io.StringIO(file.text, newline=""), strict=True)
    records: list[Node] = []
    try:
        names = [name.strip() for name in next(reader, [])]
        heading = _known_columns(names, source, shape, workspace)
        line = reader.line_num + 1
        for cells in reader:
            if any(cells):
                records.append(_record(heading, cells, (source, line), shape, workspace))
            line = reader.line_num + 1
            if len(records) > MOST_ROWS:
                workspace.report.at(source, line, 1, "too_large", f"more than {MOST_ROWS:,} rows")
                break
    except csv.Error as error:
        workspace.report.at(
            source, max(reader.line_num, 1), 1, "csv_syntax", f"this is not valid CSV: {error}"
        )
    return records


def _known_columns(heading: list[str], source: Source, shape: EntityShape, workspace: Workspace) -> list[str]:
    """The heading with unknown names, which are reported, replaced by nothing."""
    known = []
    column = 1
    for name in heading:
        field = name.partition(".")[0]
        sound = field in shape.fields or field in shape.system_types() or field in workspace.silenced
        if not sound:
            place = Node(field, source, 1, column)
            workspace.unknown(place, "unknown_field", f"field of `{shape.name}` called", shape.fields)
        known.append(name if sound else "")
        column += len(name) + 1
    return known


def _record(
    heading: list[str], cells: list[str], place: tuple[Source, int], shape: EntityShape, workspace: Workspace
) -> Node:
    source, line = place
    record = Node({}, source, line, 1)
    if len(cells) != len(heading):
        message = f"this row has {len(cells)} cells, but the heading has {len(heading)}"
        workspace.report.error(record, "csv_syntax", message)
        return record
    column = 1
    for name, cell in zip(heading, cells, strict=True):
        field, _, of_target = name.partition(".")
        value = Node(None, source, line, column, key_line=line, key_column=column)
        if name:
            record.value[field] = value.with_value(_value(cell, field, of_target, value, shape))
        column += len(cell) + 1
    return record


def _value(cell: str, name: str, of_target: str, place: Node, shape: EntityShape) -> object:
    """A cell as a YAML document would hold it."""
    field = shape.fields.get(name)
    type_name = field.declared.name if field is not None else ""
    if cell == "" or (not of_target and type_name not in _LISTS):
        return _typed(cell, name, shape)
    if type_name in _LISTS:
        parts = [place.with_value(part.strip()) for part in cell.split(";") if part.strip()]
        return [place.with_value({of_target: part}) for part in parts] if of_target else parts
    return {of_target: place.with_value(cell)}


def _typed(cell: str, name: str, shape: EntityShape) -> object:
    """A cell as YAML would read it for the type of its field; what does not fit stays
    text and is refused later.
    """
    if cell == "":
        return None
    field = shape.fields.get(name)
    read = _READERS.get(field.declared.name) if field is not None and not cell.startswith("=") else None
    return read(cell) if read is not None else cell


def _integer(cell: str) -> object:
    plain = cell.strip()
    return (
        int(plain)
        if plain.lstrip("-").isascii() and plain.lstrip("-").isdigit() and len(plain) < 40
        else cell
    )


def _boolean(cell: str) -> object:
    return {"true": True, "false": False}.get(cell.strip().lower(), cell)


_READERS: Mapping[str, Callable[[str], object]] = {
    "integer": _integer,
    "rating": _integer,
    "boolean": _boolean,
}
