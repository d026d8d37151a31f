"""`If-Match` on an upsert: it changes the record in that version, and creates none in its place."""

import pytest

from fieldstone_testing.deals import DEALS
from fieldstone_testing.problems import assert_problem


@pytest.fixture
def ann(app_from, client):
    app = app_from(DEALS)
    return client(app, app.token("Ann", ["rep"], ["North"]))


@pytest.mark.parametrize("condition", ['"3"', "*"])
def test_an_upsert_of_a_version_creates_nothing_where_there_is_no_record(ann, condition):
    answer = ann.put("/data/customer/by/code/A1", {"name": "Acme"}, headers={"If-Match": condition})
    assert_problem(answer, 412)
    assert ann.get("/data/customer").json["data"] == []


def test_an_upsert_changes_the_version_that_it_names_and_no_other(ann):
    made = ann.put("/data/customer/by/code/A1", {"name": "Acme"})
    seen = {"If-Match": made.headers["ETag"]}
    assert ann.put("/data/customer/by/code/A1", {"name": "Bolt"}, headers=seen).status_code == 200
    assert_problem(ann.put("/data/customer/by/code/A1", {"name": "Cord"}, headers=seen), 412)
