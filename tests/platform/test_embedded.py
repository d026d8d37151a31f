"""The embedded PostgreSQL: shared by processes, stopped by the last one, and hard to kill."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from fieldstone.database.embedded import EmbeddedDatabase, start
from fieldstone.database.failures import EmbeddedDatabaseFailure
from fieldstone.database.postmaster import wait_until_gone
from fieldstone_testing.cluster import UNSAFE_AND_FAST
from fieldstone_testing.fast_folders import fast_folder

STARTER = """
import os, sys
from pathlib import Path
from fieldstone.database.embedded import start
database = start(Path(sys.argv[1]), {"fsync": "off"})
print(database.pid(), flush=True)
if sys.argv[2] == "die":
    os._exit(1)
sys.stdin.read()
database.release()
"""


def starter(home: Path, then: str) -> subprocess.Popen[str]:
    """Another process that starts the database, tells its pid, and then waits or dies."""
    return subprocess.Popen(
        [sys.executable, "-c", STARTER, str(home), then],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def ask(database: EmbeddedDatabase, statement: str) -> object:
    url = database.url()
    with psycopg.connect(host=url.query["host"], user=url.username, dbname=url.database) as connection:
        row = connection.execute(statement).fetchone()
    return row and row[0]


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A home whose database was started and stopped, to copy from: making one takes a second."""
    with tempfile.TemporaryDirectory(prefix="fieldstone-test-", dir=fast_folder()) as path:
        start(Path(path), UNSAFE_AND_FAST).release()
        yield Path(path)


@pytest.fixture
def home(made, folder) -> Path:
    subprocess.run(["cp", "-a", str(made), str(folder / "home")], check=True)
    return folder / "home"


def test_a_new_home_gets_a_database_that_speaks_utf8_and_sorts_by_code_point(folder):
    database = start(folder / "new" / "home", UNSAFE_AND_FAST)
    try:
        assert ask(database, "SELECT current_setting('server_encoding') || ' ' || lower('ÄÖ')") == "UTF8 äö"
        assert ask(database, "SELECT 'Z' < 'a'") is True
        assert ask(database, "SELECT current_setting('listen_addresses')") == ""
    finally:
        database.release()
    assert database.pid() is None


def test_the_last_one_to_leave_stops_the_server(home):
    first = start(home, UNSAFE_AND_FAST)
    second = start(home, UNSAFE_AND_FAST)
    pid = first.pid()
    assert second.pid() == pid
    first.release()
    assert second.pid() == pid
    assert ask(second, "SELECT 1") == 1
    second.release()
    assert second.pid() is None


def test_another_process_that_still_uses_it_keeps_it_running(home):
    other = starter(home, "wait")
    pid = int(other.stdout.readline())
    mine = start(home, UNSAFE_AND_FAST)
    mine.release()
    assert mine.pid() == pid
    other.communicate("done")
    assert mine.pid() is None


def test_two_processes_that_start_at_once_share_one_server(home):
    both = [starter(home, "wait"), starter(home, "wait")]
    pids = {int(process.stdout.readline()) for process in both}
    for process in both:
        process.communicate("done")
    assert len(pids) == 1
    assert wait_until_gone(home / "database", 5)


def test_a_server_whose_owner_was_killed_is_taken_over_and_stopped_in_the_end(home):
    dead = starter(home, "die")
    orphan = int(dead.communicate()[0])
    database = start(home, UNSAFE_AND_FAST)
    assert database.pid() == orphan
    database.release()
    assert database.pid() is None


def test_a_killed_server_is_started_again_with_its_data(home):
    database = start(home, {"fsync": "off"})
    try:
        url = database.url()
        with psycopg.connect(host=url.query["host"], user=url.username, dbname=url.database) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(database.pid(), signal.SIGKILL)
        assert wait_until_gone(home / "database", 5)
        assert database.ensure_running() is True
        assert ask(database, "SELECT answer FROM kept") == 42
        assert database.ensure_running() is False
    finally:
        database.release()


def test_a_pid_file_that_names_another_program_is_no_obstacle(home):
    (home / "database" / "postmaster.pid").write_text(f"{os.getpid()}\n{home}\n0\n5432\n/tmp\n\n0 0\nready\n")
    database = start(home, UNSAFE_AND_FAST)
    assert ask(database, "SELECT 1") == 1
    database.release()


def test_a_making_that_was_interrupted_is_begun_anew(folder):
    (folder / "database.new").mkdir()
    (folder / "database.new" / "PG_VERSION").write_text("half")
    database = start(folder, UNSAFE_AND_FAST)
    assert ask(database, "SELECT 1") == 1
    database.release()


def test_a_home_with_a_long_path_works(home, folder):
    long = folder / ("deep" * 20) / ("deeper" * 20)
    long.parent.mkdir()
    home.rename(long)
    database = start(long, UNSAFE_AND_FAST)
    assert ask(database, "SELECT 1") == 1
    database.release()


def test_data_of_another_version_is_left_alone_with_a_message(home):
    (home / "database" / "PG_VERSION").write_text("17\n")
    with pytest.raises(
        EmbeddedDatabaseFailure, match=r"written by PostgreSQL 17.*Nothing was changed"
    ) as caught:
        start(home, UNSAFE_AND_FAST)
    assert caught.value.code == "data_of_another_version"


def test_a_home_that_cannot_be_made_is_told(folder):
    (folder / "file").write_text("in the way")
    with pytest.raises(EmbeddedDatabaseFailure, match="FIELDSTONE_HOME") as caught:
        start(folder / "file", UNSAFE_AND_FAST)
    assert caught.value.code == "home_not_writable"


def test_a_full_disk_is_told_before_anything_is_made(folder, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 100, 3 * 2**20))
    with pytest.raises(EmbeddedDatabaseFailure, match=r"disk is full.*3 MB left") as caught:
        start(folder, UNSAFE_AND_FAST)
    assert caught.value.code == "disk_full"
    assert not (folder / "database").exists()


def test_what_keeps_the_server_from_starting_is_told_from_its_log(home):
    with pytest.raises(EmbeddedDatabaseFailure, match="no_such_setting") as caught:
        start(home, {"no_such_setting": "1"})
    assert caught.value.code == "start_failed"
