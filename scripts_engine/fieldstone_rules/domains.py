"""Which values a field can still have where some conditions hold.

Everything here errs on the side of "possible": a domain may be wider than the truth, never narrower, so that
a condition is called impossible only if it is.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import Any

from fieldstone_rules.types import Kind

Term = tuple[Hashable, ...]

ORDERED = frozenset(
    {
        Kind.INTEGER, Kind.DECIMAL, Kind.PERCENT, Kind.MONEY, Kind.TEXT, Kind.CHOICE, Kind.DATE,
        Kind.DATETIME, Kind.TIME,
    }
)  # fmt: skip


@dataclass(frozen=True)
class Domain:
    """The values of one term.

    null: it may be null. only: the values it may have besides (None: any). without: those it may not have.
    low, high: (bound, whether the bound itself is out). whole: it is an integer.
    """

    null: bool = True
    only: frozenset[Any] | None = None
    without: frozenset[Any] = frozenset()
    low: tuple[Any, bool] | None = None
    high: tuple[Any, bool] | None = None
    whole: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing is left, not even null."""
        return not self.null and not self._some_value()

    def _some_value(self) -> bool:
        if self.only is not None:
            return any(self._holds(value) for value in self.only)
        if self.low is None or self.high is None:
            return True
        low, high = self._ends()
        if low != high:
            return bool(low < high)
        return low not in self.without and (self.whole or not (self.low[1] or self.high[1]))

    def _ends(self) -> tuple[Any, Any]:
        """The bounds, for integers both included."""
        assert self.low is not None
        assert self.high is not None
        if not self.whole:
            return self.low[0], self.high[0]
        (low, above), (high, below) = self.low, self.high
        return floor(low) + 1 if above else ceil(low), ceil(high) - 1 if below else floor(high)

    def _holds(self, value: Any) -> bool:
        if value in self.without:
            return False
        above = self.low is None or value > self.low[0] or (value == self.low[0] and not self.low[1])
        below = self.high is None or value < self.high[0] or (value == self.high[0] and not self.high[1])
        return above and below

    # ---- what a condition leaves

    def absent(self) -> Domain:
        """Null alone."""
        return replace(self, only=frozenset())

    def present(self) -> Domain:
        """Anything but null."""
        return replace(self, null=False)

    def among(self, values: frozenset[Any]) -> Domain:
        """One of some values, null among them if it is named."""
        real = values - {None}
        kept = real if self.only is None else self.only & real
        return replace(self, null=self.null and None in values, only=kept)

    def outside(self, values: frozenset[Any]) -> Domain:
        """None of some values."""
        return replace(self, null=self.null and None not in values, without=self.without | (values - {None}))

    def compared(self, operator: str, bound: Any) -> Domain:
        """Ordered so against a value, and so not null."""
        strict = operator in ("<", ">")
        if operator in ("<", "<="):
            high = self.high
            tighter = high is None or bound < high[0] or (bound == high[0] and strict)
            return replace(self, null=False, high=(bound, strict) if tighter else high)
        low = self.low
        tighter = low is None or bound > low[0] or (bound == low[0] and strict)
        return replace(self, null=False, low=(bound, strict) if tighter else low)


@dataclass(frozen=True)
class State:
    """What is known of all terms at once."""

    domains: Mapping[Term, Domain]

    def of(self, term: Term, fallback: Domain) -> Domain:
        """What is known of a term."""
        return self.domains.get(term, fallback)

    def knowing(self, term: Term, domain: Domain) -> State | None:
        """The state in which a term has these values; None if it has none."""
        return None if domain.empty else State({**self.domains, term: domain})


NOTHING_KNOWN = State({})
