"""Exports: everything a filter matches, as a file, under the rights of who asks for it."""

import csv
import errno
import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date

import pytest
from python_calamine import CalamineWorkbook

from fieldstone import records
from fieldstone.errors import NoRoom
from fieldstone.fields.cells import guarded
from fieldstone.transfer import spreadsheet
from fieldstone.transfer.finished import finished
from fieldstone_testing.deals import DEALS
from fieldstone_testing.holds import holding
from fieldstone_testing.problems import assert_problem

PATH = "/data/deal/export"


@pytest.fixture(scope="module")
def app(module_app_from):
    """Ann's 2,100 deals, two of them named like formulas of a spreadsheet, and Bo's one."""
    app = module_app_from(DEALS + EXPORTER)
    ann = app.context_for("Ann", ["rep", "exporter"], ["North"])
    names = ["=1+1", "@cmd", 'Say "no", then go', *(f"Deal {number}" for number in range(2097))]
    rows = [{"name": name, "amount": "-5.50", "quantity": 1} for name in names]
    for start in range(0, len(rows), 1000):
        records.create(ann, "deal", rows[start : start + 1000])
    records.create(app.context_for("Bo", ["rep"], ["South"]), "deal", [{"name": "Bo's"}])
    return app


EXPORTER = """
---
kind: role
name: exporter
label: Exporter
capabilities: [export]
"""


@pytest.fixture
def api(app, client):
    return client(app, app.token("Ann", ["rep", "exporter"]))


def rows_of(answer):
    return list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))


def test_all_records_are_exported_over_many_pages_and_only_those_that_may_be_read(api):
    heads, *rows = rows_of(api.get(f"{PATH}?fields=name,amount&order=name"))
    assert heads == ["name", "amount"]
    assert len(rows) == 2100
    assert "Bo's" not in {name for name, _ in rows}


@pytest.mark.parametrize("kind", ["csv", "ndjson", "xlsx"])
def test_it_is_a_file_that_is_sent_in_parts_and_whose_length_is_known(api, kind):
    answer = api.get(f"{PATH}?format={kind}")
    assert answer.is_streamed
    assert int(answer.headers["Content-Length"]) == len(answer.get_data())


@pytest.mark.parametrize("kind", ["csv", "ndjson", "xlsx"])
def test_what_goes_wrong_after_the_first_records_is_told_and_half_a_file_is_not_sent(app, api, kind):
    lock = "LOCK TABLE main.deal IN ACCESS EXCLUSIVE MODE"
    api.get(f"{PATH}?format={kind}")
    with holding(app, lock) as first, ThreadPoolExecutor(2) as pool, ExitStack() as stack:
        answer = pool.submit(api.get, f"{PATH}?format={kind}")
        first.until_waiting(1)
        # Who comes next gets the table between two pages, as those who wait are served in their order.
        second = pool.submit(stack.enter_context, holding(app, lock))
        first.until_waiting(2)
        first.release()
        second.result().cancel()
        assert_problem(answer.result(), 503, "too_slow")
    assert api.get(f"{PATH}?format={kind}").status_code == 200


def test_a_full_disk_is_told():
    def write(file):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(NoRoom, match="no disk left"):
        finished(write)


def test_a_table_is_a_file_with_a_name(api):
    answer = api.get(PATH)
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="deal.csv"'


def test_a_text_that_a_spreadsheet_takes_for_a_formula_gets_an_apostrophe_and_a_number_stays(api):
    rows = rows_of(api.get(f"{PATH}?fields=name,amount&where=left(name, 1) == '='"))
    assert rows[1:] == [["'=1+1", "-5.50"]]


@pytest.mark.parametrize("text", ["=1", "+a", "-a", "@a", "\ta", "\r=1", "-1+2", "+1,2", "=-5"])
def test_no_cell_begins_like_a_formula(text):
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("value", ["-5.50", "+4712", "1e5", "plain", "a=b", ""])
def test_numbers_and_plain_texts_stay_as_they_are(value):
    assert guarded(value) == value


