"""Publishing while others use the tables: nobody waits long behind a publisher, who is told of whom."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from fieldstone import records
from fieldstone.access.system_user import SYSTEM_USER
from fieldstone.cli.main import commands, exit_status
from fieldstone.errors import StaleModel
from fieldstone.publication.alone.in_use import TablesInUse
from fieldstone.publication.alone.patience import Patience
from fieldstone.publication.apply import Applied, propose, publish
from fieldstone_testing.apps import App, layer_from
from fieldstone_testing.holds import holding, until
from fieldstone_testing.waiting import LONGEST

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
  code: {type: text}
  maker: {type: reference, to: maker}
"""
WITH_WEIGHT = SHOP + "  weight: {type: decimal}\n"
WITHOUT_MAKER = SHOP.replace("  maker: {type: reference, to: maker}\n", "")
REPORT = "SELECT count(*) FROM main.product"
ADVISORY_LOCKS = """SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
"""The server has databases of other tests too."""
AT_ONCE = Patience(pauses=(0, 0))


@pytest.fixture
def shop(app_from) -> App:
    app = app_from(SHOP)
    records.create(app.system, "product", [{"code": "A"}])
    return app


def bring_in(app: App, text: str, patience: Patience = AT_ONCE) -> Applied:
    proposal = replace(propose(app.database, [layer_from(text)], app.model), allow_destructive=True)
    return publish(app.database, proposal, author=SYSTEM_USER, note="test", patience=patience)


def version(app: App) -> object:
    return app.sql("SELECT version FROM main_system.current")[0][0]


def read(app: App) -> object:
    return app.sql(REPORT)[0][0]


def test_who_reads_goes_on_while_a_publisher_waits_for_a_long_report(shop):
    with ThreadPoolExecutor(2) as pool, holding(shop, REPORT) as report:
        publishing = pool.submit(bring_in, shop, WITH_WEIGHT)
        report.until_waiting()
        assert pool.submit(read, shop).result(LONGEST) == 1  # behind the publisher, who gives way
        with pytest.raises(TablesInUse):
            publishing.result(LONGEST)
    assert version(shop) == 1


def test_who_gives_way_holds_nothing_meanwhile_and_succeeds_when_the_report_has_ended(shop):
    meanwhile = []

    def tell(text: str) -> None:
        shop.sql("SET LOCAL lock_timeout = 1; LOCK TABLE main.product IN ACCESS SHARE MODE")
        [written] = records.create(shop.system, "product", [{"code": "meanwhile"}])
        meanwhile.append((text, written.id))
        report.release()

    with holding(shop, REPORT) as report:
        applied = bring_in(shop, WITH_WEIGHT, replace(AT_ONCE, tell=tell))
    assert applied.version == 2
    [(text, _)] = meanwhile
    assert text.startswith("Try 1 of 3, the next one in 0 s. Tables that this needs stayed in use")


def test_who_gave_up_is_told_which_connections_hold_which_tables_since_when_and_nothing_is_changed(shop):
    with holding(shop, REPORT), pytest.raises(TablesInUse) as caught:
        bring_in(shop, WITH_WEIGHT)
    [holder] = caught.value.holders
    assert (holder.table, holder.statement, holder.resting) == ("product", "SELECT", True)
    assert f"`product` is held by the connection {holder.pid}" in caught.value.message
    assert (
        f"rests in a transaction after SELECT since {holder.since:%Y-%m-%d %H:%M:%S}" in caught.value.message
    )
    assert caught.value.details["holders"][0]["pid"] == holder.pid
    assert version(shop) == 1
    assert shop.sql(ADVISORY_LOCKS) == [(0,)]
    assert bring_in(shop, WITH_WEIGHT).version == 2


def test_a_reference_that_goes_needs_the_table_to_which_it_led(shop):
    with holding(shop, "SELECT count(*) FROM main.maker"), pytest.raises(TablesInUse) as caught:
        bring_in(shop, WITHOUT_MAKER)
    assert [holder.table for holder in caught.value.holders] == ["maker"]


def test_what_touches_no_table_waits_for_no_report(shop):
    labelled = SHOP.replace("code: {", "code: {label: Number, ")
    with holding(shop, REPORT):
        assert bring_in(shop, labelled).version == 2


def test_a_writer_who_does_not_end_is_told_and_afterwards_it_is_the_publishers_turn(shop):
    patient = Patience(pauses=(0,) * 50)
    with ThreadPoolExecutor(2) as pool:
        with shop.database.write(1), holding(shop, "SELECT 1") as look:
            with pytest.raises(TablesInUse) as caught:
                bring_in(shop, WITH_WEIGHT)
            publishing = pool.submit(bring_in, shop, WITH_WEIGHT, patient)
            look.until_waiting()
        assert [holder.table for holder in caught.value.holders] == ["current"]
        assert publishing.result(LONGEST).version == 2
    with pytest.raises(StaleModel), shop.database.write(1):
        pass


def test_the_command_line_tells_whom_it_waits_for(shop, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("FIELDSTONE_DATABASE_URL", shop.database.url.render_as_string(hide_password=False))
    (tmp_path / "app.yaml").write_text(WITH_WEIGHT)
    told: list[str] = []

    def is_told() -> bool:
        told.append(capfd.readouterr().err)
        return "Try 1 of 8" in "".join(told)

    arguments = ["apply", str(tmp_path), "--yes"]
    with ThreadPoolExecutor(1) as pool, holding(shop, REPORT) as report:
        applying = pool.submit(exit_status, lambda: commands.main(args=arguments, standalone_mode=False))
        until(is_told)
        report.release()
        assert applying.result(LONGEST) == 0
    assert "`product` is held by the connection" in " ".join("".join(told).split())
    assert version(shop) == 2
