"""Which fields are required from now on, and which of them the publication fills."""

from __future__ import annotations

from fieldstone.model.model import Field


def newly_required(before: Field | None, after: Field) -> bool:
    """Whether records need a value that they did not need until now."""
    return after.declaration.required is True and (before is None or before.declaration.required is not True)


def is_filled(field: Field) -> bool:
    """Whether records without a value get the default, under a workflow its initial state. Amounts need a
    currency, so theirs do not.
    """
    declared = field.declaration.default is not None and field.type.writable and bool(field.columns)
    return declared and field.declaration.type != "money"
