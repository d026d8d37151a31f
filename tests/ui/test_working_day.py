"""A representative's working day in a browser: find, edit, move, meet a conflict, come back after a pause."""

import re
from uuid import UUID

import pytest
from playwright.sync_api import expect

from fieldstone import records
from fieldstone.access.sessions import end_sessions
from fieldstone_testing.apps import PASSWORD
from fieldstone_testing.browsers import picture


@pytest.fixture
def ann(desk):
    return desk.page_of("Ann")


def field(page, name):
    return page.locator(f'[data-field="{name}"]')


def type_into(page, name, text):
    field(page, name).locator("dd").click()
    field(page, name).locator(".form-control").fill(text)
    page.locator("h1").click()


def save(page):
    page.keyboard.press("Control+s")


def card(page, name):
    return page.locator(".fs-card[data-id]").filter(has_text=name)


def column(page, state):
    return page.locator(f'[data-column="{state}"]')


def carry(page, dragged, target):
    start, end = dragged.bounding_box(), target.bounding_box()
    page.mouse.move(start["x"] + 40, start["y"] + 40)
    page.mouse.down()
    page.mouse.move(start["x"] + 60, start["y"] + 60, steps=3)
    page.mouse.move(end["x"] + 60, end["y"] + 120, steps=6)


def test_whoever_logs_in_by_the_form_opens_a_record_by_keyboard_alone(desk, sales):
    ann = desk.page()
    ann.goto("/login")
    ann.get_by_label("E-mail").fill("ann@example.com")
    ann.get_by_label("Password").fill(PASSWORD)
    ann.get_by_role("button", name="Log in").click()
    ann.wait_for_url(lambda url: "/login" not in url)
    ann.keyboard.press("Control+k")
    ann.keyboard.type("ward")
    expect(ann.locator("#palette-records")).to_contain_text("Ward tablets")
    ann.keyboard.press("Enter")
    expect(ann.locator("h1")).to_have_text("Ward tablets")


def test_one_field_is_edited_in_place_and_saved_with_a_key(ann, deals):
    ann.goto(f"/e/opportunity/{deals['Ward tablets']}")
    type_into(ann, "next_step", "Call Per")
    expect(ann.locator("[data-save-text]")).to_contain_text("1 change not saved.")
    expect(field(ann, "next_step").locator(".fs-v")).to_have_text("Call Per")
    save(ann)
    expect(ann.locator("[data-savebar]")).to_be_hidden()
    expect(ann.locator("#activity")).to_contain_text("Ann created it")
    ann.reload()
    expect(field(ann, "next_step").locator(".fs-v")).to_have_text("Call Per")


def test_the_save_bar_names_what_is_in_the_way(ann, deals):
    ann.goto(f"/e/opportunity/{deals['Ward tablets']}")
    type_into(ann, "amount", "12x")
    expect(field(ann, "amount")).to_contain_text("is not a number")
    expect(ann.locator("[data-save-text]")).to_contain_text("Amount has to be mended first.")
    picture(ann, "record-mend")
    save(ann)
    expect(field(ann, "amount").locator(".form-control")).to_have_value("12x")


def test_escape_drops_what_was_typed_into_a_field(ann, deals):
    ann.goto(f"/e/opportunity/{deals['Ward tablets']}")
    field(ann, "next_step").locator("dd").click()
    ann.keyboard.type("never mind")
    ann.keyboard.press("Escape")
    expect(field(ann, "next_step")).to_contain_text("Add…")
    expect(ann.locator("[data-savebar]")).to_be_hidden()


def test_leaving_with_unsaved_changes_is_warned(ann, deals):
    ann.goto(f"/e/opportunity/{deals['Ward tablets']}")
    type_into(ann, "next_step", "Call Per")
    warnings = []
    ann.on("dialog", lambda dialog: (warnings.append(dialog.type), dialog.accept()))
    ann.goto("/e/account")
    assert warnings == ["beforeunload"]


def test_a_reference_is_found_as_one_types(ann, sales, deals):
    records.create(sales.context_for("Ann"), "account", [{"name": "Delta Cold Chain", "status": "prospect"}])
    ann.goto(f"/e/opportunity/{deals['Ward tablets']}")
    field(ann, "account").locator("[data-edit]").focus()
    ann.keyboard.press("Enter")
    ann.keyboard.type("delt")
    expect(ann.get_by_role("option", name="Delta Cold Chain")).to_be_visible()
    ann.keyboard.press("Enter")
    save(ann)
    expect(field(ann, "account").locator(".fs-v")).to_contain_text("Delta Cold Chain")


def test_a_field_appears_as_soon_as_what_it_depends_on_is_typed(desk, app_from, web_of):
    app = app_from(RETURNS)
    app.user("Ann", ["clerk"])
    with desk.another(web_of(app)) as other:
        ann = other.page_of("Ann")
        ann.goto("/e/return/new")
        expect(field(ann, "details")).to_be_hidden()
        ann.get_by_label("Reason").focus()
        ann.get_by_label("Reason").select_option("other")
        expect(field(ann, "details")).to_be_visible()
        expect(field(ann, "details").locator("[data-required]")).to_be_visible()
        expect(ann.get_by_label("Reason")).to_be_focused()


