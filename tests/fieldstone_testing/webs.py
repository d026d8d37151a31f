"""Web applications for tests: made once, lent to one test after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask

from fieldstone.settings import Settings
from fieldstone.web.app import create_app, run_on
from fieldstone_testing.apps import App

SETTINGS = Settings(secret_key="only for tests")
WebOf = Callable[[App], Flask]
_idle: list[Flask] = []


@contextmanager
def lent_webs() -> Iterator[WebOf]:
    """Gives the web application of an app, until the end of the block.

    Each is a whole application with a runtime of its own. What it is spared is to build all routes and to
    compile all templates again, which takes longer than most tests.
    """
    lent: list[Flask] = []

    def web_of(app: App) -> Flask:
        web = _idle.pop() if _idle else create_app(SETTINGS, app.database, app.current)
        run_on(web, SETTINGS, app.database, app.current)
        lent.append(web)
        return web

    yield web_of
    _idle.extend(lent)
