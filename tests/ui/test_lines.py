"""Lines edited in the form of their record: with and without a script."""

from __future__ import annotations

from uuid import UUID

import pytest
from playwright.sync_api import expect

from fieldstone import records
from fieldstone_testing.browsers import PHONE, picture
from fieldstone_testing.visitors import words


@pytest.fixture
def pump(sales):
    return str(records.create(sales.system, "product", [{"name": "Pump", "price": "100"}])[0].id)


@pytest.fixture
def deal(sales, deals, pump):
    ann = sales.context_for("Ann")
    lines = [
        {"product": pump, "quantity": 2, "price": "100"},
        {"product": pump, "quantity": 5, "price": "10"},
    ]
    records.update(ann, "opportunity", [records.Change(UUID(deals["Ward tablets"]), {"lines": lines})])
    return deals["Ward tablets"]


def lines_of(sales, deal):
    return records.get(sales.context_for("Ann"), "opportunity", deal)["lines"]


def test_lines_are_shown_in_the_form_with_their_values(visit, deal):
    page = visit("Ann").get(f"/e/opportunity/{deal}")
    assert "Total of products" in words(page)
    assert "250.00" in words(page)
    assert words(page).count("Pump") == 2


def test_lines_are_added_changed_and_removed_without_a_script(visit, sales, deal, pump):
    ann = visit("Ann")
    first, second = (line["id"] for line in lines_of(sales, deal))
    assert f'name="f.lines.{first}.quantity"' in ann.get(f"/e/opportunity/{deal}/edit").text
    sent = [f"lines.{first}.quantity", "lines.new0.product", "lines.new0.quantity", "lines.new0.price"]
    form = {
        "sent": sent,
        f"f.lines.{first}.quantity": "3",
        f"f.lines.{second}._delete": "1",
        "f.lines.new0.product.text": "Pump",
        "f.lines.new0.quantity": "1",
        "f.lines.new0.price": "1,234.50",
    }
    assert ann.post(f"/e/opportunity/{deal}/edit", form).status_code == 200
    assert [(line["quantity"], line["price"]) for line in lines_of(sales, deal)] == [
        (3, "100.00"),
        (1, "1234.50"),
    ]


def test_a_blank_row_is_no_line(visit, sales, deal):
    form = {
        "sent": ["name", "lines.new0.product", "lines.new0.quantity", "lines.new0.price"],
        "f.name": "Ward tablets",
        "f.lines.new0.product.text": "",
        "f.lines.new0.quantity": "1",
        "f.lines.new0.price": "",
    }
    assert visit("Ann").post(f"/e/opportunity/{deal}/edit", form).status_code == 200
    assert len(lines_of(sales, deal)) == 2


def test_what_is_wrong_with_a_row_is_told_in_it_and_nothing_typed_is_lost(visit, sales, deal):
    first = lines_of(sales, deal)[0]["id"]
    form = {
        "sent": [f"lines.{first}.quantity", "lines.new0.product", "lines.new0.quantity"],
        f"f.lines.{first}.quantity": "0",
        "f.lines.new0.product.text": "Pump",
        "f.lines.new0.quantity": "many",
    }
    page = visit("Ann").post(f"/e/opportunity/{deal}/edit", form)
    assert page.status_code == 422
    assert 'value="many"' in page.text
    assert "“many” is not a number" in words(page)


def test_a_row_that_the_platform_refuses_shows_why(visit, sales, deal):
    first = lines_of(sales, deal)[0]["id"]
    form = {"sent": [f"lines.{first}.quantity"], f"f.lines.{first}.quantity": "0"}
    page = visit("Ann").post(f"/e/opportunity/{deal}/edit", form)
    assert page.status_code == 422
    part = page.text.partition(f'data-field="lines.{first}.quantity"')[2]
    assert "at least 1" in part[:1500]


def test_of_two_who_change_the_same_cell_one_is_asked_which_value_should_stand(visit, sales, deal):
    first = lines_of(sales, deal)[0]["id"]
    version = records.get(sales.context_for("Ann"), "opportunity", deal)["version"]
    change = {"lines": [{"id": first, "quantity": 7}]}
    records.update(sales.context_for("Dana"), "opportunity", [records.Change(UUID(deal), change)])
    form = {"sent": [f"lines.{first}.quantity"], f"f.lines.{first}.quantity": "9", "version": str(version)}
    ann = visit("Ann")
    page = ann.post(f"/e/opportunity/{deal}/edit", form)
    assert page.status_code == 412
    assert f'name="pick.lines.{first}.quantity"' in page.text
    picked = form | {"version": str(version + 1), f"pick.lines.{first}.quantity": "mine"}
    assert ann.post(f"/e/opportunity/{deal}/edit", picked).status_code == 200
    assert lines_of(sales, deal)[0]["quantity"] == 9


def test_whoever_may_only_read_the_record_is_offered_no_rows(visit, deal, sales):
    records.transition(sales.context_for("Dana"), "opportunity", UUID(deal), "lose", {"lost_reason": "price"})
    page = visit("Ann").get(f"/e/opportunity/{deal}")
    assert page.status_code == 200
    assert "data-line=" in page.text
    assert "data-add-line" not in page.text


def test_the_history_tells_how_many_lines_were_added_changed_and_removed(visit, sales, deal, pump):
    first, second = lines_of(sales, deal)
    lines = [{"id": first["id"], "quantity": 3}, {"id": second["id"], "_delete": True}, {"product": pump}]
    records.update(sales.context_for("Ann"), "opportunity", [records.Change(UUID(deal), {"lines": lines})])
    assert "Products: 1 added, 1 changed, 1 removed" in words(
        visit("Ann").get(f"/e/opportunity/{deal}/history")
    )


def test_lines_fit_on_a_phone(desk, deal):
    page = desk.page_of("Ann", viewport=PHONE)
    page.goto(f"/e/opportunity/{deal}")
    page.get_by_role("tab", name="Products").click()
    page.get_by_role("button", name="Add product line").click()
    page.get_by_role("group", name="Product line 3").get_by_label("Quantity").fill("3")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    picture(page, "lines-phone")


def test_deleting_asks_first_and_tells_what_goes_too(visit, deal, sales):
    dana = visit("Dana")
    page = dana.get(f"/e/opportunity/{deal}/delete")
    assert "Delete Ward tablets ?" in words(page)
    assert "2 Products: Pump , Pump" in words(page)
    assert "is in the recycle bin" in words(dana.post(f"/e/opportunity/{deal}/delete", {}))


def test_what_is_in_the_way_of_a_deletion_is_told_instead_of_the_button(visit, deal, pump):
    page = visit("Dana").get(f"/e/product/{pump}/delete")
    assert "It cannot be deleted now." in words(page)
    assert "2 Products (Product): Pump" in words(page)
    assert 'class="btn btn-danger"' not in page.text


def test_rows_are_edited_with_the_keyboard_and_saved_with_the_record(desk, sales, deal):
    page = desk.page_of("Ann")
    page.goto(f"/e/opportunity/{deal}")
    page.get_by_role("tab", name="Products").click()
    page.get_by_role("button", name="Add product line").press("Enter")
    page.keyboard.type("Pum")
    page.get_by_role("option", name="Pump").wait_for()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("4")
    page.get_by_role("checkbox", name="Remove product line 1").press("Space")
    picture(page, "lines")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("group", name="Product line 2")).to_contain_text("4")
    assert [line["quantity"] for line in lines_of(sales, deal)] == [5, 4]
