"""Many-to-many fields whose links are records of an entity with fields of its own (`through`)."""

from __future__ import annotations

import pytest

from fieldstone import records
from fieldstone_testing.apps import layer_from
from fieldstone_testing.participants import PARTICIPANTS


def fill(app):
    records.create(
        app.system, "contact", [{"name": "Ada"}, {"name": "Bert"}, {"name": "Cleo", "city": "Secret"}]
    )


@pytest.fixture
def app(app_from):
    return app_from.of_layers([layer_from(PARTICIPANTS)], filled_by=fill)


@pytest.fixture
def ids(app):
    return {row.name: str(row.id) for row in app.sql("SELECT id, name FROM main.contact")}


@pytest.fixture
def ann(app, client):
    return client(app, app.token("Ann", ["rep"]))


def titles(answer, field="contacts"):
    return [entry["title"] for entry in answer.json[field]]


def links(app):
    return app.sql(
        "SELECT c.name, p.role, p.note, p.version FROM main.participant p "
        "JOIN main.contact c ON c.id = p.contact WHERE p.deleted_at IS NULL ORDER BY c.name"
    )


def test_ids_sent_for_the_field_become_links_with_their_defaults(app, ann, ids):
    made = ann.post("/data/deal", {"name": "Pump", "contacts": [ids["Bert"], ids["Ada"]]})
    assert made.status_code == 201, made.json
    assert titles(made) == ["Ada", "Bert"]
    assert (made.json["crowd"], made.json["names"]) == (2, "Ada, Bert")
    assert [tuple(row) for row in links(app)] == [("Ada", "adviser", None, 1), ("Bert", "adviser", None, 1)]


def test_what_is_sent_about_a_link_becomes_its_fields(app, ann, ids):
    made = ann.post(
        "/data/deal", {"name": "Pump", "contacts": [{"id": ids["Ada"], "link": {"role": "buyer"}}]}
    )
    assert titles(made) == ["Ada"]
    contacts = [ids["Bert"], {"id": ids["Ada"], "link": {"note": "new"}}]
    changed = ann.patch(f"/data/deal/{made.json['id']}", {"contacts": contacts})
    assert titles(changed) == ["Ada", "Bert"], changed.json
    assert [tuple(row) for row in links(app)] == [("Ada", "buyer", "new", 2), ("Bert", "adviser", None, 1)]


def test_who_is_left_out_is_not_linked_any_more(app, ann, ids):
    made = ann.post("/data/deal", {"name": "Pump", "contacts": [ids["Ada"], ids["Bert"]]})
    changed = ann.patch(f"/data/deal/{made.json['id']}", {"contacts": [ids["Bert"]]})
    assert (titles(changed), changed.json["crowd"], changed.json["version"]) == (["Bert"], 1, 2)
    assert [row.name for row in links(app)] == ["Bert"]
    (gone,) = app.sql("SELECT deleted_at FROM main.participant WHERE deleted_at IS NOT NULL")
    assert gone.deleted_at is not None
