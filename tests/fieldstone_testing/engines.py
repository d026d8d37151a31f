"""Engines for the databases of tests: made once, lent to one test's database after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa

from fieldstone.database import database as product

_make = product._engine
_Kind = tuple[str, int, float]
_idle: dict[_Kind, list[_Lent]] = defaultdict(list)
_lent: dict[str, list[_Lent]] = defaultdict(list)


@dataclass
class _Lent:
    """An engine that connects to whichever database of the server `name` says."""

    engine: sa.Engine
    kind: _Kind
    name: str = ""

    def aim(self, _dialect: sa.Dialect, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> None:
        """Before it connects: to the database of today."""
        parameters["dbname"] = self.name


@contextmanager
def lent_engines() -> Iterator[None]:
    """Inside the block databases use engines that others have used before, if those were given back.

    Each is a whole engine with a pool of its own, made by the product. What it is spared is to compile all
    statements again and to ask the server what it can do, which took a third of the time of most tests.
    """
    with patch.object(product, "_engine", _engine):
        yield


def give_back_engines(url: sa.URL) -> None:
    """Close all connections to a database that is not used any more, and keep its engines for others."""
    for lent in _lent.pop(str(url.database), []):
        lent.engine.dispose()
        _idle[lent.kind].append(lent)


def _engine(url: sa.URL, pool_size: int, statement_timeout: float) -> sa.Engine:
    kind = (url.set(database="").render_as_string(), pool_size, statement_timeout)
    lent = _idle[kind].pop() if _idle[kind] else _made(url, kind)
    lent.name = str(url.database)
    _lent[lent.name].append(lent)
    return lent.engine


def _made(url: sa.URL, kind: _Kind) -> _Lent:
    lent = _Lent(_make(url, *kind[1:]), kind)
    sa.event.listen(lent.engine, "do_connect", lent.aim)
    return lent
