"""What rule files have to be told about entities beyond what expressions see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from fieldstone_rules.schema import Schema


class RuleWorld(Schema, Protocol):
    """The metadata that statements are checked against."""

    def why_not_settable(self, entity: str, field: str) -> str | None:
        """Why a rule cannot set a field, as a sentence; None if it can."""

    def required_fields(self, entity: str) -> Iterable[str]:
        """The fields without which a record of `entity` cannot be created, and which have no default."""

    def transitions(self, entity: str) -> Iterable[str]:
        """The names of the transitions of an entity's workflow."""
