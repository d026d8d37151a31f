"""What rule files have to be told about entities beyond what expressions see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from fieldstone_rules.schema import Schema


@dataclass(frozen=True)
class Way:
    """A transition: the field it changes, the states it starts from, and the one it leads to."""

    field: str
    sources: frozenset[str]
    target: str


class RuleWorld(Schema, Protocol):
    """The metadata that statements are checked against."""

    def why_not_settable(self, entity: str, field: str) -> str | None:
        """Why a rule cannot set a field, as a sentence; None if it can."""

    def required_fields(self, entity: str) -> Iterable[str]:
        """The fields without which a record of `entity` cannot be created, and which have no default."""

    def transitions(self, entity: str) -> Iterable[str]:
        """The names of the transitions of an entity's workflow."""

    def way(self, entity: str, transition: str) -> Way | None:
        """Where a transition of an entity's workflow leads; None if there is no such one."""

    def messages(self) -> Mapping[str, str | None]:
        """The documents that `message:` can name → the entity that each is about, None for none."""
