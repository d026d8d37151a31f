"""What a part of a check looks up while it is made: on that its result depends, besides its own document."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, ValuesView
from contextlib import contextmanager
from typing import Any, TypeVar

Lookup = tuple[str, str]
"""A kind of thing and a name, or ALL."""

ALL = "*"
"""Instead of a name: which ones there are, and in which order."""

SETTINGS, ROLE_NAMES, MESSAGES, WAYS = (("world", name) for name in ("settings", "roles", "messages", "ways"))
"""What expressions ask of the whole application."""

OUTLINE = "outline"
"""The kind of an entity as others see it."""

Value = TypeVar("Value")


class Lookups:
    """Tells those who listen what is looked up."""

    def __init__(self) -> None:
        self._listening: list[set[Lookup]] = []

    def note(self, *found: Lookup) -> None:
        """Say that something was looked up, be it there or not."""
        for heard in self._listening:
            heard.update(found)

    @contextmanager
    def heard(self) -> Iterator[set[Lookup]]:
        """All that is looked up in the `with` block; blocks inside of others are heard by both."""
        heard: set[Lookup] = set()
        self._listening.append(heard)
        try:
            yield heard
        finally:
            self._listening.pop()


class Watched(dict[str, Value]):
    """A dictionary of things of one kind by name, which tells what is looked up in it."""

    def __init__(self, kind: str, lookups: Lookups, items: Iterable[tuple[str, Value]] = ()) -> None:
        super().__init__(items)
        self._kind = kind
        self._lookups = lookups

    def __getitem__(self, name: str) -> Value:
        self._lookups.note((self._kind, name))
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """As of any dictionary."""
        self._lookups.note((self._kind, name))
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self._lookups.note((self._kind, str(name)))
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        self._lookups.note((self._kind, ALL))
        return super().__iter__()

    def __len__(self) -> int:
        self._lookups.note((self._kind, ALL))
        return super().__len__()

    def keys(self) -> KeysView[str]:  # type: ignore[override]  # a view of the same keys
        """As of any dictionary."""
        self._lookups.note((self._kind, ALL))
        return super().keys()

    def values(self) -> ValuesView[Value]:  # type: ignore[override]  # a view of the same values
        """As of any dictionary."""
        self._lookups.note((self._kind, ALL))
        return super().values()

    def items(self) -> ItemsView[str, Value]:  # type: ignore[override]  # a view of the same items
        """As of any dictionary."""
        self._lookups.note((self._kind, ALL))
        return super().items()
