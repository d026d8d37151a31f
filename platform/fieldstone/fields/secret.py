"""A text that is kept encrypted and never shown again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from fieldstone.database.keyring import Keyring
from fieldstone.fields import json_text
from fieldstone.fields.base import UNCHANGED, Column, FieldType, Source
from fieldstone.fields.filters import Operator
from fieldstone.fields.inputs import Input, limited_text
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.stored_text import text_column
from fieldstone.fields.texts import ImportFormat

LONGEST = 10_000
SET = {"set": True}
"""All that anybody is told of a secret."""
_TOLD = re.compile(r'\{\s*"set"\s*:\s*true\s*\}')
"""The same as a cell of an export."""


class SecretType(FieldType):
    """The encrypted text in a text column. The Python value that is kept is that; nothing opens it but
    `fieldstone.records.secrets`.
    """

    name = "secret"
    help = "A password or key: encrypted, and never shown again."
    widget = "secret"

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # no references here
        return (text_column(self.key),)

    def input(self) -> ma.fields.Field[Any]:
        limited = limited_text(LONGEST)

        def convert(value: Any) -> Any:
            return UNCHANGED if isinstance(value, Mapping) and value == SET else limited(value)

        return Input(convert)

    def sealed(self, value: Any, keyring: Keyring) -> Any:
        return None if value is None else keyring.seal(value)

    def api_form(self, value: Any) -> Any:
        return None if value is None else SET

    def api_schema(self) -> dict[str, Any]:
        told = {"set": {"type": "boolean", "const": True}}
        return {"type": "object", "properties": told, "required": ["set"], "additionalProperties": False}

    def sent_schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": LONGEST, "writeOnly": True}

    def restored_sql(self, told: Column) -> Mapping[str, Column] | None:  # noqa: ARG002  # it is not told
        return None

    def output_sql(self, source: Source) -> Column:
        return sa.case(
            (source.column(self.key).is_not(None), json_text.constant('{"set":true}')), else_=json_text.NULL
        )

    def sort_sql(self, source: Source) -> Column | None:  # noqa: ARG002  # nothing is told of it
        return None

    def search_sql(self, source: Source) -> Column:  # noqa: ARG002  # nothing is found by it
        return sa.cast(sa.null(), sa.Text)

    def operators(self) -> tuple[Operator, ...]:
        return ()

    def parse_text(self, text: str, form: ImportFormat) -> Any:  # noqa: ARG002  # a text has one notation
        if _TOLD.fullmatch(text.strip()):
            raise ValueRefused(
                "not_a_secret", "An export says only that there is a secret; leave the cell empty."
            )
        return self.read(text)
