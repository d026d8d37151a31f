"""What whoever publishes has decided."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from fieldstone.publication.upgrades import UNDECIDED, Upgrading


@dataclass(frozen=True)
class Decided:
    """Who publishes, why, over which version, if that matters, and whether steps may lose data.

    upgrading: the sides taken in conflicts. skip_tests: whether an upgrade comes into force without its rule
    tests.
    """

    author: UUID
    note: str
    base: int | None = None
    allow_destructive: bool = False
    upgrading: Upgrading = UNDECIDED
    skip_tests: bool = False