RETURNS = """
kind: entity
name: return
title: name
fields:
  name: {type: text, required: true}
  reason: {type: choice, options: [broken, other]}
  details: {type: text, visible: reason == "other", required: reason == "other"}
---
kind: role
name: clerk
entities: {return: {create: true, read: true, update: true}}
"""


def test_two_editors_meet_and_nothing_typed_is_lost(desk, ann, deals):
    dana = desk.page_of("Dana")
    for page in (dana, ann):
        page.goto(f"/e/opportunity/{deals['Ward tablets']}")
    type_into(dana, "next_step", "Dana's step")
    save(dana)
    expect(dana.locator("[data-savebar]")).to_be_hidden()
    type_into(ann, "next_step", "Ann's step")
    save(ann)
    expect(ann.get_by_role("dialog")).to_contain_text("Dana saved this opportunity while you were editing")
    picture(ann, "conflict")
    ann.get_by_label("Ann's step").check()
    ann.get_by_role("button", name="Save these values").click()
    expect(field(ann, "next_step").locator(".fs-v")).to_have_text("Ann's step")


def test_an_ended_session_asks_to_log_in_and_then_saves(ann, sales, deals):
    ann.route("**/states*", lambda route: route.abort())  # so that saving is the first that notices
    ann.goto(f"/e/opportunity/{deals['Ward tablets']}")
    expect(ann.locator("#activity")).to_contain_text("Ann created it")
    type_into(ann, "next_step", "Kept")
    end_sessions(sales.database, sales.user("Ann"))
    sales.database.rights_cache.clear()
    save(ann)
    dialog = ann.locator("#log-in-again")
    expect(dialog).to_contain_text("what you typed is kept")
    picture(ann, "log-in-again")
    dialog.get_by_label("Password").fill(PASSWORD)
    ann.keyboard.press("Enter")
    expect(ann.locator("[data-savebar]")).to_be_hidden()
    expect(field(ann, "next_step").locator(".fs-v")).to_have_text("Kept")


def test_a_card_dragged_to_a_column_takes_the_transition_that_leads_there(ann):
    ann.goto("/e/opportunity/board")
    carry(ann, card(ann, "Ward tablets"), column(ann, "engaging"))
    expect(column(ann, "engaging")).to_contain_text("Start engaging…")
    expect(column(ann, "negotiation")).to_contain_text("No move leads from Prospecting to Negotiation.")
    picture(ann, "board-drag")
    ann.mouse.up()
    expect(ann.get_by_role("dialog")).to_contain_text("Engaged on")
    ann.keyboard.press("Control+Enter")
    expect(column(ann, "engaging")).to_contain_text("Ward tablets")
    expect(column(ann, "engaging").locator(".fs-count")).to_have_text("1")


def test_a_card_dropped_where_it_may_not_go_stays(ann):
    ann.goto("/e/opportunity/board")
    carry(ann, card(ann, "Ward tablets"), column(ann, "negotiation"))
    expect(column(ann, "negotiation")).to_contain_text("No move leads")
    ann.mouse.up()
    expect(column(ann, "prospecting")).to_contain_text("Ward tablets")


def test_cards_move_by_keyboard(ann):
    ann.goto("/e/opportunity/board")
    ann.keyboard.press("j")
    name = ann.locator(".fs-card.fs-cursor a").inner_text()
    ann.keyboard.press("m")
    expect(ann.get_by_role("dialog")).to_contain_text(f"Move {name}")
    ann.keyboard.press("1")
    expect(ann.get_by_role("dialog")).to_contain_text("Engaged on")
    ann.keyboard.press("Control+Enter")
    expect(column(ann, "engaging")).to_contain_text(name)


def test_a_refused_move_opens_its_reasons(desk, sales):
    dana = desk.page_of("Dana")
    made = records.create(sales.context_for("Dana"), "opportunity", [{"name": "Nothing yet"}])[0].id
    dana.goto(f"/e/opportunity/{made}")
    refused = dana.get_by_role("button", name="Make proposal").first
    expect(refused).to_have_attribute("aria-disabled", "true")
    refused.click(force=True)
    expect(dana.locator("#why-propose")).to_contain_text("account")


def test_a_list_is_worked_through_by_keyboard(ann):
    ann.goto("/e/opportunity?order=name")
    for key in ("j", "x", "j", "x"):
        ann.keyboard.press(key)
    expect(ann.locator("[data-selected-count]")).to_have_text("2")
    ann.keyboard.press("Escape")
    expect(ann.locator("[data-selection]")).to_be_hidden()
    ann.keyboard.press("Enter")
    expect(ann.locator("h1")).to_have_text("Core switch refresh")
    expect(ann.locator("[data-place]")).to_have_text("2 of 4")
    ann.keyboard.press("j")
    expect(ann.locator("h1")).to_have_text("Handheld scanners")


