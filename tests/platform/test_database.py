"""Connections: what a reader and a writer can rely on, and what each failure is called."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.dialects.postgresql.base import ischema_names

from fieldstone.database.database import Database
from fieldstone.database.joined import JoinedDatabase
from fieldstone.database.migrations import MIGRATIONS, NewerData
from fieldstone.database.system import XID8
from fieldstone.errors import Busy, Conflict, Invalid, StaleModel, TooSlow, Unavailable
from fieldstone_testing import App
from fieldstone_testing.waiting import LONGEST

ONE = sa.select(sa.literal(1))


@pytest.fixture
def database(cluster) -> Database:
    found = Database(cluster.empty(), pool_size=3)
    found.prepare()
    yield found
    found.close()
    cluster.drop(found.url)


@pytest.fixture
def impatient(database) -> Database:
    """The same database for somebody who waits a second, and no longer."""
    found = Database(database.url, pool_size=1, statement_timeout=1)
    yield found
    found.close()


@pytest.fixture
def shop(app_from) -> App:
    return app_from(
        "kind: app\nname: shop\nversion: 1.0.0\n---\nkind: entity\nname: product\n"
        "fields: {code: {type: text, unique: true}}\n"
    )


def insert(app: App, code: str) -> str:
    columns = "INSERT INTO main.product (code, created_by, updated_by)"
    return f"{columns} SELECT '{code}', u.id, u.id FROM main.user u"


def test_the_migrations_make_the_tables_that_the_code_knows(database, monkeypatch):
    monkeypatch.setitem(ischema_names, "xid8", XID8)
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _: kind != "schema" or name == database.system.schema,
    }
    with database.transaction() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, database.system.metadata) == []


def test_preparing_again_changes_nothing(database):
    database.prepare()
    with database.read() as connection:
        steps = list(connection.scalars(sa.select(database.system.migration.c.version)))
    assert steps == [migration.version for migration in MIGRATIONS]


def test_data_of_a_newer_fieldstone_is_left_alone(database):
    with database.transaction() as connection:
        connection.execute(sa.insert(database.system.migration).values(version=9999))
    with pytest.raises(NewerData, match=r"newer Fieldstone.*Nothing was changed"):
        database.prepare()


def test_two_processes_can_prepare_at_once(cluster):
    url = cluster.empty()
    databases = [Database(url) for _ in range(3)]
    threads = [threading.Thread(target=database.prepare) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with databases[0].read() as connection:
        assert connection.scalar(sa.select(databases[0].system.current.c.version)) == 0
    for database in databases:
        database.close()
    cluster.drop(url)


def test_reads_are_in_autocommit(database):
    with database.read() as reader:
        first = reader.execute(sa.text("SELECT pg_current_xact_id()::text")).scalar_one()
        assert reader.execute(sa.text("SELECT pg_current_xact_id()::text")).scalar_one() != first


def test_a_write_is_rolled_back_on_any_error(database):
    content = database.system.content
    with pytest.raises(ZeroDivisionError), database.write(0) as connection:
        connection.execute(sa.insert(content).values(checksum="x", text="x"))
        raise ZeroDivisionError
    with database.read() as connection:
        assert connection.execute(sa.select(content)).all() == []


def test_a_write_under_a_publication_that_is_over_is_refused(database):
    with pytest.raises(StaleModel) as caught, database.write(7):
        pass
    assert caught.value.details == {"version": 0}


def test_a_slow_statement_is_stopped(impatient):
    with pytest.raises(TooSlow), impatient.read() as connection:
        connection.execute(sa.text("SELECT pg_sleep(60)"))


def test_who_waits_too_long_for_others_is_told_that_and_not_that_it_takes_too_long(database, impatient):
    lock = "LOCK TABLE main_system.content IN ACCESS EXCLUSIVE MODE"
    with database.transaction() as holder:
        holder.exec_driver_sql(lock)
        with pytest.raises(Busy, match="Others"), impatient.read() as connection:
            connection.execute(sa.select(database.system.content))


def test_a_broken_unique_names_the_field(shop):
    shop.sql(insert(shop, "A"))
    with pytest.raises(Conflict) as caught:
        shop.sql(insert(shop, "A"))
    assert [(error.field, error.code) for error in caught.value.errors] == [("code", "not_unique")]


def test_a_value_out_of_range_is_invalid(database):
    with pytest.raises(Invalid) as caught, database.read() as connection:
        connection.execute(sa.text("SELECT 3000000000::bigint::int"))
    assert caught.value.code == "out_of_range"


def test_a_database_without_memory_for_locks_says_which_setting_to_raise(database):
    failing = "DO $$ BEGIN RAISE EXCEPTION 'out of shared memory' USING ERRCODE = '53200'; END $$"
    with (
        pytest.raises(Unavailable, match="max_locks_per_transaction") as caught,
        database.read() as connection,
    ):
        connection.exec_driver_sql(failing)
    assert caught.value.code == "out_of_memory"


def test_an_unknown_column_means_that_the_model_is_stale(database):
    with pytest.raises(StaleModel), database.read() as connection:
        connection.execute(sa.text("SELECT no_such_column FROM main_system.publication"))


def test_a_deadlock_is_tried_again_until_both_have_written(shop):
    shop.sql(insert(shop, "A"))
    shop.sql(insert(shop, "B"))
    met = threading.Barrier(2, timeout=LONGEST)
    attempts: list[str] = []

    def touch(first: str, second: str):
        def work(connection: sa.Connection) -> None:
            statement = sa.text("UPDATE main.product SET version = version + 1 WHERE code = :code")
            attempts.append(first)
            connection.execute(statement, {"code": first})
            if attempts.count(first) == 1:
                met.wait()
            connection.execute(statement, {"code": second})

        shop.database.run_write(1, work)

    threads = [threading.Thread(target=touch, args=pair) for pair in (("A", "B"), ("B", "A"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=LONGEST)
    assert shop.sql("SELECT version FROM main.product ORDER BY code") == [(3,), (3,)]
    assert len(attempts) > 2


def test_a_database_that_went_and_came_back_costs_an_idle_connection_nothing(database):
    with database.read() as connection:
        connection.execute(ONE)
    terminate_all(database)
    with database.read() as connection:
        assert connection.scalar(ONE) == 1


def test_a_connection_lost_in_use_is_one_refusal_and_then_all_is_well(database):
    with pytest.raises(Unavailable), database.read() as connection:
        terminate_all(database)
        connection.execute(ONE)
    with database.read() as connection:
        assert connection.scalar(ONE) == 1


def test_a_database_that_is_not_there_is_unavailable():
    nowhere = Database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(Unavailable), nowhere.read():
        pass


def test_secrets_are_the_same_for_everybody(database):
    other = Database(database.url)
    assert database.secret("session") == other.secret("session")
    other.close()
    assert database.secret("session") != database.secret("other")


def test_a_joined_write_that_fails_takes_back_only_itself(database):
    content = database.system.content
    with database.transaction() as connection:
        joined = JoinedDatabase(database, connection)
        with joined.write(0) as kept:
            kept.execute(sa.insert(content).values(checksum="a", text="a"))
        with pytest.raises(Conflict), joined.write(0) as lost:
            lost.execute(sa.insert(content).values(checksum="b", text="b"))
            lost.execute(sa.insert(content).values(checksum="a", text="a"))
    with database.read() as connection:
        assert list(connection.scalars(sa.select(content.c.checksum))) == ["a"]


def terminate_all(database: Database) -> None:
    """What a restart of the server does to connections."""
    other = Database(database.url)
    with other.read() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    other.close()
