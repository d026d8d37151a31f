"""Taking back what was done to many records: at once from the page that tells it, or later from a list."""

import re
from uuid import UUID

import pytest
from playwright.sync_api import expect

from fieldstone import records
from fieldstone_testing.statements import noted_statements
from fieldstone_testing.visitors import words

LIST = "/e/opportunity"
UNDO = re.compile(r'action="(/operations/[^"]+/undo)"')


def rows(deals, *names):
    return {"id": [deals[name] for name in names], "v": ["1"] * len(names)}


def stages(app):
    return sorted(app.sql("SELECT name, stage FROM main.opportunity WHERE deleted_at IS NULL"))


@pytest.fixture
def engaged(visit, deals):
    """Ann, who has just moved two deals on."""
    ann = visit("Ann")
    ann.post(f"{LIST}/bulk/move", {**rows(deals, "Ward tablets", "Core switch refresh"), "state": "engaging"})
    return ann


def test_a_change_of_several_rows_is_told_once_and_taken_back_where_one_was(engaged, sales):
    page = engaged.get(f"{LIST}?where=owner == user")
    assert "2 opportunities moved." in words(page)
    back = engaged.post(UNDO.search(page.text).group(1), {"next": f"{LIST}?where=owner == user"})
    assert (back.request.path, back.request.args["where"]) == (LIST, "owner == user")
    assert "2 records are as before." in words(back)
    assert {stage for _, stage in stages(sales)} == {"prospecting"}
    assert "as before" not in words(engaged.get(LIST))


def test_an_undo_can_be_taken_back_in_turn(engaged, sales):
    undone = engaged.post(UNDO.search(engaged.get(LIST).text).group(1), {"next": LIST})
    assert "Redo" in words(undone)
    again = engaged.post(UNDO.search(undone.text).group(1), {"next": LIST})
    assert "Done again for 2 records." in words(again)
    assert [stage for _, stage in stages(sales)].count("engaging") == 2


def test_what_was_changed_since_stays_and_is_named_with_the_reason(engaged, deals, sales):
    since = records.Change(UUID(deals["Ward tablets"]), {"next_step": "Call"})
    records.update(sales.context_for("Dana"), "opportunity", [since])
    told = words(engaged.post(UNDO.search(engaged.get(LIST).text).group(1), {"next": LIST}))
    assert "1 record is as before. 1 stayed as they are." in told
    assert "Ward tablets Changed since; it stays as it is." in told


def test_a_partly_refused_change_offers_its_undo_too(visit, deals):
    sent = {**rows(deals, "Ward tablets", "Core switch refresh"), "v": ["1", "9"]}
    assert UNDO.search(visit("Ann").post(f"{LIST}/bulk/delete", sent).text)


def test_what_was_so_already_is_told_without_an_undo(visit, deals):
    ann = visit("Ann")
    sent = {**rows(deals, "Ward tablets"), "sent": "amount", "f.amount": "3,000.50"}
    assert ann.post(f"{LIST}/bulk/edit", sent).text == ""
    page = ann.get(LIST)
    assert "Nothing to do: 1 opportunity was so already." in words(page)
    assert UNDO.search(page.text) is None


def test_a_page_that_is_fetched_in_advance_leaves_the_message_for_the_one_that_is_shown(engaged):
    assert "2 opportunities moved." not in words(engaged.get(LIST, **{"HX-Preloaded": "true"}))
    assert "2 opportunities moved." in words(engaged.get(LIST))


def test_the_last_ones_are_found_and_taken_back_later(engaged, visit, deals, sales):
    engaged.post(f"{LIST}/bulk/delete", rows(deals, "Handheld scanners"))
    listed = engaged.get("/operations")
    assert re.search("Deleted 1 opportunity .*Changed 2 opportunities", words(listed))
    ask = re.findall(r'href="(/operations/[^"]+/undo)"', listed.text)
    asked = engaged.get(ask[0])
    assert "Undo: Deleted 1 opportunity?" in words(asked)
    assert "taken back" in words(engaged.post(UNDO.search(asked.text).group(1), {}))
    assert "Handheld scanners" in dict(stages(sales))
    assert "Do it again: deleted 1 opportunity?" in words(engaged.get(ask[0]))


def test_others_find_nothing_to_take_back_and_an_administrator_who_did_it(engaged, visit, sales):
    operation = UNDO.search(engaged.get(LIST).text).group(1)
    dana = visit("Dana")
    assert "Nothing to take back" in words(dana.get("/operations"))
    assert (dana.get(operation).status_code, dana.post(operation, {}).status_code) == (404, 404)
    sales.context_for("Root", ["admin"])
    assert re.search("Changed 2 opportunities .{1,20} · Ann", words(visit("Root").get("/operations")))


def test_the_list_of_them_takes_as_many_statements_however_many_they_are(engaged, deals):
    engaged.get("/operations")
    with noted_statements() as few:
        engaged.get("/operations")
    for name in ("Handheld scanners", "Cold-store sensors"):
        engaged.post(f"{LIST}/bulk/delete", rows(deals, name))
    engaged.get(LIST)
    with noted_statements() as more:
        engaged.get("/operations")
    assert len(more) == len(few)


def test_nobody_is_sent_elsewhere_after_an_undo(engaged):
    back = engaged.post(UNDO.search(engaged.get(LIST).text).group(1), {"next": "https://evil.example/"})
    assert (back.request.host, back.request.path) == ("localhost", "/operations")


def test_rows_are_deleted_and_brought_back_by_keyboard(desk, sales):
    ann = desk.page_of("Ann")
    ann.goto(f"{LIST}?order=name")
    ann.get_by_label("Select the rows shown").check()
    ann.get_by_label("Delete the selected opportunities").click()
    ann.get_by_role("dialog").get_by_role("button", name="Delete 4 opportunities").click()
    expect(ann.locator("[data-notice]")).to_contain_text("4 opportunities moved to the recycle bin.")
    ann.keyboard.press("z")
    expect(ann.locator("[data-notice]")).to_contain_text("4 records are as before.")
    expect(ann.locator("tr[data-id]")).to_have_count(4)
    ann.keyboard.press("Escape")
    expect(ann.locator("[data-notice]")).to_have_count(0)
