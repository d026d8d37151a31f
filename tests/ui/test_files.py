"""Files on pages: in fields of forms and beside a record, with and without a script."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from fieldstone import records
from fieldstone.records import Query
from fieldstone_testing import App, AppFactory
from fieldstone_testing.accessibility import violations
from fieldstone_testing.browsers import PHONE, Desk
from fieldstone_testing.contents import PDF, PROGRAM, picture
from fieldstone_testing.visitors import Visitor, words
from fieldstone_testing.webs import WebOf

WCAG = {"runOnly": ["wcag2a", "wcag2aa"]}
CONTRACTS = """
kind: app
name: contracts
label: Contracts
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: contract
fields:
  name: {type: text, required: true}
  paper: {type: file, accept: [application/pdf]}
  scans: {type: files}
  logo: {type: image}
  signed: {type: signature}
---
kind: role
name: clerk
inherits: [employee]
entities:
  contract: {create: true, read: true, update: owner == user, delete: owner == user}
"""
FIELDS = ["name", "paper", "scans", "logo", "signed"]
Visit = Callable[[str], Visitor]


@pytest.fixture
def app(app_from: AppFactory) -> App:
    app = app_from(CONTRACTS)
    app.user("Ann", ["clerk"])
    app.user("Bo", ["clerk"])
    return app


@pytest.fixture
def web(app: App, web_of: WebOf) -> Flask:
    return web_of(app)


@pytest.fixture
def path(app: App) -> str:
    """The page of a contract of Ann's."""
    return f"/e/contract/{records.create(app.context_for('Ann'), 'contract', [{'name': 'Lease'}])[0].id}"


def chosen(name: str, content: bytes) -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def saved(app: App) -> dict[str, Any]:
    [record] = records.list(app.context_for("Ann"), "contract", Query()).data
    return dict(record)


def test_a_form_without_a_script_brings_its_files(app: App, visit: Visit) -> None:
    form = {
        "sent": FIELDS,
        "f.name": "Lease",
        "f.paper.new": chosen("lease.pdf", PDF),
        "f.scans.new": [chosen("1.png", picture()), chosen("2.png", picture())],
        "f.logo.new": chosen("", b""),
    }
    page = visit("Ann").post("/e/contract/new", form)
    assert page.status_code == 200, words(page)
    record = saved(app)
    assert record["paper"]["name"] == "lease.pdf"
    assert [link["name"] for link in record["scans"]] == ["1.png", "2.png"]
    assert f'href="{record["paper"]["url"]}"' in page.text


def test_a_refused_file_is_told_at_its_field_and_the_others_are_kept(app: App, visit: Visit) -> None:
    ann = visit("Ann")
    form = {"sent": FIELDS, "f.name": "Lease", "f.paper.new": chosen("lease.pdf", PDF)}
    page = ann.post("/e/contract/new", form | {"f.logo.new": chosen("logo.png", PROGRAM)})
    assert page.status_code == 422
    assert "its content is not" in words(page)
    assert "lease.pdf" in words(page)
    [file] = records.list(app.context_for("Ann"), "file", Query()).data
    again = {"sent": FIELDS, "f.name": "Lease", "f.paper": f"file:{file['id']}"}
    assert ann.post("/e/contract/new", again).status_code == 200
    assert saved(app)["paper"]["id"] == file["id"]


def test_a_new_file_takes_the_place_of_the_one_before_and_an_unticked_one_goes(
    app: App, visit: Visit, path: str
) -> None:
    ann = visit("Ann")
    ann.post(f"{path}/edit", {"sent": ["paper"], "f.paper.new": chosen("old.pdf", PDF)})
    old = saved(app)["paper"]["id"]
    kept = {"sent": ["paper"], "f.paper": f"file:{old}"}
    ann.post(f"{path}/edit", kept | {"f.paper.new": chosen("new.pdf", PDF)})
    assert saved(app)["paper"]["name"] == "new.pdf"
    ann.post(f"{path}/edit", {"sent": ["paper"]})
    assert saved(app)["paper"] is None


