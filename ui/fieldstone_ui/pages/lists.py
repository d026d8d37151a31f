"""Lists: filter, order, columns, pages by cursor, sums, and the recycle bin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.pages import (
    column_choice,
    filtering,
    queries,
    shell,
    sorting,
    tabs,
    view_saving,
)
from fieldstone_ui.pages.addresses import of_entity
from fieldstone_ui.pages.answers import from_script
from fieldstone_ui.presentation.columns import Column, least_width, make_columns
from fieldstone_ui.presentation.labels import text
from fieldstone_ui.presentation.lists import Action, Actions, Empty, ListPage, empty_bin, why_empty
from fieldstone_ui.presentation.looks import FieldLook


def install(pages: Blueprint) -> None:
    """Add the routes."""
    filtering.install(pages)
    for part in (tabs, sorting, column_choice, view_saving):
        part.install(pages)
    pages.get("/e/<entity>", endpoint="listing")(listing)
    pages.get("/e/<entity>/bin", endpoint="bin")(recycle_bin)
    pages.get("/e/<entity>/sums", endpoint="sums")(sums)


def listing(entity: str) -> ResponseReturnValue:
    """A list; one more page of rows for our scripts."""
    owner = data.entity(entity)
    asked = queries.read(owner, "pages.listing")
    other = queries.endpoint_of(asked.view.type if asked.view is not None else None)
    if other != asked.endpoint and "fields" not in asked.parameters and not from_script():
        return redirect(asked.url(other))
    return answer(asked)


def recycle_bin(entity: str) -> ResponseReturnValue:
    """What was deleted and can be restored."""
    return answer(queries.read(data.entity(entity), "pages.bin", deleted=True))


def answer(asked: queries.Asked) -> ResponseReturnValue:
    """The page, or its next rows."""
    page = with_rows(frame(asked), asked)
    if from_script() and asked.cursor:
        return render_template("lists/more_rows.html", list=page)
    return render_template("lists/list.html", list=page)


def frame(asked: queries.Asked) -> ListPage:
    """What list, board and tree share: names, tabs, chips."""
    owner, locale = asked.entity, data.locale()
    label, plural = text(owner.label, locale, owner.name), text(owner.plural, locale, owner.name)
    offered = filtering.filterable(owner)
    chips, problem = filtering.chips(asked, offered)
    board = owner.workflow is not None and not asked.deleted
    return ListPage(
        entity=owner.name,
        label=label,
        plural=plural,
        title="Recycle bin" if asked.deleted else asked.view.label if asked.view else "All",
        menu=menu_label(owner),
        self_url=asked.url(),
        list_url=asked.url("pages.listing", view=list_view(asked)),
        board_url=asked.url("pages.board", view=list_view(asked)) if board else "",
        tree_url=tree_url(asked),
        filter_url=url_for("pages.add_filter", entity=owner.name),
        operators_url=url_for("pages.filter_operators", entity=owner.name),
        tabs=tabs.tabs(asked),
        counts_url=url_for("pages.tab_counts", entity=owner.name),
        more=further(asked),
        changed=asked.changed and not asked.deleted,
        gone=asked.view.gone if asked.view else (),
        save_url=saving_url(asked, "new_view"),
        update_url=saving_url(asked, "update_view") if asked.view and asked.view.mine else "",
        columns_url=asked.url("pages.columns") if asked.endpoint == "pages.listing" else "",
        sort_url="" if asked.deleted else of_entity("sort", owner, **shared_parameters(asked)),
        sorted_by=sorting.summary(asked),
        chips=chips,
        problem=problem,
        filterable=[field.look for field in offered.values()],
        kept=shared_parameters(asked),
        where=asked.where,
        query=asked.q,
        without_query_url=asked.url(q=None),
        new_url=url_for("pages.new", entity=owner.name) if data.may_create_in_form(owner.name) else "",
        limit=asked.limit,
        cursor=asked.cursor or "",
    )


def with_rows(page: ListPage, asked: queries.Asked) -> ListPage:
    """The page with its columns and rows."""
    columns = list_columns(asked)
    where = "" if page.problem else asked.where
    found = data.page(asked.entity, list_query(asked, [column.look.name for column in columns], where))
    data.mark_overdue(asked.entity, found.data)
    return replace(
        page,
        columns=columns,
        rows=found.data,
        similar=found.similar,
        least_width=least_width(columns),
        sorts=len(asked.order),
        next_url=asked.url(cursor=found.next, limit=None) if found.next else "",
        limit=queries.DEFAULT_LIMIT,
        sum=summed_column(columns),
        sums_url="" if asked.deleted or page.problem else sums_url(asked, similar=found.similar),
        state_label=state_label(asked.entity),
        can=actions(asked),
        empty=empty(page, asked),
    )


def empty(page: ListPage, asked: queries.Asked) -> Empty:
    """What a list or board without records says."""
    filtered = bool(asked.where or asked.q or asked.view)
    if asked.deleted and not filtered:
        return empty_bin(page.plural, of_entity("listing", asked.entity))
    return why_empty(page.label, page.plural, filtered, page.new_url, all_url(asked))


def sums_url(asked: queries.Asked, *, similar: bool) -> str:
    """Where the sums of a list come from."""
    return of_entity("sums", asked.entity, **asked.parameters, similar="1" if similar else None)


def summed_column(columns: Sequence[Column]) -> str:
    """The column that the selection adds up: the first with amounts."""
    return next((column.look.name for column in columns if column.look.widget == "money"), "")


def actions(asked: queries.Asked) -> Actions:
    """What the reader can do with selected rows."""
    owner = asked.entity
    if asked.deleted:
        return Actions()
    return Actions(
        move=owner.workflow is not None and data.may("update", owner.name),
        delete=data.may("delete", owner.name),
        assign="owner" in owner.system and data.may("assign", owner.name),
        edit=data.may("update", owner.name),
        export=data.may_export(),
        merge=data.may_merge(owner),
        everything=data.may_act_on_all(),
    )


def list_query(asked: queries.Asked, fields: Sequence[str], where: str) -> data.Query:
    """The query of the rows. Raises Malformed if the order or a column cannot be used."""
    return data.Query(
        where=where or None,
        q=asked.q or None,
        fields=tuple(dict.fromkeys([*fields, *needed_fields(asked.entity, fields)])),
        order=asked.order or None,
        limit=asked.limit,
        cursor=asked.cursor,
        deleted=asked.deleted,
    )


def needed_fields(owner: Entity, fields: Sequence[str]) -> list[str]:
    """What a row needs beyond its columns: the currency of amounts, the state that ends its dates."""
    needed = ["id", "version"]
    if "currency" in owner.system and any(owner.field(name) is not None for name in fields):
        needed.append("currency")
    if owner.workflow is not None and data.may_read_field(owner, owner.workflow.field):
        needed.append(owner.workflow.field)
    return needed


def list_columns(asked: queries.Asked) -> list[Column]:
    """The columns, with the addresses that sort by them."""
    looks = data.looks(asked.entity, asked.columns) or data.looks(
        asked.entity, queries.default_columns(asked.entity)
    )
    return make_columns(
        looks, data.title_field(asked.entity), asked.order, lambda order: asked.url(order=",".join(order))
    )


def further(asked: queries.Asked) -> list[Action]:
    """What the menu at the end of the bar offers."""
    owner, view = asked.entity, asked.view
    offered: list[Action] = []
    if view is not None and view.mine:
        offered += [
            Action(
                "Rename or share view", of_entity("edit_view", owner, view=view.key), "pencil", dialog=True
            ),
            Action("Delete view", of_entity("ask_delete_view", owner, view=view.key), "x", dialog=True),
        ]
    if not asked.deleted and data.may_export():
        offered.append(Action("Export as CSV", asked.url("pages.export"), "download"))
    if not asked.deleted and data.may("delete", owner.name):
        offered.append(Action("Recycle bin", of_entity("bin", owner), "trash"))
    return offered


def shared_parameters(asked: queries.Asked) -> dict[str, str]:
    """The parameters of this list, board or tree for a page that comes back to it."""
    return {**asked.parameters, **({"as": asked.kind} if asked.kind != "list" else {})}


def saving_url(asked: queries.Asked, page: str) -> str:
    """The address that saves what is shown; empty where that is not possible."""
    if asked.deleted or data.saved_view_entity() is None:
        return ""
    return of_entity(page, asked.entity, **shared_parameters(asked))


def list_view(asked: queries.Asked) -> str | None:
    """The view to keep when switching between list, board and tree: none, if it is made for one of them."""
    if asked.view is None or asked.view.type != "list":
        return None
    return asked.view.key


def tree_url(asked: queries.Asked) -> str:
    """The tree of the same records; empty where they make none."""
    if asked.deleted or asked.tree is None:
        return ""
    return asked.url() if asked.kind == "tree" else asked.url("pages.tree", view=list_view(asked))


def menu_label(owner: Entity) -> str:
    """The section of the menu that this entity is in."""
    return next((s.label for s in shell.menu() for place in s.items if place.entity == owner.name), "")


def state_label(owner: Entity) -> str:
    """What the field under the workflow is called."""
    if owner.workflow is None or not data.may_read_field(owner, owner.workflow.field):
        return ""
    return data.look(owner, owner.workflow.field).label


def all_url(asked: queries.Asked) -> str:
    """The list without any filter."""
    return url_for("pages.listing", entity=asked.entity.name)


def sums(entity: str) -> ResponseReturnValue:
    """How many records fit the filter, and the sums of its amounts: asked for after the page is there."""
    owner = data.entity(entity)
    asked = queries.read(owner, "pages.listing")
    summed = [look for look in data.looks(owner, summed_names(asked)) if look.widget in {"money", "number"}]
    similar = "similar" in request.args
    query = data.Query(where=asked.where or None, q=asked.q or None, similar=similar)
    total = data.total(owner, query, [look.name for look in summed])
    shown = [(look.label, sum_text(look, total[f"sum_{look.name}"])) for look in summed]
    plural = text(owner.plural, data.locale(), owner.name)
    return render_template(
        "lists/sums.html", plural=plural, count=total["count"], sums=shown, similar=similar
    )


def summed_names(asked: queries.Asked) -> list[str]:
    """What the view sums; without one, the amounts among the columns."""
    if asked.view is not None and asked.view.sum:
        return list(asked.view.sum)
    return [look.name for look in data.looks(asked.entity, asked.columns) if look.widget == "money"]


def sum_text(look: FieldLook, value: str | int | None) -> str:
    """A sum for people; amounts are in the organisation's currency."""
    formats = data.formats()
    if look.widget != "money":
        return formats.number(value or 0)
    amount = formats.money(str(value or 0), whole=True)
    return f"{amount.symbol}{amount.amount}"
