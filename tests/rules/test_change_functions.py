"""`is_new`, `changed` and `became`: what a save is about to change, in both evaluators that see it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fieldstone_rules import Expression, Purpose, RuleError, compile_closure, compile_python

from .evaluators import Bench, row_of

STORED = {"name": "a", "quantity": 5}


def both(expression: Expression, environment: Any) -> list[Any]:
    return [compiled(expression)(environment) for compiled in (compile_closure, compile_python)]


@pytest.mark.parametrize(
    ("source", "now", "before", "value"),
    [
        ("is_new()", {}, None, True),
        ("is_new()", {}, STORED, False),
        ("changed(name)", {"name": "a"}, None, True),
        ("changed(name)", {"name": None}, None, False),
        ("changed(name)", {"name": "a"}, STORED, False),
        ("changed(name)", {"name": "b"}, STORED, True),
        ("changed(name)", {"name": None}, STORED, True),
        ("changed(name) or changed(quantity)", {"name": "a", "quantity": 6}, STORED, True),
        ("became(quantity > 5)", {"quantity": 6}, None, True),
        ("became(quantity > 5)", {"quantity": 6}, STORED, True),
        ("became(quantity > 4)", {"quantity": 6}, STORED, False),
        ("became(quantity > 5)", {"quantity": 5}, STORED, False),
        ("became(quantity > 5)", {"quantity": None}, STORED, False),
        ("became(quantity > 5)", {"quantity": 6}, {"quantity": None}, True),
        ("became(name == null)", {"name": None}, STORED, True),
        ("old.name", {"name": "b"}, STORED, "a"),
        ("old.name", {"name": "b"}, None, None),
        ("old == null", {}, None, True),
        ("old.quantity < quantity", {"quantity": 6}, STORED, True),
    ],
)
def test_a_change_is_judged_against_what_is_stored(
    source: str, now: dict[str, Any], before: dict[str, Any] | None, value: object, bench: Bench
) -> None:
    old = None if before is None else row_of("opportunity", before)
    environment = replace(bench.environment, record=row_of("opportunity", now), old=old)
    assert both(bench.check(source, old=True), environment) == [value, value]


def test_what_reads_the_old_state_is_no_filter(bench: Bench) -> None:
    with pytest.raises(RuleError, match="old state"):
        bench.check("changed(name)", Purpose.FILTER, old=True)