def test_more_rows_are_loaded_and_found_again_on_the_way_back(ann, sales):
    many = [{"name": f"Deal {number:03}"} for number in range(70)]
    records.create(sales.context_for("Ann"), "opportunity", many)
    ann.goto("/e/opportunity?order=name")
    expect(ann.locator("tr[data-id]")).to_have_count(50)
    ann.keyboard.press("l")
    expect(ann.locator("tr[data-id]")).to_have_count(74)
    ann.get_by_role("link", name="Deal 060").click()
    expect(ann.locator("h1")).to_have_text("Deal 060")
    ann.locator(".fs-crumb [data-back]:visible").click()
    expect(ann.locator("tr[data-id]")).to_have_count(74)
    expect(ann.locator("tr.fs-cursor")).to_contain_text("Deal 060")


def test_selected_rows_are_moved_together(ann):
    ann.goto("/e/opportunity?order=name")
    ann.get_by_label("Select the rows shown").check()
    ann.get_by_role("button", name="Move stage").click()
    ann.get_by_role("button", name="Engaging").click()
    expect(ann.locator("tr[data-id] .fs-state")).to_have_text(["Engaging"] * 4)


def test_selected_rows_are_deleted_after_saying_how_many(ann, sales):
    ann.goto("/e/opportunity?order=name")
    ann.get_by_label("Select Ward tablets").check()
    ann.get_by_role("button", name="Delete the selected opportunities").click()
    expect(ann.get_by_role("dialog")).to_contain_text("Delete 1 opportunity?")
    ann.get_by_role("button", name="Delete 1 opportunity", exact=True).click()
    expect(ann.locator("tr[data-id]")).to_have_count(3)


def test_the_filter_builder_adds_a_chip(ann):
    ann.goto("/e/opportunity")
    ann.keyboard.press("f")
    ann.get_by_label("Field").select_option("amount")
    ann.get_by_label("Comparison").select_option("at_least")
    ann.get_by_label("Value").fill("3,000")
    ann.keyboard.press("Enter")
    expect(ann.locator(".fs-chip")).to_have_text(re.compile("Amount.*is at least.*€3,000"))
    expect(ann.locator("tr[data-id]")).to_have_count(2)


def test_single_letters_do_nothing_while_typing_and_can_be_switched_off(ann, deals):
    ann.goto(f"/e/opportunity/{deals['Ward tablets']}/edit")
    ann.get_by_label("Next step").press_sequentially("cmg?")
    expect(ann.get_by_label("Next step")).to_have_value("cmg?")
    ann.goto("/e/opportunity")
    ann.keyboard.press("?")
    ann.get_by_label("Single letters act when I am not typing").uncheck()
    ann.keyboard.press("Escape")
    ann.keyboard.press("f")
    expect(ann.get_by_label("Field")).to_be_hidden()


def test_another_teams_deal_is_not_found(desk, deals):
    bo = desk.page_of("Bo")
    bo.goto(f"/e/opportunity/{deals['Ward tablets']}")
    expect(bo.locator("h1")).to_have_text("Not found")
    picture(bo, "not-found")


def test_a_deal_that_went_to_another_team_says_why_it_cannot_be_seen_any_more(ann, sales, deals):
    elsewhere = {"owner": {"entity": "user", "id": str(sales.user("Bo"))}, "team": None}
    records.update(sales.system, "opportunity", [records.Change(UUID(deals["Ward tablets"]), elsewhere)])
    ann.goto(f"/e/opportunity/{deals['Ward tablets']}")
    expect(ann.locator("h1")).to_have_text("You may not see this opportunity")
    ann.get_by_role("button", name="Ask the owner for access").click()
    expect(ann.get_by_text("The owner has been told")).to_be_visible()
    ann.get_by_role("link", name="Back to the list").click()
    ann.wait_for_url("**/e/opportunity")


def test_the_theme_is_kept(ann):
    ann.goto("/profile")
    ann.get_by_role("group", name="Theme").get_by_role("button", name="Dark").click()
    ann.goto("/e/opportunity")
    expect(ann.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_the_next_record_is_found_beyond_the_rows_that_the_list_has_shown(desk, deals):
    page = desk.page_of("Ann")
    page.goto("/e/opportunity?limit=2&order=name")
    page.get_by_role("link", name="Core switch refresh").click()
    page.locator("[data-next][href]").wait_for()
    page.keyboard.press("j")
    page.wait_for_url(f"**/{deals['Handheld scanners']}")
    page.locator("[data-previous][href]").wait_for()
    page.keyboard.press("k")
    page.wait_for_url(f"**/{deals['Core switch refresh']}")


def test_a_section_that_was_folded_away_stays_so_on_other_records_too(desk, deals):
    page = desk.page_of("Ann")
    page.goto(f"/e/opportunity/{deals['Ward tablets']}")
    page.locator("summary", has_text="Deal").click()
    page.goto(f"/e/opportunity/{deals['Core switch refresh']}")
    amount = page.locator("[data-field=amount] dd")
    amount.wait_for(state="hidden")
    page.locator("summary", has_text="Deal").click()
    amount.wait_for(state="visible")
