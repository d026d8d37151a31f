"""Functions on texts and lists of texts. Positions count from 1."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone_rules import limits
from fieldstone_rules.functions.declaration import (
    BOOLEAN,
    INTEGER,
    LIST,
    STRING,
    TEXT,
    WHOLE,
    Form,
    FunctionDeclaration,
)
from fieldstone_rules.joining import joined, require_length
from fieldstone_rules.sql_values import Column, number, raw, small_integer
from fieldstone_rules.types import Kind, list_of, simple

_LONGEST_COUNT = 1_000_000_000
_UNICODE = "pg_unicode_fast"
_BLANKS = " \t\n\r"

# ---- Python


def _left(text: str, count: int) -> str | None:
    return text[:count] if abs(count) <= _LONGEST_COUNT else None


def _right(text: str, count: int) -> str | None:
    if abs(count) > _LONGEST_COUNT:
        return None
    return text[-count:] if count else ""


def _mid(text: str, start: int, count: int) -> str | None:
    if abs(start) > _LONGEST_COUNT or not 0 <= count <= _LONGEST_COUNT:
        return None
    return text[max(start - 1, 0) : max(start - 1 + count, 0)]


def _trim(text: str) -> str:
    return text.strip(_BLANKS)


def _replace(text: str, old: str, new: str) -> str:
    if not old:
        return text
    require_length(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def _split(text: str, separator: str) -> tuple[str, ...]:
    if not text:
        return ()
    return tuple(text.split(separator)) if separator else (text,)


def _join(items: tuple[str | None, ...], separator: str) -> str:
    return joined([item for item in items if item is not None], separator)


def _contains(text: str, part: str) -> bool:
    return part in text


@lru_cache(maxsize=512)
def compiled_pattern(pattern: str) -> Any:
    """A compiled RE2 pattern, whose matching time is linear. Raises re2.error."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return re2.compile(pattern, options=options)


def _matches(text: str, pattern: str) -> bool:
    return compiled_pattern(pattern).search(text) is not None


# ---- SQL


def _lower(text: Column) -> Column:
    return sa.func.lower(sa.cast(text, sa.Text).collate(_UNICODE), type_=sa.Text()).collate("C")


def _upper(text: Column) -> Column:
    return sa.func.upper(sa.cast(text, sa.Text).collate(_UNICODE), type_=sa.Text()).collate("C")


def _sql_trim(text: Column) -> Column:
    return sa.func.btrim(text, raw("E' \\t\\n\\r'", sa.Text()), type_=sa.Text())


def _sql_left(text: Column, count: Column) -> Column:
    return sa.func.left(text, small_integer(count, _LONGEST_COUNT), type_=sa.Text())


def _sql_right(text: Column, count: Column) -> Column:
    return sa.func.right(text, small_integer(count, _LONGEST_COUNT), type_=sa.Text())


def _sql_mid(text: Column, start: Column, count: Column) -> Column:
    """A negative count is null: multiplied by the count's own sign it would leave the range."""
    first = small_integer(start, _LONGEST_COUNT)
    length = sa.cast(sa.func.nullif(sa.func.greatest(number(count), -1), -1, type_=sa.Numeric()), sa.Numeric)
    checked = sa.case((count.is_not(None), length))
    return sa.func.substring(text, first, small_integer(checked, _LONGEST_COUNT), type_=sa.Text())


def _known(column: Column) -> str | None:
    """The text of a literal, which lets a pattern use an index."""
    value = getattr(column, "value", None)
    return value if isinstance(value, str) else None


def _sql_contains(text: Column, part: Column) -> Column:
    known = _known(part)
    return sa.func.strpos(text, part) > 0 if known is None else text.contains(known, autoescape=True)


def _sql_starts_with(text: Column, part: Column) -> Column:
    known = _known(part)
    if known is None:
        return sa.func.starts_with(text, part, type_=sa.Boolean())
    return text.startswith(known, autoescape=True)


def _sql_ends_with(text: Column, part: Column) -> Column:
    known = _known(part)
    if known is not None:
        return text.endswith(known, autoescape=True)
    ending = sa.func.right(text, sa.func.nullif(sa.func.length(part), 0), type_=sa.Text())
    return sa.func.coalesce(ending, sa.func.left(text, 0), type_=sa.Text()) == part


def _sql_replace(text: Column, old: Column, new: Column) -> Column:
    """How often the old text occurs is how much is missing without it."""
    without = sa.func.replace(text, old, "", type_=sa.Text())
    times = (_length(text) - _length(without)) / sa.func.nullif(_length(old), 0, type_=sa.Numeric())
    length = _length(text) + sa.func.coalesce(times, 0, type_=sa.Numeric()) * (_length(new) - _length(old))
    replaced = sa.func.replace(text, old, new, type_=sa.Text())
    fits = sa.or_(_length(old) == 0, length <= limits.current.text_length)
    return sa.case((fits, replaced))


def _length(text: Column) -> Column:
    return sa.cast(sa.func.length(text), sa.Numeric)


def _sql_length(text: Column) -> Column:
    return sa.func.length(text, type_=sa.Integer())


