"""Drift: tables that somebody changed by hand are shown, and made as declared again where that can be."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator

import pytest

from fieldstone import records
from fieldstone.cli.main import commands, exit_status
from fieldstone.publication.afterwards.finishing import finish
from fieldstone.publication.apply import propose
from fieldstone_testing import App
from fieldstone_testing.catalogue import catalogue
from fieldstone_testing.holds import holding

SHOP = """
kind: app
name: shop
version: 1.0.0
---
kind: entity
name: maker
fields:
  name: {type: text}
---
kind: entity
name: product
fields:
  code: {type: text, unique: true, max_length: 20}
  size: {type: integer, index: true}
  price: {type: money}
  maker: {type: reference, to: maker}
  tags: {type: references, to: maker}
"""
ALTER = "ALTER TABLE main.product "
MENDED = {
    "a column dropped": (ALTER + "DROP COLUMN size", "field product.size"),
    "a column retyped": (ALTER + "ALTER COLUMN size TYPE text", "column product.size"),
    "a column that must have a value": (ALTER + "ALTER COLUMN size SET NOT NULL", "column product.size"),
    "a column that may be empty": (ALTER + "ALTER COLUMN version DROP NOT NULL", "column product.version"),
    "an index dropped": ("DROP INDEX main.{index}", "index {index}"),
    "a key dropped": (ALTER + "DROP CONSTRAINT {key}", "field product.maker"),
    "a key not enforced": (ALTER + "ALTER CONSTRAINT {key} NOT ENFORCED", "constraint {key}"),
    "references not checked": (ALTER + "DISABLE TRIGGER ALL", "table product"),
}
LEFT = {
    "a column added": (ALTER + "ADD COLUMN extra text", "column product.extra"),
    "a table added": ("CREATE TABLE main.notes (id int)", "table notes"),
    "an index added": ("CREATE INDEX ours ON main.product (created_at)", "table product"),
}


@pytest.fixture
def shop(app_from) -> App:
    app = app_from(SHOP)
    records.create(app.system, "product", [{"code": "A", "size": 3}])
    return app


@pytest.fixture
def drift(shop, monkeypatch, capsys) -> Callable[..., tuple[int, list[str]]]:
    """Runs the command: its exit status, and the elements that it tells."""
    monkeypatch.setenv("FIELDSTONE_DATABASE_URL", shop.database.url.render_as_string(hide_password=False))

    def run(*options: str) -> tuple[int, list[str]]:
        capsys.readouterr()
        arguments = ["drift", "--json", *options]
        status = exit_status(lambda: commands.main(args=arguments, standalone_mode=False))
        return status, [one["element"] for one in json.loads(capsys.readouterr().out)]

    return run


def names(app: App) -> dict[str, str]:
    """What the index of the size and the key of the maker are called."""
    [[index]] = app.sql(
        "SELECT indexname FROM pg_indexes WHERE tablename = 'product' AND indexdef LIKE '%(size%'"
    )
    [[key]] = app.sql(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'main.product'::regclass AND contype = 'f' "
        "AND confrelid = 'main.maker'::regclass"
    )
    return {"index": str(index), "key": str(key)}


def test_tables_that_nobody_touched_are_as_declared(drift):
    assert drift() == (0, [])


@pytest.mark.parametrize("damage", MENDED)
def test_what_is_less_than_declared_is_shown_and_mended(shop, drift, damage):
    before, named = catalogue(shop), names(shop)
    statement, element = (text.format(**named) for text in MENDED[damage])
    shop.sql(statement)
    status, told = drift()
    assert (status, told[0]) == (1, element)
    assert drift("--mend", "--yes") == (0, [])
    assert catalogue(shop) == before
    assert drift() == (0, [])


@pytest.mark.parametrize("addition", LEFT)
def test_what_is_more_than_declared_is_shown_and_never_touched(shop, drift, addition):
    statement, element = LEFT[addition]
    shop.sql(statement)
    before = catalogue(shop)
    assert drift() == (1, [element])
    assert drift("--mend", "--yes") == (1, [element])
    assert catalogue(shop) == before


def test_a_publication_does_not_forget_what_is_otherwise(shop, drift):
    shop.sql(ALTER + "ADD COLUMN extra text, ALTER COLUMN version DROP NOT NULL")
    shop.sql(ALTER + f"ALTER CONSTRAINT {names(shop)['key']} NOT ENFORCED")
    before = drift()
    shop.publish(SHOP.replace("version: 1.0.0", "version: 1.0.1") + "  weight: {type: decimal}\n")
    assert drift() == before
    assert before[0] == 1
    assert len(before[1]) == 3


def test_values_that_do_not_convert_back_stay_and_nothing_is_mended(shop, drift):
    shop.sql(ALTER + "ALTER COLUMN size TYPE text")
    shop.sql("UPDATE main.product SET size = 'large'")
    shop.sql(ALTER + "ALTER COLUMN version DROP NOT NULL")
    before = catalogue(shop)
    status = exit_status(lambda: commands.main(args=["drift", "--mend", "--yes"], standalone_mode=False))
    assert status == 1
    assert catalogue(shop) == before
    assert shop.sql("SELECT size FROM main.product") == [("large",)]


COMING = SHOP.replace("{type: money}", "{type: money}\n  height: {type: integer, index: true}").replace(
    "tags: {type: references, to: maker}",
    "tags: {type: references, to: maker}\n  owner_of: {type: reference, to: maker}",
)
BUILT = "ix_product__height, ix_product__owner_of, fk_product__owner_of"


@pytest.fixture
def coming(shop: App) -> App:
    """The shop after a publication that left two indexes and a key to be built."""
    records.create(shop.system, "product", [{"code": f"P{number}"} for number in range(20)])
    shop.database.large_table = 10
    shop.sql("UPDATE main.product SET size = 4 WHERE code = 'A'")
    shop.publish(COMING)
    return shop


@pytest.fixture
def under_way(coming: App) -> Iterator[App]:
    """As `coming`, while somebody builds and waits for an older transaction."""
    with holding(coming, "UPDATE main.product SET size = 5 WHERE code = 'A'") as hold:
        building = threading.Thread(target=finish, args=(coming.database,))
        building.start()
        hold.until_waiting()
        yield coming
    building.join()


@pytest.mark.parametrize("state", ["coming", "under_way"])
def test_what_is_still_being_built_is_told_so_and_is_no_drift(request, drift, state):
    app = request.getfixturevalue(state)
    before = catalogue(app)
    assert drift() == (0, [BUILT])
    assert drift("--mend", "--yes") == (0, [BUILT])
    assert catalogue(app) == before
    plan = propose(app.database, []).plan
    assert (plan.steps, plan.statements, plan.drift) == ((), (), ())
    assert plan.building == (f"building {BUILT} of product",)


def test_the_doctor_says_what_is_still_being_built(under_way, drift, capsys):
    assert drift()[0] == 0
    exit_status(lambda: commands.main(args=["doctor", "--json"], standalone_mode=False))
    told = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert (told["tables"]["state"], told["tables"]["text"]) == (
        "ok",
        f"as declared; still being built: {BUILT} of product",
    )


def test_a_unique_index_that_is_built_before_its_version_is_no_drift(coming, drift):
    text = COMING.replace("height: {type: integer, index: true}", "height: {type: integer, unique: true}")
    assert finish(coming.database)
    with holding(coming, "UPDATE main.product SET size = 5 WHERE code = 'A'") as hold:
        publishing = threading.Thread(target=coming.publish, args=(text,))
        publishing.start()
        hold.until_waiting()
        assert drift("--mend", "--yes") == (0, ["ux_product__height"])
    publishing.join()
    assert drift() == (0, [])


def test_what_is_missing_beside_what_is_being_built_is_drift(coming, drift):
    coming.sql("DROP INDEX main.ix_product__size")
    assert drift() == (1, ["index ix_product__size", BUILT])
    assert drift("--mend", "--yes") == (0, [BUILT])
    assert finish(coming.database)
    assert drift() == (0, [])
