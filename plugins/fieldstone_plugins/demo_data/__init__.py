"""Demonstration records for the sales template: a company that sells measuring points all over Europe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fieldstone.hooks import hookimpl

if TYPE_CHECKING:
    from fieldstone.context import Context


@hookimpl
def fieldstone_demo_data(context: Context, template: str, size: str) -> int | None:
    """Make the records of the sales template's demonstration; how many, or None for other templates."""
    if template != "sales":
        return None
    from fieldstone_plugins.demo_data.generate import generate  # noqa: PLC0415  # few commands need it

    return generate(context, size)
