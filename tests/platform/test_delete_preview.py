"""What a deletion would do, told before it is done."""

from __future__ import annotations

import pytest

from fieldstone import records
from fieldstone_testing import App, AppFactory

APP = """
kind: app
name: shelves
version: 1.0.0
---
kind: entity
name: shelf
fields:
  name: {type: text, required: true}
---
kind: entity
name: book
fields:
  name: {type: text, required: true}
  shelf: {type: reference, to: shelf, on_delete: cascade, inverse: books}
  second: {type: reference, to: shelf, on_delete: clear}
---
kind: entity
name: loan
fields:
  name: {type: text, required: true}
  book: {type: reference, to: book}
---
kind: entity
name: plank
fields:
  name: {type: text, required: true}
  shelf: {type: reference, to: shelf, owned: true, inverse: planks}
---
kind: role
name: reader
entities:
  shelf: {read: true, delete: true}
  book: {read: name != "Secret", delete: name != "Kept"}
  loan: {create: true}
"""


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from(APP)


@pytest.fixture
def shelf(app: App) -> str:
    made = [{"name": "Top", "planks": [{"name": "Oak"}, {"name": "Pine"}]}]
    return str(records.create(app.system, "shelf", made)[0].id)


def books(app: App, shelf: str, *names: str, field: str = "shelf") -> list[str]:
    made = records.create(app.system, "book", [{"name": name, field: shelf} for name in names])
    return [str(one.id) for one in made]


def preview(api, shelf: str):
    answer = api.get(f"/data/shelf/{shelf}/delete-preview")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.json


def short(groups) -> list[tuple[str, str | None, int, list[str]]]:
    return [(one["entity"], one["field"], one["count"], one["titles"]) for one in groups]


def test_what_would_go_and_what_would_be_cleared_is_told_with_how_many(app: App, shelf, client):
    books(app, shelf, "One", "Secret")
    books(app, shelf, "Other", field="second")
    told = preview(client(app, app.token("Rob", ["reader"])), shelf)
    assert told["allowed"] is True
    assert short(told["deleted"]) == [("book", None, 2, ["One"]), ("plank", None, 2, ["Oak", "Pine"])]
    assert short(told["cleared"]) == [("book", "second", 1, ["Other"])]
    assert (told["blocking"], told["forbidden"], told["reason"]) == ([], [], None)


def test_what_holds_a_record_is_told_without_what_may_not_be_read(app: App, shelf, client):
    (book,) = books(app, shelf, "One")
    records.create(app.system, "loan", [{"name": "To Ann", "book": book}])
    told = preview(client(app, app.token("Rob", ["reader"])), shelf)
    assert told["allowed"] is False
    assert short(told["blocking"]) == [("loan", "book", 1, [])]
    assert short(preview(client(app, app.token("Root", ["admin"])), shelf)["blocking"])[0][3] == ["To Ann"]


def test_what_would_go_and_may_not_be_deleted_is_told(app: App, shelf, client):
    books(app, shelf, "Kept", "Free")
    rob = client(app, app.token("Rob", ["reader"]))
    told = preview(rob, shelf)
    assert told["allowed"] is False
    assert short(told["forbidden"]) == [("book", None, 1, [])]
    assert rob.delete(f"/data/shelf/{shelf}").status_code == 403


def test_a_preview_changes_nothing_and_says_why_the_record_itself_may_not_go(app: App, shelf, client):
    (book,) = books(app, shelf, "Kept")
    rob = client(app, app.token("Rob", ["reader"]))
    told = rob.get(f"/data/book/{book}/delete-preview").json
    assert told["allowed"] is False
    assert "Name" in told["reason"]
    assert rob.get(f"/data/book/{book}").json["version"] == 1


def test_an_unreadable_record_has_no_preview(app: App, shelf, client):
    (book,) = books(app, shelf, "Secret")
    assert (
        client(app, app.token("Rob", ["reader"])).get(f"/data/book/{book}/delete-preview").status_code == 404
    )
