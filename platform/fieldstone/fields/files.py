"""Several files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fieldstone.fields.base import Column, Source
from fieldstone.fields.file import FILE_SCHEMA, accepted_by
from fieldstone.fields.references import ReferencesType


class FilesType(ReferencesType):
    """Pairs of the record and its files, each of which belongs to this field of this record alone."""

    name = "files"
    help = "Several files."
    widget = "files"

    def api_schema(self) -> dict[str, Any]:
        return {"type": "array", "items": FILE_SCHEMA}

    def output_sql(self, source: Source) -> Column:
        return source.files(self.key)

    @property
    def accepted(self) -> Sequence[str]:
        """The media types and endings that it takes; all, if there are none."""
        return accepted_by(self.declaration)
