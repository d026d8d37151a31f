"""Records as a tree: what stands where for whom, opening and closing, by address and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from playwright.sync_api import expect

from fieldstone import records
from fieldstone_testing import App, AppFactory
from fieldstone_testing.accessibility import violations
from fieldstone_testing.browsers import PHONE, Desk, picture
from fieldstone_testing.statements import noted_statements
from fieldstone_testing.visitors import Visitor

PLACES = """
kind: app
name: places
label: Places
version: 1.0.0
---
kind: entity
name: place
plural: Places
fields:
  name: {type: text, required: true}
  within: {type: reference, to: place, tree: true, inverse: parts}
  heir: {type: reference, to: place, tree: true}
  size: {type: integer}
  hidden: {type: boolean}
order: [name]
search: [name]
---
kind: view
name: map_of_places
entity: place
type: tree
tree: within
label: By place
columns: [name, size]
---
kind: view
name: large
entity: place
type: tree
tree: within
where: size >= 10
---
kind: entity
name: shelf
fields:
  name: {type: text, required: true}
  stands_in: {type: reference, to: shelf, tree: true}
---
kind: entity
name: thing
fields:
  name: {type: text, required: true}
---
kind: role
name: keeper
inherits: [employee]
entities:
  place: {create: true, read: true, update: true}
  shelf: {read: true}
  thing: {read: true}
---
kind: role
name: guest
entities:
  place: {read: hidden != true}
