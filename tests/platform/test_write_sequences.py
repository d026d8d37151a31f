"""Numbers that the platform hands out."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from fieldstone import records
from fieldstone.errors import Invalid
from fieldstone_testing import App, AppFactory

ORDERS = """
kind: app
name: sales
label: Sales
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: order
title: number
fields:
  number: {type: sequence, format: "O-{year}-{number:04}", unique: true}
  place: {type: sequence}
  weight: {type: integer, required: true}
"""


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from(ORDERS)


def numbers(app: App) -> list[object]:
    return [row[0] for row in app.sql("SELECT number FROM main.order ORDER BY id")]


def at(app: App, year: int) -> object:
    return app.context_for("Ann", ["admin"], now=datetime(year, 6, 1, tzinfo=UTC))


def test_numbers_follow_their_format_and_begin_anew_each_year(app: App) -> None:
    records.create(at(app, 2026), "order", [{"weight": 1}, {"weight": 2}])
    records.create(at(app, 2027), "order", [{"weight": 3}])
    assert numbers(app) == ["O-2026-0001", "O-2026-0002", "O-2027-0001"]
    assert app.sql("SELECT place, _title FROM main.order ORDER BY id") == [
        ("1", "O-2026-0001"), ("2", "O-2026-0002"), ("3", "O-2027-0001"),
    ]  # fmt: skip


def test_a_refused_save_leaves_no_gap(app: App) -> None:
    with pytest.raises(Invalid):
        records.create(at(app, 2026), "order", [{"weight": 1}, {}])
    records.create(at(app, 2026), "order", [{"weight": 1}])
    assert numbers(app) == ["O-2026-0001"]


def test_a_number_cannot_be_sent(app: App) -> None:
    with pytest.raises(Invalid) as caught:
        records.create(at(app, 2026), "order", [{"weight": 1, "number": "O-2026-0009"}])
    assert [(error.field, error.code) for error in caught.value.errors] == [("number", "readonly")]


def test_an_import_brings_numbers_and_the_next_one_follows_the_highest(app: App) -> None:
    records.import_rows(at(app, 2026), "order", [{"weight": 1, "number": "O-2026-0041"}, {"weight": 2}])
    records.create(at(app, 2026), "order", [{"weight": 3}])
    assert numbers(app) == ["O-2026-0041", "O-2026-0042", "O-2026-0043"]


def test_writers_at_once_get_all_numbers_and_none_twice(app: App) -> None:
    context = at(app, 2026)
    threads = [
        threading.Thread(
            target=lambda: [records.create(context, "order", [{"weight": 1}]) for _ in range(10)]
        )
        for _ in range(4)
    ]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(numbers(app)) == [f"O-2026-{number:04}" for number in range(1, 41)]
