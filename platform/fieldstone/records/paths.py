"""Fields as callers name them: `amount`, `account.name`, `_title`. What they may never read is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import sqlalchemy as sa

from fieldstone.errors import FieldError, Malformed
from fieldstone.fields.reference import ReferenceType
from fieldstone.fields.text import TextType
from fieldstone.model.model import Entity, Field
from fieldstone.model.system_fields import TITLE
from fieldstone.records.source import RecordSource, Viewer
from fieldstone_metadata import declarations

LONGEST_PATH = 5


@dataclass(frozen=True)
class FieldPath:
    """A field behind some hops, or a part of one.

    text: as it was written. hops: reference and the entity it leads to.
    """

    text: str
    hops: tuple[tuple[Field, str], ...]
    field: Field

    def source(self, record: RecordSource) -> RecordSource:
        """The record that the field belongs to, joined where needed."""
        for reference, target in self.hops:
            record = record.hop(reference, target)
        return record


def resolve(viewer: Viewer, entity: Entity, text: str, parameter: str) -> FieldPath:
    """The field that `text` names for a viewer.

    Raises:
        Malformed: `unknown_field`, naming `parameter` and suggesting a field.
    """
    names = text.split(".")
    if len(names) > LONGEST_PATH:
        raise _refused(parameter, f"“{text[:80]}” follows more than {LONGEST_PATH - 1} references.")
    hops: list[tuple[Field, str]] = []
    at = entity
    for place, name in enumerate(names[:-1]):
        reference = _known(viewer, at, name, parameter)
        part = reference.type.part(names[-1]) if place == len(names) - 2 else None
        if part is not None:
            return FieldPath(text, tuple(hops), replace(reference, type=part))
        target = _only_target(reference, parameter)
        hops.append((reference, target))
        at = viewer.model.entities[target]
    return FieldPath(text, tuple(hops), _known(viewer, at, names[-1], parameter))


def is_known(viewer: Viewer, entity: Entity, text: str) -> bool:
    """Whether there is a field for a viewer that `text` names."""
    try:
        resolve(viewer, entity, text, "")
    except Malformed:
        return False
    return True


def readable_fields(viewer: Viewer, entity: Entity) -> Iterable[Field]:
    """The fields that the viewer may read at least in some records, in the order of the declaration."""
    granted = viewer.access(entity.name)
    for field in (entity.system["id"], *entity.fields.values(), *entity.system.values()):
        if granted.field_read(field.name).constant is not False:
            yield field


def guarded(source: RecordSource, field: Field, value: sa.ColumnElement[Any], otherwise: Any) -> Any:
    """`value`, or `otherwise` in records where the viewer may not read the field."""
    allowed = source.readable(field)
    return value if allowed is None else sa.case((allowed, value), else_=otherwise)


def _known(viewer: Viewer, entity: Entity, name: str, parameter: str) -> Field:
    field = _title(entity) if name == TITLE else entity.field(name)
    if field is None or viewer.access(entity.name).field_read(name).constant is False:
        known = [known.name for known in readable_fields(viewer, entity)]
        raise _refused(parameter, f"{entity.name} has no field “{name[:80]}”.{_suggestion(name, known)}")
    return field


def _title(entity: Entity) -> Field:
    """The record's title as a field that callers can ask for."""
    declaration = declarations.Field(TITLE, TextType.name, {"": "Title"}, readonly=True)
    return Field(
        name=TITLE,
        declaration=declaration,
        type=TextType(declaration, entity.name),
        kept_in=lambda: (entity.table.c[TITLE],),
        required=False,
        readonly=True,
        visible=True,
        check=None,
        default=None,
        formula=None,
    )


def _suggestion(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name[:80], known, n=1)
    return f" Did you mean “{close[0]}”?" if close else ""


def _only_target(reference: Field, parameter: str) -> str:
    targets = list(reference.type.targets) if isinstance(reference.type, ReferenceType) else []
    if len(targets) != 1:
        raise _refused(parameter, f"“{reference.name}” does not lead to one kind of record.")
    return targets[0]


def _refused(parameter: str, message: str) -> Malformed:
    error = FieldError(parameter, "unknown_field", message)
    return Malformed(message, code="unknown_field", errors=[error])
