"""Boards: a column for each state, cards that move by the workflow's transitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.errors import NotFound
from fieldstone_ui import data
from fieldstone_ui.pages import lists, queries
from fieldstone_ui.pages.answers import from_script
from fieldstone_ui.presentation.boards import Board, BoardColumn, card_fields
from fieldstone_ui.presentation.looks import FieldLook
from fieldstone_ui.presentation.states import StateLook

CARDS = 25


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/e/<entity>/board", endpoint="board")(board)
    pages.get("/e/<entity>/board/<column>", endpoint="board_column")(more_cards)


def board(entity: str) -> ResponseReturnValue:
    """The board; only its columns for our scripts."""
    asked = queries.read(data.entity(entity), "pages.board")
    frame = lists.frame(asked)
    made = make_board(asked, where="" if frame.problem else asked.where)
    if not any(column.cards for column in made.columns):
        frame = replace(frame, empty=lists.empty(frame, asked))
    if from_script():
        return render_template("boards/columns.html", list=frame, board=made)
    return render_template("boards/board.html", list=frame, board=made)


def more_cards(entity: str, column: str) -> ResponseReturnValue:
    """The next cards of one column."""
    asked = queries.read(data.entity(entity), "pages.board")
    group = group_look(asked)
    if column not in group.options:
        raise NotFound("There is no such column.")
    shown = card_looks(asked, group)
    filled = fill(asked, group, group.options[column], shown, asked.where)
    made = Board([filled], CARDS, **card_places(asked, group, shown))
    return render_template("boards/cards.html", list=lists.frame(asked), board=made, column=filled)


def make_board(asked: queries.Asked, where: str) -> Board:
    """All columns with their first cards, counts and sums."""
    group = group_look(asked)
    shown = card_looks(asked, group)
    places = card_places(asked, group, shown)
    summed = summed_look(asked, shown)
    query = data.Query(where=where or None, q=asked.q or None)
    totals = data.totals(asked.entity, query, group.name, [summed.name] if summed else [])
    columns = [
        with_total(fill(asked, group, option, shown, where), totals.get(option.value), summed)
        for option in group.options.values()
    ]
    return Board(columns, CARDS, **places)


def summed_look(asked: queries.Asked, shown: list[FieldLook]) -> FieldLook | None:
    """What stands above the columns: the view's sum, or the first amount of a card."""
    named = data.looks(asked.entity, asked.view.sum if asked.view else ())
    return next((look for look in [*named, *shown] if look.widget == "money"), None)


def with_total(column: BoardColumn, total: Mapping[str, Any] | None, summed: FieldLook | None) -> BoardColumn:
    """A column with its count and sum."""
    formats = data.formats()
    if total is None:
        return replace(column, count="0")
    amount = total.get(f"sum_{summed.name}") if summed else None
    shown = formats.compact_money(amount) if amount is not None else ""
    return replace(column, count=formats.number(total["count"]), sum=shown)


def group_look(asked: queries.Asked) -> FieldLook:
    """The field whose values are the columns: of the view, or the one under the workflow."""
    workflow = asked.entity.workflow
    name = (asked.view.group if asked.view else None) or (workflow.field if workflow else None)
    look = data.look(asked.entity, name) if name else None
    if look is None or not look.options:
        raise NotFound("There is no board for these records: nothing groups them.", code="no_board")
    return look


def card_looks(asked: queries.Asked, group: FieldLook) -> list[FieldLook]:
    """The fields of a card."""
    return [look for look in data.looks(asked.entity, asked.columns) if look.name != group.name]


def card_places(
    asked: queries.Asked, group: FieldLook, shown: list[FieldLook]
) -> dict[str, FieldLook | None]:
    """Which field stands where on a card."""
    return card_fields(shown, data.title_field(asked.entity), group.name)


def fill(
    asked: queries.Asked, group: FieldLook, option: StateLook, shown: list[FieldLook], where: str
) -> BoardColumn:
    """One column with its cards."""
    part = f'{group.name} == "{option.value}"'
    query = lists.list_query(asked, [look.name for look in shown], f"({where}) and {part}" if where else part)
    found = data.page(asked.entity, replace(query, limit=CARDS, cursor=request.args.get("after")))
    data.mark_overdue(asked.entity, found.data)
    more = urlencode({**asked.parameters, "after": found.next or ""})
    column_url = url_for("pages.board_column", entity=asked.entity.name, column=option.value)
    return BoardColumn(
        look=option,
        cards=found.data,
        more_url=f"{column_url}?{more}" if found.next else "",
    )
