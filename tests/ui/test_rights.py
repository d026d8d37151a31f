"""Who may do what with a record and why, on its page; and what a changed role would change."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from fieldstone_testing import App
from fieldstone_testing.accessibility import serious
from fieldstone_testing.browsers import PHONE, Desk
from fieldstone_testing.visitors import Visitor, words

Visit = Callable[[str], Visitor]
DEAL = "Ward tablets"
READ_BY_TEAM = "    read: owner == user or team in user.teams\n    update: 'owner == user and"
READ_BY_OWNER = "    read: owner == user\n    update: 'owner == user and"


@pytest.fixture
def path(deals: dict[str, str]) -> str:
    """A deal of Ann's, who is in the north; Bo is in the south and cannot see it."""
    return f"/e/opportunity/{deals[DEAL]}"


@pytest.fixture
def admin(sales: App, visit: Visit) -> Visitor:
    """Ingrid, who may do everything and ask about everybody."""
    sales.context_for("Ingrid", ["admin"])
    return visit("Ingrid")


def role_text(visitor: Visitor, role: str = "sales_rep") -> str:
    """The text of a role as the page shows it."""
    page = visitor.get(f"/what-if?role={role}").text
    shown = page[page.index("data-lined>") + len("data-lined>") : page.index("</textarea>")]
    return shown.lstrip("\n").replace("&#39;", "'").replace("&#34;", '"')


def test_the_menu_of_a_record_leads_to_what_one_may_do_with_it_and_why(visit: Visit, path: str) -> None:
    ann = visit("Ann")
    assert f'href="{path}/rights"' in ann.get(path).text
    told = words(ann.get(f"{path}/rights"))
    assert "What you may do with Ward tablets" in told
    assert "Change it : yes as Sales representative" in told
    assert "You are its owner, or it belongs to one of your teams Owner Ann Team North" in told
    assert "Give it to somebody else : no It needs the role Sales manager." in told


def test_a_single_field_is_explained_with_what_narrows_it(visit: Visit, path: str) -> None:
    told = words(visit("Ann").get(f"{path}/rights?field=external_id"))
    assert "Change this field : no" in told
    assert "For this field: Never" in told


def test_only_who_holds_the_capability_asks_about_others(
    visit: Visit, admin: Visitor, path: str, sales: App
) -> None:
    about_bo = f"{path}/rights?user=user:{sales.user('Bo')}"
    assert visit("Ann").get(about_bo).status_code == 403
    assert visit("Ann").get("/what-if").status_code == 403
    told = words(admin.get(about_bo))
    assert "What Bo may do with Ward tablets" in told
    assert "See it : no" in told
    assert "Teams of the person South" in told


def test_somebody_typed_is_found_by_name_and_an_unknown_name_is_told(admin: Visitor, path: str) -> None:
    assert "What Bo may do" in words(admin.get(f"{path}/rights?user.text=bo&user.was="))
    unknown = admin.get(f"{path}/rights?user.text=Nemo&user.was=")
    assert unknown.status_code == 422
    assert "Nobody is called “Nemo”." in words(unknown)


def test_a_page_tells_who_would_lose_which_records_by_a_changed_role(admin: Visitor) -> None:
    text = role_text(admin)
    assert READ_BY_TEAM in text
    changed = text.replace(READ_BY_TEAM, READ_BY_OWNER)
    found = words(admin.post("/what-if", {"role": "sales_rep", "document": changed, "entity": "opportunity"}))
    assert "Nothing would change for the 3 people who hold this role." in found
    narrowed = text.replace(READ_BY_TEAM, READ_BY_TEAM.replace("owner == user or team", "team not"))
    found = words(
        admin.post("/what-if", {"role": "sales_rep", "document": narrowed, "entity": "opportunity"})
    )
    assert "2 of the 3 people who hold this role would gain or lose something." in found


def test_what_is_wrong_with_the_text_is_told_at_its_line_and_what_was_typed_stays(admin: Visitor) -> None:
    text = role_text(admin)
    line = text[: text.index(READ_BY_TEAM)].count("\n") + 1
    answer = admin.post(
        "/what-if",
        {
            "role": "sales_rep",
            "document": text.replace(READ_BY_TEAM, "    reed: true\n    update: 'owner == user and"),
        },
    )
    assert answer.status_code == 422
    assert f"Line {line} : there is no key `reed` here" in words(answer)
    assert "reed: true" in answer.text


def test_who_may_do_what_is_asked_by_keyboard_on_a_phone(desk: Desk, admin: Visitor, path: str) -> None:
    page = desk.page_of("Ingrid", viewport=PHONE)
    page.goto(path)
    page.get_by_label("More actions").click()
    page.get_by_role("link", name="Who may do what, and why…").press("Enter")
    page.get_by_label("Person").fill("Bo")
    page.get_by_role("button", name="Show").first.press("Enter")
    dialog = page.get_by_role("dialog")
    heading = dialog.get_by_role("heading", name="What Bo may do with Ward tablets")
    expect(heading).to_be_focused(timeout=60_000)
    assert serious(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden(timeout=60_000)


def test_a_mistake_leads_to_its_line_and_the_page_is_accessible(desk: Desk, admin: Visitor) -> None:
    page = desk.page_of("Ingrid", viewport=PHONE)
    page.goto("/what-if?role=sales_rep")
    text = page.get_by_label("Its text")
    text.fill("kind: role\nname: sales_rep\nentities:\n  opportunity: {reed: true}\n")
    text.press("Control+Enter")
    page.get_by_role("link", name="Line 4").click()
    expect(text).to_be_focused(timeout=60_000)
    assert text.evaluate("one => one.value.slice(one.selectionStart, one.selectionEnd)").startswith("reed")
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
