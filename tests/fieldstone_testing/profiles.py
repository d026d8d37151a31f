"""Browser contexts that pass from test to test, with what they have loaded and no trace of who used them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page

KEPT = "cookies,local_storage,indexeddb,cache_storage,service_workers"
"""What pages store. The cache of files is not among it."""
_idle: dict[str, list[Profile]] = {}


@dataclass
class Profile:
    """A context, and a page in it that stays open: without it the browser would end the process of the pages.

    A new process and its compiling of all styles and scripts take longer than most tests.
    """

    context: BrowserContext
    url: str
    kind: str
    anchor: Page
    session: CDPSession

    def give_back(self) -> None:
        """Close all pages, remove what they have stored and tests have set, and leave it to the next test."""
        for page in self.context.pages:
            if page is not self.anchor:
                page.close()
        self.context.set_offline(False)
        self.context.unroute_all()
        self.context.clear_cookies()
        self.context.clear_permissions()
        self.session.send("Storage.clearDataForOrigin", {"origin": self.url, "storageTypes": KEPT})
        _idle.setdefault(self.kind, []).append(self)


def lent_profile(browser: Browser, url: str, options: dict[str, Any]) -> Profile:
    """A profile with these options of a browser context, for pages below `url`."""
    kind = json.dumps([url, options], sort_keys=True)
    idle = _idle.get(kind)
    return idle.pop() if idle else _made(browser, url, kind, options)


def forget_profiles() -> None:
    """Before the browser is closed: its profiles end with it."""
    _idle.clear()


def _made(browser: Browser, url: str, kind: str, options: dict[str, Any]) -> Profile:
    context = browser.new_context(base_url=url, **options)
    anchor = context.new_page()
    anchor.goto("/healthz")
    return Profile(context, url, kind, anchor, context.new_cdp_session(anchor))
