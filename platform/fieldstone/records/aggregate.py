"""Counts and sums over a list, in groups: what stands above the columns of a board and below a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fieldstone.context import Context
from fieldstone.records.measures import Measure
from fieldstone.records.pivot import Asked, Group, pivot
from fieldstone.records.query import Query


def aggregate(
    context: Context,
    entity: str,
    query: Query,
    group: Sequence[str] = (),
    measures: Mapping[str, Measure] | None = None,
) -> list[Group]:
    """The measures of each group of those records that the query asks for and the caller may read.

    group: field paths; none makes one group of all, which is there even when it is empty.
    measures: name → measure; none counts the records as `count`.
    At most 1,000 groups are given, the largest first.

    Raises:
        As `pivot`.
    """
    wanted = tuple((measures or {"count": Measure("count")}).items())
    return pivot(context, entity, query, Asked(rows=tuple(dict.fromkeys(group)), measures=wanted)).data