def test_files_are_added_to_a_record_and_deleted_without_a_script(visit: Visit, path: str) -> None:
    ann = visit("Ann")
    page = ann.post(f"{path}/files", {"file": [chosen("a.pdf", PDF), chosen("b.png", picture())]})
    assert "a.pdf" in words(page)
    assert "b.png" in words(page)
    assert "Ann added the file “a.pdf”" in words(ann.get(f"{path}/activity"))
    refused = ann.post(f"{path}/files", {"file": chosen("c.png", PROGRAM)})
    assert refused.status_code == 422
    assert "Nothing was saved" in words(refused)
    delete = re.findall(r'action="([^"]+/delete)"', page.text)
    assert len(delete) == 2
    left = words(ann.post(delete[0], {}))
    assert ("a.pdf" in left) != ("b.png" in left)


def test_whoever_only_reads_a_record_downloads_its_files_and_adds_none(visit: Visit, path: str) -> None:
    visit("Ann").post(f"{path}/files", {"file": chosen("a.pdf", PDF)})
    bo = visit("Bo")
    page = bo.get(f"{path}/files")
    assert "a.pdf" in words(page)
    assert "Add files" not in words(page)
    assert "/delete" not in page.text
    assert bo.post(f"{path}/files", {"file": chosen("b.pdf", PDF)}).status_code == 403


def test_nobody_makes_a_file_by_filling_in_a_form(visit: Visit) -> None:
    assert visit("Ann").get("/e/file/new").status_code == 403


def test_files_in_a_browser(app: App, desk: Desk, path: str) -> None:
    page = desk.page_of("Ann")
    page.goto(path)
    side = page.get_by_role("complementary", name="Activity")
    side.locator("#activity-files").click()
    side.get_by_label("Add files").set_input_files(
        {"name": "minutes.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    expect(side.get_by_role("link", name="minutes.pdf")).to_be_visible()
    drop(page, "dropped.txt", "hello")
    expect(side.get_by_role("link", name="dropped.txt")).to_be_visible()
    drop(page, "photo.png", "no picture")
    expect(side.locator("[data-attach-notes]")).to_contain_text("its content is not")
    with page.expect_download() as download:
        side.get_by_role("link", name="minutes.pdf").click()
    assert download.value.path().read_bytes() == PDF
    assert violations(page, **WCAG) == []
    side.get_by_role("button", name="Delete dropped.txt").click()
    expect(side.get_by_role("link", name="dropped.txt")).to_have_count(0)

    field = page.locator('[data-field="paper"]')
    field.locator("dd").click()
    field.get_by_label("Paper", exact=True).set_input_files(
        {"name": "lease.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    expect(field.get_by_text("lease.pdf")).to_be_visible()
    signature = page.locator('[data-field="signed"]')
    signature.locator("dd").click()
    signature.get_by_label("Or type the name").fill("Ann Berg")
    signature.get_by_role("button", name="Use this signature").click()
    expect(signature.get_by_text("signature.png")).to_be_visible()
    assert violations(page, **WCAG) == []
    page.keyboard.press("Control+s")
    expect(page.locator("[data-savebar]")).to_be_hidden()
    expect(field.get_by_role("link", name="lease.pdf")).to_be_visible()
    expect(signature.get_by_role("img")).to_be_visible()
    assert saved(app)["signed"]["media_type"] == "image/png"

    phone = desk.page_of("Ann", viewport=PHONE, color_scheme="dark")
    phone.goto(f"{path}/edit")
    phone.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations(phone, **WCAG) == []


def drop(page: Page, name: str, text: str) -> None:
    """Drop a file on the page, as a hand does."""
    page.evaluate(
        """([name, text]) => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([text], name));
            const place = document.querySelector("#record");
            for (const type of ["dragover", "drop"])
                place.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
        }""",
        [name, text],
    )
