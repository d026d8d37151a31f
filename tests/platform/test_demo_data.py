"""The records of a demonstration: believable, the same each time, and written as people would have."""

from __future__ import annotations

import pytest

from fieldstone import records
from fieldstone.demonstration import fill, log_ins
from fieldstone.plugins import plugin_manager
from fieldstone_metadata import template_layer
from fieldstone_testing import App, AppFactory
from fieldstone_testing.demo import demonstration


@pytest.fixture(scope="module")
def demo(module_app_from: AppFactory) -> App:
    return module_app_from.of_layers([template_layer("sales")], filled_by=demonstration)


def numbers(app: App, statement: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in app.sql(statement)]


def test_every_stage_has_deals_and_some_open_ones_are_overdue(demo: App):
    stages = numbers(demo, "SELECT stage, count(*) FROM main.opportunity GROUP BY stage")
    assert {stage for stage, _ in stages} == set(demo.model.entities["opportunity"].workflow.states)
    overdue = (
        "SELECT count(*) FROM main.opportunity WHERE stage NOT IN ('won', 'lost') AND close_date < now()"
    )
    assert numbers(demo, overdue)[0][0] > 0


def test_both_teams_have_a_lead_and_several_sellers(demo: App):
    teams = numbers(
        demo,
        'SELECT t.name, l.name, count(*) FROM main.team t JOIN main."user" l ON l.id = t.lead '
        "JOIN main.user__teams m ON m.target = t.id GROUP BY 1, 2 ORDER BY 1",
    )
    assert teams == [("North", "Katrin Vogt", 5), ("South", "Mateo Ibáñez", 5)]


def test_whoever_can_log_in_as_a_representative_has_open_deals(demo: App):
    owners = numbers(
        demo,
        'SELECT DISTINCT u.email FROM main.opportunity o JOIN main."user" u ON u.id = o.owner '
        "WHERE stage NOT IN ('won', 'lost')",
    )
    representatives = {person.email for person in log_ins("sales") if person.roles == ("sales_rep",)}
    assert representatives <= {email for (email,) in owners}


def test_amounts_in_other_currencies_count_in_the_organisations(demo: App):
    currencies = dict(numbers(demo, "SELECT currency, count(amount__base) FROM main.opportunity GROUP BY 1"))
    assert currencies.keys() > {"EUR", "DKK"}
    assert min(currencies.values()) > 0


def test_the_last_weeks_were_played_by_the_owners_and_say_that_they_are_a_demonstration(demo: App):
    played = numbers(
        demo,
        "SELECT DISTINCT split_part(h.note, ';', 1), h.actor = o.owner FROM main_system.history h "
        "JOIN main.opportunity o ON o.id = h.record WHERE h.action IN ('create', 'transition')",
    )
    assert played == [("demonstration data", True)]
    days = "SELECT count(DISTINCT at::date) FROM main_system.history WHERE entity = 'opportunity'"
    assert numbers(demo, days)[0][0] > 20


def test_nothing_happens_after_today_and_closed_deals_have_a_day(demo: App):
    later = "SELECT count(*) FROM main.opportunity WHERE created_at > now() OR updated_at > now()"
    assert numbers(demo, later) == [(0,)]
    undated = "SELECT count(*) FROM main.opportunity WHERE stage IN ('won', 'lost') AND close_date IS NULL"
    assert numbers(demo, undated) == [(0,)]


def test_some_deals_wait_for_the_approval_of_a_manager(demo: App):
    waiting = numbers(demo, "SELECT transition, status FROM main_system.approval")
    assert waiting == [("win", "pending")] * 2
    managers = "SELECT id FROM main.\"user\" WHERE name IN ('Katrin Vogt', 'Mateo Ibáñez')"
    told = f"SELECT count(*) > 0 FROM main.notification WHERE recipient IN ({managers})"
    assert numbers(demo, told) == [(True,)]


def test_a_second_call_makes_nothing(demo: App):
    made = plugin_manager().hook.fieldstone_demo_data(context=demo.system, template="sales", size="small")
    assert made == [0]


def test_another_template_gets_nothing(demo: App):
    assert (
        plugin_manager().hook.fieldstone_demo_data(context=demo.system, template="other", size="small") == []
    )


def test_the_same_companies_come_each_time(demo: App, app_from: AppFactory):
    again = app_from.of_layers([template_layer("sales")])
    fill(again.database, again.model, "sales", "small")
    names = [
        [row["name"] for row in records.list(app.system, "account", records.Query(limit=100)).data]
        for app in (demo, again)
    ]
    assert len(names[0]) == 40
    assert names[0] == names[1]
