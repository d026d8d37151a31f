"""Sharing a record on its page: who may, who has access and why, adding somebody, and taking it back."""

from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect

from fieldstone import records
from fieldstone_testing import App
from fieldstone_testing.accessibility import serious
from fieldstone_testing.browsers import DESK, PHONE, Desk, picture
from fieldstone_testing.visitors import Visitor, words

Visit = Callable[[str], Visitor]
DEAL = "Ward tablets"


@pytest.fixture
def path(deals: dict[str, str]) -> str:
    """A deal of Ann's, who is in the north; Bo is in the south and cannot see it."""
    return f"/e/opportunity/{deals[DEAL]}"


def bo(sales: App) -> str:
    return f"user:{sales.user('Bo')}"


def deal_of(path: str) -> UUID:
    return UUID(path.rsplit("/", 1)[1])


def picked(token: str, title: str, **more: str) -> dict[str, str]:
    """What the form sends for somebody picked from the list."""
    return {"with": token, "with.text": title, "with.was": title, "verb": "read", "until": "", **more}


def remove_url(visitor: Visitor, path: str) -> str:
    page = visitor.get(f"{path}/shares").text
    return page[page.index(f"{path}/shares/") :].split('"', 1)[0]


def test_who_may_share_a_record_finds_it_on_the_page_and_nobody_else_does(visit: Visit, path: str) -> None:
    assert f'href="{path}/shares"' in visit("Ann").get(path).text
    assert f'href="{path}/shares"' in visit("Dana").get(path).text
    mate = visit("Bo")
    assert mate.get(f"{path}/shares").status_code == 404


def test_a_record_shared_with_somebody_is_found_by_that_person(visit: Visit, path: str, sales: App) -> None:
    ann = visit("Ann")
    assert "It is shared with nobody yet." in words(ann.get(f"{path}/shares"))
    page = words(ann.post(f"{path}/shares", picked(bo(sales), "Bo")))
    assert "Bo Can read · shared by Ann" in page
    assert DEAL in words(visit("Bo").get("/e/opportunity"))
    assert "Shared with Bo to read" in words(ann.get(f"{path}/history"))


def test_whoever_received_a_record_cannot_pass_it_on(visit: Visit, path: str, sales: App) -> None:
    visit("Ann").post(f"{path}/shares", picked(bo(sales), "Bo"))
    receiver = visit("Bo")
    assert f'href="{path}/shares"' not in receiver.get(path).text
    assert receiver.get(f"{path}/shares").status_code == 403
    assert (
        receiver.post(f"{path}/shares", picked("role:sales_rep", "Sales representative")).status_code == 403
    )


def test_somebody_is_found_by_name_alone_and_the_last_day_counts_to_its_end(visit: Visit, path: str) -> None:
    ann = visit("Ann")
    form = {"with.text": "south", "verb": "update", "until": "2031-03-04"}
    page = words(ann.post(f"{path}/shares", form))
    assert "South and the teams below Can read and change until 4 Mar 2031 · shared by Ann" in page
    assert words(visit("Bo").get(f"{path}/edit")).count("Save") > 0


def share_with_all_kinds(visitor: Visitor, path: str, sales: App) -> None:
    """A deal shared by Dana with a user, a team and the holders of a role."""
    south = str(sales.sql("SELECT id FROM main.team WHERE name = 'South'")[0].id)
    for receiver, title in (
        (bo(sales), "Bo"),
        (f"team:{south}", "South"),
        ("role:sales_rep", "Sales representative"),
    ):
        assert visitor.post(f"{path}/shares", picked(receiver, title)).status_code == 200


HAPPENING = (
    "UPDATE main_system.share SET expires_at = now() + interval '1 day', at = now() + interval '1 day'",
    "UPDATE main.opportunity SET owner = NULL, team = NULL",
    """UPDATE main."user" SET active = false WHERE name IN ('Bo', 'Dana')""",
    """UPDATE main."user" SET deleted_at = now() WHERE name IN ('Bo', 'Dana')""",
    "UPDATE main.team SET deleted_at = now() WHERE name = 'South'",
    "UPDATE main_system.share SET role = 'gone' WHERE role IS NOT NULL",
    "UPDATE main_system.share SET sharer_roles = '{gone}'",
    "UPDATE main_system.share SET receiver = gen_random_uuid() WHERE receiver IS NOT NULL",
    "UPDATE main_system.share SET sharer = gen_random_uuid(), sharer_roles = '{}', sharer_teams = '{}'",
)
"""What may become of shares, their sharers and their receivers, one after the other."""


def test_who_has_access_is_told_whatever_became_of_sharers_and_receivers(
    visit: Visit, path: str, sales: App
) -> None:
    share_with_all_kinds(visit("Dana"), path, sales)
    sales.context_for("Cleo", ["admin"])
    boss = visit("Cleo")
    for happens in HAPPENING:
        sales.sql(happens)
        page = boss.get(f"{path}/shares")
        assert (page.status_code, words(page).count("shared by")) == (200, 3), happens


def test_a_record_that_was_deleted_meanwhile_has_no_dialog(visit: Visit, path: str, sales: App) -> None:
    ann = visit("Ann")
    share_with_all_kinds(visit("Dana"), path, sales)
    removing = remove_url(ann, path)
    records.delete(sales.system, "opportunity", [deal_of(path)])
    assert ann.get(f"{path}/shares").status_code == 404
    assert ann.post(f"{path}/shares", picked(bo(sales), "Bo")).status_code == 404
    assert ann.post(removing, {}).status_code == 404


def test_everybody_with_a_role_can_receive_a_record(visit: Visit, path: str) -> None:
    ann = visit("Ann")
    page = words(ann.post(f"{path}/shares", picked("role:sales_rep", "Sales representative")))
    assert "Sales representative everybody with this role Can read" in page


