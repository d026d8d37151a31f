"""Fixtures for pages: the sales template with a few deals, in a browser with and without a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser

from fieldstone import records
from fieldstone.publication.layers import template_layer
from fieldstone_testing import App, AppFactory
from fieldstone_testing.browsers import Desk, desk_before
from fieldstone_testing.visitors import Visitor
from fieldstone_testing.webs import WebOf

DEALS = ("Handheld scanners", "Core switch refresh", "Ward tablets", "Cold-store sensors")


@pytest.fixture
def sales(app_from: AppFactory) -> App:
    """The sales template: Ann and Dana (a manager) in the north, Bo in the south; Ann's four deals."""
    return app_from.of_layers([template_layer("sales")], filled_by=four_deals)


def four_deals(app: App) -> None:
    """What the fixture `sales` says; done once, and cloned for each test."""
    records.create(app.system, "team", [{"name": "North"}, {"name": "South"}])
    ann = app.context_for("Ann", ["sales_rep"], ["North"])
    app.context_for("Dana", ["sales_manager"], ["North"])
    app.context_for("Bo", ["sales_rep"], ["South"])
    account = records.create(ann, "account", [{"name": "Halden Logistik", "status": "customer"}])[0].id
    reference = {"id": str(account), "entity": "account"}
    for number, name in enumerate(DEALS):
        values = {
            "name": name,
            "account": reference,
            "amount": f"{number + 1}000.50",
            "close_date": "2031-05-04",
        }
        records.create(ann, "opportunity", [values])


@pytest.fixture
def deals(sales: App) -> dict[str, str]:
    """Name → id of Ann's deals."""
    return {str(name): str(identity) for name, identity in sales.sql("SELECT name, id FROM main.opportunity")}


@pytest.fixture
def web(sales: App, web_of: WebOf) -> Flask:
    """The web application of the sales template."""
    return web_of(sales)


@pytest.fixture
def visit(web: Flask) -> Callable[[str], Visitor]:
    """Somebody who is logged in, without a script: `visit("Ann").get("/e/opportunity")`."""

    def make(name: str) -> Visitor:
        visitor = Visitor(web)
        visitor.log_in(name)
        return visitor

    return make


@pytest.fixture
def desk(browser: Browser, web: Flask) -> Iterator[Desk]:
    """Opens pages in the browser, and fails if one had a script error or broke the security policy."""
    with desk_before(browser, web) as opened:
        yield opened
