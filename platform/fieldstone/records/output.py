"""A record as JSON, written by the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.fields import json_text
from fieldstone.fields.text import TextType
from fieldstone.model.model import Entity, Field, Inverse
from fieldstone.model.ordering import directed
from fieldstone.model.system_fields import TITLE
from fieldstone.records.order import order_terms, usual_order
from fieldstone.records.paths import FieldPath, guarded, readable_fields, resolve
from fieldstone.records.source import Joins, RecordSource, Viewer
from fieldstone_metadata import declarations

Column = sa.ColumnElement[Any]


Shown = FieldPath | Inverse
"""A field, or a collection of what lives inside the record."""

_UNTOLD_INSIDE = frozenset({"currency", "deleted_at"})
"""What is the same for everything that lives inside a record."""


def chosen_fields(
    viewer: Viewer, entity: Entity, fields: Sequence[str] | None, *, deleted: bool, nested: bool = False
) -> list[Shown]:
    """What a record shows: the named fields with the id in front, or all that the viewer may read.

    `_title` names the record to people, as references do; whoever may read the record may ask for it. What
    lives inside the record is shown where it is named, or with `nested`.

    Raises:
        Malformed: if a field is unknown to the viewer.
    """
    if fields is not None:
        return [_named(viewer, entity, text) for text in dict.fromkeys(("id", *fields))]
    readable = readable_fields(viewer, entity)
    names = dict.fromkeys(f.name for f in readable if deleted or f.name != "deleted_at")
    found: list[Shown] = [resolve(viewer, entity, name, "fields") for name in names]
    return [*found, *entity.lines.values()] if nested else found


def _named(viewer: Viewer, entity: Entity, text: str) -> Shown:
    if text == TITLE:
        return _title(entity)
    return entity.lines[text] if text in entity.lines else resolve(viewer, entity, text, "fields")


def _title(entity: Entity) -> FieldPath:
    declaration = declarations.Field(TITLE, "text", label={"": "Title"}, readonly=True)
    text = TextType(declaration, entity.name)
    field = Field(
        TITLE,
        declaration,
        text,
        tuple,
        required=False,
        readonly=True,
        visible=True,
        check=None,
        default=None,
        formula=None,
    )
    return FieldPath(TITLE, (), field)


def record_json(record: RecordSource, fields: Sequence[Shown]) -> Column:
    """The JSON text of one record: an object with one member for each field, called as it was asked for."""
    parts: list[Column] = []
    for number, shown in enumerate(fields):
        start = "," if number else "{"
        if isinstance(shown, Inverse):
            parts += [json_text.constant(f'{start}"{shown.name}":'), inside_json(record, shown)]
        else:
            parts += [json_text.constant(f'{start}"{shown.text}":'), field_json(record, shown)]
    return json_text.assembled(*parts, json_text.constant("}"))


def inside_json(record: RecordSource, inverse: Inverse) -> Column:
    """What lives inside a record as the text of a JSON array, in its own order, else in that of its making.

    Of a record in the recycle bin it is what went there with it.
    """
    viewer, entity = record.viewer, record.viewer.model.entities[inverse.entity]
    rows = entity.table.alias()
    inside = RecordSource(viewer, entity, rows, Joins())
    untold = {inverse.field, *_UNTOLD_INSIDE}
    names = [field.name for field in readable_fields(viewer, entity) if field.name not in untold]
    fields: list[Shown] = [resolve(viewer, entity, name, "fields") for name in dict.fromkeys(names)]
    item = record_json(inside, [*fields, *entity.lines.values()])
    own = [text for text in usual_order(entity, viewer) if text != "-id"]
    order = order_terms(inside, own)
    terms = [directed(key.value, descending=key.descending, nullable=key.nullable) for key in order]
    listed = sa.func.string_agg(item, postgresql.aggregate_order_by(sa.literal_column("','"), *terms))
    found = (
        sa.select(json_text.assembled(json_text.constant("["), listed, json_text.constant("]")))
        .select_from(inside.joins.apply(rows))
        .where(rows.c[inverse.field] == record.column("id"))
        .where(rows.c.deleted_at.is_not_distinct_from(record.column("deleted_at")))
    )
    return found.correlate(record.rows).scalar_subquery()


def field_json(record: RecordSource, path: FieldPath) -> Column:
    """The JSON text of one field, `null` where the viewer may not read it."""
    source = path.source(record)
    written: Column = guarded(source, path.field, path.field.type.output_sql(source), json_text.NULL)
    return written
