"""Values in the words of the rule language, for the report of a test."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from fieldstone.records.rows import TITLE, Row
from fieldstone_rules import Duration, Related
from fieldstone_rules.types import Ref

_LONGEST = 200


def shown(value: Any, related: Related) -> str:
    """A value as people write it; a record by its title, as far as it may be seen."""
    text = _written(value, related)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _written(value: Any, related: Related) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Ref):
        return _named(value, related.record(value))
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, tuple | list):
        return f"[{', '.join(_written(item, related) for item in value)}]"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return _length(value) if isinstance(value, Duration) else str(value)


def _named(ref: Ref, record: Row | None) -> str:
    title = record.get(TITLE) if record is not None else None
    return f"{ref.entity} “{title}”" if title is not None else f"{ref.entity} {ref.id}"


def _length(value: Duration) -> str:
    parts = (
        (value.months, "months"),
        (value.days, "days"),
        (value.microseconds // 1_000_000, "seconds"),
        (value.business_days, "business days"),
        (value.business_seconds, "business seconds"),
    )
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount) or "0 seconds"
