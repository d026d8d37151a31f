"""Publications: all or nothing, one publisher at a time, taken up by running processes without a restart."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
import sqlalchemy as sa

from fieldstone import records
from fieldstone.access.system_user import SYSTEM_USER
from fieldstone.database.migrations import NewerData
from fieldstone.errors import Conflict, StaleModel, Unavailable
from fieldstone.publication.apply import NotAccepted, apply, propose
from fieldstone.publication.apply import publish as carry_out
from fieldstone.publication.current import CurrentModel, load_model
from fieldstone.publication.store import load_layers, publications
from fieldstone_metadata import File, Layer, core_layer
from fieldstone_testing.apps import App, layer_from
from fieldstone_testing.waiting import LONGEST, until, until_somebody_waits

SHOP = """
kind: app
name: shop
version: 1.0.0
---
kind: entity
name: product
fields:
  code: {type: text, required: true, unique: true}
  price: {type: decimal}
"""
WITH_WEIGHT = SHOP + "  weight: {type: decimal}\n"
PRICE_LIST = """
---
kind: data
name: prices
entity: product
key: [code]
records:
  - {code: P-1, price: "10.50"}
  - {code: P-2, price: "20"}
"""


@pytest.fixture
def shop(app_from) -> App:
    return app_from(SHOP)


def publish(app: App, text: str, **options):
    return apply(app.database, [layer_from(text)], author=SYSTEM_USER, note="test", **options)


def columns(app: App, table: str) -> set[str]:
    wanted = "table_schema = 'main' AND table_name = :table"
    found = app.sql(f"SELECT column_name FROM information_schema.columns WHERE {wanted}", table=table)
    return {str(row[0]) for row in found}


def test_a_publication_keeps_documents_author_note_and_time(shop):
    publish(shop, WITH_WEIGHT)
    with shop.database.read() as connection:
        newest, first = publications(connection, shop.database.system)
        layers = load_layers(connection, shop.database.system, 2)
    assert (newest.version, newest.author, newest.note, first.version) == (2, SYSTEM_USER, "test", 1)
    assert newest.at > first.at
    assert layers == (core_layer(), Layer("shop", (File("app.yaml", WITH_WEIGHT),)))


def test_the_same_documents_again_publish_nothing(shop):
    again = publish(shop, SHOP)
    assert (again.version, again.unchanged) == (1, True)


def test_documents_with_errors_publish_nothing_and_tell_all_problems(shop):
    with pytest.raises(NotAccepted) as caught:
        publish(shop, SHOP.replace("decimal", "decimall").replace("unique: true", "uniqe: true"))
    assert len(caught.value.problems) == 2
    assert "weight" not in columns(shop, "product")


FLEET = """
kind: app
name: fleet
version: 1.0.0
---
kind: entity
name: van
fields: {plate: {type: text}}
"""


def test_an_app_goes_beside_what_is_published(shop):
    publish(shop, FLEET)
    assert {"product", "van"} <= set(load_model(shop.database, 2).entities)


def test_a_plan_on_a_base_that_has_moved_is_refused(shop):
    publish(shop, WITH_WEIGHT)
    with pytest.raises(Conflict) as caught:
        publish(shop, SHOP + "  height: {type: decimal}\n", base=1)
    assert (caught.value.code, caught.value.details) == ("base_moved", {"base": 1, "version": 2})


def test_of_two_publishers_at_once_one_is_told_to_look_again(shop):
    outcomes: list[str] = []
    start = threading.Barrier(2, timeout=LONGEST)

    def run(field: str) -> None:
        start.wait()
        try:
            outcomes.append(f"published {publish(shop, SHOP + f'  {field}: {{type: text}}').version}")
        except Conflict as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=run, args=(field,)) for field in ("left", "right")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=LONGEST)
    lost = set(outcomes) - {"published 2"}
    assert "published 2" in outcomes
    assert lost <= {"publication_under_way", "base_moved"}
    assert len(columns(shop, "product") & {"left", "right"}) == 1


def test_a_publication_that_dies_half_way_leaves_nothing(shop):
    before = columns(shop, "product")
    system = shop.database.system
    killed = sa.text("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(Unavailable), shop.database.transaction() as connection:
        connection.execute(sa.text("ALTER TABLE main.product ADD COLUMN half text"))
        connection.execute(sa.update(system.current).values(version=2))
        connection.execute(killed)
    assert columns(shop, "product") == before
    assert publish(shop, WITH_WEIGHT).version == 2


def test_a_publisher_waits_for_writers_and_holds_off_new_ones(shop):
    published = threading.Thread(target=publish, args=(shop, WITH_WEIGHT))
    with shop.database.write(1) as connection:
        published.start()
        until_somebody_waits(shop)
        assert connection.scalar(sa.select(shop.database.system.current.c.version)) == 1
    published.join(timeout=LONGEST)
    with pytest.raises(StaleModel), shop.database.write(1):
        pass


def test_a_running_process_takes_up_a_publication_at_once(shop):
    with CurrentModel(shop.database) as current:
        assert current.model.version == 1
        publish(shop, WITH_WEIGHT)
        until(lambda: current.model.version == 2)
        assert "weight" in current.model.entities["product"].fields


def test_twenty_publications_leave_one_model_in_a_process(shop):
    following = CurrentModel(shop.database)
    following.reload()
    models = []
    for number in range(20):
        layer = layer_from(SHOP.replace("price: {", f"price: {{label: Price {number}, "))
        proposal = propose(shop.database, [layer], following.model)
        carry_out(shop.database, proposal, author=SYSTEM_USER, note="test")
        following.reload()
        models.append(weakref.ref(following.model))
    del proposal
    gc.collect()
    assert following.model.version == 21
    assert [found.version for model in models if (found := model()) is not None] == [21]


def test_following_goes_on_after_the_database_was_away(shop):
    with CurrentModel(shop.database) as current:
        shop.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        publish(shop, WITH_WEIGHT)
        until(lambda: current.model.version == 2)


def test_before_the_first_publication_there_is_no_model(cluster):
    from fieldstone.database.database import Database

    database = Database(cluster.empty())
    database.prepare()
    with CurrentModel(database) as current, pytest.raises(Unavailable, match="Nothing has been published"):
        _ = current.model
    database.close()
    cluster.drop(database.url)


def test_a_publication_of_a_newer_fieldstone_is_not_run(shop):
    shop.sql("UPDATE main_system.publication SET fieldstone_version = '99.0'")
    with pytest.raises(NewerData, match=r"made by Fieldstone 99\.0"):
        load_model(shop.database, 1)


def test_data_is_loaded_with_the_publication_and_found_again_by_its_key(shop):
    shop.publish(SHOP + PRICE_LIST)
    shop.publish(SHOP + PRICE_LIST.replace('"20"', '"25"') + "  - {code: P-3}\n")
    rows = shop.sql("SELECT code, price::text FROM main.product ORDER BY code")
    assert [(code, price) for code, price in rows] == [
        ("P-1", "10.500000"),
        ("P-2", "25.000000"),
        ("P-3", None),
    ]


def test_data_that_did_not_change_leaves_what_people_changed_since(shop):
    shop.publish(SHOP + PRICE_LIST)
    shop.sql("UPDATE main.product SET price = 99 WHERE code = 'P-1'")
    shop.publish(WITH_WEIGHT + PRICE_LIST)
    assert shop.sql("SELECT price::int FROM main.product WHERE code = 'P-1'") == [(99,)]


def test_data_that_cannot_be_saved_publishes_nothing(shop):
    with pytest.raises(Exception, match="Code is required"):
        shop.publish(SHOP + PRICE_LIST.replace("  - {code: P-1, ", "  - {code: '', "))
    assert shop.sql("SELECT version FROM main_system.current") == [(1,)]
    assert shop.sql("SELECT count(*) FROM main.product") == [(0,)]


def test_records_work_on_the_new_model(shop):
    shop.publish(WITH_WEIGHT)
    [written] = records.create(shop.system, "product", [{"code": "A", "weight": "1.5"}])
    assert records.get(shop.system, "product", written.id)["weight"] == "1.5"
