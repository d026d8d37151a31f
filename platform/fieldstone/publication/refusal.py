"""What stands in the way of a plan, and the error of one that cannot be applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fieldstone.errors import Conflict


@dataclass(frozen=True)
class Refusal:
    """One reason why a plan cannot be applied.

    code: stable, for programs. message: what is wrong and what to do.
    """

    element: str
    code: str
    message: str


class PlanRefused(Conflict):
    """The plan holds what living data does not bear; `refusals` says what, and what to do."""

    code, title = "plan_refused", "The plan cannot be applied"

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = tuple(refusals)
        lines = [f"{refusal.element}: {refusal.message}" for refusal in refusals]
        super().__init__("\n".join(lines), details={"refusals": [vars(refusal) for refusal in refusals]})
