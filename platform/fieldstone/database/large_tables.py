"""From when on a table is so large that nobody shall wait until all of it has been looked at."""

LARGE_TABLE = 10_000
"""Rows."""
FILL_BATCH = 1_000
"""Records of which something is computed in one transaction."""
