"""Trees: records shown below those that they belong to. What is below one is fetched when it is opened.

What stands below nothing that is shown stands at the top: records whose place is empty, and those below one
that the reader may not see or that the filter leaves out. The number of statements does not depend on how
many rows are open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.errors import NotFound
from fieldstone.records import Page
from fieldstone_ui import data
from fieldstone_ui.data.reader import Record
from fieldstone_ui.pages import lists, queries
from fieldstone_ui.pages.answers import from_script, identity
from fieldstone_ui.presentation.columns import Column, least_width
from fieldstone_ui.presentation.lists import ListPage
from fieldstone_ui.presentation.trees import TreeRow, rows_of

MOST_OPEN, MOST_BELOW, DEEPEST = 100, 500, 99


@dataclass(frozen=True)
class Tree:
    """What is shown of a tree. field: the reference that makes it. open: the ids of the rows that are open.

    more_url: the list of what is below a record, where that is more than is shown.
    """

    asked: queries.Asked
    field: str
    rows: Sequence[TreeRow]
    open: Sequence[str] = ()
    more_url: str = ""
    level: int = 1

    def below_url(self, row: TreeRow) -> str:
        """Where our scripts fetch what is below a row."""
        values = {**self.asked.parameters, "level": str(row.level + 1)}
        entity = self.asked.entity.name
        return url_for("pages.tree_below", entity=entity, record=row.record["id"], **values)  # type: ignore[arg-type]  # url_for takes any text

    def toggle_url(self, row: TreeRow) -> str:
        """This page with a row opened or closed."""
        own = str(row.record["id"])
        ids = [one for one in self.open if one != own] if row.open else [*self.open, own]
        return self.asked.url(open=",".join(ids) or None)


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/e/<entity>/tree", endpoint="tree")(tree)
    pages.get("/e/<entity>/tree/<record>", endpoint="tree_below")(tree_below)


def tree(entity: str) -> ResponseReturnValue:
    """The tree; one more page of its top for our scripts."""
    asked = queries.read(data.entity(entity), "pages.tree")
    field = tree_field(asked)
    frame = lists.frame(asked)
    columns = lists.list_columns(asked)
    query = tree_query(asked, field, columns, "" if frame.problem else asked.where)
    found = data.page(asked.entity, replace(query, top=field, limit=asked.limit, cursor=asked.cursor))
    opened = opened_below(asked, field, query) if not asked.cursor else {}
    page = with_top(frame, asked, columns, found)
    made = Tree(asked, field, filled(asked, field, query, found.data, opened), tuple(opened))
    template = "trees/more_rows.html" if from_script() and asked.cursor else "trees/tree.html"
    return render_template(template, list=page, tree=made)


def tree_below(entity: str, record: str) -> ResponseReturnValue:
    """What is directly below a record, for our scripts."""
    asked = queries.read(data.entity(entity), "pages.tree")
    field, above = tree_field(asked), str(identity(record))
    columns = lists.list_columns(asked)
    query = tree_query(asked, field, columns, asked.where)
    found = data.page(asked.entity, data.directly_below(query, field, [above]))
    rows = filled(asked, field, query, found.data, {}, level=asked_level())
    all_below = f"{field}.id == '{above}'"
    more = url_for("pages.listing", entity=entity, where=all_below) if found.next else ""
    made = Tree(asked, field, rows, more_url=more, level=asked_level())
    return render_template("trees/below.html", list=replace(lists.frame(asked), columns=columns), tree=made)


def tree_field(asked: queries.Asked) -> str:
    """The reference that makes the tree. Raises NotFound where nothing does, or more than one."""
    if asked.tree is None:
        message = "There is no tree of these records: no single field says which stands below which."
        raise NotFound(message, code="no_tree")
    return asked.tree


def tree_query(asked: queries.Asked, field: str, columns: Sequence[Column], where: str) -> data.Query:
    """The query of everything that the tree shows."""
    names = [*(column.look.name for column in columns), field]
    return replace(lists.list_query(asked, names, where), limit=MOST_BELOW, cursor=None)


def opened_below(asked: queries.Asked, field: str, query: data.Query) -> dict[str, list[Record]]:
    """Id → the records directly below it, for the rows that the address opens.

    Where these are too many for one page, all rows are closed.
    """
    ids = list(dict.fromkeys(ids_in(request.args.get("open", ""))))[:MOST_OPEN]
    found = data.page(asked.entity, data.directly_below(query, field, ids)) if ids else None
    if found is None or found.next:
        return {}
    data.mark_overdue(asked.entity, found.data)
    below: dict[str, list[Record]] = defaultdict(list)
    for record in found.data:
        below[record[field]["id"]].append(record)
    return dict(below)


def ids_in(text: str) -> Iterator[str]:
    """The ids in a text with commas between them; what is none is left out."""
    for part in text.split(",")[:MOST_OPEN]:
        try:
            yield str(UUID(part))
        except ValueError:
            continue


def filled(  # noqa: PLR0917  a part of a tree is its query, what stands at its top, and what is open
    asked: queries.Asked,
    field: str,
    query: data.Query,
    top: Sequence[Record],
    opened: dict[str, list[Record]],
    level: int = 1,
) -> list[TreeRow]:
    """The rows below each other, with how many there are below each."""
    shown = [*top, *(record for below in opened.values() for record in below)]
    data.mark_overdue(asked.entity, list(top))
    counts = data.below(asked.entity, query, field, [record["id"] for record in shown])
    return list(rows_of(top, opened, counts, level))


def with_top(frame: ListPage, asked: queries.Asked, columns: Sequence[Column], found: Page) -> ListPage:
    """The page with its columns, and where its top goes on."""
    return replace(
        frame,
        columns=columns,
        rows=found.data,
        least_width=least_width(columns),
        sorts=len(asked.order),
        next_url=asked.url(cursor=found.next, limit=None) if found.next else "",
        limit=queries.DEFAULT_LIMIT,
        sums_url=asked.url("pages.sums") if not frame.problem else "",
        empty=lists.empty(frame, asked),
    )


def asked_level() -> int:
    """The level of the rows that a script asks for."""
    text = request.args.get("level", "")
    return min(max(int(text), 1), DEEPEST) if text.isascii() and text.isdigit() and len(text) < 4 else 2
