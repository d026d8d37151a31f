"""CSV files of data sets: rows to records with places.

The heading line names fields; `account.name` finds the record of the reference `account` by its `name`.
Empty cells
are null. Cells are texts, so numbers, truth values and lists (separated by `;`) are read as their field's
type.
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


def read_records(file: File, layer: str, shape: EntityShape, workspace: Workspace) -> list[Node]:
    """A mapping for each row of `file`, as a YAML document would hold it; what is wrong is reported."""
    source = Source(layer, file.path, file.text)
    reader = csv.reader(io.StringIO(file.text, newline=""), strict=True)
    records: list[Node] = []
    try:
        heading = [name.strip() for name in next(reader, [])]
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
        value = Node(_typed(cell, field, shape), source, line, column, key_line=line, key_column=column)
        if of_target and value.value is not None:
            value = value.with_value({of_target: value.with_value(cell)})
        record.value[field] = value
        column += len(cell) + 1
    return record


def _typed(cell: str, name: str, shape: EntityShape) -> object:
    """A cell as YAML would read it for the type of its field; what does not fit stays text and is refused
    later.
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
