"""Which field types turn into which others when a publication changes the type of a field, and how.

A value converts where the new type holds exactly what the old one held. Every other value is told before
anything happens. Nothing here raises for a value: it gives SQL that is null for values that do not convert,
or says that the new type reads the old value's text, in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.fields import percent
from fieldstone.fields.base import Column, FieldType, Source
from fieldstone.fields.choice import ChoiceType
from fieldstone.fields.choices import ChoicesType
from fieldstone.fields.decimal import DecimalType
from fieldstone.fields.inputs import INTEGER_LIMIT
from fieldstone.fields.percent import PercentType
from fieldstone.fields.rating import RatingType
from fieldstone.fields.reference import ReferenceType
from fieldstone.fields.stored_text import CODE_POINTS, StoredText
from fieldstone.fields.text import TextType

_LIST = postgresql.ARRAY(sa.Text(collation=CODE_POINTS))


class Certainty(StrEnum):
    """SAFE: all values convert, but those for which the new field is declared too small. CHECKED: each is
    looked at.
    """

    SAFE = "safe"
    CHECKED = "checked"


ToSql = Callable[[FieldType, Source], Column]
"""The old type and the record → the value for the new type, as far as one can say without its limits."""


@dataclass(frozen=True)
class Conversion:
    """How the values of one type become those of another. sql: None where the new type reads their text."""

    certainty: Certainty
    sql: ToSql | None


# ---- how values are written for the new type


def text_of(old: FieldType, source: Source) -> Column:
    """A value as the API shows it, without the marks of JSON."""
    column = source.column(old.key)
    if isinstance(old, StoredText):
        return column
    shown = sa.cast(old.output_sql(source), postgresql.JSONB)
    return sa.type_coerce(shown.op("#>>")(sa.literal_column("'{}'", sa.ARRAY(sa.Text))), sa.Text)


def _as_it_is(old: FieldType, source: Source) -> Column:
    return source.column(old.key)


def _first_instant(old: FieldType, source: Source) -> Column:
    """Where a day begins, in UTC."""
    return sa.func.timezone("UTC", sa.cast(source.column(old.key), sa.DateTime))


def _whole_day(old: FieldType, source: Source) -> Column:
    """The day that begins at an instant, in UTC; an instant in the middle of a day is no day."""
    moment = sa.func.timezone("UTC", source.column(old.key))
    day = sa.func.date_trunc("day", moment, type_=sa.DateTime)
    return sa.case((day == moment, sa.cast(moment, sa.Date)))


def _zero_or_one(old: FieldType, source: Source) -> Column:
    number = source.column(old.key)
    return sa.case((number == 1, sa.true()), (number == 0, sa.false()))


def _as_list(old: FieldType, source: Source) -> Column:
    item: Column = source.column(old.key)
    return sa.case((item.is_not(None), sa.cast(postgresql.array([item]), _LIST)))


def _only_item(old: FieldType, source: Source) -> Column:
    listed: Column = source.column(old.key)
    return sa.case((sa.func.cardinality(listed) == 1, sa.func.array_to_string(listed, "")))


# ---- the matrix

_LONG = ("long_text", "markdown", "code")
_TEXTS = ("text", *_LONG)
_WORDS = (
    "choice",
    "email",
    "phone",
    "url",
    "color",
    "barcode",
    "country",
    "currency",
    "language",
    "timezone",
)
_NUMBERS = ("integer", "decimal", "percent", "rating")
_TIMES = ("date", "datetime", "time")
_S, _C = Certainty.SAFE, Certainty.CHECKED

_TABLE: tuple[tuple[Iterable[str], Iterable[str], Conversion], ...] = (
    # from                                  to                              how
    (_TEXTS,                                _LONG,                          Conversion(_S, text_of)),
    ((*_WORDS, "sequence"),                 _TEXTS,                         Conversion(_S, text_of)),
    ((*_NUMBERS, *_TIMES, "boolean"),       _TEXTS,                         Conversion(_S, text_of)),
    (_LONG,                                 ("text",),                      Conversion(_C, text_of)),
    ((*_TEXTS, *_WORDS),                    ("choice",),                    Conversion(_C, text_of)),
    (_TEXTS,                                _WORDS[1:],                     Conversion(_C, None)),
    (_TEXTS,                                (*_NUMBERS, *_TIMES, "boolean"), Conversion(_C, None)),
    (("integer", "rating", "percent"),      ("decimal",),                   Conversion(_S, _as_it_is)),
    (("rating",),                           ("integer", "percent"),         Conversion(_S, _as_it_is)),
    (("decimal", "percent"),                ("integer", "rating"),          Conversion(_C, _as_it_is)),
    (("decimal", "integer"),                ("percent",),                   Conversion(_C, _as_it_is)),
    (("integer",),                          ("rating",),                    Conversion(_C, _as_it_is)),
    (("integer",),                          ("boolean",),                   Conversion(_C, _zero_or_one)),
    (("date",),                             ("datetime",),                  Conversion(_S, _first_instant)),
    (("datetime",),                         ("date",),                      Conversion(_C, _whole_day)),
    (("choice",),                           ("choices", "tags"),            Conversion(_S, _as_list)),
    (("choices",),                          ("tags",),                      Conversion(_S, _as_it_is)),
    (("choices",),                          ("choice",),                    Conversion(_C, _only_item)),
)  # fmt: skip  # one row for each sort of pair


def _matrix() -> Iterable[tuple[tuple[str, str], Conversion]]:
    for old, new, how in _TABLE:
        yield from (((before, after), how) for before in old for after in new if before != after)


CONVERSIONS: Mapping[tuple[str, str], Conversion] = MappingProxyType(dict(_matrix()))
"""(old type, new type) → how; all other pairs are refused."""


def conversion_of(old: FieldType, new: FieldType) -> Conversion | None:
    """How values of `old` become those of `new`; None where the pair is refused or nothing is to be done.

    Fields of one type convert where the new one holds less.
    """
    if old.name != new.name:
        return CONVERSIONS.get((old.name, new.name))
    if isinstance(old, DecimalType) and isinstance(new, DecimalType):
        other = (old.precision, old.scale) != (new.precision, new.scale)
        return Conversion(Certainty.CHECKED, _as_it_is) if other else None
    if isinstance(old, StoredText) and isinstance(new, StoredText) and new.max_length is not None:
        shorter = old.max_length is None or new.max_length < old.max_length
        return Conversion(Certainty.CHECKED, text_of) if shorter else None
    return None


def converted(how: ToSql, old: FieldType, new: FieldType, source: Source) -> Column:
    """The value for the new field; null where there is none, or the new field does not hold it."""
    return held(new, how(old, source))


def held(new: FieldType, value: Column) -> Column:
    """A value of the new field's kind; null where the new field does not hold it."""
    limits = list(_limits(new, value))
    return sa.case((sa.and_(*limits), value)) if limits else value


