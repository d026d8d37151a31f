"""Options that follow another choice, as one types."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import expect

from fieldstone_testing import App, AppFactory

OFFICES = """
kind: app
name: offices
label: Offices
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: office
fields:
  name: {type: text}
  land: {type: choice, options: [DK, NO]}
  city:
    type: choice
    depends_on: land
    options: [{value: aarhus, for: DK}, {value: oslo, for: NO}, elsewhere]
---
kind: role
name: clerk
inherits: [employee]
entities:
  office: {create: true, read: true, update: true}
"""


@pytest.fixture
def web(app_from: AppFactory, web_of: Callable[[App], Flask]) -> Flask:
    app = app_from(OFFICES)
    app.context_for("Ann", ["clerk"])
    return web_of(app)


def test_a_form_offers_what_goes_with_the_other_choice(desk):
    page = desk.page_of("Ann")
    page.goto("/e/office/new")
    city = page.get_by_label("City")
    expect(city.locator("option:not([hidden])")).to_have_text(["", "Elsewhere"])
    page.get_by_label("Land").select_option("NO")
    expect(city.locator("option:not([hidden])")).to_have_text(["", "Oslo", "Elsewhere"])
    city.select_option("oslo")
    page.get_by_label("Land").select_option("DK")
    expect(page.locator('[data-field="city"] .fs-error')).to_contain_text("does not go with what Land says")
    city.select_option("aarhus")
    expect(page.locator('[data-field="city"] .fs-error')).to_be_hidden()


def test_without_a_script_what_does_not_go_together_is_refused(visit):
    refused = visit("Ann").post("/e/office/new", {"sent": ["land", "city"], "f.land": "DK", "f.city": "oslo"})
    assert refused.status_code == 422
    assert "does not go with what Land says" in refused.text
