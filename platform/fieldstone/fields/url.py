"""The address of a web page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from fieldstone.fields.inputs import limited_text
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.stored_text import StoredText


def web_address(text: str) -> str:
    """The address with its scheme; `https` where none was typed.

    Raises:
        ValueRefused: for anything that a browser would not simply open (`javascript:` above all).
    """
    plain = text.strip()
    address = plain if "://" in plain else f"https://{plain}"
    try:
        parts = urlsplit(address)
        complete = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        complete = False
    if not complete or any(letter.isspace() for letter in address):
        raise ValueRefused("not_a_url", "This is no web address; write it like https://example.com.")
    return address


class UrlType(StoredText):
    """An address that begins with `http://` or `https://`."""

    name = "url"
    help = "The address of a web page."
    widget = "url"
    length_limit = 2000
    text_format = "uri"

    def reader(self) -> Callable[[Any], str]:
        limited = limited_text(self.max_length)
        return lambda value: web_address(limited(value))
