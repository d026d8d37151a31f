"""Visiting the generated pages as one user, without a script: what they show, told by names."""

from __future__ import annotations

import re
from html import unescape

from werkzeug.test import TestResponse

from fieldstone_testing.permissions.pages import UNCOMPARED
from fieldstone_testing.permissions.running import Running
from fieldstone_testing.visitors import TAGS, Visitor, words

NAMES = re.compile(r"\b(?:account|contact|deal|line|part|seat|made|paper|attached)_\d+\b")
ROW = re.compile(r'<tr role="row" data-id="([^"]+)".*?</tr>', re.DOTALL)
CELL = re.compile(r'<td role="cell"[^>]*>(.*?)</td>', re.DOTALL)
HEADING = re.compile(r'<th [^>]*role="columnheader"[^>]*>(.*?)</th>', re.DOTALL)
FIELD = re.compile(
    r'data-field="([^"]+)"(?:(?!data-field=).)*?<span class="fs-v" data-shown>(.*?)(?:<button|</dd>)',
    re.DOTALL,
)
DECORATION = re.compile(
    r'<span class="fs-ava[^>]*>[^<]*</span>|<sup.*?</sup>|<span class="fs-empty-v">[^<]*</span>'
    r'|<span class="fs-3rd.*?</span>',
    re.DOTALL,
)  # fmt: skip  # as one pattern


class Visiting:
    """One user who has logged in."""

    def __init__(self, running: Running, user: str) -> None:
        self._running = running
        self._visitor = Visitor(running.web)
        self._visitor.log_in(user)

    def rows(self, entity: str, shown: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        """Name → field → text of each row of a list; of the fields that are no columns, what they are."""
        page = self._visitor.get(f"/e/{entity}")
        assert page.status_code in {200, 403, 404}, words(page)
        columns = [_plain(heading).lower() for heading in HEADING.findall(page.text)]
        found = {}
        for row in ROW.finditer(page.text):
            cells = dict(zip(columns, map(_plain, CELL.findall(row[0])), strict=True))
            name = self._running.name_of(row[1])
            others = {one: text for one, text in shown.get(name, {}).items() if one not in cells}
            found[name] = others | {one: text for one, text in cells.items() if one in shown.get(name, cells)}
        return found

    def sheet(self, entity: str, name: str) -> dict[str, str]:
        """Field → text of the page of a record, without what is empty; nothing where there is no page."""
        page = self._visitor.get(f"/e/{entity}/{self._running.ids[name]}")
        shown = FIELD.findall(page.text) if page.status_code == 200 else []
        told = {self._field(field): _plain(text) for field, text in shown}
        return {one: text for one, text in told.items() if text and one not in UNCOMPARED}

    def beyond(self, path: str, named: set[str]) -> set[str]:
        """What a page calls by name that is not among `named`; a refusal has a page too."""
        return self._names(self._visitor.get(self._path(path))) - named

    def _names(self, page: TestResponse) -> set[str]:
        assert page.status_code < 500, page.text
        return set(NAMES.findall(words(page))) | set(NAMES.findall(page.text))

    def _path(self, path: str) -> str:
        return "/".join(self._running.ids.get(part, part) for part in path.split("/"))

    def _field(self, field: str) -> str:
        parts = field.split(".")
        return field if len(parts) == 1 else f"{self._running.name_of(parts[1])}.{parts[2]}"


def _plain(markup: str) -> str:
    return " ".join(unescape(TAGS.sub(" ", DECORATION.sub("", markup))).split())
