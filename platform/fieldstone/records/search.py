"""Searching by words: each must occur somewhere in what the viewer may read of the searched fields.

The searched fields, also those behind references (`search: [account.name]`), are kept together in the column
`_search`, which has an index of trigrams.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from fieldstone.errors import Malformed
from fieldstone.fields.stored_text import UNICODE
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
    if number_of_words and _is_partly_hidden(record):
        texts.append(_readable_text(record))
    likes = [sa.bindparam(parameter_name(n), type_=sa.Text()) for n in range(number_of_words)]
    return [text.like(like) for text in texts for like in likes]


def _is_partly_hidden(record: RecordSource) -> bool:
    """Whether there may be records in which the viewer may not read all that is searched."""
    return not all(_is_open(record, path) for path in record.entity.declaration.search)


def _is_open(record: RecordSource, text: str) -> bool:
    """Whether the viewer may read what a path leads to, and everything on the way, wherever it leads."""
    try:
        path = resolve(record.viewer, record.entity, text, "q")
    except Malformed:
        return False
    entity = record.entity.name
    for reference, target in path.hops:
        if not _may_always_read(record, entity, reference.name):
            return False
        if record.viewer.access(target).read.constant is not True:
            return False
        entity = target
    return _may_always_read(record, entity, path.field.name)


def _may_always_read(record: RecordSource, entity: str, field: str) -> bool:
    return record.viewer.access(entity).field_read(field).constant is True


def _searched(record: RecordSource) -> Column:
    if record.entity.declaration.search:
        return record.column(SEARCH)
    return sa.func.lower(record.column(TITLE).collate(UNICODE), type_=sa.Text())


def _readable_text(record: RecordSource) -> Column:
    found = (_readable(record, path) for path in record.entity.declaration.search)
    texts = [text for text in found if text is not None]
    joined = sa.func.concat_ws(sa.literal_column(r"E'\n'"), *texts, type_=sa.Text())
    return sa.func.lower(joined.collate(UNICODE), type_=sa.Text())


def _readable(record: RecordSource, text: str) -> Column | None:
    """A searched field, null in records where the viewer may not read it; None where that is nowhere."""
    try:
        path = resolve(record.viewer, record.entity, text, "q")
    except Malformed:
        return None
    source = path.source(record)
    shown: Column = guarded(source, path.field, path.field.type.search_sql(source), sa.null())
    return shown


def _literal(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
