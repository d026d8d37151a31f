"""Takes the screenshots of the docs: `make screenshots`.

Starts a demonstration of its own in a temporary folder, logs in as one of its reps, and writes a picture of
each page to `docs/images/`, at desktop and phone width, light and dark.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from fieldstone_testing.browsers import DESK, PHONE, running_browser  # noqa: E402  # found through the line above
from fieldstone_testing.servers import Server, start_server  # noqa: E402  # as well

IMAGES = ROOT / "docs" / "images"
REP, PASSWORD = "rep@northgate.example", "fieldstone demo"
SIZES = {"desktop": DESK, "phone": PHONE}
PAGES = {"list": "/e/opportunity", "board": "/e/opportunity/board", "new": "/e/opportunity/new"}


def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fieldstone-screenshots-") as folder:
        server = start_server(Path(folder), {"FIELDSTONE_HOME": f"{folder}/home"}, "demo", wait=False)
        try:
            wait_for(server)
            with running_browser() as browser:
                take_all(browser, server)
        finally:
            server.stop()


def wait_for(server: Server) -> None:
    """Wait until the demonstration has made its data and answers."""
    while not server.healthy():
        if server.process.poll() is not None:
            sys.exit(f"The demonstration did not start:\n{server.log.read_text()}")
        time.sleep(0.5)


def take_all(browser: Browser, server: Server) -> None:
    """The pictures of every page in every size and theme."""
    for size, viewport in SIZES.items():
        for theme in ("light", "dark"):
            context = browser.new_context(base_url=server.url, viewport=viewport, color_scheme=theme)
            page = context.new_page()
            log_in(page)
            for name, path in {**PAGES, "record": first_record(page)}.items():
                page.goto(path)
                page.wait_for_load_state("networkidle")
                page.screenshot(path=IMAGES / f"{name}-{theme}-{size}.png")
            context.close()


def log_in(page: Page) -> None:
    """Log in as the rep."""
    page.goto("/login")
    page.get_by_label("E-mail").fill(REP)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: "/login" not in url)


def first_record(page: Page) -> str:
    """The address of the first record of the list."""
    page.goto(PAGES["list"])
    return str(page.locator("tbody a").first.get_attribute("href"))


if __name__ == "__main__":
    main()
