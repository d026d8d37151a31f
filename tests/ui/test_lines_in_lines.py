"""Lines inside lines in forms: told where the line is, edited on the page of the line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fieldstone import records
from fieldstone_testing import App, AppFactory
from fieldstone_testing.assembly import ASSEMBLY, LINES
from fieldstone_testing.visitors import Visitor, words


@pytest.fixture
def sales(app_from: AppFactory) -> App:
    return app_from(ASSEMBLY)


@pytest.fixture
def order(sales: App) -> dict[str, Any]:
    """Ann's order of a pump of two parts and a valve of one."""
    ann = sales.context_for("Ann", ["clerk"])
    made = records.create(ann, "order", [{"name": "First", "lines": LINES}])[0].id
    return records.get(ann, "order", made, ["name", "lines"])


@pytest.fixture
def ann(order: dict[str, Any], visit: Callable[[str], Visitor]) -> Visitor:
    assert order
    return visit("Ann")


def test_the_form_of_an_order_tells_what_its_lines_hold_and_leads_there(
    ann: Visitor, order: dict[str, Any]
) -> None:
    page = ann.get(f"/e/order/{order['id']}")
    assert "Parts 2 Rotor , Seal" in words(page)
    assert f'href="/e/line/{order["lines"][0]["id"]}#rel-parts"' in page.text


def test_what_a_line_holds_is_edited_on_its_page(ann: Visitor, sales: App, order: dict[str, Any]) -> None:
    pump = order["lines"][0]
    rotor, seal = (part["id"] for part in pump["parts"])
    path = f"/e/line/{pump['id']}/edit"
    assert f'name="f.parts.{rotor}.price"' in ann.get(path).text
    form = {
        "sent": [f"parts.{rotor}.price", "parts.new0.what"],
        f"f.parts.{rotor}.price": "20",
        f"f.parts.{seal}._delete": "1",
        "f.parts.new0.what": "Shaft",
    }
    assert ann.post(path, form).status_code == 200
    found = records.get(sales.context_for("Ann"), "order", order["id"])
    assert (found["total"], found["version"]) == ("25.00", 2)
    assert [part["what"] for part in found["lines"][0]["parts"]] == ["Rotor", "Shaft"]


def test_a_change_of_a_line_in_the_form_leaves_what_it_holds(
    ann: Visitor, sales: App, order: dict[str, Any]
) -> None:
    pump = order["lines"][0]
    form = {"sent": [f"lines.{pump['id']}.what"], f"f.lines.{pump['id']}.what": "Big pump"}
    assert ann.post(f"/e/order/{order['id']}/edit", form).status_code == 200
    found = records.get(sales.context_for("Ann"), "order", order["id"])["lines"][0]
    assert (found["what"], [part["what"] for part in found["parts"]]) == ("Big pump", ["Rotor", "Seal"])
