"""Files: uploaded, put into fields, attached to records, downloaded, and seen by those who see the record."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from fieldstone import records
from fieldstone.context import TokenLimits
from fieldstone.errors import Invalid
from fieldstone.files import examine
from fieldstone_rules.types import Ref
from fieldstone_testing import ApiClient, App, AppFactory
from fieldstone_testing.contents import PDF, PROGRAM, SCRIPT_IN_SVG, bomb, picture

DEALS = """
kind: app
name: deals
label: Deals
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  contract: {type: file, accept: [application/pdf, .docx], max_size: 2 KB}
  secret_note: {type: file}
  photos: {type: files}
  logo: {type: image}
  signed: {type: signature}
---
kind: entity
name: machine
activities: false
fields:
  name: {type: text, required: true}
  manual: {type: file}
---
kind: role
name: rep
inherits: [employee]
entities:
  deal:
    create: true
    read: owner == user
    update: owner == user and name != "Closed"
    delete: owner == user
    fields: {secret_note: {read: false, update: false}}
  machine: {create: true, read: true, update: true}
capabilities: [purge]
---
kind: role
name: reader
inherits: [employee]
entities:
  deal: {read: true}
"""

Client = Callable[..., ApiClient]


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from(DEALS)


@pytest.fixture
def ann(app: App, client: Client) -> ApiClient:
    return client(app, app.token("Ann", ["rep"]))


@pytest.fixture
def bob(app: App, client: Client) -> ApiClient:
    return client(app, app.token("Bob", ["rep"]))


@pytest.fixture
def eve(app: App, client: Client) -> ApiClient:
    return client(app, app.token("Eve", ["reader"]))


def send(api: ApiClient, name: str, content: bytes, to: str = "/files", **more: Any) -> TestResponse:
    """Upload a content as the body of a request."""
    return api.post(
        to, data=content, query_string={"name": name, **more}, content_type="application/octet-stream"
    )


def uploaded(api: ApiClient, name: str = "offer.pdf", content: bytes = PDF) -> str:
    answer = send(api, name, content)
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])


def deal(api: ApiClient, **values: Any) -> str:
    answer = api.post("/data/deal", {"name": "Pump", **values})
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])


def stored(app: App) -> list[str]:
    """The places of everything in the storage."""
    return [found.place for found in app.database.files.stored()]


def test_an_uploaded_file_tells_what_it_is_and_gives_its_content_back(ann: ApiClient) -> None:
    answer = send(ann, "offer.pdf", PDF)
    assert answer.status_code == 201
    told = answer.json
    assert (told["name"], told["media_type"], told["size"]) == ("offer.pdf", "application/pdf", len(PDF))
    assert told["checksum"] == hashlib.sha256(PDF).hexdigest()
    assert answer.headers["Location"] == f"/api/v1/data/file/{told['id']}"
    assert ann.get(f"/files/{told['id']}").data == PDF


def test_a_form_with_a_part_file_uploads_too(ann: ApiClient) -> None:
    answer = ann.post("/files", data={"file": (io.BytesIO(picture()), "logo.png")})
    assert answer.status_code == 201
    assert (answer.json["width"], answer.json["height"]) == (6, 4)


def test_a_download_cannot_become_a_page_of_ours(ann: ApiClient) -> None:
    file = uploaded(ann, "drawing ünïcode.svg", SCRIPT_IN_SVG)
    answer = ann.get(f"/files/{file}")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="drawing _n_code.svg"; ')
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert len(answer.headers.getlist("Content-Security-Policy")) == 1
    answer.close()


def test_a_part_of_a_file_can_be_asked_for(ann: ApiClient) -> None:
    file = uploaded(ann)
    part = ann.get(f"/files/{file}", headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.data) == (206, b"PDF")
    assert part.headers["Content-Range"] == f"bytes 1-3/{len(PDF)}"
    beyond = ann.get(f"/files/{file}", headers={"Range": f"bytes={len(PDF)}-"})
    assert (beyond.status_code, beyond.json["code"]) == (416, "range_not_satisfiable")
    assert beyond.headers["Content-Range"] == f"bytes */{len(PDF)}"
    several = ann.get(f"/files/{file}", headers={"Range": "bytes=0-1,3-4"})
    assert (several.status_code, several.data) == (200, PDF)


def test_an_unchanged_file_is_not_sent_again(ann: ApiClient) -> None:
    file = uploaded(ann)
    first = ann.get(f"/files/{file}")
    again = ann.get(f"/files/{file}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_file_of_nothing_is_its_uploaders_alone(
    app: App, ann: ApiClient, bob: ApiClient, client: Client
) -> None:
    file = uploaded(ann)
    admin = client(app, app.token("Root", ["admin"]))
    for other in (bob, admin):
        assert other.get(f"/files/{file}").status_code == 404
        assert other.get(f"/data/file/{file}").status_code == 404
        assert other.get("/data/file").json["data"] == []
        assert other.patch(f"/data/file/{file}", {"name": "mine.pdf"}).status_code == 404
        assert other.delete(f"/data/file/{file}").status_code == 404
    assert ann.patch(f"/data/file/{file}", {"name": "ours.pdf"}).json["name"] == "ours.pdf"


def test_a_field_shows_its_file_as_a_link(ann: ApiClient) -> None:
    file = uploaded(ann)
    record = deal(ann, contract=file)
    link = ann.get(f"/data/deal/{record}").json["contract"]
    assert link == {
        "id": file,
        "entity": "file",
        "title": "offer.pdf",
        "name": "offer.pdf",
        "size": len(PDF),
        "media_type": "application/pdf",
        "url": f"/api/v1/files/{file}",
    }
    assert ann.patch(f"/data/deal/{record}", {"contract": link}).status_code == 200


def test_several_files_are_listed_by_name(ann: ApiClient) -> None:
    files = [uploaded(ann, name, picture()) for name in ("b.png", "a.png")]
    record = deal(ann, photos=files)
    assert [link["name"] for link in ann.get(f"/data/deal/{record}").json["photos"]] == ["a.png", "b.png"]
    ann.patch(f"/data/deal/{record}", {"photos": [files[0]]})
    assert [link["id"] for link in ann.get(f"/data/deal/{record}").json["photos"]] == [files[0]]


def test_an_exported_cell_names_the_files_and_holds_no_links(app: App, client: Client) -> None:
    ada = client(app, app.token("Ada", ["admin"]))
    deal(ada, contract=uploaded(ada), photos=[uploaded(ada, name, picture()) for name in ("b.png", "a.png")])
    lines = ada.get("/data/deal/export?fields=name,contract,photos").text.splitlines()
    assert lines[1:] == ["Pump,offer.pdf,a.png; b.png"]


def test_a_file_in_a_field_is_read_by_whoever_reads_the_field(
    ann: ApiClient, bob: ApiClient, eve: ApiClient
) -> None:
    file = uploaded(ann)
    deal(ann, contract=file)
    assert eve.get(f"/files/{file}").data == PDF
    assert bob.get(f"/files/{file}").status_code == 404
    assert [one["id"] for one in eve.get("/data/file").json["data"]] == [file]
    assert bob.get("/data/file").json["data"] == []
    assert eve.patch(f"/data/file/{file}", {"name": "x.pdf"}).status_code == 403


def test_a_file_in_an_unreadable_field_is_not_there(app: App, ann: ApiClient, eve: ApiClient) -> None:
    record = deal(ann)
    content = examine(app.database.files, app.database.files.receive([PDF]), "note.pdf")
    file = records.upload_into(app.system, content, Ref("deal", UUID(record)), "secret_note").id
    assert ann.get(f"/files/{file}").status_code == 404
    assert ann.get(f"/data/file/{file}").status_code == 404
    assert ann.get("/data/file").json["data"] == []
    assert "secret_note" not in ann.get(f"/data/deal/{record}").json
    assert eve.get(f"/files/{file}").status_code == 200
    assert eve.get(f"/data/deal/{record}").json["secret_note"]["id"] == str(file)


def test_nobody_takes_a_file_from_elsewhere(ann: ApiClient, bob: ApiClient) -> None:
    file = uploaded(ann)
    first = deal(ann, contract=file)
    taken = ann.post("/data/deal", {"name": "Other", "contract": file})
    assert (taken.status_code, taken.json["errors"][0]["code"]) == (422, "unknown_record")
    same_record = ann.patch(f"/data/deal/{first}", {"photos": [file]})
    assert same_record.status_code == 422
    strange = bob.post("/data/deal", {"name": "Bob's", "contract": uploaded(ann)})
    assert (strange.status_code, strange.json["errors"][0]["field"]) == (422, "contract")


def test_one_file_goes_into_one_field_of_one_record(ann: ApiClient) -> None:
    file = uploaded(ann)
    answer = ann.post(
        "/data/deal", {"records": [{"name": "A", "contract": file}, {"name": "B", "contract": file}]}
    )
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "records.1.contract"


def test_a_replaced_file_goes_to_the_bin_and_can_be_put_back(ann: ApiClient) -> None:
    old, new = uploaded(ann, "old.pdf"), uploaded(ann, "new.pdf")
    record = deal(ann, contract=old)
    ann.patch(f"/data/deal/{record}", {"contract": new})
    assert ann.get(f"/files/{old}").status_code == 404
    assert [e["action"] for e in ann.get(f"/data/file/{new}/history").json["data"]] == ["update", "create"]
    ann.patch(f"/data/deal/{record}", {"contract": old})
    assert ann.get(f"/files/{old}").status_code == 200
    assert [e["action"] for e in ann.get(f"/data/file/{old}/history").json["data"]][:2] == [
        "restore",
        "delete",
    ]
    told = ann.get(f"/data/deal/{record}/history").json["data"]
    assert [[side["id"] for side in entry["changes"]["contract"]] for entry in told[:2]] == [
        [new, old],
        [old, new],
    ]


def test_the_field_says_which_files_it_takes(ann: ApiClient) -> None:
    for name, content, field, code in (
        ("photo.png", picture(), "contract", "not_accepted"),
        ("long.pdf", PDF + b" " * 2048, "contract", "too_large"),
        ("offer.pdf", PDF, "logo", "not_accepted"),
        ("face.svg", SCRIPT_IN_SVG, "logo", "not_accepted"),
        ("face.jpg", picture("JPEG"), "signed", "not_accepted"),
    ):
        answer = ann.post("/data/deal", {"name": "x", field: uploaded(ann, name, content)})
        assert answer.status_code == 422
        assert (answer.json["errors"][0]["field"], answer.json["errors"][0]["code"]) == (field, code)


@pytest.mark.parametrize(
    ("name", "content", "refusal"),
    [
        ("empty.txt", b"", (422, "empty_file")),
        ("photo.png", PROGRAM, (422, "type_mismatch")),
        ("letter.txt", PROGRAM, (422, "type_mismatch")),
        ("film.mp4", PROGRAM, (422, "type_mismatch")),
        ("letter.ps", PROGRAM, (422, "type_mismatch")),
        ("data.json", b"%PDF-1.4 1 0 obj", (422, "type_mismatch")),
        ("offer.pdf", b"hello", (422, "type_mismatch")),
        ("offer.docx", b"hello", (422, "type_mismatch")),
        ("photo.jpg", picture(), (422, "type_mismatch")),
        ("cut.png", picture()[:20], (422, "type_mismatch")),
        ("bomb.png", bomb(), (422, "image_too_large")),
        ("large.bin", b"x" * (12 * 2**20 + 1), (413, "file_too_large")),
    ],
)
def test_a_content_that_cannot_be_taken_is_refused_and_leaves_nothing(
    app: App, ann: ApiClient, name: str, content: bytes, refusal: tuple[int, str]
) -> None:
    answer = send(ann, name, content)
    assert (answer.status_code, answer.json["code"]) == refusal
    assert [(error["field"], error["code"]) for error in answer.json["errors"]] == [("file", refusal[1])]
    assert stored(app) == []
    assert ann.get("/data/file").json["data"] == []


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\offer.txt", "offer.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\u0007b\nc.txt", "ab c.txt"),
        ("e\u0301.txt", "\u00e9.txt"),
        ("...", "file"),
        ("x" * 300 + ".txt", "x" * 251 + ".txt"),
    ],
)
def test_names_are_made_harmless(ann: ApiClient, sent: str, kept: str) -> None:
    assert send(ann, sent, b"hello").json["name"] == kept


def test_a_file_keeps_its_ending_when_it_is_renamed(ann: ApiClient) -> None:
    file = uploaded(ann)
    assert ann.patch(f"/data/file/{file}", {"name": "../signed.PDF"}).json["name"] == "signed.PDF"
    answer = ann.patch(f"/data/file/{file}", {"name": "offer.exe"})
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "wrong_ending")


def test_a_type_that_was_sent_counts_where_the_name_says_none(ann: ApiClient) -> None:
    types = {
        "text/csv; charset=utf-8": "text/csv",
        'odd/"<x>': "text/plain",
        "application/x-tool": "application/x-tool",
    }
    for sent, kept in types.items():
        answer = ann.post("/files?name=data", data=b"a;b", content_type=sent)
        assert answer.json["media_type"] == kept
    assert ann.post("/files?name=data", data=b"a;b", content_type="image/png").json["code"] == "type_mismatch"


def test_a_request_without_a_file_is_malformed(ann: ApiClient) -> None:
    for answer in (
        ann.post("/files", data=b"hello", content_type="text/plain"),
        ann.post("/files", data={"other": (io.BytesIO(b"hello"), "a.txt")}),
        ann.post("/files", data={"file": "no file at all"}),
        ann.post("/files", data=b"not a form", content_type="multipart/form-data; boundary=x"),
    ):
        assert (answer.status_code, answer.json["code"]) == (400, "no_file")


def test_a_record_of_a_file_is_not_made_without_a_content(app: App, ann: ApiClient) -> None:
    answer = ann.post("/data/file", {"name": "empty.pdf"})
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "no_content")
    assert ann.post("/data/file", {"name": "empty.pdf", "size": 5}).status_code == 422
    with pytest.raises(Invalid):
        records.create(app.system, "file", [{"name": "empty.pdf"}])


def test_attachments_belong_to_their_record(ann: ApiClient, bob: ApiClient, eve: ApiClient) -> None:
    record = deal(ann)
    file = send(ann, "minutes.pdf", PDF, f"/data/deal/{record}/files").json
    assert file["regarding"] == {"id": record, "entity": "deal", "title": "Pump"}
    assert [one["name"] for one in eve.get(f"/data/deal/{record}/files").json["data"]] == ["minutes.pdf"]
    assert eve.get(f"/files/{file['id']}").status_code == 200
    assert bob.get(f"/data/deal/{record}/files").status_code == 404
    assert bob.get(f"/files/{file['id']}").status_code == 404
    assert send(eve, "mine.pdf", PDF, f"/data/deal/{record}/files").status_code == 403
    assert send(bob, "mine.pdf", PDF, f"/data/deal/{record}/files").status_code == 404


def test_an_uploaded_file_can_be_attached_once(ann: ApiClient) -> None:
    first, second, file = deal(ann), deal(ann), uploaded(ann)
    attached = ann.patch(f"/data/file/{file}", {"regarding": {"id": first, "entity": "deal"}})
    assert attached.json["regarding"]["id"] == first
    assert ann.patch(f"/data/file/{file}", {"regarding": {"id": second, "entity": "deal"}}).status_code == 422


def test_nothing_is_attached_to_a_record_that_one_may_not_change(ann: ApiClient) -> None:
    record, file = deal(ann, name="Closed"), uploaded(ann)
    assert ann.patch(f"/data/file/{file}", {"regarding": {"id": record, "entity": "deal"}}).status_code == 403
    assert send(ann, "late.pdf", PDF, f"/data/deal/{record}/files").status_code == 403


def test_a_content_goes_into_a_field_with_one_call(app: App, ann: ApiClient) -> None:
    record = deal(ann)
    file = send(ann, "offer.pdf", PDF, f"/data/deal/{record}/files", field="contract").json
    assert (file["regarding"]["id"], file["field"]) == (record, "contract")
    for name in ("a.png", "b.png"):
        send(ann, name, picture(), f"/data/deal/{record}/files", field="photos")
    told = ann.get(f"/data/deal/{record}").json
    assert told["contract"]["id"] == file["id"]
    assert [link["name"] for link in told["photos"]] == ["a.png", "b.png"]
    large = send(ann, "offer.pdf", PDF + b" " * 3000, f"/data/deal/{record}/files", field="contract")
    assert (large.status_code, large.json["code"]) == (413, "file_too_large")
    for field in ("name", "secret_note", "nothing"):
        answer = send(ann, "offer.pdf", PDF, f"/data/deal/{record}/files", field=field)
        assert (answer.status_code, answer.json["code"]) == (404, "unknown_field")
    wrong = send(ann, "photo.png", picture(), f"/data/deal/{record}/files", field="contract")
    assert wrong.status_code == 422
    assert len(stored(app)) == 3


def test_an_entity_without_activities_has_files_in_its_fields(ann: ApiClient) -> None:
    machine = ann.post("/data/machine", {"name": "Lathe", "manual": uploaded(ann)}).json
    assert ann.get(machine["manual"]["url"].removeprefix("/api/v1")).data == PDF
    assert len(ann.get(f"/data/machine/{machine['id']}/files").json["data"]) == 1
    answer = send(ann, "photo.pdf", PDF, f"/data/machine/{machine['id']}/files")
    assert (answer.status_code, answer.json["code"]) == (404, "unknown_collection")


def test_files_of_a_record_in_the_bin_come_back_with_it(ann: ApiClient) -> None:
    file = uploaded(ann)
    record = deal(ann, contract=file)
    attached = send(ann, "minutes.pdf", PDF, f"/data/deal/{record}/files").json["id"]
    ann.delete(f"/data/deal/{record}")
    assert {ann.get(f"/files/{one}").status_code for one in (file, attached)} == {404}
    ann.post(f"/data/deal/{record}/restore")
    assert {ann.get(f"/files/{one}").status_code for one in (file, attached)} == {200}


def test_purging_a_record_removes_its_files_and_their_contents(app: App, ann: ApiClient) -> None:
    record = deal(ann, contract=uploaded(ann), photos=[uploaded(ann), uploaded(ann)])
    send(ann, "minutes.pdf", PDF, f"/data/deal/{record}/files")
    ann.delete(f"/data/deal/{record}")
    assert len(stored(app)) == 4
    assert ann.delete(f"/data/deal/{record}?purge=true").status_code == 204
    assert stored(app) == []
    assert app.sql("SELECT * FROM main.file") == []


def test_a_file_in_a_field_is_not_deleted_behind_its_record(ann: ApiClient) -> None:
    file = uploaded(ann)
    deal(ann, contract=file)
    answer = ann.delete(f"/data/file/{file}")
    assert (answer.status_code, answer.json["code"]) == (409, "still_referenced")


def test_an_attachment_can_be_deleted_restored_and_purged(app: App, ann: ApiClient) -> None:
    record = deal(ann)
    file = send(ann, "minutes.pdf", PDF, f"/data/deal/{record}/files").json["id"]
    ann.delete(f"/data/file/{file}")
    assert ann.get(f"/data/deal/{record}/files").json["data"] == []
    assert ann.get(f"/files/{file}").status_code == 404
    ann.post(f"/data/file/{file}/restore")
    assert ann.get(f"/files/{file}").data == PDF
    ann.delete(f"/data/file/{file}")
    assert ann.delete(f"/data/file/{file}?purge=true").status_code == 204
    assert stored(app) == []


def test_a_purge_that_is_taken_back_keeps_the_content(app: App, ann: ApiClient, client: Client) -> None:
    file = uploaded(ann)
    ann.delete(f"/data/file/{file}")
    refused = ann.delete(
        f"/data/file/{file}?purge=true", headers={"If-Match": '"77"', "Idempotency-Key": "k"}
    )
    assert refused.status_code == 412
    assert len(stored(app)) == 1


def test_a_token_sees_the_files_of_the_entities_that_it_is_for(
    app: App, ann: ApiClient, client: Client
) -> None:
    file = uploaded(ann)
    record = deal(ann, contract=file)
    narrow = client(app, app.token("Ann", limits=TokenLimits(frozenset({"deal"}), None)))
    assert narrow.get(f"/files/{file}").status_code == 200
    assert narrow.get(f"/data/deal/{record}").json["contract"]["name"] is not None
    assert send(narrow, "a.pdf", PDF).status_code == 201
    reading = client(app, app.token("Ann", limits=TokenLimits(None, frozenset({"read"}))))
    assert reading.get(f"/files/{file}").status_code == 200
    assert send(reading, "a.pdf", PDF).status_code == 403
    only_files = client(app, app.token("Ann", limits=TokenLimits(frozenset({"file"}), None)))
    assert only_files.get(f"/files/{file}").status_code == 404


def test_nobody_uploads_without_a_token(app: App, client: Client) -> None:
    assert send(client(app), "a.pdf", PDF).status_code == 401
    assert stored(app) == []


def test_a_repeated_upload_with_a_key_makes_one_file(app: App, ann: ApiClient) -> None:
    def once(content: bytes) -> TestResponse:
        return ann.post("/files?name=a.pdf", data=content, headers={"Idempotency-Key": "abc"})

    first, again = once(PDF), once(PDF)
    assert first.json["id"] == again.json["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert once(PDF + b"other").json["code"] == "idempotency_key_reused"
    assert len(stored(app)) == 1


def test_filters_ask_whether_there_is_a_file(ann: ApiClient) -> None:
    with_file = deal(ann, contract=uploaded(ann))
    deal(ann)
    found = ann.get("/data/deal", query_string={"where": "contract != null and contract.size > 10"})
    assert [one["id"] for one in found.json["data"]] == [with_file]
