"""Lines inside lines in forms: told where the line is, edited on the page of the line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from fieldstone import records
from fieldstone_testing import App, AppFactory
from fieldstone_testing.assembly import ASSEMBLY, LINES
from fieldstone_testing.browsers import PHONE, Desk, picture
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


NEW_LINES = {
    "sent": ["name", "lines.new1.what", "lines.new1.parts.new2.what", "lines.new1.parts.new2.price"],
    "f.name": "Second",
    "f.lines.new1.what": "Pump",
    "f.lines.new1.parts.new2.what": "Rotor",
    "f.lines.new1.parts.new2.price": "7",
    "f.lines.new3.what": "Valve",
}


def test_a_new_line_is_saved_with_what_was_typed_inside_it(ann: Visitor, sales: App) -> None:
    assert 'name="f.lines.__new__.parts.__within__.what"' in ann.get("/e/order/new").text
    assert ann.post("/e/order/new", NEW_LINES).status_code == 200
    query = records.Query(where='name == "Second"', fields=("name", "total", "lines"))
    (found,) = records.list(sales.context_for("Ann"), "order", query).data
    told = [(line["what"], [part["what"] for part in line["parts"]]) for line in found["lines"]]
    assert (found["total"], told) == ("7.00", [("Pump", ["Rotor"]), ("Valve", [])])


def test_what_is_wrong_inside_a_new_line_is_told_there_and_what_was_typed_stays(ann: Visitor) -> None:
    form = {**NEW_LINES, "f.lines.new1.parts.new2.what": ""}
    answer = ann.post("/e/order/new", form)
    assert answer.status_code == 422
    at = answer.text.index('id="f-lines.new1.parts.new2.what-error"')
    assert "hidden" not in answer.text[at : at + 60]
    assert 'value="7"' in answer.text


def test_sums_follow_what_is_typed_inside_new_lines(ann: Visitor) -> None:
    answer = ann.post("/e/order/states", NEW_LINES, Accept="application/json")
    fields = answer.json["fields"]
    assert fields["lines.new1.parts.new2.what"]["required"] is True
    assert fields["lines.__new__.parts.__within__.price"]["locked"] is False


@pytest.mark.usefixtures("order")
def test_parts_of_a_new_line_are_added_in_the_browser(desk: Desk) -> None:
    page = desk.page_of("Ann", viewport=PHONE)
    page.goto("/e/order/new")
    page.get_by_label("Name").fill("Third")
    page.get_by_role("button", name="Add line").press("Enter")
    page.keyboard.type("Pump")
    page.get_by_role("button", name="Add part").press("Enter")
    page.keyboard.type("Rotor")
    page.keyboard.press("Enter")
    page.keyboard.type("Seal")
    page.get_by_role("button", name="Add line").press("Enter")
    page.keyboard.type("Valve")
    picture(page, "lines-in-new-lines")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("link", name="Parts of line 1: 2")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("link", name="Parts of line 2: 0")).to_be_visible(timeout=60_000)
