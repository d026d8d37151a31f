"""A form that would save a record like another one asks first."""

import re

import pytest

from fieldstone.publication.layers import template_layer
from fieldstone_testing.apps import layer_from
from fieldstone_testing.visitors import words

LOCAL = """
kind: entity
name: account
extends: true
duplicates: [{name: same_city, match: [city], mode: warn}]
"""


@pytest.fixture
def sales(app_from):
    app = app_from.of_layers([template_layer("sales"), layer_from(LOCAL)])
    app.context_for("Dana", ["sales_manager"], ["North"])
    return app


def test_the_form_shows_what_is_there_already_and_saves_it_anyway_when_told_to(visit):
    dana = visit("Dana")
    form = {"sent": ["name", "city"], "f.name": "Acme two", "f.city": "Oslo"}
    assert dana.post("/e/account/new", {**form, "f.name": "Acme one"}).status_code == 200
    asked = dana.post("/e/account/new", form)
    assert asked.status_code == 409
    assert "Acme one" in words(asked)
    assert "Save anyway" in words(asked)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', asked.text))
    assert (hidden["f.name"], hidden["accept_duplicates"]) == ("Acme two", "1")
    assert dana.post("/e/account/new", {**form, "accept_duplicates": "1"}).status_code == 200
    assert "Acme two" in words(dana.get("/e/account"))
