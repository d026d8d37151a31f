"""How records in memory become one value: filtering, sorting and gathering, as the SQL does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fieldstone_rules.environment import Environment, Row, Value
from fieldstone_rules.joining import joined
from fieldstone_rules.numbers import divide, total
from fieldstone_rules.tree import Collection, Gather

Closure = Callable[[Environment], Value]
Key = tuple[Closure, bool]
Gathered = Callable[[Environment, Sequence[Row]], Value]


def gathered(
    gather: Gather,
    collection: Collection,
    where: Closure | None,
    keys: Sequence[Key],
    *,
    value: Closure,
    separator: Closure | None,
) -> Gathered:
    """A function from the rows of a collection to one value. It raises OutOfRange."""
    name = collection.binding

    def kept(environment: Environment, rows: Sequence[Row]) -> list[Row]:
        return rows_where(environment, name, rows, where)

    if gather is Gather.COUNT:
        return lambda environment, rows: len(kept(environment, rows))
    if gather is Gather.ANY:
        return lambda environment, rows: bool(kept(environment, rows))
    if gather is Gather.ALL:
        return lambda environment, rows: len(kept(environment, rows)) == len(rows)

    def values(environment: Environment, rows: Sequence[Row]) -> list[Value]:
        return values_of(
            environment, name, sorted_rows(environment, name, kept(environment, rows), keys), value
        )

    if gather is Gather.FIRST:
        return lambda environment, rows: next(iter(values(environment, rows)), None)
    if gather is Gather.JOIN and separator is not None:
        return lambda environment, rows: _joined(values(environment, rows), separator(environment))
    reduce = _REDUCERS[gather]
    return lambda environment, rows: reduce([item for item in values(environment, rows) if item is not None])


def rows_where(environment: Environment, name: str, rows: Iterable[Row], where: Closure | None) -> list[Row]:
    """The rows for which a condition is true."""
    if where is None:
        return list(rows)
    kept: list[Row] = []
    for row in rows:
        environment.rows[name] = row
        if where(environment) is True:
            kept.append(row)
    return kept


def values_of(environment: Environment, name: str, rows: Iterable[Row], value: Closure) -> list[Value]:
    """The value of each row."""
    values: list[Value] = []
    for row in rows:
        environment.rows[name] = row
        values.append(value(environment))
    return values


def sorted_rows(environment: Environment, name: str, rows: list[Row], keys: Sequence[Key]) -> list[Row]:
    """The rows sorted by the keys, nulls last, then by id.

    The last key is sorted by first, as sorting is stable.
    """
    rows = sorted(rows, key=lambda row: row["id"])
    for key, descending in reversed(keys):
        found = values_of(environment, name, rows, key)
        pairs = list(zip(found, rows, strict=True))
        present = [pair for pair in pairs if pair[0] is not None]
        present.sort(key=lambda pair: sort_key(pair[0]), reverse=descending)
        rows = [row for _, row in present] + [row for value, row in pairs if value is None]
    return rows


def sort_key(value: Any) -> Any:
    """A value as Python orders it: durations by their length."""
    return value.length() if hasattr(value, "length") else value


def _joined(values: list[Value], separator: str | None) -> str | None:
    present = [value for value in values if value is not None]
    return joined(present, separator) if present and separator is not None else None


def _average(values: list[Value]) -> Value:
    return divide(total(values), len(values)) if values else None


def _least(values: list[Value]) -> Value:
    return min(values, key=sort_key, default=None)


def _most(values: list[Value]) -> Value:
    return max(values, key=sort_key, default=None)


_REDUCERS: dict[Gather, Callable[[list[Value]], Value]] = {
    Gather.SUM: total,
    Gather.AVERAGE: _average,
    Gather.MIN: _least,
    Gather.MAX: _most,
}
