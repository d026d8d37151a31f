"""A span of time."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from fieldstone.fields import json_text
from fieldstone.fields.base import Column, FieldType, Source
from fieldstone.fields.filters import NUMBER_OPERATORS, Operator
from fieldstone.fields.inputs import Input, clean_text
from fieldstone.fields.intervals import IntervalOfParts, read_duration, write_duration, write_duration_sql
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.texts import ImportFormat
from fieldstone_rules.durations import Duration, times, unit


def _duration(value: Any) -> Duration:
    return value if isinstance(value, Duration) else read_duration(clean_text(value))


class DurationType(FieldType):
    """Months, days and an exact part; the API writes ISO 8601 (`P14D`, `PT5400S`)."""

    name = "duration"
    help = "A span of time, such as 14 days or 90 minutes."
    widget = "duration"

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # no references here
        return (sa.Column(self.key, IntervalOfParts),)

    def input(self) -> ma.fields.Field[Any]:
        return Input(_duration)

    def api_form(self, value: Any) -> Any:
        return None if value is None else write_duration(value)

    def api_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "duration"}

    def output_sql(self, source: Source) -> Column:
        return json_text.quoted(write_duration_sql(source.column(self.key)))

    def operators(self) -> tuple[Operator, ...]:
        return NUMBER_OPERATORS

    def literal(self, value: Duration) -> str:
        amounts = (
            (value.months, "months"),
            (value.days, "days"),
            (value.microseconds // 1_000_000, "seconds"),
        )
        return " + ".join(f'duration({n}, "{name}")' for n, name in amounts if n) or 'duration(0, "seconds")'

    def parse_text(self, text: str, form: ImportFormat) -> Any:  # noqa: ARG002  # one notation for all files
        words = text.strip().lower().split()
        if not words:
            return None
        step = unit(words[-1])
        if (
            len(words) == 2
            and step is not None
            and words[0].removeprefix("-").isdecimal()
            and len(words[0]) < 8
        ):
            return times(int(words[0]), step)
        if len(words) == 1:
            return self.read(text)
        raise ValueRefused("not_a_duration", f"“{text[:80]}” is no duration such as 14 days or PT1H30M.")
