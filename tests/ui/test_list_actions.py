"""Acting on the rows of a list: picked ones, or all that match the filter."""

import csv
import io
import re

import pytest
from playwright.sync_api import expect

from fieldstone import records
from fieldstone_testing.visitors import words

LIST = "/e/opportunity"


def rows(deals, *names):
    return {"id": [deals[name] for name in names], "v": ["1"] * len(names)}


def stages(app):
    return sorted(
        stage for (stage,) in app.sql("SELECT stage FROM main.opportunity WHERE deleted_at IS NULL")
    )


def csv_of(answer):
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_what_was_refused_is_told_with_reasons_and_the_rest_is_done(visit, deals, sales):
    ann = visit("Ann")
    sent = {**rows(deals, "Core switch refresh", "Ward tablets"), "v": ["1", "9"], "state": "engaging"}
    done = ann.post(f"{LIST}/bulk/move", sent)
    assert "1 changed, 1 refused" in words(done)
    assert "engaging" in stages(sales)


def test_a_field_of_many_rows_is_changed_in_the_readers_way(visit, deals, sales):
    sent = {**rows(deals, "Ward tablets", "Core switch refresh"), "sent": "amount", "f.amount": "1,234.50"}
    assert visit("Ann").post(f"{LIST}/bulk/edit", sent).text == ""
    amounts = sales.sql("SELECT count(*) FROM main.opportunity WHERE amount = 1234.50")
    assert amounts == [(2,)]


@pytest.mark.parametrize(
    "sent", [{}, {"sent": "amount", "f.amount": "12x"}, {"sent": "nonsense", "f.nonsense": "1"}]
)
def test_what_cannot_be_read_changes_nothing_and_says_so(visit, deals, sent):
    page = visit("Ann").post(f"{LIST}/bulk/edit", {**rows(deals, "Ward tablets"), **sent})
    assert page.status_code == 400
    assert "Nothing was changed" in words(page)


def test_rows_are_assigned_to_a_colleague(visit, deals, sales):
    bo = str(sales.user("Bo"))
    sent = {**rows(deals, "Ward tablets"), "sent": "owner", "f.owner": f"user:{bo}", "f.owner.text": "Bo"}
    visit("Dana").post(f"{LIST}/bulk/assign", sent)
    owner = sales.sql("SELECT owner FROM main.opportunity WHERE name = 'Ward tablets'")
    assert [str(one) for (one,) in owner] == [bo]


def test_the_preview_counts_all_that_match_and_not_only_what_is_shown(visit):
    asked = visit("Dana").post(f"{LIST}/bulk/delete/ask?where=amount > 1500&limit=1", {"all": "1"})
    assert "Delete 3 opportunities?" in words(asked)


def test_all_that_match_are_changed_by_who_may_change_many(visit, sales):
    dana = visit("Dana")
    dana.post(f"{LIST}/bulk/move?where=amount > 1500&limit=1", {"all": "1", "state": "engaging"})
    assert stages(sales) == ["engaging"] * 3 + ["prospecting"]


def test_all_that_match_are_none_where_only_similar_words_are_found(visit, sales):
    dana = visit("Dana")
    assert dana.post(f"{LIST}/bulk/delete?q=swich", {"all": "1"}).status_code == 400
    assert len(stages(sales)) == 4


def test_all_that_match_are_not_changed_by_who_may_not(visit, sales):
    refused = visit("Ann").post(f"{LIST}/bulk/move", {"all": "1", "state": "engaging"})
    assert refused.status_code == 403
    assert set(stages(sales)) == {"prospecting"}


@pytest.mark.parametrize("form", [{}, {"id": ["no-id"], "v": ["1"]}])
def test_an_action_on_nothing_is_refused(visit, form):
    assert visit("Ann").post(f"{LIST}/bulk/delete", form).status_code in {400, 404}


def test_a_list_is_exported_with_its_filter_columns_and_order(visit):
    answer = visit("Ann").get(f"{LIST}/export?where=amount > 2500&fields=name,amount,account&order=-amount")
    assert csv_of(answer) == [
        ["Name", "Amount", "Account", "Currency"],
        ["Cold-store sensors", "4000.50", "Halden Logistik", "EUR"],
        ["Ward tablets", "3000.50", "Halden Logistik", "EUR"],
    ]


def test_picked_rows_are_exported(visit, deals):
    answer = visit("Ann").post(f"{LIST}/bulk/export?fields=name", rows(deals, "Ward tablets"))
    assert csv_of(answer) == [["Name"], ["Ward tablets"]]


def test_exporting_shows_nothing_that_the_reader_may_not_read(visit, deals):
    answer = visit("Bo").post(f"{LIST}/bulk/export?fields=name", rows(deals, "Ward tablets"))
    assert csv_of(answer) == [["Name"]]


def test_all_that_match_are_selected_beyond_the_rows_that_are_shown(desk, sales):
    many = [{"name": f"Deal {number:03}"} for number in range(60)]
    records.create(sales.context_for("Ann"), "opportunity", many)
    dana = desk.page_of("Dana")
    dana.goto(f"{LIST}?order=name")
    dana.get_by_label("Select Deal 000").check()
    dana.get_by_role("button", name="Select all 64").click()
    expect(dana.locator("[data-selected-count]")).to_have_text("64")
    dana.keyboard.press("m")
    expect(dana.get_by_role("dialog")).to_contain_text("Move 64 opportunities")
    dana.get_by_role("button", name="Engaging").click()
    expect(dana.locator("tr[data-id] .fs-state")).to_have_text(["Engaging"] * 50)
    assert stages(sales) == ["engaging"] * 64


def test_a_field_is_edited_in_many_rows_from_the_selection(desk):
    ann = desk.page_of("Ann")
    ann.goto(f"{LIST}?order=name&fields=name,next_step")
    ann.get_by_label("Select the rows shown").check()
    ann.get_by_role("button", name="Edit field").click()
    ann.get_by_role("dialog").get_by_label("Field").select_option("next_step")
    ann.get_by_label(re.compile("New value")).fill("Call back")
    ann.get_by_role("button", name="Change 4 opportunities").click()
    expect(ann.locator("tr[data-id]").filter(has_text="Call back")).to_have_count(4)
