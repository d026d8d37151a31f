"""The sizes beyond which a text is no rule but an attack or an accident.

Those in `Limits` can be set for an installation; the others are part of the language.
"""

from __future__ import annotations

from dataclasses import dataclass

FILE_NODES = 40_000
EXPANDED_NODES = 20_000
EXPANDED_DEPTH = 96
"""How deep an expression may be with the functions and formulas that it uses put in their places."""
HOPS = 4
DIGITS = 38
LINKS = 24
COSTLY = 500_000
"""Estimated steps of an expression from which a check warns."""
COST = 10_000_000
"""Estimated steps of an expression that a check refuses."""


@dataclass(frozen=True)
class Limits:
    """What can be set.

    steps_of_a_rule, steps: of one rule in one save, and of all rules of a transaction. queries, touched:
    that rules make, and records that rules write, in a transaction. trigger_depth: saves within saves.
    depth, nodes: of an expression, where a chain of one operator counts once. source_bytes: of a rule text.
    text_length: characters of a text that is computed.
    """

    steps_of_a_rule: int = 100_000
    steps: int = 2_000_000
    queries: int = 100
    touched: int = 10_000
    trigger_depth: int = 8
    depth: int = 24
    nodes: int = 2_000
    source_bytes: int = 64 * 1024
    text_length: int = 16 * 1024 * 1024


current = Limits()
"""The limits in force. They belong to the installation, so they are set once, when the process starts."""


def impose(limits: Limits) -> None:
    """Put limits in force for this process."""
    global current  # noqa: PLW0603 - every reader of a text obeys the same limits
    current = limits
