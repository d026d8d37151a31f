"""One file: a reference to its record, of which the API shows a link."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fieldstone.fields.base import Column, Source
from fieldstone.fields.filters import NULL_OPERATORS, Operator
from fieldstone.fields.reference import REFERENCE_SCHEMA, ReferenceType
from fieldstone.fields.refusal import ValueRefused
from fieldstone.files.names import ending_of
from fieldstone.files.store import in_words
from fieldstone_metadata import declarations
from fieldstone_metadata.names import FILE

CONTENTS = "/api/v1/files"
"""Where contents are: with the file's id behind it."""

_UNITS = {"": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30}
_SIZE = re.compile(r"([0-9]+) ?([KMG]B)?")

FILE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        **REFERENCE_SCHEMA["properties"],
        "name": {"type": ["string", "null"]},
        "size": {"type": ["integer", "null"], "description": "Bytes."},
        "media_type": {"type": ["string", "null"]},
        "url": {"type": "string", "description": "Where its content is."},
    },
    "required": ["id", "entity", "title", "name", "size", "media_type", "url"],
}


class FileType(ReferenceType):
    """A foreign key to the record of the file, which belongs to this field of this record alone."""

    name = "file"
    help = "One file."
    widget = "file"

    @functools.cached_property
    def targets(self) -> Mapping[str, str]:
        return {FILE: self.key}

    def api_schema(self) -> dict[str, Any]:
        return FILE_SCHEMA

    def restored_sql(self, told: Column) -> Mapping[str, Column] | None:  # noqa: ARG002  # see below
        """Nothing: a file that was replaced is in the recycle bin and cannot be opened."""
        return None

    def output_sql(self, source: Source) -> Column:
        return source.file(source.column(self.key))

    def operators(self) -> tuple[Operator, ...]:
        return NULL_OPERATORS

    @property
    def accepted(self) -> Sequence[str]:
        """The media types and endings that it takes; all, if there are none."""
        return accepted_by(self.declaration)


def accepted_by(declaration: declarations.Field) -> Sequence[str]:
    """What `accept` of a field says; nothing: all files."""
    found: Sequence[str] = declaration.options.get("accept", ())
    return tuple(found)


def largest_for(declaration: declarations.Field) -> int | None:
    """The most bytes that a file in the field may have; None: as the installation says."""
    declared = declaration.options.get("max_size")
    if declared is None or isinstance(declared, int):
        return declared
    match = _SIZE.fullmatch(str(declared).replace("k", "K"))
    return int(match[1]) * _UNITS[match[2] or ""] if match else None


def check_fits(
    declaration: declarations.Field, accepted: Sequence[str], name: str, media_type: str, size: int
) -> None:
    """Raise `ValueRefused` (`not_accepted`, `too_large`) for a file that a field does not take."""
    if accepted and not any(_fits(pattern, name, media_type) for pattern in accepted):
        raise ValueRefused("not_accepted", f"“{name}” is {media_type}; taken are {', '.join(accepted)}.")
    largest = largest_for(declaration)
    if largest is not None and size > largest:
        message = f"“{name}” has {in_words(size)}; at most {in_words(largest)} are taken."
        raise ValueRefused("too_large", message)


def _fits(pattern: str, name: str, media_type: str) -> bool:
    if pattern.startswith("."):
        return ending_of(name) == pattern
    return media_type.startswith(pattern[:-1]) if pattern.endswith("/*") else media_type == pattern