def rounded(new: FieldType, value: Column) -> Column:
    """A number with as many decimals as the new field keeps, as whoever saves one gets it."""
    if isinstance(new, DecimalType | PercentType):
        return sa.func.round(sa.cast(value, sa.Numeric), _digits(new)[1])
    return value


def _digits(new: DecimalType | PercentType) -> tuple[int, int]:
    """Precision and scale."""
    return (new.precision, new.scale) if isinstance(new, DecimalType) else (percent.PRECISION, percent.SCALE)


def limits_in_sql(new: FieldType) -> bool:
    """Whether `held` knows all that the field asks of a value, and one column keeps it."""
    if isinstance(new, ReferenceType):
        return len(new.targets) == 1
    return new.name in {*_TEXTS, "choice", "choices", *_NUMBERS, "date", "datetime", "boolean"}


def _limits(new: FieldType, value: Column) -> Iterable[sa.ColumnElement[bool]]:
    """What the new field asks of a value."""
    if isinstance(new, ChoiceType):
        yield value.in_([sa.literal(name) for name in new.names]) if new.names else sa.false()
    elif isinstance(new, ChoicesType):
        names = [sa.literal(name) for name in new.names]
        yield value.op("<@", is_comparison=True)(sa.cast(postgresql.array(names), _LIST))
    elif isinstance(new, StoredText):
        yield from _limits_of_text(new, value)
    elif new.name in _NUMBERS:
        yield from _limits_of_number(new, value)


def _limits_of_text(new: StoredText, value: Column) -> Iterable[sa.ColumnElement[bool]]:
    if new.max_length is not None:
        yield sa.func.char_length(value) <= new.max_length
    shortest = new.declaration.options.get("min_length")
    if isinstance(new, TextType):
        yield sa.func.strpos(value, sa.func.chr(10)) == 0
        yield sa.func.strpos(value, sa.func.chr(13)) == 0
        if shortest is not None:
            yield sa.func.char_length(value) >= shortest


def _limits_of_number(new: FieldType, value: Column) -> Iterable[sa.ColumnElement[bool]]:
    number = sa.cast(value, sa.Numeric)
    lowest, highest = new.declaration.options.get("min"), new.declaration.options.get("max")
    if isinstance(new, DecimalType | PercentType):
        precision, scale = _digits(new)
        yield sa.func.abs(number) < sa.cast(sa.literal(Decimal(10) ** (precision - scale)), sa.Numeric)
    else:
        scale = 0
        yield number.between(-INTEGER_LIMIT, INTEGER_LIMIT - 1)
    yield number == sa.func.round(number, scale)
    if isinstance(new, RatingType):
        lowest, highest = 0, new.highest
    if lowest is not None:
        yield number >= sa.cast(sa.literal(Decimal(str(lowest))), sa.Numeric)
    if highest is not None:
        yield number <= sa.cast(sa.literal(Decimal(str(highest))), sa.Numeric)


def conversions_page() -> str:
    """The matrix for people, as Markdown."""
    lines = [_INTRODUCTION, "| from | safe to | checked to |", "| --- | --- | --- |"]
    for name in dict.fromkeys(old for old, _ in CONVERSIONS):
        cells = (_targets(name, certainty) for certainty in Certainty)
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _targets(name: str, certainty: Certainty) -> str:
    pairs = CONVERSIONS.items()
    return ", ".join(f"`{new}`" for (old, new), how in pairs if old == name and how.certainty == certainty)


_INTRODUCTION = """\
# Conversions of field types

<!-- Generated by docs/generate.py: change platform/fieldstone/fields/conversions.py, not this page. -->

What a publication makes of the values of a field whose `type` changes. *Safe*: all values convert; the plan
tells those for which the new field is declared too small (`max_length`, `precision`, `min`, `max`).
*Checked*: each value is looked at. A value converts where the new type holds exactly what the old one held, a
text where the new type reads it as it reads a cell of an imported file. The plan tells all other values, and
they [become empty](../how-to/change-a-living-system.md#change-the-type-of-a-field) only where somebody allows
it. All other pairs are refused.

Fields that keep their type convert too where they hold less than before: `max_length`, `precision`, `scale`.
"""
