"""Indexes and constraints of large tables: built after the publication, while others go on writing."""

from __future__ import annotations

import threading

import pytest

from fieldstone import records
from fieldstone.errors import Unavailable
from fieldstone.publication.afterwards.finishing import finish
from fieldstone.publication.afterwards.unfinished import unfinished
from fieldstone.publication.apply import propose
from fieldstone.publication.refusal import PlanRefused
from fieldstone_testing import App, AppFactory
from fieldstone_testing.apps import layer_from
from fieldstone_testing.holds import holding

SHOP = """
kind: app
name: shop
label: Shop
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: shelf
fields:
  name: {type: text, required: true}
---
kind: entity
name: product
fields:
  name: {type: text, required: true}
  code: {type: integer}
"""
INDEXED = SHOP.replace("code: {type: integer}", "code: {type: integer, index: true}")
PLACED = INDEXED + "  shelf: {type: reference, to: shelf, inverse: products}\n"
INDEX = "ix_product__code"
VALID = "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = :name"


def stock(app: App) -> None:
    records.create(app.system, "product", [{"name": f"P{n}", "code": n} for n in range(30)])


@pytest.fixture
def app(app_from: AppFactory) -> App:
    found = app_from.of_layers([layer_from(SHOP)], filled_by=stock)
    found.database.large_table = 10
    return found


def left(app: App) -> list[str]:
    with app.database.read() as connection:
        return [str(one) for one in unfinished(connection, app.database.system)]


def valid(app: App, name: str = INDEX) -> list[bool]:
    return [bool(row[0]) for row in app.sql(VALID, name=name)]


def test_the_plan_says_that_nobody_waits_for_an_index_of_a_large_table(app: App) -> None:
    plan = propose(app.database, [layer_from(INDEXED)]).plan
    step = next(step for step in plan.steps if step.kind == "index")
    assert step.detail == "on product, built afterwards, while others go on writing"
    assert str(step.lock) == "reads 30 rows of product, and nobody waits (SHARE UPDATE EXCLUSIVE)"
    assert step.sql == (f"CREATE INDEX CONCURRENTLY {INDEX} ON main.product (code, id)",)
    assert plan.statements == ()
    app.database.large_table = 30
    assert len(propose(app.database, [layer_from(INDEXED)]).plan.statements) == 1


def test_what_is_left_to_build_is_neither_planned_again_nor_drift(app: App) -> None:
    app.publish(INDEXED)
    assert (left(app), valid(app)) == ([f"building {INDEX} of product"], [])
    plan = propose(app.database, [layer_from(INDEXED + "  note: {type: text}\n")]).plan
    assert "index" not in {step.kind for step in plan.steps}
    assert (plan.drift, plan.building) == ((), (f"building {INDEX} of product",))
    app.publish(INDEXED + "  note: {type: text}\n")
    assert finish(app.database)
    assert (left(app), valid(app)) == ([], [True])
    assert app.sql("SELECT count(*) FROM main_system.table_state WHERE name = 'product'") == [(1,)]
    again = propose(app.database, [layer_from(INDEXED + "  note: {type: text}\n")]).plan
    assert (again.unchanged, again.statements, again.building) == (True, (), ())


def test_writers_go_on_while_an_index_waits_for_an_older_transaction(app: App) -> None:
    app.publish(INDEXED)
    with holding(app, "UPDATE main.product SET code = code WHERE name = 'P1'") as hold:
        building = threading.Thread(target=finish, args=(app.database,))
        building.start()
        hold.until_waiting()
        assert not finish(app.database)
        records.create(app.system, "product", [{"name": "New", "code": 4711}])
        assert valid(app) == [False]
    building.join()
    assert (left(app), valid(app)) == ([], [True])
    assert app.sql("SELECT name FROM main.product WHERE code = 4711") == [("New",)]


def test_an_index_whose_builder_died_is_built_anew(app: App) -> None:
    app.publish(INDEXED)
    with holding(app, "UPDATE main.product SET code = code WHERE name = 'P1'") as hold:
        building = threading.Thread(target=lose, args=(app,))
        building.start()
        hold.disconnect()
        building.join()
    assert (left(app), valid(app)) == ([f"building {INDEX} of product"], [False])
    assert finish(app.database)
    assert (left(app), valid(app)) == ([], [True])


def lose(app: App) -> None:
    with pytest.raises(Unavailable):
        finish(app.database)


def test_a_new_reference_is_checked_afterwards(app: App) -> None:
    app.publish(PLACED)
    unchecked = "SELECT conname FROM pg_constraint WHERE NOT convalidated"
    assert app.sql(unchecked) == [("fk_product__shelf",)]
    (shelf,) = records.create(app.system, "shelf", [{"name": "Top"}])
    records.create(
        app.system, "product", [{"name": "On it", "shelf": {"id": str(shelf.id), "entity": "shelf"}}]
    )
    assert finish(app.database)
    assert (app.sql(unchecked), left(app)) == ([], [])
    assert valid(app, "ix_product__shelf") == [True]


def test_an_index_that_nobody_wants_any_more_is_not_built(app: App) -> None:
    app.publish(INDEXED)
    app.publish(SHOP)
    assert (left(app), valid(app)) == ([], [])


UNIQUE = SHOP.replace("code: {type: integer}", "code: {type: integer, unique: true}")
PROMISE = "ux_product__code"


def test_what_becomes_unique_is_so_before_the_version_is_in_force_and_writers_go_on(app: App) -> None:
    plan = propose(app.database, [layer_from(UNIQUE)]).plan
    (step,) = [step for step in plan.steps if step.kind == "index"]
    assert step.detail == "on product, built before it comes into force, while others go on writing"
    with holding(app, "UPDATE main.product SET code = code WHERE name = 'P1'") as hold:
        publishing = threading.Thread(target=app.publish, args=(UNIQUE,))
        publishing.start()
        hold.until_waiting()
        records.create(app.system, "product", [{"name": "New", "code": 4711}])
        assert app.sql("SELECT version FROM main_system.current") == [(1,)]
    publishing.join()
    assert (app.model.version, valid(app, PROMISE), left(app)) == (2, [True], [])


def test_a_duplicate_that_comes_amid_the_build_refuses_the_publication_and_names_it(app: App) -> None:
    with holding(app, "UPDATE main.product SET code = 3 WHERE name = 'P1'") as hold:
        publishing = threading.Thread(target=refused, args=(app,))
        publishing.start()
        hold.until_waiting()
        hold.commit()
    publishing.join()
    assert (valid(app, PROMISE), left(app)) == ([], [])
    assert app.sql("SELECT version FROM main_system.current") == [(1,)]


def refused(app: App) -> None:
    with pytest.raises(PlanRefused, match=r"Records share what would be unique in code: “3” 2 times"):
        app.publish(UNIQUE)


def test_an_index_of_a_publication_that_never_came_is_taken_away(app: App) -> None:
    app.sql("CREATE UNIQUE INDEX ux_product__code ON main.product (code) WHERE deleted_at IS NULL")
    app.sql(
        'INSERT INTO main_system.unfinished (publication, kind, "table", names)'
        " VALUES (2, 'promised', 'product ux_product__code', '{ux_product__code}')"
    )
    assert finish(app.database)
    assert (valid(app, PROMISE), left(app)) == ([], [])
    app.publish(UNIQUE)
    assert valid(app, PROMISE) == [True]
