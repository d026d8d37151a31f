"""Searching by words: each must occur somewhere in what the viewer may read of the searched fields.

The searched fields, also those behind references (`search: [account.name]`), are kept together in the column
`_search`, which has an index of trigrams.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from fieldstone.errors import Malformed
from fieldstone.fields.stored_text import UNICODE
from fieldstone.model.system_fields import SEARCH, TITLE
from fieldstone.records.paths import guarded, resolve
from fieldstone.records.query import malformed
from fieldstone.records.source import RecordSource

Column = sa.ColumnElement[Any]
SHORTEST_GUESSED = 4
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


def may_be_mistyped(found: tuple[str, ...]) -> bool:
    """Whether it makes sense to look for similar words: short ones and numbers resemble too many others."""
    return bool(found) and all(len(word) >= SHORTEST_GUESSED and word.isalpha() for word in found)


def matches(record: RecordSource, number_of_words: int, *, similar: bool = False) -> list[Column]:
    """The conditions of a search. similar: words that resemble the ones asked for will do.

    The kept search text has the index. Where the viewer may not read all that it is made of, the readable
    part must hold the words too, so that nobody finds a record by what they may not see.
    """
    texts = [_searched(record)]
    if number_of_words and _is_partly_hidden(record):
        texts.append(_readable_text(record))
    return conditions(texts, number_of_words, similar=similar)


def conditions(texts: Sequence[Column], number_of_words: int, *, similar: bool = False) -> list[Column]:
    """Each of the texts must hold each word, or (similar) one that resembles it."""
    likes = [_pattern(number) for number in range(number_of_words)]
    if similar:
        return [_word(like).op("<%", is_comparison=True)(text) for text in texts for like in likes]
    return [text.like(like) for text in texts for like in likes]


def rank(record: RecordSource, number_of_words: int, *, similar: bool = False) -> Column:
    """How well a record fits, a whole number: by its title, which everybody sees who sees the record.

    A title that begins with a word counts most, then one in which a word begins so, then one that holds it.
    Of similar words, the closer the better.
    """
    title = sa.func.lower(record.column(TITLE).collate(UNICODE), type_=sa.Text())
    likes = [_pattern(number) for number in range(number_of_words)]
    found = [_closeness(title, like) if similar else _standing(title, like) for like in likes]
    total: Column = sa.literal_column("0", sa.Integer)
    for one in found:
        total = total + one
    return total


def _standing(title: Column, like: Column) -> Column:
    begins = sa.func.substr(like, sa.literal_column("2"), type_=sa.Text())
    inside = sa.literal_column("'% '", sa.Text).concat(begins)
    steps = [(title.like(begins), "8"), (title.like(inside), "4"), (title.like(like), "2")]
    weights = [(condition, sa.literal_column(weight, sa.Integer)) for condition, weight in steps]
    return sa.case(*weights, else_=sa.literal_column("0", sa.Integer))


def _closeness(title: Column, like: Column) -> Column:
    alike = sa.func.word_similarity(_word(like), title)
    return sa.cast(alike * sa.literal_column("100"), sa.Integer)


def _pattern(number: int) -> Column:
    return sa.bindparam(parameter_name(number), type_=sa.Text())


def _word(like: Column) -> Column:
    """The word in a pattern; it has nothing to mark, since only letters are guessed."""
    text = sa.cast(like, sa.Text)
    return sa.func.btrim(text, sa.literal_column("'%'"), type_=sa.Text())


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
