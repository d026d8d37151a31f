"""The database gone and back, and a publication while serving."""

import pytest
import sqlalchemy as sa

from fieldstone.database.database import Database
from fieldstone.publication.apply import apply
from fieldstone_testing.apps import layer_from
from fieldstone_testing.deals import DEALS
from fieldstone_testing.problems import assert_problem

WITH_PHONE = DEALS.replace(
    "  remark: {type: long_text}", "  remark: {type: long_text}\n  phone: {type: text}"
)


@pytest.fixture
def app(app_from):
    return app_from(DEALS)


@pytest.fixture
def api(app, client):
    return client(app, app.token("Ann", ["rep"]))


@pytest.fixture
def outage(cluster, app):
    """Takes the database away from the app, and gives it back."""
    name = app.database.url.database
    admin = sa.create_engine(
        cluster.url("postgres").set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )

    def run(statement):
        with admin.connect() as connection:
            connection.execute(sa.text(statement))

    class Outage:
        def begin(self):
            run(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

        def end(self):
            run(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

    yield Outage()
    admin.dispose()


def test_while_the_database_is_gone_everything_is_a_503_that_says_when_to_come_back(api, outage):
    made = api.post("/data/customer", {"name": "Acme"}).json
    outage.begin()
    answers = [
        api.get("/data/customer"),
        api.get(f"/data/customer/{made['id']}"),
        api.post("/data/customer", {"name": "B"}),
        api.post("/data/customer", {"name": "B"}, headers={"Idempotency-Key": "a"}),
        api.patch(f"/data/customer/{made['id']}", {"name": "B"}),
        api.delete(f"/data/customer/{made['id']}"),
    ]
    outage.end()
    for answer in answers:
        assert_problem(answer, 503)
        assert int(answer.headers["Retry-After"]) > 0


def test_when_the_database_is_back_serving_goes_on_without_a_restart(api, outage):
    made = api.post("/data/customer", {"name": "Acme"}).json
    outage.begin()
    assert api.get("/data/customer").status_code == 503
    outage.end()
    assert api.get(f"/data/customer/{made['id']}").json["name"] == "Acme"
    assert api.post("/data/customer", {"name": "B"}).status_code == 201


def test_health_is_a_503_while_the_database_is_gone(app, client, outage):
    web = client(app)._client
    assert web.get("/healthz").status_code == 200
    outage.begin()
    gone = web.get("/healthz")
    outage.end()
    assert_problem(gone, 503)
    assert web.get("/healthz").status_code == 200


def test_a_token_not_seen_before_is_a_503_and_not_a_401_while_the_database_is_gone(app, client, outage):
    other = client(app, app.token("Bob", ["rep"]))
    outage.begin()
    answer = other.get("/me")
    outage.end()
    assert_problem(answer, 503)


def test_a_request_that_meets_a_new_publication_runs_on_the_new_model(app, api):
    made = api.post("/data/customer", {"name": "Acme"}).json
    publisher = Database(app.database.url)
    apply(publisher, [layer_from(WITH_PHONE)], author=app.user("Ann"), note="phone")
    publisher.close()
    changed = api.patch(f"/data/customer/{made['id']}", {"phone": "123"})
    assert changed.status_code == 200
    assert changed.json["phone"] == "123"
