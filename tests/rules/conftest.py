"""The database of the rule tests: the tables of `world.py` on an embedded PostgreSQL of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from fieldstone.database.embedded import start

from .evaluators import Bench, InMemory
from .world import METADATA


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """A database with the tables of the world, on a server that lives as long as the tests."""
    server = start(tmp_path_factory.mktemp("postgres"), {"fsync": "off", "synchronous_commit": "off"})
    made = sa.create_engine(server.url())
    METADATA.create_all(made)
    yield made
    made.dispose()
    server.release()


@pytest.fixture
def bench(engine: sa.Engine) -> Iterator[Bench]:
    """Records in memory and in the database, on which all evaluators run; forgotten after the test."""
    with engine.connect() as connection:
        yield Bench(connection)
        connection.rollback()


@pytest.fixture
def memory() -> InMemory:
    """Records in memory only, on which closures and generated code run."""
    return InMemory()
