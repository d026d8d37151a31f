"""When two values count as the same for `duplicates`: texts without regard to case and spaces."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

_SPACES = sa.literal_column(r"'\s+'", sa.Text)
_ONE = sa.literal_column("' '", sa.Text)
_ALL = sa.literal_column("'g'", sa.Text)


def compared(column: sa.ColumnElement[Any], is_text: bool) -> sa.ColumnElement[Any]:
    """What is compared of a column; an index is made of the same."""
    if not is_text:
        return column
    plain = sa.func.btrim(sa.func.regexp_replace(column, _SPACES, _ONE, _ALL))
    return sa.func.lower(plain.collate("pg_unicode_fast"))


def compared_sql(column: str, is_text: bool) -> str:
    """The same as SQL."""
    if not is_text:
        return column
    return rf"lower(btrim(regexp_replace({column}, '\s+', ' ', 'g')) COLLATE pg_unicode_fast)"


def plain_text(value: Any) -> Any:
    """The same of a Python value."""
    return " ".join(value.split()).lower() if isinstance(value, str) else value
