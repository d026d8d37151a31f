"""Pages by the keys of their last record: page 10,000 costs what page 1 costs.

A page along an indexed key that may be null is read in two parts, the records with a value and then those
without: each is a range of the index in either direction, which no single condition over both is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from fieldstone.model.ordering import directed
from fieldstone.records.order import Term

Column = sa.ColumnElement[Any]
Nulls = tuple[bool, ...]
"""For each key of a cursor, whether it is null."""
Part = tuple[list[Column], list[Column]]
"""Conditions and ORDER BY."""


def order_by(terms: Sequence[Term]) -> list[Column]:
    """ORDER BY of a whole list."""
    return [directed(term.value, descending=term.descending, nullable=term.nullable) for term in terms]


def parameter_name(number: int) -> str:
    """The parameter that holds the text of a cursor's key."""
    return f"fs_key_{number}"


def parts(terms: Sequence[Term], nulls: Nulls | None) -> list[Part]:
    """How to read a page: conditions and ORDER BY of each part.

    nulls: which keys of the cursor are null; None for the first page.
    """
    first = terms[0]
    if not first.indexed or (nulls is None and not (first.nullable and first.descending)):
        conditions = [] if nulls is None else [_behind(terms, nulls)]
        return [(conditions, order_by(terms))]
    rest = terms[1:]
    without: list[Column] = [first.value.is_(None)]
    if nulls is not None and nulls[0]:
        return [([*without, _behind(rest, nulls[1:], 1)], order_by(rest))]
    with_value: list[Column] = [first.value.is_not(None)] if first.nullable else []
    if nulls is not None:
        with_value.append(_behind_value(terms, nulls))
    along = directed(first.value, descending=first.descending, nullable=False)
    found: list[Part] = [(with_value, [along, *order_by(rest)])]
    return [*found, (without, order_by(rest))] if first.nullable else found


def _behind_value(terms: Sequence[Term], nulls: Nulls) -> Column:
    """Behind a cursor whose first key is a value, among records that have one: a bound for an index."""
    first, value = terms[0], _key(terms[0], 0)
    bound = first.value <= value if first.descending else first.value >= value
    beyond = first.value < value if first.descending else first.value > value
    if len(terms) == 1:
        return beyond
    rest = terms[1:]
    if len(rest) == 1 and not rest[0].nullable and rest[0].descending == first.descending:
        pair = sa.tuple_(first.value, rest[0].value)
        keys = sa.tuple_(value, _key(rest[0], 1))
        return pair < keys if first.descending else pair > keys
    return sa.and_(bound, sa.or_(beyond, sa.and_(first.value == value, _behind(rest, nulls[1:], 1))))


def _behind(terms: Sequence[Term], nulls: Nulls, number: int = 0) -> Column:
    """Records behind a cursor: equal in some leading keys and behind in the next one."""
    term, rest = terms[0], terms[1:]
    if nulls[0]:
        return sa.and_(term.value.is_(None), _behind(rest, nulls[1:], number + 1)) if rest else sa.false()
    value = _key(term, number)
    beyond = term.value < value if term.descending else term.value > value
    later = sa.or_(beyond, term.value.is_(None)) if term.nullable else beyond
    if not rest:
        return later
    return sa.or_(later, sa.and_(term.value == value, _behind(rest, nulls[1:], number + 1)))


def _key(term: Term, number: int) -> Column:
    text = sa.bindparam(parameter_name(number), type_=sa.Text())
    return sa.cast(text, term.value.type)


def key_texts(values: Sequence[Column]) -> list[Column]:
    """The keys of a record as the texts that a cursor holds."""
    return [sa.cast(value, sa.Text) for value in values]
