"""What callers know: the records, approvals, shares and operations that answers told them of."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]
MOST = 8
"""How many of a kind are remembered: the newest, so that a record is met again after it was changed."""
PLACE = re.compile(r"/data/(\w+)/([0-9a-f-]{36})(?:/(approvals|shares)/([0-9a-f-]{36}))?$")


class Known:
    """Ids by what they are of, the newest first.

    records: by entity. parts: approvals and shares, each with its record, by such as `approvals account`.
    """

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = defaultdict(list)
        self.parts: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.operations: list[str] = []

    def learn(self, headers: Mapping[str, list[str]]) -> None:
        """Remember what the headers of an answer name."""
        for operation in headers.get("fieldstone-operation", []):
            self.operations[:] = [operation, *self.operations][:MOST]
        for location in headers.get("location", []):
            place = PLACE.search(location)
            if place is not None:
                self._learn_place(*place.groups())

    def _learn_place(self, entity: str, record: str, kind: str | None, part: str | None) -> None:
        if kind is not None and part is not None:
            found = self.parts[f"{kind} {entity}"]
            found[:] = [(record, part), *found][:MOST]
        else:
            self.know(entity, record)

    def know(self, entity: str, record: str) -> None:
        """Remember a record."""
        found = self.records[entity]
        found[:] = [record, *(one for one in found if one != record)][:MOST]

    def record(self, entity: str, draw: Draw, otherwise: Any) -> Any:
        """The id of one of the records; `otherwise` if none is known, and now and then."""
        return chosen(self.records.get(entity, []), draw, otherwise)


def chosen(choices: list[Any], draw: Draw, otherwise: Any) -> Any:
    """Mostly one of the choices."""
    if not choices or draw(st.integers(0, 9)) == 9:
        return otherwise
    return draw(st.sampled_from(choices))