def test_what_is_taken_back_is_gone_for_the_receiver(visit: Visit, path: str, sales: App) -> None:
    ann = visit("Ann")
    ann.post(f"{path}/shares", picked(bo(sales), "Bo"))
    again = remove_url(ann, path)
    assert "It is shared with nobody yet." in words(ann.post(again, {}))
    assert "It is shared with nobody yet." in words(ann.post(again, {}))
    assert visit("Bo").get(path).status_code == 404


def test_a_share_that_does_not_count_any_more_says_so(visit: Visit, path: str, sales: App) -> None:
    visit("Ann").post(f"{path}/shares", picked(bo(sales), "Bo"))
    given_away = {"owner": {"entity": "user", "id": str(sales.user("Dana"))}, "team": None}
    records.update(sales.system, "opportunity", [records.Change(deal_of(path), given_away)])
    page = words(visit("Dana").get(f"{path}/shares"))
    assert "Does not count now: Ann may not do this any more." in page


def test_the_dialog_says_who_sees_the_record_by_their_role(visit: Visit, path: str) -> None:
    page = words(visit("Ann").get(f"{path}/shares"))
    assert "A Ann Owner" in page
    told = "Sales representative The user is its owner, or it belongs to one of the user's teams"
    assert told in page
    assert "Administrator All of them" in page
    assert "Sales manager The user is its owner, or the user is its owner's manager" in page


def test_people_teams_and_roles_are_offered_as_one_types(visit: Visit, path: str) -> None:
    ann = visit("Ann")
    assert words(ann.get(f"{path}/receivers?q=sales")) == "Sales manager Role Sales representative Role"
    assert words(ann.get(f"{path}/receivers?q=south")) == "South Team"
    assert words(ann.get(f"{path}/receivers?q=ann")) == "Nothing found for “ann”."
    assert visit("Bo").get(f"{path}/receivers?q=sales").status_code == 404


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({}, "Say with whom: a person, a team or a role."),
        ({"with.text": "Nobody"}, "Nobody is called “Nobody”."),
        ({"with": "user:7", "with.text": "Bo", "with.was": "Bo"}, "shared by Ann"),
        (picked("role:king", "King"), "There is no such active user, team or role."),
        ({"with.text": "South", "until": "2020-01-01"}, "The end lies in the past."),
        ({"with.text": "South", "until": "tomorrow"}, "This is no date."),
        ({"with.text": "South", "until": "9999-12-31"}, "This is no date."),
        ({"with.text": "South", "verb": "juggle"}, "A record is shared for `read` or `update`."),
        ({"with.text": "Ann"}, "Nobody is called “Ann”."),
    ],
)
def test_what_was_typed_is_kept_and_what_is_wrong_stands_beside_it(
    visit: Visit, path: str, form: dict[str, str], message: str
) -> None:
    answer = visit("Ann").post(f"{path}/shares", form)
    assert message in words(answer)
    assert f'value="{form.get("until", "")}"' in answer.text


def test_a_deal_that_is_closed_is_shared_for_reading_only(visit: Visit, path: str, sales: App) -> None:
    records.transition(sales.system, "opportunity", deal_of(path), "lose", {"lost_reason": "price"})
    page = visit("Ann").get(f"{path}/shares").text
    assert '<option value="read"' in page
    assert '<option value="update"' not in page
    refused = visit("Ann").post(f"{path}/shares", {"with.text": "South", "verb": "update"})
    assert (refused.status_code, "because you may not change it" in words(refused)) == (403, True)


def shared_dialog(page: Page) -> Locator:
    return page.locator("#dialog .fs-dialog-share")


def test_sharing_works_with_the_keyboard_and_is_accessible(desk: Desk, path: str) -> None:
    page = desk.page_of("Ann", viewport=DESK, color_scheme="light", reduced_motion="reduce")
    page.goto(path)
    page.get_by_role("link", name="Share", exact=True).focus()
    page.keyboard.press("Enter")
    who, told = page.get_by_label("Person, team or role"), shared_dialog(page).get_by_role("status")
    expect(who).to_be_focused()
    who.fill("Nobody")
    expect(page.get_by_text("Nothing found for “Nobody”.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(shared_dialog(page)).to_be_visible()
    page.keyboard.press("Enter")
    expect(shared_dialog(page).get_by_text("Nobody is called “Nobody”.")).to_be_visible()
    expect(who).to_be_focused()
    picture(page, "share-refused")
    who.fill("Bo")
    expect(page.get_by_role("option", name="Bo", exact=True)).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(told).to_have_text("Shared.")
    expect(who).to_be_focused()
    expect(page.locator("#activity")).to_contain_text("Shared with Bo to read")
    page.get_by_role("button", name="Stop sharing with Bo").focus()
    assert serious(page) == []
    page.keyboard.press("Enter")
    expect(told).to_have_text("No longer shared.")
    expect(page.get_by_role("heading", name="Who has access")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.get_by_role("link", name="Share", exact=True)).to_be_focused()


def test_the_dialog_fits_a_phone_in_the_dark(desk: Desk, path: str, visit: Visit, sales: App) -> None:
    visit("Ann").post(f"{path}/shares", picked(bo(sales), "Bo", until="2031-03-04"))
    visit("Ann").post(f"{path}/shares", picked("role:sales_manager", "Sales manager", verb="update"))
    page = desk.page_of("Ann", viewport=PHONE, color_scheme="dark", reduced_motion="reduce")
    page.goto(path)
    page.get_by_role("link", name="Share", exact=True).click()
    page.get_by_text("Who sees it by their role").click()
    picture(page, "share-dark-phone")
    assert serious(page) == []
    assert page.evaluate("document.querySelector('#dialog').scrollWidth - innerWidth") <= 0
