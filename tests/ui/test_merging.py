"""Merging records on pages: side by side, with what leads to each, and the way back."""

import re
from uuid import UUID

import pytest
from playwright.sync_api import expect

from fieldstone import records
from fieldstone_testing.statements import noted_statements
from fieldstone_testing.visitors import words

PAGE = "/e/account/merge"


@pytest.fixture
def firms(sales):
    """Title → id of three accounts of Dana's; Halden Logistik has four deals, Halden AG a contact."""
    dana = sales.context_for("Dana")
    rows = [
        {"name": "Halden AG", "phone": "+4722334455", "city": "Oslo"},
        {"name": "Halden Log.", "city": "Bergen"},
    ]
    made = records.create(dana, "account", rows)
    account = {"id": str(made[0].id), "entity": "account"}
    records.create(dana, "contact", [{"first_name": "Kari", "last_name": "Dahl", "account": account}])
    return {name: str(id_) for name, id_ in sales.sql("SELECT name, id FROM main.account")}


@pytest.fixture
def pair(firms):
    return [firms["Halden Logistik"], firms["Halden AG"]]


def sent(ids, kept, **take):
    versions = {f"version.{id_}": "1" for id_ in ids}
    return {"id": ids, "kept": kept, **versions, **{f"take.{name}": id_ for name, id_ in take.items()}}


def chosen(page):
    return dict(re.findall(r'name="([\w.]+)" value="([^"]+)" checked', page.text))


def test_records_stand_side_by_side_with_what_differs_and_what_leads_to_them(visit, pair):
    page = visit("Dana").get(f"{PAGE}?id={pair[1]}&id={pair[0]}")
    shown = words(page)
    assert "Merge 2 accounts" in shown
    assert "leading to it: 4 opportunities" in shown
    assert "leading to it: 1 contact" in shown
    assert "City" in shown
    assert "other fields are the same or empty in all" in shown
    picked = chosen(page)
    assert (picked["kept"], picked["take.name"]) == (pair[0], pair[0])
    assert (picked["take.phone"], picked["take.city"]) == (pair[1], pair[1])


def test_the_one_that_stays_gets_the_chosen_values_and_all_that_led_to_the_other(visit, pair, sales):
    dana = visit("Dana")
    shown = dana.post(PAGE, sent(pair, pair[1], name=pair[0], phone=pair[1]))
    assert shown.request.path == f"/e/account/{pair[1]}"
    assert "2 accounts merged into one." in words(shown)
    live = "SELECT name, phone FROM main.account WHERE deleted_at IS NULL AND name LIKE 'Halden L%'"
    assert ("Halden Logistik", "+4722334455") in sales.sql(live)
    assert sales.sql("SELECT DISTINCT account FROM main.opportunity") == [(UUID(pair[1]),)]
    undo = re.search(r'action="(/operations/[^"]+/undo)"', shown.text).group(1)
    back = dana.post(undo, {"next": f"/e/account/{pair[0]}"})
    assert "records are as before" in words(back)
    assert sales.sql("SELECT DISTINCT account FROM main.opportunity") == [(UUID(pair[0]),)]
    assert 'data-key="z"' not in back.text


def test_what_was_refused_leaves_everything_as_it_was_and_as_it_was_chosen(visit, pair, sales):
    stale = {**sent(pair, pair[1], city=pair[0]), f"version.{pair[1]}": "7"}
    page = visit("Dana").post(PAGE, stale)
    assert page.status_code == 412
    assert "Nothing is merged yet." in words(page)
    assert chosen(page)["kept"] == pair[1]
    assert chosen(page)["take.city"] == pair[0]
    assert len(sales.sql("SELECT 1 FROM main.account WHERE deleted_at IS NULL")) == 3


@pytest.mark.parametrize(
    "wrong", [{"kept": ""}, {"kept": "00000000-0000-7000-8000-000000000000"}, {"id": []}, {"take.name": "x"}]
)
def test_a_choice_that_makes_no_sense_merges_nothing(visit, pair, sales, wrong):
    assert visit("Dana").post(PAGE, {**sent(pair, pair[0]), **wrong}).status_code in {400, 404}
    assert len(sales.sql("SELECT 1 FROM main.account WHERE deleted_at IS NULL")) == 3


def test_who_may_not_delete_is_not_offered_to_merge(visit, pair, deals):
    ann = visit("Ann")
    assert "data-bulk-merge" not in ann.get("/e/account").text
    assert ann.get(f"{PAGE}?id={pair[0]}&id={pair[1]}").status_code == 404


def test_more_than_stand_side_by_side_and_what_is_hidden_are_refused(visit, firms):
    many = "&".join(f"id=00000000-0000-7000-8000-00000000000{n}" for n in range(7))
    dana = visit("Dana")
    assert dana.get(f"{PAGE}?{many}").status_code == 400
    assert dana.get(f"{PAGE}?id={firms['Halden AG']}&{many[:39]}").status_code == 404


def test_the_other_record_is_searched_for_from_the_page_of_one(visit, pair):
    dana = visit("Dana")
    assert f"{PAGE}?id={pair[1]}" in dana.get(f"/e/account/{pair[1]}").text
    page = dana.get(f"{PAGE}?id={pair[1]}&q=halden")
    assert "Halden Log." in words(page)
    assert f"{PAGE}?id={pair[1]}&amp;id={pair[0]}" in page.text


def test_the_page_takes_as_many_statements_for_three_records_as_for_two(visit, firms):
    dana = visit("Dana")
    two = f"{PAGE}?id={firms['Halden Logistik']}&id={firms['Halden AG']}"
    dana.get(two)
    with noted_statements() as few:
        dana.get(two)
    with noted_statements() as more:
        dana.get(f"{two}&id={firms['Halden Log.']}")
    assert len(more) == len(few)


def test_rows_of_a_list_are_merged_and_whichever_stays_brings_its_values(desk, firms):
    dana = desk.page_of("Dana")
    dana.goto("/e/account?order=name")
    dana.get_by_label("Select Halden AG").check()
    dana.get_by_label("Select Halden Log.").check()
    dana.get_by_role("button", name="Merge").click()
    city = dana.locator('input[name="take.city"]:checked')
    expect(city).to_have_value(firms["Halden AG"])
    dana.get_by_role("radio", name="Keep Halden Log.").check()
    expect(city).to_have_value(firms["Halden Log."])
    expect(dana.locator('input[name="take.phone"]:checked')).to_have_value(firms["Halden AG"])
    dana.get_by_role("button", name="Merge 2 accounts").click()
    expect(dana.locator("[data-notice]")).to_contain_text("2 accounts merged into one.")
    expect(dana.locator("h1")).to_have_text("Halden Log.")
