"""From the cells of a row to the values of a record: empty texts, aliases, formats."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.texts import ISO, read_decimal
from fieldstone.transfer.binding import Bound, BoundFeed
from fieldstone.transfer.csv_file import Row, bad_text
from fieldstone.transfer.outcome import Refusal

REMEMBERED = 4_096
"""Texts per column whose value is kept: the cells of a file repeat themselves."""

_UNDECOMPOSED = str.maketrans({"ø": "o", "æ": "ae", "ł": "l", "đ": "d"})

SHOWN = 80
"""Characters of a cell that a message quotes."""


@dataclass
class Candidate:
    """A row on its way to be a record.

    values: field → value. searches: feed → the texts to look up, for references. wants: texts of records of
    the same file that are not there yet. aliased, emptied, left_empty: as `Outcome` counts them.
    """

    row: Row
    values: dict[str, Any]
    searches: dict[BoundFeed, list[str]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    wants: set[str] = field(default_factory=set)
    aliased: list[tuple[str, str]] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)
    left_empty: list[str] = field(default_factory=list)

    def refuse(self, column: str | None, code: str, message: str, value: str | None = None) -> None:
        """Note why this row cannot be taken."""
        shown = value if value is None else shorten(value)
        self.refusals.append(Refusal(self.row.line, column, code, message, shown))


class CellReader:
    """Reads rows with one mapping. Holds what repeats: the values of texts seen before."""

    def __init__(self, bound: Bound) -> None:
        self._bound = bound
        self._plain = [(feed, _remembering(feed)) for feed in bound.feeds if feed.lookup is None]
        self._references = [feed for feed in bound.feeds if feed.lookup is not None]

    def read(self, row: Row) -> Candidate:
        """What `row` says, with its problems."""
        candidate = Candidate(row, dict(self._bound.constants))
        if row.problem is not None:
            candidate.refuse(None, row.code, f"the row {row.problem}")
            return candidate
        if bad_text("".join(row.cells)):
            self._refuse_bad_text(candidate)
            return candidate
        for feed, convert in self._plain:
            self._read_plain(candidate, feed, convert)
        for feed in self._references:
            self._read_reference(candidate, feed)
        return candidate

    def _read_plain(self, candidate: Candidate, feed: BoundFeed, convert: Callable[[str], Any]) -> None:
        text = _meant(candidate, feed)
        try:
            candidate.values[feed.field.name] = None if text is None else convert(text)
        except ValueRefused as refused:
            message = _in_their_words(refused.message, feed)
            candidate.refuse(feed.declared.column, refused.code, message, candidate.row.cells[feed.index])

    def _read_reference(self, candidate: Candidate, feed: BoundFeed) -> None:
        text = _meant(candidate, feed)
        candidate.values[feed.field.name] = [] if feed.many else None
        if text is None:
            return
        separator = feed.format.list_separator
        texts = [part.strip() for part in text.split(separator)] if feed.many else [text]
        candidate.searches[feed] = [part for part in texts if part]

    def _refuse_bad_text(self, candidate: Candidate) -> None:
        for column, cell in zip(self._bound.columns, candidate.row.cells, strict=True):
            problem = bad_text(cell)
            if problem is not None:
                candidate.refuse(column, "bad_characters", problem)


def filled(template: str | None, text: str) -> str:
    """`text`, or the template with it."""
    if template is None:
        return text
    return template.replace("{slug}", _plain(text)).replace("{text}", text)


def _plain(text: str) -> str:
    """`text` in lower-case ASCII letters and digits, words joined by dots: `Mei Øst` → `mei.ost`."""
    letters = unicodedata.normalize("NFKD", text.casefold().translate(_UNDECOMPOSED))
    return ".".join(re.findall(r"[a-z0-9]+", "".join(c for c in letters if not unicodedata.combining(c))))


def shorten(text: str) -> str:
    """`text` as messages quote it."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _meant(candidate: Candidate, feed: BoundFeed) -> str | None:
    """The text that a cell stands for, or None where it holds no value."""
    said = candidate.row.cells[feed.index].strip()
    declared = feed.declared
    if said in declared.values:
        candidate.aliased.append((declared.column, said))
        said = declared.values[said]
    if said not in declared.empty:
        return filled(declared.template, said)
    candidate.emptied.append(declared.column)
    return declared.default


def _remembering(feed: BoundFeed) -> Callable[[str], Any]:
    options = _options(feed)
    factor = feed.declared.factor

    @lru_cache(maxsize=REMEMBERED)
    def convert(text: str) -> Any:
        if factor is not None:
            return feed.field.type.parse_text(format(read_decimal(text, feed.format) * factor, "f"), ISO)
        return feed.field.type.parse_text(options.get(text.casefold(), text), feed.format)

    return convert


def _options(feed: BoundFeed) -> dict[str, str]:
    """Names and labels of a choice's options, without case → name: files hold what people read."""
    choices = feed.field.declaration.choices
    labels = {label.casefold(): option.value for option in choices for label in option.label.values()}
    return labels | {option.value.casefold(): option.value for option in choices}


def _in_their_words(message: str, feed: BoundFeed) -> str:
    """A message about a date with the pattern of the mapping file instead of that of `strptime`."""
    for ours, theirs in (
        (feed.format.date, feed.declared.formats.date),
        (feed.format.datetime, feed.declared.formats.datetime),
    ):
        if ours and theirs:
            message = message.replace(ours, theirs)
    return message
