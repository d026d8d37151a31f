"""Exporting the records of a list as CSV or NDJSON: what the caller may read, and nothing else.

CSV is RFC 4180 in UTF-8 with a byte order mark, which tells spreadsheets the encoding. A text that a
spreadsheet would take for a formula (it begins with = + - @, a tab or a carriage return) gets an apostrophe
before it, as OWASP recommends ("CSV Injection"); numbers stay as they are. NDJSON has every value exactly as
the API does.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import IO, Any

from fieldstone import exact_json, records
from fieldstone.access.grants import ADMIN, access
from fieldstone.context import Context
from fieldstone.errors import Forbidden
from fieldstone.fields.cells import cell_text, guarded
from fieldstone.model.model import Entity, Field
from fieldstone.records import Query, lists, saved_views
from fieldstone.records.batch import find_entity
from fieldstone.records.labels import field_label
from fieldstone.records.query import MOST_RECORDS
from fieldstone.records.source import Viewer
from fieldstone.transfer.finished import finished

CAPABILITY = "export"
MARK = "\ufeff"

Record = Mapping[str, Any]


def may_export(context: Context) -> bool:
    """Whether the caller holds the capability `export`."""
    return CAPABILITY in context.principal.capabilities or ADMIN in context.principal.roles


def ndjson(context: Context, entity: str, query: Query) -> IO[bytes]:
    """A file with one JSON object on each line.

    Raises NotFound without the entity, Forbidden without the capability, what reading a list raises, and
    NoRoom where the disk is full.
    """
    texts = texts_of(context, entity, query)
    return finished(lambda file: file.writelines(text + b"\n" for text in texts))


def as_csv(context: Context, entity: str, query: Query, *, labels: bool = False) -> IO[bytes]:
    """A file with a line of heads, then a line for each record; `labels`: what fields are called, instead of
    their names.

    A reference is the title of its record, a list has `;` between its items, anything composed is JSON.
    Raises as `ndjson`.
    """
    texts = texts_of(context, entity, query)
    owner = context.model.entities[entity]
    names = columns_of(context, owner, query)
    heads = [head_of(context, owner, name) if labels else name for name in names]
    columns = [(name, owner.field(name)) for name in names]
    rows = (_row(exact_json.loads(text), columns) for text in texts)
    return finished(lambda file: file.writelines(chain([MARK.encode()], _lines(chain([heads], rows)))))


def texts_of(context: Context, entity: str, query: Query) -> Iterator[bytes]:
    """The records; the first one is read at once, so that a refusal is not half an answer."""
    find_entity(context, entity)
    if not may_export(context):
        reason = f"none of your roles has the capability {CAPABILITY}"
        raise Forbidden(
            f"You may not export: {reason}.", details={"reason": reason, "capability": CAPABILITY}
        )
    found = records.each_json(context, entity, replace(query, limit=MOST_RECORDS, cursor=None, count="none"))
    first = next(found, None)
    return found if first is None else chain([first], found)


def columns_of(context: Context, owner: Entity, query: Query) -> list[str]:
    """The fields asked for, those of the view, or all that the caller may read."""
    if query.fields is not None:
        return list(query.fields)
    viewer = Viewer(context.model, context.principal.access_key)
    seen = lists.seen(viewer, owner, saved_views.resolved(context, owner, query))
    if seen is not None and seen.columns:
        return list(seen.columns)
    granted = access(context.model, context.principal, owner.name)
    names = ["id", *owner.fields, *(name for name in owner.system if name not in {"id", "deleted_at"})]
    return [name for name in names if granted.field_read(name).constant is not False]


def head_of(context: Context, owner: Entity, name: str) -> str:
    """What a column is called."""
    field = owner.field(name)
    return field_label(field, context.principal.locale) if field is not None else name


def _row(record: Record, columns: Sequence[tuple[str, Field | None]]) -> list[str]:
    return [guarded(cell_of(field, record.get(name))) for name, field in columns]


def cell_of(field: Field | None, value: Any) -> str:
    """A value of the API's form as the text of a cell. field: None where a path leads to another record."""
    return cell_text(value) if field is None else field.type.cell_text(value)


def _lines(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    buffer = io.StringIO()
    write: Callable[[Sequence[str]], object] = csv.writer(buffer).writerow
    for row in rows:
        write(row)
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
