"""What a caller asks of a list, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from fieldstone.errors import FieldError, Malformed
from fieldstone.records.branches import Branch
from fieldstone_rules import Expression, Ref

MOST_RECORDS = 1000
USUAL_RECORDS = 50
LONGEST_WHERE = 64 * 1024

Counting = Literal["none", "estimate", "exact"]


@dataclass(frozen=True)
class Seen:
    """What a view says of a list: its condition as text, its order and its columns. name: for people."""

    name: str
    where: str | None = None
    order: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Query:
    """A list to read.

    where: a condition as text, read with the viewer's rights; or one checked by the publication (such as a
    reference's `where`), read with the system's.
    q: words that all occur in the search text.
    similar: words that resemble those of `q` will do.
    fields: paths to show, None for all.
    order: paths, `-` in front for descending; None for the entity's.
    cursor: of the page before.
    deleted: the recycle bin instead of live records.
    view: a view whose condition counts too, and its order and columns where the query names none: a published
    one by its name, one that the caller saved or may see by its id or name, or what a view says.
    related: (field, record): only records whose reference `field` names that record.
    at: a past instant: the records that were there then, with the values of then, as far as they are known.
    branch: only records below or above one in a tree.
    top: a field that makes a tree: only records above which stands no other one that the query asks for.
    """

    where: str | Expression | None = None
    q: str | None = None
    fields: tuple[str, ...] | None = None
    order: tuple[str, ...] | None = None
    limit: int = USUAL_RECORDS
    cursor: str | None = None
    count: Counting = "none"
    deleted: bool = False
    view: str | Seen | None = None
    related: tuple[str, Ref] | None = None
    branch: Branch | None = None
    top: str | None = None
    at: datetime | None = None
    similar: bool = False

    def __post_init__(self) -> None:
        """Refuse what no list can answer.

        Raises:
            Malformed: naming the parameter.
        """
        if not 1 <= self.limit <= MOST_RECORDS:
            raise malformed(
                "limit", "bad_limit", f"A page has 1 to {MOST_RECORDS} records, not {self.limit}."
            )
        if self.count not in {"none", "estimate", "exact"}:
            raise malformed("count", "bad_count", "count is none, estimate or exact.")
        if isinstance(self.where, str) and len(self.where.encode(errors="replace")) > LONGEST_WHERE:
            raise malformed("where", "too_long", f"A condition has at most {LONGEST_WHERE} bytes.", 1, 1)


@dataclass(frozen=True)
class Page:
    """A page of records in the API's form. next: the cursor of the page behind it; count: as asked for;
    similar: nothing holds the words searched for, so these hold similar ones.
    """

    data: list[dict[str, Any]]
    next: str | None
    count: int | None = None
    similar: bool = False


def malformed(
    parameter: str, code: str, message: str, line: int | None = None, column: int | None = None
) -> Malformed:
    """The refusal of one parameter."""
    error = FieldError(parameter, code, message, line=line, column=column)
    return Malformed(message, code=code, errors=[error])
