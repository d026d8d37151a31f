"""Editing a cell of a list in its place."""

from uuid import UUID

import pytest
from playwright.sync_api import expect

from fieldstone import records
from fieldstone_testing.visitors import words

LIST = "/e/opportunity"
SHOWN = "fields=name,next_step,amount,stage"


def cell(deals, name, field):
    return f"{LIST}/{deals[name]}/cell/{field}"


def test_a_saved_cell_answers_with_its_row_in_the_columns_of_the_list(visit, deals):
    sent = {"version": "1", "sent": "amount", "f.amount": "1,234.50"}
    row = visit("Ann").post(f"{cell(deals, 'Ward tablets', 'amount')}?{SHOWN}", sent)
    assert 'data-version="2"' in row.text
    assert words(row) == "Ward tablets € 1,235 Prospecting"


@pytest.mark.parametrize(("typed", "told"), [("12x", "is not a number"), ("-5", "Amount")])
def test_a_value_that_is_refused_stays_in_the_cell_with_its_reason(visit, deals, typed, told):
    sent = {"version": "1", "sent": "amount", "f.amount": typed}
    refused = visit("Ann").post(cell(deals, "Ward tablets", "amount"), sent)
    assert refused.status_code == 422
    assert f'value="{typed}"' in refused.text
    assert told in words(refused)


def test_only_the_field_of_the_cell_is_saved(visit, deals, sales):
    sent = {"version": "1", "sent": ["amount", "next_step"], "f.amount": "7", "f.next_step": "Smuggled"}
    visit("Ann").post(cell(deals, "Ward tablets", "amount"), sent)
    assert sales.sql("SELECT count(*) FROM main.opportunity WHERE next_step = 'Smuggled'") == [(0,)]


@pytest.mark.parametrize("field", ["stage", "nonsense", "created_at"])
def test_a_field_that_cannot_be_set_there_has_no_input(visit, deals, field):
    assert visit("Ann").get(cell(deals, "Ward tablets", field)).status_code in {403, 404}


def test_a_record_of_somebody_else_has_no_cells(visit, deals):
    assert visit("Bo").get(cell(deals, "Ward tablets", "amount")).status_code == 404


def test_cells_are_edited_by_keyboard_and_by_a_double_click(desk, deals, sales):
    ann = desk.page_of("Ann")
    ann.goto(f"{LIST}?order=name&{SHOWN}")
    row = ann.locator(f'tr[data-id="{deals["Ward tablets"]}"]')
    row.locator('td[data-cell="next_step"]').dblclick()
    ann.keyboard.type("Call Per")
    expect(row.get_by_label("Next step")).to_have_value("Call Per")
    ann.keyboard.press("Tab")
    expect(row).to_contain_text("Call Per")
    expect(row.get_by_label("Amount")).to_be_focused()
    ann.keyboard.type("12x")
    ann.keyboard.press("Enter")
    expect(row.locator(".fs-error")).to_contain_text("is not a number")
    ann.keyboard.press("Escape")
    expect(row).to_contain_text("3,001")
    ann.keyboard.press("e")
    expect(row.get_by_label("Name", exact=True)).to_be_focused()
    changes = {"next_step": "Somebody was faster"}
    records.update(
        sales.context_for("Dana"), "opportunity", [records.Change(UUID(deals["Ward tablets"]), changes)]
    )
    ann.keyboard.type("Mine")
    ann.keyboard.press("Enter")
    expect(row.locator(".fs-error")).to_contain_text("Enter saves yours over it")
    ann.keyboard.press("Enter")
    expect(row).to_contain_text("Mine")
