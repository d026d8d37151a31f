"""Rules over many-to-many fields whose links are records, and rules of the links themselves."""

from __future__ import annotations

import pytest

from fieldstone import records
from fieldstone.errors import Invalid
from fieldstone_testing.participants import PARTICIPANTS
from fieldstone_testing.statements import noted_statements

RULES = """
validation known on deal { check count(contacts where name == "Nobody") == 0 message "Nobody is nobody." }
validation short on participant { check role == "buyer" or note != "chief" message "A chief buys." }
trigger stamp on participant before create { when note == null set note = "in {deal.name}" }
trigger follow on deal after create {
  when any(contacts where city == "Rome")
  for one in contacts where city == "Rome" { set one.city = "Roma" }
}
"""


@pytest.fixture
def app(app_from):
    return app_from(PARTICIPANTS, dealing_rules=RULES)


def people(app, *names, city=None):
    made = records.create(app.system, "contact", [{"name": name, "city": city} for name in names])
    return [str(one.id) for one in made]


def test_rules_see_the_links_of_the_save(app):
    ids = people(app, "Ada", "Bert", city="Rome")
    records.create(app.system, "deal", [{"name": "Pump", "contacts": ids}])
    assert {row.city for row in app.sql("SELECT city FROM main.contact")} == {"Roma"}
    with pytest.raises(Invalid, match="Nobody is nobody"):
        records.create(app.system, "deal", [{"name": "Hose", "contacts": people(app, "Nobody")}])
    assert [row.name for row in app.sql("SELECT name FROM main.deal")] == ["Pump"]


def test_links_are_judged_and_changed_by_rules_of_their_own(app):
    (ada,) = people(app, "Ada")
    with pytest.raises(Invalid) as refused:
        about = {"id": ada, "link": {"note": "chief"}}
        records.create(app.system, "deal", [{"name": "Pump", "contacts": [about]}])
    assert [(error.field, error.message) for error in refused.value.errors] == [("contacts", "A chief buys.")]
    records.create(app.system, "deal", [{"name": "Pump", "contacts": [ada]}])
    assert [row.note for row in app.sql("SELECT note FROM main.participant")] == ["in Pump"]


def test_rules_over_links_take_as_many_statements_for_a_hundred_records_as_for_one(app):
    ids = people(app, *(f"P{n}" for n in range(100)), city="Rome")

    def statements(count):
        deals = [{"name": f"D{n}", "contacts": [ids[n], ids[n - 1]]} for n in range(count)]
        with noted_statements() as found:
            records.create(app.system, "deal", deals)
        return len(found)

    records.create(app.system, "deal", [{"name": "First", "contacts": ids[:1]}])
    assert statements(1) == statements(100)
