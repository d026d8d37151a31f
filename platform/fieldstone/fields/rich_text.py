"""Formatted text: HTML with nothing in it that could do harm."""

from __future__ import annotations

import html
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

import marshmallow as ma
import nh3
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.fields import json_text
from fieldstone.fields.base import Column, FieldType, Source
from fieldstone.fields.compound import CONTAINS, TEXT, Parts
from fieldstone.fields.compound_part import CompoundPart
from fieldstone.fields.filters import IS_EMPTY, IS_SET, Operator, quoted
from fieldstone.fields.inputs import Input, clean_text, limited_text
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.stored_text import CODE_POINTS
from fieldstone.fields.texts import ImportFormat

HTML = "html"
LONGEST = 100_000

BLOCKS = frozenset(
    {
        "p",
        "h2",
        "h3",
        "h4",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "hr",
        "br",
        "table",
        "tr",
        "thead",
        "tbody",
    }
)
"""Elements that begin a line of their own."""
INLINE = frozenset({"a", "b", "strong", "i", "em", "u", "s", "code", "sub", "sup", "th", "td"})
SCHEMES = frozenset({"http", "https", "mailto", "tel"})

_CLEANER = nh3.Cleaner(
    tags=set(BLOCKS | INLINE),
    attributes={"a": {"href", "title"}},
    url_schemes=set(SCHEMES),
    link_rel="noopener noreferrer",
)


class _Lines(HTMLParser):
    """Collects the text of sanitised HTML, a line for each block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  # its signature
        self.pieces.append("\n" if tag in BLOCKS else " " if tag in {"td", "th"} else "")

    def handle_endtag(self, tag: str) -> None:
        self.pieces.append("\n" if tag in BLOCKS else "")

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def sanitised(text: str) -> str:
    """HTML in which only formatting is left: no scripts, styles, pictures, forms or foreign addresses."""
    return _CLEANER.clean(text).strip()


def plain_text(markup: str) -> str:
    """What sanitised HTML says, without empty lines."""
    lines = _Lines()
    lines.feed(markup)
    lines.close()
    written = "".join(lines.pieces).replace("\xa0", " ").splitlines()
    return "\n".join(line for line in (" ".join(line.split()) for line in written) if line)


def paragraphs(text: str) -> str:
    """Plain text as HTML: a paragraph for each stretch between empty lines."""
    parts = [part.strip() for part in text.replace("\r\n", "\n").split("\n\n")]
    return "".join(f"<p>{html.escape(part).replace(chr(10), '<br>')}</p>" for part in parts if part)


class RichTextType(FieldType):
    """Sanitised HTML, and beside it what it says as plain text, which expressions read as `notes.text`.

    The Python value is a mapping of `html` and `text`; the API's form is the HTML.
    """

    name = "rich_text"
    help = "Formatted text: sanitised HTML."
    widget = "rich_text"

    @property
    def max_length(self) -> int:
        """The most characters of HTML."""
        return int(self.declaration.options.get("max_length", LONGEST))

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # no references here
        return (sa.Column(self.key, postgresql.JSONB(none_as_null=True)),)

    def from_row(self, row: Mapping[str, Any]) -> Parts | None:
        return None if row[self.key] is None else Parts(row[self.key])

    def input(self) -> ma.fields.Field[Any]:
        limited = limited_text(self.max_length)

        def convert(value: Any) -> Parts | None:
            if isinstance(value, Parts):
                return value
            markup = limited(sanitised(limited(value)))
            text = plain_text(markup)
            return Parts({HTML: markup, TEXT: text}) if text else None

        return Input(convert)

    def api_form(self, value: Mapping[str, str] | None) -> Any:
        return None if value is None else value[HTML]

    def api_schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.max_length, "contentMediaType": "text/html"}

    def restored_sql(self, told: Column) -> Mapping[str, Column] | None:
        """The HTML, without its text."""
        is_text = sa.func.jsonb_typeof(told) == "string"
        built = sa.func.jsonb_build_object(sa.literal_column(f"'{HTML}'"), told, type_=postgresql.JSONB)
        return {self.key: sa.case((is_text, built))}

    def output_sql(self, source: Source) -> Column:
        return json_text.bare(source.column(self.key)[HTML])

    def sort_sql(self, source: Source) -> Column | None:  # noqa: ARG002  # long texts have no order
        return None

    def search_sql(self, source: Source) -> Column:
        written: Column = source.column(self.key)[TEXT].astext
        return written.collate(CODE_POINTS)

    def part(self, name: str) -> FieldType | None:
        return CompoundPart(self.declaration, self.entity, TEXT, {"type": "string"}) if name == TEXT else None

    def operators(self) -> tuple[Operator, ...]:
        return (CONTAINS, IS_EMPTY, IS_SET)

    def literal(self, value: Any) -> str:
        return quoted(value[TEXT] if isinstance(value, Mapping) else str(value))

    def filter_literal(self, value: Any, operator: Operator) -> str:  # noqa: ARG002  # its text is compared
        return quoted(clean_text(value))

    def cell_text(self, told: Any) -> str:
        """HTML without a single element, which a reader would take for plain text, becomes a paragraph."""
        return f"<p>{told}</p>" if told and not nh3.is_html(told) else told or ""

    def parse_text(self, text: str, form: ImportFormat) -> Any:  # noqa: ARG002  # a text has one notation
        """A cell without a single element is plain text, whose line breaks count."""
        if "\x00" in text:
            raise ValueRefused("bad_characters", "The text holds characters that cannot be stored.")
        return self.read(text if nh3.is_html(text) else paragraphs(text))
