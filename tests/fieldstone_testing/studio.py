"""What somebody without a script does in the studio."""

from __future__ import annotations

from html import unescape

from fieldstone_testing.visitors import Visitor, words

OPPORTUNITY = "/studio/entities/opportunity"


def text_of(visitor: Visitor, path: str) -> str:
    """The text in the editor."""
    page = visitor.get(path).text
    shown = page[page.index("data-lined>") + len("data-lined>") : page.index("</textarea>")]
    return unescape(shown).removeprefix("\n")


def hidden(visitor: Visitor, path: str, name: str) -> str:
    """A hidden value of the form on a page."""
    return visitor.get(path).text.split(f'name="{name}" value="')[1].split('"')[0]


def typed(visitor: Visitor, path: str, text: str) -> str:
    """What the page says after `text` was kept."""
    form = {"text": text, "seen": hidden(visitor, path, "seen")}
    return words(visitor.post(path.split("?", maxsplit=1)[0], form))


def publish(visitor: Visitor, path: str = "/studio/plan", **fields: str) -> str:
    """What the page says after publishing."""
    return words(visitor.post(path, {"base": hidden(visitor, path, "base"), **fields}))
