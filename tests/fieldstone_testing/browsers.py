"""Pages in a real browser: people who are logged in, what went wrong in their pages, and pictures of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, expect, sync_playwright
from werkzeug.serving import make_server

import install_browser
from fieldstone_testing.apps import PASSWORD, address

ARTIFACTS = Path(__file__).resolve().parents[2] / "test-artifacts"
DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 780}
PATIENCE = 60_000
"""Milliseconds until a page counts as stuck: many times what a busy machine needs."""
UNPACKED_ARGUMENTS = ["--headless=shell", "--no-sandbox"]


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A headless Chromium: the system's, or the one that `make browser` installed."""
    path = install_browser.find() or install_browser.install()
    unpacked = path.is_relative_to(install_browser.FOLDER)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        arguments = UNPACKED_ARGUMENTS if unpacked else ["--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=str(path), args=arguments)
        yield browser
        browser.close()


@contextmanager
def serving(web: Flask) -> Iterator[str]:
    """The address of a web application that is served from a thread."""
    server = make_server("127.0.0.1", 0, web, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Desk:
    """Opens pages for people. faults: script errors and violations of the security policy, of all pages."""

    browser: Browser
    url: str
    faults: list[str] = field(default_factory=list)

    def page(self, **options: Any) -> Page:
        """A page of somebody who is not logged in; options are those of a browser context."""
        context = self.browser.new_context(base_url=self.url, **{"viewport": DESK, **options})
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._note)
        return page

    def page_of(self, name: str, **options: Any) -> Page:
        """An empty page of a test user who is logged in; the form is sent without being drawn."""
        page = self.page(**options)
        requests = page.context.request
        token = requests.get("/session").json()["csrf_token"]
        form = {"email": address(name), "password": PASSWORD, "csrf_token": token}
        answer = requests.post("/login", form=form, max_redirects=0)
        assert answer.status in {302, 303}, answer.text()
        return page

    @contextmanager
    def another(self, web: Flask) -> Iterator[Desk]:
        """The same browser on another application."""
        with serving(web) as url:
            yield Desk(self.browser, url, self.faults)

    def _note(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.faults.append(message.text)


def picture(page: Page, name: str) -> None:
    """Keep a picture of a page in a run with FIELDSTONE_PICTURES=1; drawing them takes long."""
    if "FIELDSTONE_PICTURES" in os.environ:
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"{name}.png")


def wear(page: Page, theme: str) -> None:
    """Switch the theme of the page that is open, and wait until it is drawn: colours are compared then."""
    page.evaluate(
        """async theme => {
          const frame = () => new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn)));
          document.documentElement.setAttribute("data-bs-theme", theme);
          do {
            await frame();
            document.getAnimations().forEach(animation => animation.finish());
            await frame();
          } while (document.getAnimations().length);
        }""",
        theme,
    )
