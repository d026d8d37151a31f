"""The parameter `duplicates` of writes: what becomes of records that count as the same as another."""

from __future__ import annotations

from dataclasses import replace

from fieldstone.context import Context
from fieldstone.web.parameters import Parameters

DUPLICATES = "duplicates"
CHOICES = ("ask", "accept")


def accepting(context: Context, parameters: Parameters) -> Context:
    """The context, which with `duplicates=accept` saves also where a rule would point out another record."""
    accepts = parameters.choice(DUPLICATES, CHOICES) == "accept"
    return replace(context, accepts_duplicates=True) if accepts else context
