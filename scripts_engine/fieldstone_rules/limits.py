"""The sizes beyond which a text is no rule but an attack or an accident."""

from __future__ import annotations

SOURCE_BYTES = 64 * 1024
DEPTH = 24
NODES = 2_000
FILE_NODES = 40_000
EXPANDED_NODES = 20_000
HOPS = 4
DIGITS = 38
LINKS = 24
COSTLY = 500_000
"""Estimated steps of an expression from which a check warns."""
COST = 10_000_000
"""Estimated steps of an expression that a check refuses."""
