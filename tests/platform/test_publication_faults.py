"""Publications that go wrong from outside: rivals, a full disk, a connection that is lost amid the commit."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from fieldstone.access.system_user import SYSTEM_USER
from fieldstone.cli.main import commands, exit_status
from fieldstone.errors import InDoubt, NoRoom, Unavailable
from fieldstone.publication.alone import doubt
from fieldstone.publication.apply import Applied, propose, publish
from fieldstone_testing import ApiClient, App
from fieldstone_testing.apps import layer_from
from fieldstone_testing.catalogue import catalogue, contents
from fieldstone_testing.holds import closed_gate, holding, put_gate_at_commit
from fieldstone_testing.problems import assert_problem
from fieldstone_testing.waiting import LONGEST

SHOP = """
kind: app
name: shop
version: 1.0.0
---
kind: role
name: chief
capabilities: [publish]
---
kind: entity
name: product
fields:
  code: {type: text}
"""
WITH_WEIGHT = SHOP + "  weight: {type: decimal}\n"
WITH_SIZE = SHOP + "  size: {type: integer}\n"


@pytest.fixture
def shop(app_from) -> App:
    return app_from(SHOP)


@pytest.fixture
def api(shop: App, client: Callable[[App, str], ApiClient]) -> ApiClient:
    return client(shop, shop.token("Ann", ["chief"]))


@pytest.fixture
def command(shop: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """Runs a command in a folder with the app that has a weight; its exit status."""
    monkeypatch.setenv("FIELDSTONE_DATABASE_URL", shop.database.url.render_as_string(hide_password=False))
    (tmp_path / "app.yaml").write_text(WITH_WEIGHT)
    monkeypatch.chdir(tmp_path)
    return lambda *words: exit_status(lambda: commands.main(args=list(words), standalone_mode=False))


def bring_in(app: App, text: str) -> Applied:
    proposal = propose(app.database, [layer_from(text)], app.model)
    return publish(app.database, proposal, author=SYSTEM_USER, note="test")


def state(app: App) -> tuple[object, ...]:
    return catalogue(app), contents(app)


# ---- rivals


def sent(text: str) -> dict[str, object]:
    return {"files": [{"layer": "shop", "path": "app.yaml", "text": text}], "note": "by the API"}


@pytest.mark.parametrize("rival", ["command", "api"])
def test_who_publishes_while_another_one_does_is_told_so_at_once_and_nothing_of_it_happens(
    shop, api, command, rival
):
    put_gate_at_commit(shop, "main_system.publication")
    with ThreadPoolExecutor(2) as pool, closed_gate(shop) as gate:
        by_whom = {
            "command": lambda: command("apply", ".", "--yes"),
            "api": lambda: api.post("/metadata/apply", sent(WITH_WEIGHT)).status_code,
        }
        first = pool.submit(by_whom[rival])
        gate.until_waiting()
        assert_problem(api.post("/metadata/apply", sent(WITH_SIZE)), 409, "publication_under_way")
        gate.release()
        assert first.result(LONGEST) == {"command": 0, "api": 200}[rival]
    assert_problem(api.post("/metadata/apply", sent(SHOP) | {"base": 1}), 409, "base_moved")
    assert shop.sql("SELECT version FROM main_system.current") == [(2,)]
    assert shop.sql("SELECT weight FROM main.product") == []


def test_a_command_that_meets_a_publication_under_way_says_so_and_changes_nothing(shop, command, capsys):
    put_gate_at_commit(shop, "main_system.publication")
    with ThreadPoolExecutor(1) as pool, closed_gate(shop) as gate:
        first = pool.submit(bring_in, shop, WITH_SIZE)
        gate.until_waiting()
        assert command("apply", ".", "--yes") == 1
        gate.release()
        assert first.result(LONGEST).version == 2
    assert "Somebody else is publishing just now. Nothing was changed" in " ".join(
        capsys.readouterr().err.split()
    )


# ---- no room

NO_ROOM = """
CREATE FUNCTION public.no_room() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '{state}'; END $$;
CREATE EVENT TRIGGER no_room ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION public.no_room()
"""


@pytest.mark.parametrize(("state_", "code"), [("53100", "disk_full"), ("53400", "limit_reached")])
def test_where_the_disk_is_full_the_old_version_stays_and_the_publisher_is_told(shop, state_, code):
    before = state(shop)
    shop.sql(NO_ROOM.format(state=state_))
    with pytest.raises(NoRoom, match="Nothing was written") as caught:
        bring_in(shop, WITH_WEIGHT)
    assert caught.value.code == code
    assert state(shop) == before
    shop.sql("DROP EVENT TRIGGER no_room")
    assert bring_in(shop, WITH_WEIGHT).version == 2


# ---- lost amid the commit


@contextmanager
def committing(app: App) -> Iterator[Callable[[], None]]:
    """Inside the block a publication waits amid its commit; what is given breaks its line to the database."""
    lines: list[int] = []

    def remember(connection: sa.Connection) -> None:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        lines.append(driver.fileno())

    def cut() -> None:
        with socket.socket(fileno=os.dup(lines[-1])) as line:
            line.shutdown(socket.SHUT_RDWR)

    sa.event.listen(sa.Engine, "commit", remember)
    yield cut
    sa.event.remove(sa.Engine, "commit", remember)


def cut_amid_commit(app: App, work: Callable[[], Applied], then: Callable[[], object]) -> Future[Applied]:
    """What becomes of `work` whose line is cut while the database commits, which goes on after `then`."""
    with ThreadPoolExecutor(1) as pool, closed_gate(app) as gate, committing(app) as cut:
        working = pool.submit(work)
        gate.until_waiting()
        cut()
        then()
        gate.release()
        working.exception(LONGEST)
    return working


def test_who_lost_the_answer_to_the_commit_looks_and_finds_the_publication_in_force(shop):
    put_gate_at_commit(shop, "main_system.publication")
    published = cut_amid_commit(shop, lambda: bring_in(shop, WITH_WEIGHT), lambda: None)
    assert published.result().version == 2
    assert shop.sql("SELECT version FROM main_system.current") == [(2,)]


def test_whose_connection_is_ended_amid_the_commit_is_told_that_nothing_was_published(shop):
    put_gate_at_commit(shop, "main_system.publication")
    before = state(shop)
    with ThreadPoolExecutor(1) as pool, closed_gate(shop) as gate:
        publishing = pool.submit(bring_in, shop, WITH_WEIGHT)
        gate.disconnect()
        with pytest.raises(Unavailable, match="Nothing was published"):
            publishing.result(LONGEST)
    assert state(shop) == before
    assert bring_in(shop, WITH_WEIGHT).version == 2


def test_as_long_as_the_database_is_at_work_it_is_in_doubt_and_the_next_command_tells_what_came_of_it(
    shop, command, capsys, monkeypatch
):
    monkeypatch.setattr(doubt, "PAUSES", (0, 0))
    put_gate_at_commit(shop, "main_system.publication")
    with ThreadPoolExecutor(1) as pool, closed_gate(shop) as gate, committing(shop) as cut:
        publishing = pool.submit(bring_in, shop, WITH_WEIGHT)
        gate.until_waiting()
        cut()
        with pytest.raises(InDoubt, match="not known whether version 2 came into force"):
            publishing.result(LONGEST)
        assert command("apply", ".", "--yes") == 1
        assert "Somebody else is publishing just now" in " ".join(capsys.readouterr().err.split())
    with holding(shop, "LOCK TABLE main_system.current IN EXCLUSIVE MODE"):
        assert command("apply", ".", "--yes") == 0
    assert "Nothing to do" in capsys.readouterr().out
    assert command("versions") == 0
    assert capsys.readouterr().out.startswith("    2 ")
