"""Fixtures for all tests. `tests/README.md` shows how to use them."""

# ruff: noqa: E402  # the imports below already keep their bytecode

from __future__ import annotations

import gc
import os
import sys

# Bytecode is kept, whatever the environment says: each process of a test would compile everything again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
import structlog
from argon2.profiles import CHEAPEST

from fieldstone.access import passwords
from fieldstone_testing import ApiClient, App, AppFactory, Cluster, Server
from fieldstone_testing.engines import lent_engines
from fieldstone_testing.fast_folders import fast_folder
from fieldstone_testing.servers import start_server
from fieldstone_testing.webs import WebOf, lent_webs

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def keep_survivors(phase: str, collection: dict[str, Any]) -> None:
    """After a full collection of garbage: what survived it is not looked at again.

    A run keeps thousands of tests and the models of their apps. To go through them all, over and over, took a
    sixth of its time.
    """
    if phase == "stop" and collection["generation"] == 2:
        gc.freeze()


gc.callbacks.append(keep_survivors)

LONG = (
    "test_every_page.py",
    "test_studio.py",
    "test_openapi_calls.py",
    "test_access_oracle.py",
    "test_server.py",
    "test_http_slow_clients.py",
    "test_killed_amid_calls.py",
    "test_embedded.py",
    "test_http_api_docs.py",
    "test_agreement.py",
    "test_crm_data.py",
    "test_read_template.py",
)
"""Files with tests of five seconds and more."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests come first: one that began last would keep the other workers waiting for its end."""
    items.sort(key=lambda item: item.path.name not in LONG)


@pytest.fixture(scope="session")
def cluster(testrun_uid: str) -> Iterator[Cluster]:
    """The PostgreSQL server of this test run, shared by its workers."""
    found = Cluster.of_run(testrun_uid)
    yield found
    found.close()


@pytest.fixture(autouse=True, scope="session")
def cheap_passwords() -> Iterator[None]:
    """Passwords hashed with little work: at full strength each user of a test takes a quarter of a second."""
    with patch.object(passwords, "STRENGTH", CHEAPEST):
        yield


@pytest.fixture(autouse=True, scope="session")
def engines() -> Iterator[None]:
    """Engines of databases that pass from test to test, with the statements that they have compiled."""
    with lent_engines():
        yield


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that PostgreSQL may run in; those of pytest are closed to other accounts."""
    with TemporaryDirectory(prefix="fieldstone-test-", dir=fast_folder(), ignore_cleanup_errors=True) as path:
        yield Path(path)


@pytest.fixture
def app_from(cluster: Cluster) -> Iterator[AppFactory]:
    """Builds an app from a YAML text: `app = app_from("kind: app…")`."""
    factory = AppFactory(cluster)
    yield factory
    factory.close()


@pytest.fixture(scope="module")
def module_app_from(cluster: Cluster) -> Iterator[AppFactory]:
    """As `app_from`, for an app that all tests of a module share and only read."""
    factory = AppFactory(cluster)
    yield factory
    factory.close()


@pytest.fixture(autouse=True)
def fresh_logs() -> Iterator[None]:
    """Logs as nothing has configured them: a command that ran in one test does not quieten the next."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def web_of() -> Iterator[WebOf]:
    """The web application of an app: `web_of(app)`."""
    with lent_webs() as lend:
        yield lend


@pytest.fixture
def client(web_of: WebOf) -> Callable[..., ApiClient]:
    """Calls the API of an app: `api = client(app, app.token("Ann", ["sales_rep"]))`."""
    return lambda app, token=None: ApiClient(web_of(app), token)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser of this test run."""
    from fieldstone_testing.browsers import running_browser  # a third of a second, for those who need it

    with running_browser() as running:
        yield running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Callable[[App], Server]]:
    """Serves an app on a free port in a process of its own: `server(app).url`."""
    started: list[Server] = []

    def make(app: App) -> Server:
        url = app.database.url.render_as_string(hide_password=False)
        running = start_server(tmp_path / f"server{len(started)}", {"FIELDSTONE_DATABASE_URL": url})
        started.append(running)
        return running

    yield make
    for running in started:
        running.stop()
