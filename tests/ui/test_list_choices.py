"""What a reader makes of a list: its columns, its order, and views saved from it."""

import re

import pytest
from playwright.sync_api import expect

from fieldstone import records
from fieldstone_testing.statements import noted_statements
from fieldstone_testing.visitors import words

HEADS = re.compile(r'<th class="[^"]*" role="columnheader"[^>]*>(?:<a [^>]*>)?([^<]*)')
LIST = "/e/opportunity"


def heads(page):
    return [head.strip() for head in HEADS.findall(page.text)][1:]


def tab_labels(page):
    return re.findall(r'<span class="fs-clip">([^<]*)</span><span class="fs-count"', page.text)


def saved(ann, name, path=f"{LIST}/views/new?where=amount > 2500", **form):
    return ann.post(path, {"name": name, **form})


# -- columns


def test_chosen_columns_stand_in_the_address_and_are_remembered_for_the_view(visit):
    ann = visit("Ann")
    page = ann.post(f"{LIST}/columns", {"column": ["name", "stage", "amount"]})
    assert page.request.args["fields"] == "name,stage,amount"
    assert heads(ann.get(LIST)) == ["Name", "Stage", "Amount"]
    assert heads(ann.get(f"{LIST}?view=all_deals")) != ["Name", "Stage", "Amount"]


def test_columns_are_remembered_for_one_reader_and_can_be_reset(visit):
    ann, dana = visit("Ann"), visit("Dana")
    usual = heads(ann.get(LIST))
    ann.post(f"{LIST}/columns", {"column": ["name"]})
    assert heads(dana.get(LIST)) == usual
    ann.post(f"{LIST}/columns", {"reset": "1"})
    assert heads(ann.get(LIST)) == usual


def test_without_a_script_arrows_move_a_column(visit):
    page = visit("Ann").post(f"{LIST}/columns", {"column": ["name", "stage", "amount"], "up": "amount"})
    assert re.findall(r'name="column" value="(\w+)" checked', page.text) == ["name", "amount", "stage"]


def test_fields_that_are_not_there_are_left_out(visit):
    page = visit("Ann").post(f"{LIST}/columns", {"column": ["name", "nonsense", "<b>"]})
    assert heads(page) == ["Name"]


# -- order


def test_the_order_is_built_from_several_fields_and_shown(visit):
    page = visit("Ann").get(f"{LIST}/sort?apply=1&key=close_date&way=up&key=amount&way=down&key=&way=up")
    assert page.request.args["order"] == "close_date,-amount"
    assert "Sort: Close date, Amount" in page.text


def test_the_form_of_the_order_holds_what_is_in_force(visit):
    page = visit("Ann").get(f"{LIST}/sort?order=-amount")
    assert re.findall(r'value="(\w+)" selected', page.text)[:2] == ["amount", "down"]


# -- saved views


def test_what_a_list_shows_is_saved_as_a_view_with_a_tab(visit):
    ann = visit("Ann")
    page = saved(ann, "Big ones")
    assert "Big ones" in tab_labels(page)
    assert "Ward tablets" in words(page)
    assert "Handheld scanners" not in words(page)
    assert "Amount is more than €2,500" in words(page)


def test_a_board_is_saved_as_a_board(visit):
    page = saved(visit("Ann"), "My board", f"{LIST}/views/new?as=board&where=owner == user")
    assert page.request.path == f"{LIST}/board"


def test_a_private_view_is_seen_by_its_owner_only_and_a_shared_one_by_all(visit):
    ann, dana = visit("Ann"), visit("Dana")
    saved(ann, "Private")
    saved(ann, "For all", shared="1")
    seen = tab_labels(dana.get(LIST))
    assert "For all" in seen
    assert "Private" not in seen


def test_an_own_view_takes_changes_another_name_and_is_deleted(visit):
    ann = visit("Ann")
    key = saved(ann, "Big ones").request.args["view"]
    changed = ann.post(f"{LIST}/views/{key}/update?view={key}&where=amount > 3500", {})
    assert "Amount is more than €3,500" in words(changed)
    assert "Bigger" in tab_labels(ann.post(f"{LIST}/views/{key}/edit", {"name": "Bigger"}))
    assert "Bigger" not in tab_labels(ann.post(f"{LIST}/views/{key}/delete", {}))


def test_the_view_of_somebody_else_cannot_be_changed(visit):
    ann, dana = visit("Ann"), visit("Dana")
    key = saved(ann, "For all", shared="1").request.args["view"]
    assert dana.post(f"{LIST}/views/{key}/edit", {"name": "Mine"}).status_code == 404
    assert dana.post(f"{LIST}/views/{key}/delete", {}).status_code == 404
    assert "For all" in tab_labels(ann.get(LIST))


@pytest.mark.parametrize("form", [{"name": "  "}, {}])
def test_a_view_without_a_name_is_asked_for_one(visit, form):
    page = visit("Ann").post(f"{LIST}/views/new", form)
    assert page.status_code == 422
    assert "Name is required" in words(page)


def test_a_view_that_names_what_has_gone_says_so_and_still_shows_records(visit, sales):
    key = saved(visit("Ann"), "Old").request.args["view"]
    values = {"columns": "name,gone", "order": "-gone,name", "where": "gone > 5"}
    for column, value in values.items():
        sales.sql(f'UPDATE main.saved_view SET "{column}" = :value', value=value)
    page = visit("Ann").get(f"{LIST}?view={key}")
    assert page.status_code == 200
    assert "This view also names gone, -gone" in words(page)
    assert "The list below is not filtered by it" in words(page)
    assert heads(page) == ["Name"]
    assert visit("Ann").get(f"{LIST}/tabs").status_code == 200


def test_saved_views_cost_a_list_one_statement(visit):
    ann = visit("Ann")
    for number in range(3):
        saved(ann, f"View {number}")
    with noted_statements() as seen:
        ann.get(LIST)
    assert len([text for text in seen if "saved_view" in text]) == 1


def test_who_may_keep_no_views_is_offered_none(app_from, web_of, desk):
    app = app_from(BARE)
    records.create(app.context_for("Ann", ["clerk"]), "thing", [{"name": "One", "size": 1}])
    with desk.another(web_of(app)) as other:
        ann = other.page_of("Ann")
        ann.goto("/e/thing?where=size > 0")
        expect(ann.get_by_role("link", name="One")).to_be_visible()
        expect(ann.get_by_role("link", name=re.compile("Save"))).to_have_count(0)


def test_columns_are_chosen_and_moved_by_keyboard(desk):
    ann = desk.page_of("Ann")
    ann.goto(f"{LIST}?fields=name,stage,amount")
    ann.locator("summary", has_text="Columns").focus()
    ann.keyboard.press("Enter")
    ann.get_by_label("Amount", exact=True).focus()
    ann.keyboard.press("Alt+ArrowUp")
    ann.keyboard.press("Enter")
    expect(ann.locator("thead")).to_contain_text(re.compile("Name.*Amount.*Stage"))


BARE = """
kind: app
name: bare
label: Bare
version: 1.0.0
---
kind: entity
name: thing
label: Thing
fields:
  name: {type: text}
  size: {type: integer}
---
kind: role
name: clerk
label: Clerk
entities:
  thing: {create: true, read: true}
"""
