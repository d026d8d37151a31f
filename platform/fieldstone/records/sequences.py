"""Numbers that the platform hands out: without gaps or doubles, counted anew in each period of their format.

The counter's row is locked last before the write and until the transaction ends, so whoever comes second
waits, and a rolled-back save gives its number back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import sqlalchemy as sa

from fieldstone.model.model import Field
from fieldstone.model.organisation import organisation_zone
from fieldstone.records.batch import Batch

_PLACE = re.compile(r"\{(?P<name>year|number)(?::0?(?P<width>\d{1,2}))?\}")


def number(batch: Batch) -> None:
    """Give the new records of a batch their numbers; those that an import brought keep theirs."""
    for field in batch.entity.fields.values():
        if field.declaration.type == "sequence":
            _number_field(batch, field)


def _number_field(batch: Batch, field: Field) -> None:
    pattern, year = _format(field), _year(batch)
    waiting = [item for item in batch.items if item.new[field.name] is None]
    brought = _brought(pattern, year, (item.new[field.name] for item in batch.items if item not in waiting))
    if not waiting and not brought:
        return
    last = _count_up(batch, field, _period(pattern, year), len(waiting), brought)
    for place, item in enumerate(waiting, last - len(waiting) + 1):
        item.new[field.name] = written(pattern, year, place)


def written(pattern: str, year: int, value: int) -> str:
    """A number as its format writes it, such as `OPP-2026-00007`."""

    def place(match: re.Match[str]) -> str:
        chosen = year if match["name"] == "year" else value
        return str(chosen).zfill(int(match["width"] or 0))

    return _PLACE.sub(place, pattern)


def _format(field: Field) -> str:
    return str(field.declaration.options.get("format") or "{number}")


def _year(batch: Batch) -> int:
    return batch.context.now.astimezone(organisation_zone(batch.model)).year


def _period(pattern: str, year: int) -> str:
    return str(year) if "{year" in pattern else ""


def _brought(pattern: str, year: int, texts: Iterable[str]) -> int:
    """The highest number of this period among those that an import brought along; 0 if there is none."""
    found = (_reader(pattern, year).fullmatch(text) for text in texts)
    return max((int(match["number"]) for match in found if match), default=0)


@cache
def _reader(pattern: str, year: int) -> re.Pattern[str]:
    parts, end = [], 0
    for match in _PLACE.finditer(pattern):
        parts.append(re.escape(pattern[end : match.start()]))
        parts.append(
            str(year)
            if match["name"] == "year"
            else ""
            if "(?P" in "".join(parts)
            else r"(?P<number>\d{1,18})"
        )
        end = match.end()
    return re.compile("".join(parts) + re.escape(pattern[end:]))


def _count_up(batch: Batch, field: Field, period: str, count: int, at_least: int) -> int:
    """Take `count` numbers above `at_least` from a counter; the last number taken."""
    schema = batch.context.database.system.schema
    statement = sa.text(
        f'INSERT INTO "{schema}".counter AS c (entity, field, period, value) '  # noqa: S608  # our own schema
        "VALUES (:entity, :field, :period, CAST(:at_least AS bigint) + :count) "
        "ON CONFLICT (entity, field, period) "
        "DO UPDATE SET value = greatest(c.value, CAST(:at_least AS bigint)) + :count RETURNING value"
    )
    found = batch.connection.execute(
        statement,
        {
            "entity": batch.entity.name,
            "field": field.name,
            "period": period,
            "count": count,
            "at_least": at_least,
        },
    )
    return int(found.scalar_one())


def numbered(batch: Batch) -> bool:
    """Whether the entity has numbers to give."""
    return any(field.declaration.type == "sequence" for field in batch.entity.fields.values())
