"""A record as JSON, written by the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from fieldstone.fields import json_text
from fieldstone.fields.text import TextType
from fieldstone.model.model import Entity, Field
from fieldstone.model.system_fields import TITLE
from fieldstone.records.paths import FieldPath, guarded, readable_fields, resolve
from fieldstone.records.source import RecordSource, Viewer
from fieldstone_metadata import declarations

Column = sa.ColumnElement[Any]


def chosen_fields(
    viewer: Viewer, entity: Entity, fields: Sequence[str] | None, *, deleted: bool
) -> list[FieldPath]:
    """What a record shows: the named fields with the id in front, or all that the viewer may read.

    `_title` names the record to people, as references do; whoever may read the record may ask for it.

    Raises:
        Malformed: if a field is unknown to the viewer.
    """
    if fields is not None:
        asked = dict.fromkeys(("id", *fields))
        return [_title(entity) if t == TITLE else resolve(viewer, entity, t, "fields") for t in asked]
    readable = readable_fields(viewer, entity)
    names = dict.fromkeys(f.name for f in readable if deleted or f.name != "deleted_at")
    return [resolve(viewer, entity, name, "fields") for name in names]


def _title(entity: Entity) -> FieldPath:
    declaration = declarations.Field(TITLE, "text", label={"": "Title"}, readonly=True)
    text = TextType(declaration, entity.name)
    field = Field(
        TITLE,
        declaration,
        text,
        (),
        required=False,
        readonly=True,
        visible=True,
        check=None,
        default=None,
        formula=None,
    )
    return FieldPath(TITLE, (), field)


def record_json(record: RecordSource, fields: Sequence[FieldPath]) -> Column:
    """The JSON text of one record: an object with one member for each field, called as it was asked for."""
    parts: list[Column] = []
    for number, path in enumerate(fields):
        start = "," if number else "{"
        parts += [json_text.constant(f'{start}"{path.text}":'), field_json(record, path)]
    return json_text.assembled(*parts, json_text.constant("}"))


def field_json(record: RecordSource, path: FieldPath) -> Column:
    """The JSON text of one field, `null` where the viewer may not read it."""
    source = path.source(record)
    written: Column = guarded(source, path.field, path.field.type.output_sql(source), json_text.NULL)
    return written
