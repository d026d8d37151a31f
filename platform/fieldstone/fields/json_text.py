"""JSON as the database writes it: pieces of text that are put together with one `concat` per record.

This is about twice as fast as `json_build_object`, which looks up the type of every argument of every row.
Each function gives text that is never null: no value is the word `null`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

Column = sa.ColumnElement[Any]

MOST_ARGUMENTS = 100
"""As many as PostgreSQL passes to a function (`FUNC_MAX_ARGS`)."""

NULL: Column = sa.literal_column("'null'", sa.Text)


def constant(text: str) -> Column:
    """A text of ours in the statement itself: it holds only names from documents and JSON's own signs."""
    marked = text.replace("'", "''")
    return sa.literal_column(f"'{marked}'", sa.Text)


def bare(value: Column) -> Column:
    """A number or truth value as it is."""
    return sa.func.coalesce(sa.cast(value, sa.Text), NULL)


def quoted(value: Column) -> Column:
    """A value whose text has nothing to escape, such as a decimal or an id."""
    mark = sa.literal_column("""'"'""", sa.Text)
    return sa.func.coalesce(mark.concat(sa.cast(value, sa.Text)).concat(mark), NULL)


def escaped(value: Column) -> Column:
    """Any other value, as PostgreSQL's `to_json` writes it; dates and times as ISO 8601 in any session."""
    return sa.func.coalesce(sa.cast(sa.func.to_json(value), sa.Text), NULL)


def instant(moment: Column) -> Column:
    """A `timestamptz` in UTC with `Z`; microseconds only where there are some."""
    written = sa.cast(sa.func.to_json(sa.func.timezone(sa.literal_column("'UTC'"), moment)), sa.Text)
    ended = sa.func.rtrim(written, sa.literal_column("""'"'"""))
    return sa.func.coalesce(ended.concat(sa.literal_column("""'Z"'""")), NULL)


def object_of(members: Mapping[str, Column]) -> Column:
    """An object. members: name, which holds nothing that JSON escapes → text of the value."""
    parts = [constant("{")]
    for number, (name, value) in enumerate(members.items()):
        parts += [constant(f'{"," if number else ""}"{name}":'), value]
    return assembled(*parts, constant("}"))


def assembled(*parts: Column) -> Column:
    """The pieces one after the other."""
    if len(parts) <= MOST_ARGUMENTS:
        return sa.func.concat(*parts, type_=sa.Text)
    chunks = range(0, len(parts), MOST_ARGUMENTS)
    return assembled(*(assembled(*parts[start : start + MOST_ARGUMENTS]) for start in chunks))
