"""Searching by words: each must occur somewhere in what the viewer may read of the searched fields.

The record's own fields are kept together in the column `_search`, which has an index of trigrams. Fields
behind a reference (`search: [account.name]`) are read where they are, so that they are never stale.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from fieldstone.errors import Malformed
from fieldstone.fields.stored_text import UNICODE
from fieldstone.model.model import Field
from fieldstone.model.system_fields import SEARCH, TITLE
from fieldstone.records.paths import guarded, resolve
from fieldstone.records.query import malformed
from fieldstone.records.source import RecordSource

Column = sa.ColumnElement[Any]
MOST_WORDS = 10
LONGEST = 200


def words(q: str | None) -> tuple[str, ...]:
    """The words of a search, in lower case.

    Raises:
        Malformed: if there are too many, or one holds what no text can hold.
    """
    if q is None or not q.strip():
        return ()
    found = tuple(dict.fromkeys(q.lower().split()))
    if len(q) > LONGEST or len(found) > MOST_WORDS:
        raise malformed("q", "too_long", f"A search has at most {MOST_WORDS} words and {LONGEST} characters.")
    if "\x00" in q or any("\ud800" <= letter <= "\udfff" for letter in q):
        raise malformed("q", "bad_characters", "The search holds characters that no text can hold.")
    return found


def parameter_name(number: int) -> str:
    """The parameter that holds the pattern of a word."""
    return f"fs_word_{number}"


def patterns(found: tuple[str, ...]) -> dict[str, str]:
    """Parameter → pattern of LIKE, for each word."""
    return {parameter_name(number): f"%{_literal(word)}%" for number, word in enumerate(found)}


def matches(record: RecordSource, number_of_words: int) -> list[Column]:
    """The conditions of a search.

    The kept search text has the index. Where the viewer may not read all that it is made of, the readable
    part must hold the words too, so that nobody finds a record by what they may not see.
    """
    texts = [_searched(record)]
    hidden = [field for field in _search_fields(record) if record.readable(field) is not None]
    if hidden:
        texts.append(_readable_text(record))
    behind = _texts_behind_references(record) if number_of_words else []
    likes = [sa.bindparam(parameter_name(n), type_=sa.Text()) for n in range(number_of_words)]
    return [sa.or_(*(part.like(like) for part in (text, *behind))) for text in texts for like in likes]


def _texts_behind_references(record: RecordSource) -> list[Column]:
    """The searched fields of other records, in lower case; null where the viewer may not read them."""
    paths = [text for text in record.entity.declaration.search if "." in text]
    return [text for path in paths if (text := _text_behind(record, path)) is not None]


def _text_behind(record: RecordSource, text: str) -> Column | None:
    try:
        path = resolve(record.viewer, record.entity, text, "q")
    except Malformed:
        return None
    source = path.source(record)
    value = sa.cast(path.field.type.output_sql(source), sa.Text)
    shown = guarded(source, path.field, value, sa.null())
    return sa.func.lower(sa.cast(shown, sa.Text).collate(UNICODE), type_=sa.Text())


def _searched(record: RecordSource) -> Column:
    if record.entity.declaration.search:
        return record.column(SEARCH)
    return sa.func.lower(record.column(TITLE).collate(UNICODE), type_=sa.Text())


def _search_fields(record: RecordSource) -> list[Field]:
    """The record's own fields among those searched; the kept text holds no others."""
    found = (record.entity.field(name) for name in record.entity.declaration.search)
    return [field for field in found if field is not None and field.stored]


def _readable_text(record: RecordSource) -> Column:
    texts = []
    for field in _search_fields(record):
        text = sa.cast(field.type.output_sql(record), sa.Text)
        allowed = record.readable(field)
        texts.append(text if allowed is None else sa.case((allowed, text)))
    joined = sa.func.concat_ws(sa.literal_column(r"E'\n'"), *texts, type_=sa.Text())
    return sa.func.lower(joined.collate(UNICODE), type_=sa.Text())


def _literal(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
