"""Options that depend on another choice: `depends_on` with `for`."""

from __future__ import annotations

from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.errors import Invalid
from fieldstone.records import Change
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
  land: {type: choice, options: [DK, NO, SE]}
  city:
    type: choice
    depends_on: land
    options: [{value: aarhus, for: DK}, {value: oslo, for: [NO]}, {value: border, for: [NO, SE]}, elsewhere]
  sights:
    type: choices
    depends_on: land
    options: [{value: mermaid, for: DK}, {value: opera, for: [NO, SE]}]
"""


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    return module_app_from(OFFICES)


def made(app: App, **values: object) -> UUID:
    return records.create(app.system, "office", [values])[0].id


def codes(refused: pytest.ExceptionInfo[Invalid]) -> list[tuple[str | None, str]]:
    return [(error.field, error.code) for error in refused.value.errors]


@pytest.mark.parametrize(
    "values",
    [
        {"land": "NO", "city": "oslo", "sights": ["opera"]},
        {"land": "SE", "city": "border"},
        {"land": "DK", "city": "elsewhere", "sights": ["mermaid"]},
        {"city": "elsewhere"},
        {"land": "DK"},
    ],
)
def test_what_goes_together_is_saved(app: App, values: dict[str, object]) -> None:
    assert made(app, **values)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"land": "DK", "city": "oslo"}, "city"),
        ({"city": "oslo"}, "city"),
        ({"land": "NO", "sights": ["opera", "mermaid"]}, "sights"),
    ],
)
def test_what_does_not_is_refused_at_the_field_that_depends(
    app: App, values: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        made(app, **values)
    assert codes(refused) == [(field, "option_not_for")]
    assert "Land" in refused.value.errors[0].message


def test_the_other_field_cannot_change_under_it(app: App) -> None:
    office = made(app, land="NO", city="oslo")
    with pytest.raises(Invalid) as refused:
        records.update(app.system, "office", [Change(office, {"land": "DK"})])
    assert codes(refused) == [("city", "option_not_for")]
    records.update(app.system, "office", [Change(office, {"land": "DK", "city": "aarhus"})])


def test_a_record_from_before_can_be_changed_otherwise(app: App) -> None:
    office = made(app, land="NO", city="oslo")
    app.sql("UPDATE main.office SET land = 'DK' WHERE id = :id", id=office)
    records.update(app.system, "office", [Change(office, {"name": "Old"})])
    assert records.get(app.system, "office", office)["name"] == "Old"


def test_forms_are_told_what_goes_together(app: App) -> None:
    states = records.field_states(app.system, "office", None, {"land": "SE", "city": "oslo"})
    assert states["city"].options == ["border", "elsewhere"]
    assert states["sights"].options == ["opera"]
    assert states["land"].options is None
    assert "does not go" in (states["city"].error or "")
