"""Time limits of states: until when a record may stay, and that it is overdue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone_testing import App, AppFactory
from fieldstone_testing.offers import OFFERS
from fieldstone_testing.statements import noted_statements

FRIDAY = datetime(2026, 3, 6, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    app = module_app_from(OFFERS)
    app.user("Ann", ["rep"])
    app.user("Rob", ["rep"])
    return app


def offer(app: App, **values: object) -> UUID:
    ann = app.context_for("Ann", now=FRIDAY)
    return records.create(ann, "offer", [{"name": "Pumps", "amount": 50, **values}])[0].id


def moved(app: App, found: UUID, name: str) -> UUID:
    records.transition(app.context_for("Ann", now=FRIDAY), "offer", found, name)
    return found


def due(app: App, found: UUID, by: str = "Ann", now: datetime = FRIDAY) -> records.Due | None:
    return records.due(app.context_for(by, now=now), "offer", [found]).get(found)


def test_business_days_leave_out_the_weekend(app: App) -> None:
    found = due(app, moved(app, offer(app), "send"))
    assert found == records.Due("sent", FRIDAY + timedelta(days=7), overdue=False)


def test_a_limit_may_depend_on_the_record(app: App) -> None:
    small, large = (moved(app, offer(app, amount=amount), "wait") for amount in (50, 2000))
    assert due(app, small) == records.Due("waiting", datetime(2026, 4, 6, 10, tzinfo=UTC), overdue=False)
    assert due(app, large) == records.Due("waiting", FRIDAY + timedelta(hours=2), overdue=False)


def test_a_record_that_stays_too_long_is_overdue(app: App) -> None:
    found = moved(app, offer(app), "send")
    assert due(app, found, now=FRIDAY + timedelta(days=7, seconds=1)) == records.Due(
        "sent", FRIDAY + timedelta(days=7), overdue=True
    )


def test_a_state_without_a_limit_and_a_final_one_end_it(app: App) -> None:
    found = offer(app)
    assert due(app, found) is None
    moved(app, moved(app, found, "send"), "lose")
    assert due(app, found) is None


def test_a_change_within_the_state_leaves_the_moment_as_it_is(app: App) -> None:
    found = moved(app, offer(app), "send")
    later = app.context_for("Ann", now=FRIDAY + timedelta(days=3))
    records.update(later, "offer", [records.Change(found, {"remark": "x"})])
    assert due(app, found) == records.Due("sent", FRIDAY + timedelta(days=7), overdue=False)


def test_an_imported_record_has_its_limit_from_the_import_on(app: App) -> None:
    ann = app.context_for("Ann", now=FRIDAY)
    [imported] = records.import_rows(ann, "offer", [{"name": "Old", "stage": "sent"}])
    assert due(app, imported.id) == records.Due("sent", FRIDAY + timedelta(days=7), overdue=False)


def test_whoever_may_not_read_the_record_is_told_nothing(app: App) -> None:
    assert due(app, moved(app, offer(app), "send"), by="Rob") is None


def test_many_records_cost_one_statement(app: App) -> None:
    found = [moved(app, offer(app), "send") for _ in range(3)]
    ann = app.context_for("Ann")
    with noted_statements() as noted:
        assert len(records.due(ann, "offer", found)) == 3
    assert len(noted) == 1
