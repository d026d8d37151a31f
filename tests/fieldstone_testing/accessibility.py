"""What axe finds wrong in a page. Colours take most of its time: look at them alone in a second theme."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from fieldstone_testing.browsers import wear

SERIOUS = {"serious", "critical"}
_COLOURS = {"runOnly": ["color-contrast"]}


def violations(page: Page, **options: Any) -> list[dict[str, Any]]:
    """All that axe objects to in the page as it is; options are those of `axe.run`."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    asked = {"resultTypes": ["violations"], **options}
    found: list[dict[str, Any]] = page.evaluate(
        "options => axe.run(options).then(it => it.violations)", asked
    )
    return found


def serious(page: Page, **options: Any) -> list[tuple[str, str, str]]:
    """The serious ones: the rule, the markup of the first place, and what is wrong there."""
    return [
        (one["id"], one["nodes"][0]["html"][:200], one["nodes"][0]["failureSummary"])
        for one in violations(page, **options)
        if one["impact"] in SERIOUS
    ]


def serious_in_the_dark(page: Page) -> list[tuple[str, str, str]]:
    """Those of the dark theme, of a page that has been looked at in the light: only colours change."""
    wear(page, "dark")
    return serious(page, **_COLOURS)


def overhang(page: Page) -> int:
    """By how many pixels the page is wider than the screen; not above 0 when it fits."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