"""
TREE = "/e/place/tree?view=map_of_places"
NOWHERE = "00000000-0000-7000-8000-00000000dead"
ROW = re.compile(r'<tr role="row" aria-level="(\d+)"([^>]*)>.*?<bdi>(.*?)</bdi>', re.DOTALL)


def rows(page) -> list[tuple[int, str, str]]:
    """Level, name and state (open, shut, or nothing below) of each row."""
    return [
        (int(level), unescape(name), "open" if 'd="true"' in said else "shut" if 'd="false"' in said else "")
        for level, said, name in ROW.findall(page.text)
    ]


@pytest.fixture
def sales(app_from: AppFactory) -> App:
    return app_from(PLACES)


@pytest.fixture
def places(sales: App) -> dict[str, str]:
    """Name → id: Europe > Denmark > Aarhus, Odense; Europe > Norway; and Asia. Guests do not see Denmark."""
    keeper = sales.context_for("Kim", ["keeper"])
    sales.context_for("Gus", ["guest"])
    made: dict[str, str] = {}
    for name, above, size, hidden in (
        ("Europe", None, 30, False), ("Denmark", "Europe", 5, True), ("Aarhus", "Denmark", 12, False),
        ("Odense", "Denmark", 2, False), ("Norway", "Europe", 20, False), ("Asia", None, 40, False),
    ):  # fmt: skip
        values = {"name": name, "within": made.get(above or ""), "size": size, "hidden": hidden}
        made[name] = str(records.create(keeper, "place", [values])[0].id)
    return made


@pytest.fixture
def kim(places: dict[str, str], visit: Callable[[str], Visitor]) -> Visitor:
    assert places
    return visit("Kim")


def test_a_tree_shows_its_top_and_how_much_is_below(kim: Visitor) -> None:
    page = kim.get(TREE)
    assert rows(page) == [(1, "Asia", ""), (1, "Europe", "shut")]
    assert 'aria-label="2 below Europe"' in page.text
    assert 'role="treegrid"' in page.text


def test_rows_are_opened_by_the_address_so_that_it_works_without_a_script(
    kim: Visitor, places: dict[str, str]
) -> None:
    opened = f"{TREE}&open={places['Europe']},{places['Denmark']}"
    assert rows(kim.get(opened)) == [
        (1, "Asia", ""),
        (1, "Europe", "open"),
        (2, "Denmark", "open"),
        (3, "Aarhus", ""),
        (3, "Odense", ""),
        (2, "Norway", ""),
    ]
    link = re.search(r'href="([^"]*)" data-toggle-row aria-label="2 below Denmark"', kim.get(opened).text)
    assert link is not None
    assert (2, "Denmark", "shut") in rows(kim.get(unescape(link[1])))


def test_what_is_below_a_row_is_fetched_alone(kim: Visitor, places: dict[str, str]) -> None:
    part = kim.get(f"/e/place/tree/{places['Europe']}?view=map_of_places&level=2")
    assert rows(part) == [(2, "Denmark", "shut"), (2, "Norway", "")]
    assert "<html" not in part.text


def test_what_is_below_something_unreadable_stands_at_the_top(
    kim: Visitor, places: dict[str, str], visit: Callable[[str], Visitor]
) -> None:
    gus = visit("Gus")
    assert rows(gus.get(TREE)) == [
        (1, "Aarhus", ""),
        (1, "Asia", ""),
        (1, "Europe", "shut"),
        (1, "Odense", ""),
    ]
    assert rows(gus.get(f"{TREE}&open={places['Europe']}"))[2:4] == [(1, "Europe", "open"), (2, "Norway", "")]
    assert rows(gus.get(f"/e/place/tree/{places['Denmark']}?view=map_of_places")) == []


def test_what_is_below_something_that_the_filter_leaves_out_stands_at_the_top(
    kim: Visitor, places: dict[str, str]
) -> None:
    page = kim.get(f"/e/place/tree?view=large&open={places['Europe']}")
    assert rows(page) == [(1, "Aarhus", ""), (1, "Asia", ""), (1, "Europe", "open"), (2, "Norway", "")]
    assert rows(kim.get(f"{TREE}&where=size+%3C+10")) == [(1, "Denmark", "shut")]
    assert rows(kim.get(f"{TREE}&q=aar")) == [(1, "Aarhus", "")]


def test_the_top_goes_on_page_by_page(kim: Visitor) -> None:
    page = kim.get(f"{TREE}&limit=1")
    assert rows(page) == [(1, "Asia", "")]
    more = re.search(r'data-more hx-get="([^"]*)"', page.text)
    assert more is not None
    assert rows(kim.get(unescape(more[1]))) == [(1, "Europe", "shut")]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"{TREE}&open=x,,{NOWHERE}", 200),
        (f"{TREE}&where=sise+%3E+1", 200),
        (f"{TREE}&order=nonsense", 400),
        (f"/e/place/tree/{NOWHERE}?view=map_of_places&level=x", 200),
        ("/e/place/tree/x?view=map_of_places", 404),
        ("/e/place/tree", 404),
        ("/e/place/tree?view=none", 404),
        ("/e/thing/tree", 404),
        ("/e/nothing/tree", 404),
    ],
)
def test_bad_addresses_are_answered_with_a_page(kim: Visitor, address: str, status: int) -> None:
    answer = kim.get(address)
    assert answer.status_code == status


def test_a_list_leads_to_its_tree_where_one_field_makes_it(kim: Visitor) -> None:
    assert 'href="/e/shelf/tree"' in kim.get("/e/shelf").text
    assert 'href="/e/place/tree"' not in kim.get("/e/place").text
    assert kim.get("/e/place?view=map_of_places").request.path == "/e/place/tree"


def test_a_tree_is_saved_as_a_view_of_ones_own(sales: App, kim: Visitor) -> None:
    form = {"name": "Small places"}
    answer = kim.post("/e/place/views/new?view=map_of_places&as=tree&where=size+%3C+10", form)
    assert answer.status_code == 200
    assert sales.sql('SELECT type, "group" FROM main.saved_view') == [("tree", "within")]
    assert rows(answer) == [(1, "Denmark", "shut")]


def test_the_number_of_statements_does_not_depend_on_what_is_open(
    kim: Visitor, places: dict[str, str]
) -> None:
    kim.get(f"{TREE}&open={places['Europe']}")
    with noted_statements() as for_one:
        kim.get(f"{TREE}&open={places['Europe']}")
    with noted_statements() as for_all:
        kim.get(f"{TREE}&open={','.join(places.values())}")
    assert len(for_all) == len(for_one)


def test_a_tree_is_walked_with_the_keyboard_and_keeps_what_is_open(
    desk: Desk, places: dict[str, str]
) -> None:
    page = desk.page_of("Kim")
    page.goto(TREE)
    row = lambda name: page.get_by_role("row", name=name)  # noqa: E731  a name for what is asked often
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    expect(row("Europe")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(row("Denmark")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(row("Aarhus")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    expect(row("Denmark")).to_be_focused()
    assert violations(page) == []
    picture(page, "tree")
    page.keyboard.press("ArrowLeft")
    expect(row("Aarhus")).to_be_hidden()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    expect(row("Denmark")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(row("Norway")).to_be_visible()
    expect(row("Aarhus")).to_be_hidden()
    page.reload()
    expect(row("Norway")).to_be_visible()
    page.get_by_role("link", name="2 below Denmark").click()
    expect(row("Odense")).to_be_visible()
    row("Norway").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/e/place/{places['Norway']}")


def test_a_tree_fits_a_phone(desk: Desk, places: dict[str, str]) -> None:
    page = desk.page_of("Kim", viewport=PHONE, color_scheme="dark")
    page.goto(f"{TREE}&open={places['Europe']},{places['Denmark']}")
    expect(page.get_by_role("row", name="Odense")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert violations(page) == []
    picture(page, "tree-dark-phone")
