"""One of several options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import Grouping

from fieldstone.fields.base import Column, Source
from fieldstone.fields.filters import CHOICE_OPERATORS, Operator
from fieldstone.fields.inputs import one_of
from fieldstone.fields.stored_text import StoredText


class ChoiceType(StoredText):
    """An option by its name. Lists sort in the order in which the options were declared."""

    name = "choice"
    help = "One of several options."
    widget = "select"

    @property
    def names(self) -> list[str]:
        """The options, in order."""
        return [option.value for option in self.declaration.choices]

    def reader(self) -> Callable[[Any], str]:
        return one_of(self.names)

    def api_schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": self.names}

    def sort_sql(self, source: Source) -> Column | None:
        places = {name: place for place, name in enumerate(self.names)}
        if not places:
            return None
        ranked: dict[str, Column] = {
            name: sa.literal_column(str(place), sa.Integer) for name, place in places.items()
        }
        # In parentheses, without which it could not stand in an index.
        return Grouping(sa.case(ranked, value=source.column(self.key), else_=sa.null()))

    def operators(self) -> tuple[Operator, ...]:
        return CHOICE_OPERATORS
