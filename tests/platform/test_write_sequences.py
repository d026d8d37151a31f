"""Numbers that the platform hands out."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fieldstone import records
from fieldstone.database.joined import JoinedDatabase
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


def test_refused_saves_between_writers_of_two_years_leave_no_gap(app: App) -> None:
    contexts = [at(app, 2026), at(app, 2027)]

    def write(context: object, number: int) -> None:
        for weight in range(6):
            with suppress(Invalid):
                records.create(context, "order", [{"weight": weight}, *([{}] * ((weight + number) % 2))])

    threads = [threading.Thread(target=write, args=(contexts[n % 2], n // 2)) for n in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(numbers(app)) == [f"O-{year}-{n:04}" for year in (2026, 2027) for n in range(1, 7)]
    places = app.sql("SELECT place FROM main.order")
    assert sorted(int(row[0]) for row in places) == list(range(1, 13))


def test_a_transaction_that_ends_badly_gives_its_number_back(app: App) -> None:
    context = at(app, 2026)
    with pytest.raises(RuntimeError), context.database.transaction() as connection:
        joined = replace(context, database=JoinedDatabase(context.database, connection))
        records.create(joined, "order", [{"weight": 1}])
        raise RuntimeError
    records.create(context, "order", [{"weight": 2}])
    assert numbers(app) == ["O-2026-0001"]


def test_the_year_changes_at_midnight_of_the_organisation(app_from: AppFactory) -> None:
    core = "---\nkind: app\nname: core\nextends: true\nsettings:\n  timezone: {default: Pacific/Auckland}\n"
    app = app_from(ORDERS + core)
    last_hour = app.context_for("Ann", ["admin"], now=datetime(2026, 12, 31, 10, 59, 59, tzinfo=UTC))
    records.create(last_hour, "order", [{"weight": 1}])
    records.create(
        replace(last_hour, now=datetime(2026, 12, 31, 11, 0, tzinfo=UTC)), "order", [{"weight": 2}]
    )
    assert numbers(app) == ["O-2026-0001", "O-2027-0001"]


def test_a_number_stays_in_the_bin_and_is_not_given_again(app: App) -> None:
    context = at(app, 2026)
    [first] = records.create(context, "order", [{"weight": 1}])
    records.delete(context, "order", [first.id])
    records.create(context, "order", [{"weight": 2}])
    assert numbers(app) == ["O-2026-0001", "O-2026-0002"]