def _sql_count(items: Column) -> Column:
    return sa.func.cardinality(items, type_=sa.Integer())


def _sql_split(text: Column, separator: Column) -> Column:
    return sa.func.string_to_array(text, separator, type_=postgresql.ARRAY(sa.Text()))


def _sql_join(items: Column, separator: Column) -> Column:
    """Null where the text would be too long, found out before it is made."""
    item = sa.func.unnest(items, type_=sa.Text()).column_valued("item")
    separators = sa.func.greatest(sa.func.count(item) - 1, 0) * _length(separator)
    length = sa.func.coalesce(sa.func.sum(_length(item)), 0, type_=sa.Numeric()) + separators
    # Only the list is gathered here: SQLAlchemy would bring in a record that stands two queries further out.
    fits = sa.select(length <= limits.current.text_length).correlate_except(item.scalar_alias)
    return sa.case((fits.scalar_subquery(), sa.func.array_to_string(items, separator, type_=sa.Text())))


# ---- declarations


def _test(name: str, python: Any, sql: Any, what: str, example: tuple[str, str]) -> FunctionDeclaration:
    return FunctionDeclaration(
        name, ("text", "part"), (Form((TEXT, TEXT), BOOLEAN, python, sql, repeats=2),), what, example
    )


def _change(name: str, python: Any, sql: Any, what: str, example: tuple[str, str]) -> FunctionDeclaration:
    return FunctionDeclaration(name, ("text",), (Form((TEXT,), STRING, python, sql),), what, example)


DECLARATIONS: tuple[FunctionDeclaration, ...] = (
    FunctionDeclaration(
        "len",
        ("text_or_list",),
        (Form((TEXT,), INTEGER, len, _sql_length), Form((LIST,), INTEGER, len, _sql_count)),
        "How many characters a text has, or how many items a list has.",
        ('len("abc")', "3"),
    ),
    _change("lower", str.lower, _lower, "The text in small letters.", ('lower("ÄB")', '"äb"')),
    _change("upper", str.upper, _upper, "The text in capital letters.", ('upper("straße")', '"STRASSE"')),
    _change("trim", _trim, _sql_trim, "The text without blanks at both ends.", ('trim("  a b ")', '"a b"')),
    FunctionDeclaration(
        "left",
        ("text", "count"),
        (Form((TEXT, WHOLE), STRING, _left, _sql_left, nullable=True),),
        "The first characters; with a negative count all but the last ones.",
        ('left("abcde", 2)', '"ab"'),
    ),
    FunctionDeclaration(
        "right",
        ("text", "count"),
        (Form((TEXT, WHOLE), STRING, _right, _sql_right, nullable=True),),
        "The last characters; with a negative count all but the first ones.",
        ('right("abcde", 2)', '"de"'),
    ),
    FunctionDeclaration(
        "mid",
        ("text", "start", "count"),
        (Form((TEXT, WHOLE, WHOLE), STRING, _mid, _sql_mid, nullable=True, repeats=2),),
        "Characters from the middle, from position `start`; null for a negative count.",
        ('mid("abcde", 2, 3)', '"bcd"'),
    ),
    _test(
        "contains",
        _contains,
        _sql_contains,
        "Whether a text holds another, exactly as written.",
        ('contains("Fieldstone", "stone")', "true"),
    ),
    _test(
        "starts_with",
        str.startswith,
        _sql_starts_with,
        "Whether a text begins with another, exactly as written.",
        ('starts_with("Fieldstone", "Field")', "true"),
    ),
    _test(
        "ends_with",
        str.endswith,
        _sql_ends_with,
        "Whether a text ends with another, exactly as written.",
        ('ends_with("ann@example.com", "@example.com")', "true"),
    ),
    FunctionDeclaration(
        "replace",
        ("text", "old", "new"),
        (Form((TEXT, TEXT, TEXT), STRING, _replace, _sql_replace, repeats=12),),
        "The text with every `old` in it made `new`.",
        ('replace("a-b-c", "-", " ")', '"a b c"'),
        cost=5,
    ),
    FunctionDeclaration(
        "split",
        ("text", "separator"),
        (Form((TEXT, TEXT), list_of(simple(Kind.TEXT, nullable=False)), _split, _sql_split),),
        "The parts of a text between separators, as a list; none for an empty text.",
        ('split("a,b", ",")', '["a", "b"]'),
        cost=5,
    ),
    FunctionDeclaration(
        "join",
        ("list", "separator"),
        (Form((LIST, TEXT), STRING, _join, _sql_join, repeats=2),),
        'A list of texts as one text, or of a collection: `join(lines.name, ", ")`; nulls are left out.',
        ('join(["a", "b"], ", ")', '"a, b"'),
        cost=5,
    ),
    FunctionDeclaration(
        "matches",
        ("text", "pattern"),
        (Form((TEXT, TEXT), BOOLEAN, _matches, literals=frozenset({1})),),
        "Whether a regular expression (RE2) is found in a text; the pattern is written in '…'.",
        ("matches('AB-12', '^[A-Z]+-[0-9]+$')", "true"),
        cost=10,
    ),
)
