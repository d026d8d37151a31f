"""The studio: documents, their text with mistakes at lines, the plan in plain words, publishing, versions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from fieldstone_testing import App
from fieldstone_testing.accessibility import overhang, serious
from fieldstone_testing.browsers import DESK, PHONE, Desk, picture, wear
from fieldstone_testing.studio import hidden, publish, text_of, typed
from fieldstone_testing.visitors import Visitor, words

Visit = Callable[[str], Visitor]
ENTITY = "/studio/files/sales/entities/opportunity.yaml"
LOCAL = "/studio/files/local/entities/opportunity.yaml"
FORM = "/studio/files/local/forms/opportunity.yaml"
ROLES = "/studio/files/sales/roles/roles.yaml"
TRADE_IN = """kind: entity
name: opportunity
extends: true
fields:
  trade_in: {type: text, label: Trade-in value}
"""
ON_THE_FORM = """kind: form
name: opportunity
extends: true
layout:
  - section: Deal
    fields: [{field: trade_in, after: amount}]
"""


@pytest.fixture
def admin(sales: App, visit: Visit) -> Visitor:
    """Ingrid, who may publish."""
    sales.context_for("Ingrid", ["admin"])
    return visit("Ingrid")


@pytest.fixture
def two_drafts(admin: Visitor, visit: Visit, sales: App) -> None:
    """Ingrid's draft has a mistake, and Olga's changes the same."""
    sales.context_for("Olga", ["admin"])
    text = text_of(admin, ENTITY)
    typed(visit("Olga"), ENTITY, text.replace("icon: target", "icon: coin"))
    typed(admin, ENTITY, text.replace("icon: target", "icon: trophy").replace("amount", "amont", 1))


def test_only_who_may_publish_sees_the_studio(visit: Visit, admin: Visitor) -> None:
    ann = visit("Ann")
    assert 'href="/studio"' not in ann.get("/profile").text
    assert 'href="/studio"' in admin.get("/profile").text
    for path in ("/studio", ENTITY, "/studio/plan", "/studio/versions", "/studio/entities/opportunity"):
        assert ann.get(path).status_code == 403
    assert ann.post(LOCAL, {"text": TRADE_IN, "seen": ""}).status_code == 403
    assert ann.post("/studio/plan", {"base": "1"}).status_code == 403


def test_the_versions_tell_what_goes_on_in_the_background(admin: Visitor, sales: App) -> None:
    sales.sql(
        'INSERT INTO main_system.unfinished (publication, kind, "table", names, done, total)'
        " VALUES (1, 'values', 'account', '{_title}', 2000, 5000)"
    )
    told = words(admin.get("/studio/versions"))
    assert "computing title of account: 2,000 of 5,000 records" in told


def test_documents_are_listed_with_their_layers_and_found(admin: Visitor) -> None:
    objects = words(admin.get("/studio"))
    assert "Opportunity opportunity" in objects
    assert "sales/entities/opportunity.yaml sales" in objects
    assert "User user" in objects
    assert "Sales representative sales_rep" in words(admin.get("/studio?kind=role"))
    found = words(admin.get("/studio?kind=&q=opportunity+stage"))
    assert "sales/workflows/opportunity_stage.yaml" in found
    assert "Nothing found for “nonsense”" in words(admin.get("/studio?q=nonsense"))


def test_a_long_list_says_how_many_more_there_are_and_a_search_finds_them(admin: Visitor) -> None:
    sets = "---\n".join(f"kind: option_set\nname: list_{n}\noptions: [one]\n" for n in range(200))
    typed(admin, "/studio/files/local/lists.yaml?change=option_set:new", sets)
    page = admin.get("/studio?kind=option_set")
    assert page.text.count("<tr>") == 1 + 150
    assert "and 53 more: find the one you look for by its name." in words(page)
    assert "List 199 list_199" in words(admin.get("/studio?kind=option_set&q=list_199"))


def test_what_is_typed_is_checked_and_mistakes_are_told_at_their_line(admin: Visitor) -> None:
    text = text_of(admin, ROLES)
    wrong = text.replace("read: owner == user", "read: ownr == user", 1)
    line = wrong[: wrong.index("ownr")].count("\n") + 1
    told = typed(admin, ROLES, wrong)
    assert f"Line {line} :" in told
    assert "ownr" in told
    assert "The documents have mistakes." in words(admin.get("/studio/plan"))
    assert "is as published again" in words(admin.post("/studio/revert/sales/roles/roles.yaml", {}))
    assert text_of(admin, ROLES) == text


def test_core_is_read_only_and_leads_to_a_local_change(admin: Visitor) -> None:
    page = admin.get("/studio/files/core/entities/people.yaml")
    assert "This text cannot be changed here." in words(page)
    link = "/studio/files/local/entities/user.yaml?change=entity:user"
    assert f'href="{link}"' in page.text
    assert text_of(admin, link) == "kind: entity\nname: user\nextends: true\n"


def test_a_field_is_added_published_with_a_note_found_on_the_form_and_taken_back(
    admin: Visitor, sales: App
) -> None:
    told = typed(admin, f"{LOCAL}?change=entity:opportunity", TRADE_IN)
    assert "Fits the model: the check found no problems." in told
    assert "Your draft · 1 file changed" in told
    typed(admin, f"{FORM}?change=form:opportunity", ON_THE_FORM)
    plan = words(admin.get("/studio/plan"))
    assert "Add the field Trade-in value to Opportunity 4 rows" in plan
    assert "ADD COLUMN" in words(admin.get("/studio/plan?as=sql"))
    assert "local/entities/opportunity.yaml new" in words(admin.get("/studio/plan?as=documents"))
    done = publish(admin, note="For the spring campaign")
    assert "Version 2 is published, and in force." in done
    assert "For the spring campaign" in words(admin.get("/studio/versions"))
    assert "trade_in" in admin.get("/e/opportunity/new").text
    sales.sql("UPDATE main.opportunity SET trade_in = 'Old scanners'")
    assert "Add the field Trade-in value" in words(admin.get("/studio/versions/2"))
    back = "/studio/versions/1/back"
    assert "Remove the field Trade-in value from Opportunity destroys data" in words(admin.get(back))
    assert "Nothing was published." in publish(admin, back)
    assert "Version 3 is published, and in force." in publish(admin, back, allow_destructive="true")
    assert "Back to version 1" in words(admin.get("/studio/versions"))


def test_a_draft_is_thrown_away(admin: Visitor) -> None:
    typed(admin, f"{LOCAL}?change=entity:opportunity", TRADE_IN)
    assert "Your draft of 1 file is gone." in words(admin.post("/studio/discard", {}))
    assert "You have changed nothing." in words(admin.get("/studio/plan"))


def test_who_began_from_an_older_text_is_told_and_decides(admin: Visitor, visit: Visit, sales: App) -> None:
    sales.context_for("Olga", ["admin"])
    olga, text = visit("Olga"), text_of(admin, ENTITY)
    label = next(line for line in text.splitlines() if line.startswith("label:"))
    seen = hidden(admin, ENTITY, "seen")
    typed(olga, ENTITY, text.replace(label, "label: Chance"))
    publish(olga, note="Chance")
    late = admin.post(ENTITY, {"text": text.replace(label, "label: Deal"), "seen": seen})
    assert late.status_code == 409
    assert "Somebody has published another text" in words(late)
    assert "label: Deal" in late.text


def test_a_change_that_others_published_otherwise_is_a_conflict_one_decides(
    admin: Visitor, visit: Visit, sales: App
) -> None:
    sales.context_for("Olga", ["admin"])
    olga, text = visit("Olga"), text_of(admin, ENTITY)
    label = next(line for line in text.splitlines() if line.startswith("label:"))
    typed(admin, ENTITY, text.replace(label, "label: Deal"))
    typed(olga, ENTITY, text.replace(label, "label: Chance"))
    assert "Ingrid has it in a draft too" in words(olga.get("/studio/plan"))
    publish(olga)
    plan = words(admin.get("/studio/plan"))
    assert "has been published otherwise since your draft began" in plan
    over = admin.get(ENTITY).text.split('name="over" value="')[1].split('"')[0]
    admin.post(ENTITY, {"text": text.replace(label, "label: Deal"), "seen": "", "over": over})
    assert "label: Chance → Deal" in words(admin.get("/studio/plan"))
    assert "Version 3 is published" in publish(admin)


def test_a_rule_is_changed_by_keyboard_with_its_mistake_marked_and_published(
    desk: Desk, admin: Visitor
) -> None:
    page = desk.page_of("Ingrid", viewport=DESK)
    page.goto("/studio?kind=rules")
    page.keyboard.press("f")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.get_by_role("link", name="Sales", exact=True).press("Enter")
    page.wait_for_url("**/sales.rules", wait_until="load")
    page.keyboard.press("e")
    text = page.get_by_role("textbox")
    expect(text).to_be_focused()
    page.keyboard.press("Control+Home")
    page.keyboard.type("whn\n")
    link = page.get_by_role("complementary", name="What was found out").get_by_role("link", name="Line 1")
    expect(link.first).to_be_visible()
    expect(page.locator("[data-line-numbers] .fs-lined-wrong").first).to_have_text("1")
    expect(page.locator("[data-draft-bar]")).to_be_visible()
    picture(page, "studio-editor")
    assert serious(page) == []
    page.keyboard.press("Control+Home")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.type("# Looked through in spring\n")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Fits the model")).to_be_visible()
    page.get_by_role("link", name="Review and publish").first.press("Enter")
    page.get_by_label("Note for the history").fill("Looked through")
    picture(page, "studio-plan")
    page.get_by_label("Note for the history").press("Control+Enter")
    expect(page.locator("[data-notice-text]")).to_have_text("Version 2 is published, and in force.")


def test_a_field_is_added_by_keyboard_seen_at_once_and_found_on_the_form(desk: Desk, admin: Visitor) -> None:
    page = desk.page_of("Ingrid", viewport=DESK)
    page.goto("/studio/entities/opportunity", wait_until="load")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Name", exact=True)).to_be_focused()
    page.keyboard.press("a")
    page.wait_for_url("**new=1*", wait_until="load")
    expect(page.get_by_label("Label", exact=True)).to_be_focused()
    page.keyboard.type("Trade-in value")
    expect(page.get_by_label("Name in rules and the API")).to_have_value("trade_in_value")
    page.get_by_role("radio", name="Money").check()
    page.get_by_role("group", name="Required").get_by_text("If…").click()
    page.get_by_label("Required if").fill("amout > 0")
    expect(page.locator("#e-required")).to_have_text(
        "There is no field or variable `amout`. Did you mean `amount`?"
    )
    expect(page.get_by_label("Required if")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Required if").fill("amount > 0")
    expect(page.locator("[data-studio-found]")).to_contain_text("Fits the model.")
    expect(page.locator("[data-studio-one] [data-field=trade_in_value]")).to_be_visible()
    picture(page, "studio-field")
    assert serious(page) == []
    page.keyboard.press("Control+s")
    page.wait_for_url("**field=trade_in_value*", wait_until="load")
    page.keyboard.press("Escape")
    page.wait_for_url("**/studio/entities/opportunity", wait_until="load")
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.get_by_label("Note for the history").fill("For the spring campaign")
    page.get_by_label("Note for the history").press("Control+Enter")
    expect(page.locator("[data-notice-text]")).to_have_text("Version 2 is published, and in force.")
    page.goto("/e/opportunity/new")
    expect(page.get_by_label("Trade-in value")).to_be_visible()


ALL_PAGES = (
    "/studio",
    "/studio/entities/opportunity?field=source",
    "/studio/entities/opportunity?tab=form",
    "/studio/entities/opportunity?tab=used",
    "/studio/roles/sales_rep?entity=opportunity&verb=update",
    ENTITY,
    "/studio/plan",
    "/studio/versions",
)


@pytest.mark.parametrize(
    ("viewport", "theme", "paths"),
    [(PHONE, "dark", ALL_PAGES), (DESK, "light", ALL_PAGES[1::2])],
    ids=["phone", "desk"],
)
@pytest.mark.usefixtures("two_drafts")
def test_pages_of_the_studio_are_accessible_and_fit(
    desk: Desk, viewport: object, theme: str, paths: tuple[str, ...]
) -> None:
    page = desk.page_of("Ingrid", viewport=viewport, reduced_motion="reduce")
    wrong = {}
    for path in paths:
        page.goto(path)
        wear(page, theme)
        picture(page, f"{path.strip('/').replace('/', '-').replace('?', '-')}-{theme}")
        wrong[path] = [*serious(page), overhang(page)]
    assert wrong == {path: [0] for path in paths}
