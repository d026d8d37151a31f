"""Texts of documents in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

Label = Mapping[str, str]


def text(label: Label | None, locale: str, default: str = "") -> str:
    """The text for `locale`, for its language, for everybody, or `default`.

    >>> text({"": "Account", "da": "Konto"}, "da_DK")
    'Konto'
    """
    if not label:
        return default
    language = locale.replace("-", "_").split("_")[0]
    for key in (locale, language, "", "en"):
        if key in label:
            return label[key]
    return next(iter(label.values()))


def humanize(name: str) -> str:
    """A readable text from a name: `close_date` → "Close date"."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]
