"""The tools of the demo's story: chance with a fixed seed, the days it plays on, and records with a date."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from fieldstone import records
from fieldstone.context import Context, Principal
from fieldstone.errors import Invalid

SEED = 20_260_401


@dataclass(frozen=True)
class Colleague:
    """Somebody of the demo's company. weight: how many of the accounts and deals are theirs."""

    id: UUID
    name: str
    email: str
    team: str
    weight: float


@dataclass
class Story:
    """What the chapters share: the context of the demonstration, chance, and how many records there are."""

    context: Context
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311  # no secret
    made: int = 0

    @property
    def today(self) -> date:
        """The day on which the demonstration is made; everything is dated around it."""
        return self.context.now.date()

    def on(self, day: date, actor: Colleague | None = None) -> Context:
        """A context at an hour of `day`, not later than now; a colleague acts in it, or the platform."""
        hour = datetime.combine(day, time(8 + day.toordinal() % 9, 17 * day.day % 60), UTC)
        then = replace(self.context, now=min(hour, self.context.now))
        # As a command and not as an import: what colleagues do is judged, and told, as steps of a workflow.
        return then if actor is None else replace(then, principal=_acting(actor), source="command")

    def bring(self, entity: str, rows: Sequence[Mapping[str, Any]], day: date) -> list[UUID]:
        """Records as they were on a day, states included; their ids. Raises `Invalid` if one is refused."""
        written = records.import_rows(self.on(day), entity, rows) if rows else []
        for answer, row in zip(written, rows, strict=True):
            if answer.errors:
                raise Invalid(
                    f"demo data: {entity} {dict(row)}: {answer.errors[0].message}", errors=answer.errors
                )
        self.made += len(written)
        return [answer.id for answer in written if answer.id is not None]

    def day(self, earliest: int, latest: int) -> date:
        """A working day, so many days from today at random."""
        chosen = self.today + timedelta(days=self.chance.randint(earliest, latest))
        return chosen - timedelta(days=max(0, chosen.weekday() - 4))

    def maybe(self, share: float, value: Any) -> Any:
        """`value` in a share of the cases, else None."""
        return value if self.chance.random() < share else None

    def someone(self, colleagues: Sequence[Colleague]) -> Colleague:
        """One of the colleagues, by their weights."""
        return self.chance.choices(colleagues, [colleague.weight for colleague in colleagues])[0]


def reference(entity: str, identity: UUID) -> dict[str, str]:
    """A reference in the API's form."""
    return {"id": str(identity), "entity": entity}


def rounded(amount: float) -> Decimal:
    """An amount as people quote it: two or three digits that count."""
    step = 10 if amount < 1_000 else 50 if amount < 10_000 else 500 if amount < 100_000 else 5_000
    return Decimal(max(step, round(amount / step) * step))


def _acting(colleague: Colleague) -> Principal:
    """The colleague with every right: the story is told by the platform, in which people do what they did."""
    return Principal(colleague.id, colleague.name, colleague.email, roles=frozenset({"admin"}))
