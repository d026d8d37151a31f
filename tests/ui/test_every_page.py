"""What holds for every page: accessible, no sideways scrolling, light and dark, on a desk and on a phone."""

from uuid import UUID

import pytest

from fieldstone import records
from fieldstone_testing.accessibility import overhang, serious, serious_in_the_dark
from fieldstone_testing.browsers import DESK, PHONE, picture, wear, whole

SIZES = {"desk": DESK, "phone": PHONE}


@pytest.fixture
def deals(deals, sales):
    """Name → id of the deals that Ann has made; "Cold-store sensors" went to Bo in the south."""
    elsewhere = {"owner": {"entity": "user", "id": str(sales.user("Bo"))}, "team": None}
    change = records.Change(UUID(deals["Cold-store sensors"]), elsewhere)
    records.update(sales.system, "opportunity", [change])
    picked = records.Picked([UUID(deals["Ward tablets"])])
    records.update_many(sales.context_for("Ann"), "opportunity", picked, {"next_step": "Call Per"})
    ((north,),) = sales.sql("SELECT id FROM main.team WHERE name = 'North'")
    within = {"entity": "team", "id": str(north)}
    records.create(sales.system, "team", [{"name": "Harbour", "parent": within}])
    return deals


def paths(deals):
    record = f"/e/opportunity/{deals['Ward tablets']}"
    return {
        "list": "/e/opportunity?where=owner == user and amount >= 1",
        "list-empty": "/e/contact",
        "board": "/e/opportunity/board",
        "tree": "/e/team/tree",
        "record": record,
        "record-edit": f"{record}/edit",
        "record-new": "/e/opportunity/new",
        "record-history": f"{record}/history",
        "record-activity": f"{record}/activity",
        "notifications": "/notifications",
        "transition": f"{record}/transitions/lose",
        "move": f"{record}/move",
        "rights": f"{record}/rights?field=amount",
        "search": "/search?q=ward",
        "bin": "/e/opportunity/bin",
        "profile": "/profile",
        "operations": "/operations",
        "merge": f"/e/opportunity/merge?id={deals['Ward tablets']}&id={deals['Core switch refresh']}",
        "merge-another": f"/e/opportunity/merge?id={deals['Ward tablets']}",
        "not-found": "/e/opportunity/none",
        "denied": f"/e/opportunity/{deals['Cold-store sensors']}",
        "refused": "/e/opportunity?order=nonsense",
    }


CRAMPED = """() => [...document.querySelectorAll(".btn, .fs-tabbar a")].filter((one) => {
  if (!one.checkVisibility()) return false;
  const inside = document.createRange();
  inside.selectNodeContents(one);
  const [text, box] = [inside.getBoundingClientRect(), one.getBoundingClientRect()];
  return text.left < box.left + 2 || text.right > box.right - 2;
}).map((one) => one.textContent.trim())"""


def cramped(page):
    """Buttons and places at the foot whose text touches or crosses their edges."""
    return [("cramped", text) for text in page.evaluate(CRAMPED)]


@pytest.mark.parametrize("size", SIZES)
def test_every_page_is_accessible_and_fits_the_screen(desk, deals, size):
    page = desk.page_of("Ann", viewport=SIZES[size], reduced_motion="reduce")
    wrong = {}
    for name, path in paths(deals).items():
        page.goto(path)
        whole(page)
        wear(page, "light")
        picture(page, f"{name}-light-{size}")
        too_wide = [("overhang", overhang(page))] * (overhang(page) > 0)
        wrong[name] = [*serious(page), *too_wide, *cramped(page)]
        wrong[name] += serious_in_the_dark(page)
        picture(page, f"{name}-dark-{size}")
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_log_in_page_is_accessible(desk, theme):
    page = desk.page(color_scheme=theme, viewport=PHONE)
    page.goto("/login")
    picture(page, f"login-{theme}-phone")
    assert serious(page) == []
    assert overhang(page) <= 0


@pytest.mark.parametrize(
    ("key", "dialog"),
    [("?", "#help"), ("Control+k", "#palette"), ("m", "#dialog")],
    ids=["help", "palette", "move"],
)
def test_every_dialog_is_accessible_and_closes_with_escape(desk, deals, key, dialog):
    page = desk.page_of("Ann")
    page.goto(f"/e/opportunity/{deals['Ward tablets']}")
    page.keyboard.press(key)
    page.locator(dialog).wait_for()
    picture(page, f"dialog-{dialog[1:]}")
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.locator(dialog).wait_for(state="hidden")


def test_pages_from_right_to_left_fit_a_phone(desk, sales, deals):
    records.update(sales.system, "user", [records.Change(sales.user("Ann"), {"locale": "ar"})])
    sales.database.rights_cache.clear()
    page = desk.page_of("Ann", viewport=PHONE)
    for path in paths(deals).values():
        page.goto(path)
        assert page.locator("html").get_attribute("dir") == "rtl"
        assert overhang(page) <= 0
