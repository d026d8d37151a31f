"""Pages in a real browser: people who are logged in, what went wrong in their pages, and pictures of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

import install_browser
from fieldstone_testing.apps import PASSWORD, address
from fieldstone_testing.profiles import Profile, forget_profiles, lent_profile
from fieldstone_testing.stages import close_stages, serving

ARTIFACTS = Path(__file__).resolve().parents[2] / "test-artifacts"
DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 780}
PATIENCE = 60_000
"""Milliseconds until a page counts as stuck: many times what a busy machine needs."""
ARGUMENTS = ["--no-sandbox", "--process-per-site"]
UNPACKED_ARGUMENTS = ["--headless=shell"]


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A headless Chromium: the one that `make browser` installed, or the system's."""
    path = install_browser.find() or install_browser.of_system() or install_browser.install()
    unpacked = path.is_relative_to(install_browser.FOLDER)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        arguments = [*ARGUMENTS, *(UNPACKED_ARGUMENTS if unpacked else [])]
        browser = playwright.chromium.launch(executable_path=str(path), args=arguments)
        yield browser
        forget_profiles()
        browser.close()
    close_stages()


@contextmanager
def desk_before(browser: Browser, web: Flask) -> Iterator[Desk]:
    """Opens pages of a web application; at the end they are closed, and no page may have had a fault."""
    with serving(web) as url:
        desk = Desk(browser, url)
        yield desk
        desk.close()
    assert desk.faults == []


@dataclass
class Desk:
    """Opens pages for people. faults: script errors and violations of the security policy, of all pages.

    Each page is that of another person, in a profile of its own (see `profiles`).
    """

    browser: Browser
    url: str
    faults: list[str] = field(default_factory=list)
    _used: list[Profile] = field(default_factory=list)

    def page(self, **options: Any) -> Page:
        """A page of somebody who is not logged in; options are those of a browser context."""
        profile = lent_profile(self.browser, self.url, {"viewport": DESK, **options})
        self._used.append(profile)
        profile.context.set_default_timeout(PATIENCE)
        page = profile.context.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._note)
        return page

    def close(self) -> None:
        """Close all pages."""
        while self._used:
            self._used.pop().give_back()

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
            desk = Desk(self.browser, url, self.faults)
            yield desk
            desk.close()

    def _note(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.faults.append(message.text)


def whole(page: Page) -> None:
    """Wait until the parts that a page loads by itself have arrived."""
    expect(page.locator(".htmx-request")).to_have_count(0)


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
