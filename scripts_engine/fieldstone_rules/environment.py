"""What an expression is evaluated in: the record at hand, the user, the clock, and a way to related
records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from typing import Any, Protocol
from uuid import UUID

from fieldstone_rules.tree import CollectionSource
from fieldstone_rules.types import Ref
from fieldstone_rules.working_time import Calendar, PlainWeek

Value = Any
Row = Mapping[str, Value]

NOBODY = Ref("user", UUID(int=0))


def zone_name(zone: tzinfo) -> str:
    """The name of a time zone in the IANA database."""
    return getattr(zone, "key", None) or str(zone)


class Related(Protocol):
    """Records besides the one at hand. Implementations prefetch; a miss in a batch is a programming error
    there.
    """

    def record(self, ref: Ref) -> Row | None:
        """The record that a reference names, or None when there is none to see."""

    def collection(self, source: CollectionSource, of: Ref | None) -> Sequence[Row]:
        """The live records of a collection; `of` is the record whose inverse or many-to-many it is."""


class Nothing:
    """A world without other records."""

    def record(self, ref: Ref) -> Row | None:  # noqa: ARG002 - the protocol's signature
        """No record."""
        return None

    def collection(self, source: CollectionSource, of: Ref | None) -> Sequence[Row]:  # noqa: ARG002 - likewise
        """No records."""
        return ()


@dataclass
class Environment:
    """Built once per request or batch; `record` and `old` are replaced for each record.

    record: field name → value, with every plain field that the expression reads; None when there is no
    record.
    now: aware, UTC, frozen for the transaction. zone, currency: the organisation's.
    user_zone: the acting user's; None: the organisation's.
    calendar: when people work, for business days and hours.
    user_teams: ids of the acting user's teams and the teams below. roles: with inherited ones.
    """

    record: Row | None = None
    old: Row | None = None
    user: Ref | None = None
    user_teams: tuple[UUID, ...] = ()
    roles: frozenset[str] = frozenset()
    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    zone: tzinfo = UTC
    user_zone: tzinfo | None = None
    currency: str = "EUR"
    settings: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    related: Related = field(default_factory=Nothing)
    variables: Mapping[str, Value] = field(default_factory=dict)
    calendar: Calendar = field(default_factory=PlainWeek)
    rows: dict[str, Row] = field(default_factory=dict, repr=False)

    @property
    def today(self) -> date:
        """The organisation's day."""
        return self.now.astimezone(self.zone).date()

    @property
    def user_zone_name(self) -> str:
        """The time zone of the acting user, by its name."""
        return zone_name(self.user_zone or self.zone)
