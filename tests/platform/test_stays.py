"""How long a record stayed in the states of its workflow."""

from datetime import UTC, datetime, timedelta

import pytest

from fieldstone import records
from fieldstone_testing.deals import DEALS
from fieldstone_testing.statements import noted_statements

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def app(module_app_from):
    app = module_app_from(DEALS)
    app.user("Mia", ["manager"])
    app.user("Gus", ["guest"])
    app.user("Rob", ["rep"])
    return app


@pytest.fixture(scope="module")
def deal(app):
    """A deal that was open for three days, lost for two, and is open again."""

    def mia(days):
        return app.context_for("Mia", now=START + timedelta(days=days))

    made = records.create(mia(0), "deal", [{"name": "Pump"}])[0].id
    records.update(mia(1), "deal", [records.Change(made, {"name": "Pumps"})])
    records.transition(mia(3), "deal", made, "lose", {"lost_reason": "price"})
    records.transition(mia(5), "deal", made, "reopen")
    return made


def test_each_stay_has_its_beginning_and_its_end(app, deal):
    found = records.stays(app.context_for("Mia"), "deal", deal)
    days = [START + timedelta(days=number) for number in (0, 3, 5)]
    assert [(stay.state, stay.since, stay.until) for stay in found] == [
        ("open", days[0], days[1]),
        ("lost", days[1], days[2]),
        ("open", days[2], None),
    ]


def test_it_costs_one_statement(app, deal):
    mia = app.context_for("Mia")
    with noted_statements() as noted:
        records.stays(mia, "deal", deal)
    assert len(noted) == 1


def test_whoever_may_not_read_the_record_is_told_nothing(app, deal):
    assert records.stays(app.context_for("Rob"), "deal", deal) == []


def test_without_a_workflow_there_is_nothing_to_tell(app):
    made = records.create(app.system, "customer", [{"name": "Acme"}])[0].id
    assert records.stays(app.context_for("Gus"), "customer", made) == []