def test_quotes_commas_and_filters_work_as_in_a_list(api):
    rows = rows_of(api.get(f"{PATH}?fields=name&where=name == 'Say \"no\", then go'"))
    assert rows[1:] == [['Say "no", then go']]


def test_ndjson_has_every_value_exactly(api):
    lines = api.get(f"{PATH}?format=ndjson&fields=name,amount&where=name == '=1%2B1'").get_data(as_text=True)
    [record] = [json.loads(line) for line in lines.splitlines()]
    assert (record["name"], record["amount"]) == ("=1+1", "-5.50")


def sheet_of(answer):
    return CalamineWorkbook.from_filelike(io.BytesIO(answer.get_data())).get_sheet_by_index(0).to_python()


def test_a_spreadsheet_has_numbers_as_numbers_days_as_days_and_texts_as_texts(api):
    made = {"name": "=1+1", "amount": "12.50", "quantity": 3, "close_date": "2026-03-01"}
    exact = {"name": "@cmd", "amount": "12345678901234.56", "quantity": 2**60}
    ids = [api.post("/data/deal", json=values).json["id"] for values in (made, exact)]
    where = f"id in ['{ids[0]}', '{ids[1]}']"
    names = "name,amount,quantity,close_date,customer"
    answer = api.get(f"{PATH}?format=xlsx&fields={names}&order=created_at&where={where}")
    heads, first, second = sheet_of(answer)
    assert heads == names.split(",")
    assert first == ["=1+1", 12.5, 3, date(2026, 3, 1), ""]
    assert second == ["@cmd", "12345678901234.56", str(2**60), "", ""]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="deal.xlsx"'
    [api.delete(f"/data/deal/{id_}") for id_ in ids]


def test_a_spreadsheet_of_many_pages_holds_no_formula(api):
    answer = api.get(f"{PATH}?format=xlsx&fields=name,amount")
    assert len(sheet_of(answer)) == 2101
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as file:
        assert b"<f>" not in file.read("xl/worksheets/sheet1.xml")


def test_more_records_than_a_spreadsheet_holds_are_refused(api, monkeypatch):
    monkeypatch.setattr(spreadsheet, "MOST_ROWS", 2000)
    assert_problem(api.get(f"{PATH}?format=xlsx&fields=name"), 413)


def test_a_field_that_may_not_be_read_is_no_column(api):
    assert "margin" not in rows_of(api.get(PATH))[0]
    assert_problem(api.get(f"{PATH}?fields=margin"), 400)


def test_exporting_needs_the_capability(app, client):
    refused = client(app, app.token("Bo", ["rep"])).get(PATH)
    assert_problem(refused, 403)
    assert "export" in refused.json["reason"]


@pytest.mark.parametrize(
    "question", ["where=amount >", "order=nothing", "format=pdf", "format=xlsx&where=nothing", "limit=5"]
)
def test_what_cannot_be_exported_is_refused_before_anything_is_sent(api, question):
    assert_problem(api.get(f"{PATH}?{question}"), 400)


def test_what_may_be_exported_stands_in_the_openapi_document(app, api, client):
    assert f"/api/v1{PATH}" in api.get("/openapi.json").json["paths"]
    others = client(app, app.token("Bo", ["rep"])).get("/openapi.json").json["paths"]
    assert f"/api/v1{PATH}" not in others


def test_a_saved_view_is_exported_with_its_columns_filter_and_order(app, client):
    api = client(app, app.token("Eve", ["employee", "rep", "exporter"]))
    for name in ("Aa", "Bb", "Cc"):
        api.post("/data/deal", json={"name": name, "quantity": len(name)})
    view = {
        "name": "Mine",
        "shows": "deal",
        "where": 'name > "Aa"',
        "order": "-name",
        "columns": "quantity,name",
    }
    assert api.post("/data/saved_view", json=view).status_code == 201
    assert rows_of(api.get(f"{PATH}?view=Mine")) == [["quantity", "name"], ["2", "Cc"], ["2", "Bb"]]
