"""Several of some options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fieldstone.fields.inputs import one_of
from fieldstone.fields.stored_list import StoredList


class ChoicesType(StoredList):
    """Options by their names, in the order chosen."""

    name = "choices"
    help = "Several of some options."
    widget = "multi_select"

    @property
    def names(self) -> list[str]:
        """The options, in order."""
        return [option.value for option in self.declaration.choices]

    def item_reader(self) -> Callable[[Any], str]:
        return one_of(self.names)

    def item_schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": self.names}
