"""Acting on many rows of a list, picked or all that match: how many first, then what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError, Malformed, NotFound
from fieldstone.model.model import Entity
from fieldstone.records import FieldState, Outcome, Picked
from fieldstone.records.bulk import Selection
from fieldstone.web.api.exporting import attachment
from fieldstone_ui import data
from fieldstone_ui.pages import answers, notices, queries, sheets, steps
from fieldstone_ui.pages.addresses import of_entity
from fieldstone_ui.pages.typed import read_form
from fieldstone_ui.presentation.controls import Control
from fieldstone_ui.presentation.looks import FieldLook

MOST = 500
MOST_REASONS = 5
EDITABLE = FieldState(visible=True, required=False, readonly=False)
DONE = {"delete": "moved to the recycle bin", "move": "moved", "assign": "assigned", "edit": "changed"}
VERBS = {"delete": "Delete", "move": "Move", "assign": "Assign", "edit": "Change"}


@dataclass(frozen=True)
class Selected:
    """The rows: picked ones with the versions that the reader saw, or all that the list shows."""

    asked: queries.Asked
    rows: Selection
    count: int

    @property
    def entity(self) -> Entity:
        """Of which entity."""
        return self.asked.entity

    @property
    def words(self) -> str:
        """ "3 opportunities"."""
        return data.counted(self.entity.name, self.count)

    def url(self, action: str) -> str:
        """The address that acts on them."""
        return of_entity("bulk", self.entity, action=action, **self.asked.parameters)


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.post("/e/<entity>/bulk/<action>/ask", endpoint="bulk_ask")(ask)
    pages.post("/e/<entity>/bulk/<action>", endpoint="bulk")(act)
    pages.get("/e/<entity>/bulk/field", endpoint="bulk_field")(field)
    pages.post("/e/<entity>/bulk/export", endpoint="bulk_export")(export)
    pages.get("/e/<entity>/export", endpoint="export")(export_all)


def selected(entity: str) -> Selected:
    """The rows that were sent. Raises Malformed for none or too many."""
    asked = queries.read(data.entity(entity), "pages.listing")
    if "all" in request.form:
        query = data.Query(where=asked.where or None, q=asked.q or None)
        count = int(data.total(asked.entity, query, [])["count"])
        if not count:
            # A search that finds nothing shows similar words; nobody means to act on all of those.
            raise Malformed("Nothing matches this filter any more.")
        return Selected(asked, query, count)
    pairs = zip(request.form.getlist("id"), request.form.getlist("v"), strict=False)
    picked = {answers.identity(one): answers.version(version) for one, version in pairs}
    if not picked or len(picked) > MOST:
        raise Malformed(f"Select between 1 and {MOST} rows, or all that match.")
    return Selected(asked, Picked(list(picked), list(picked.values())), len(picked))


# -- asking


def ask(entity: str, action: str) -> ResponseReturnValue:
    """How many, and what the action needs to know."""
    return dialog(selected(entity), action)


def dialog(rows: Selected, action: str, problem: str = "") -> str:
    """The dialog of an action."""
    if action not in VERBS:
        raise NotFound("There is no such action.")
    return render_template(
        "lists/bulk.html",
        rows=rows,
        action=action,
        title=f"{VERBS[action]} {rows.words}{'?' if action == 'delete' else ''}",
        label=f"{VERBS[action]} {rows.words}",
        picked=rows.rows if isinstance(rows.rows, Picked) else None,
        states=states(rows.entity) if action == "move" else (),
        control=control(rows.entity, "owner") if action == "assign" else None,
        fields=editable(rows.entity) if action == "edit" else (),
        field_url=of_entity("bulk_field", rows.entity),
        record={},
        problem=problem,
    )


def states(owner: Entity) -> Iterable[Any]:
    """The states that records can move to."""
    return data.look(owner, steps.workflow_of(owner).field).options.values()


def editable(owner: Entity) -> list[FieldLook]:
    """The fields that many records can be given at once."""
    rights = data.rights_on(owner)
    moved = owner.workflow.field if owner.workflow is not None else None
    names = [name for name in owner.fields if name != moved and rights.fields.get(name)]
    looks = [data.look(owner, name) for name in names if rights.fields[name].update]
    return sorted(looks, key=lambda look: look.label.casefold())


def control(owner: Entity, name: str) -> Control:
    """The empty input of a field."""
    return sheets.make_control(sheets.Filling(owner, {}, {}), name, EDITABLE)


def field(entity: str) -> str:
    """The input of the field that was chosen."""
    owner = data.entity(entity)
    name = request.args.get("field", "")
    known = name in {look.name for look in editable(owner)}
    return render_template("lists/bulk_field.html", c=control(owner, name) if known else None, record={})


# -- acting


def act(entity: str, action: str) -> ResponseReturnValue:
    """Do it, batch by batch; what was refused is told with its reasons, and the rest is done."""
    rows = selected(entity)
    try:
        outcome = perform(rows, action)
    except FieldstoneError as error:
        return dialog(rows, action, error.message), error.status
    if not outcome.refused:
        tell(rows, outcome, action)
        return ""
    undo_url = url_for("pages.undo", operation=outcome.operation) if outcome.changed else ""
    return render_template(
        "lists/bulk_done.html", rows=rows, done=told(outcome, action), outcome=outcome, undo_url=undo_url
    )


def tell(rows: Selected, outcome: Outcome, action: str) -> None:
    """Say on the page that comes next what was done, with its undo."""
    if not outcome.changed:
        notices.tell(f"Nothing to do: {rows.words} {'was' if rows.count == 1 else 'were'} so already.")
        return
    words = data.counted(rows.entity.name, outcome.changed)
    notices.tell(f"{words} {DONE[action]}.", outcome.operation)


def perform(rows: Selected, action: str) -> Outcome:
    """Write. Raises Malformed for what cannot be read."""
    if action == "delete":
        return data.delete_many(rows.entity, rows.rows)
    if action == "move":
        state = {steps.workflow_of(rows.entity).field: request.form.get("state")}
        return data.update_many(rows.entity, rows.rows, state)
    if action not in VERBS:
        raise NotFound("There is no such action.")
    sent = read_form(rows.entity)
    if sent.errors:
        raise Malformed(" ".join(sent.errors.values()))
    if not sent.values:
        raise Malformed("Choose a field and its new value.")
    return data.update_many(rows.entity, rows.rows, sent.values)


def told(outcome: Outcome, action: str) -> Mapping[str, Any]:
    """What became of the rows, for people."""
    number = data.formats().number
    reasons = sorted((outcome.reasons or {}).items(), key=lambda pair: -pair[1])
    done = "deleted" if action == "delete" else "changed"
    return {
        "title": f"{number(outcome.changed)} {done}, {number(outcome.refused)} refused",
        "reasons": [(number(count), reason) for reason, count in reasons[:MOST_REASONS]],
        "more": number(sum(count for _, count in reasons[MOST_REASONS:])) if reasons[MOST_REASONS:] else "",
        "unchanged": number(outcome.unchanged) if outcome.unchanged else "",
    }


# -- exporting


def export(entity: str) -> Response:
    """The picked rows, or all that match, as CSV with the columns of the list."""
    rows = selected(entity)
    if not isinstance(rows.rows, Picked):
        return exported(rows.asked, rows.asked.where)
    listed = ", ".join(f'"{identity}"' for identity in rows.rows.ids)
    return exported(rows.asked, f"id in [{listed}]")


def export_all(entity: str) -> Response:
    """All that the list shows as CSV, without a script."""
    asked = queries.read(data.entity(entity), "pages.listing")
    return exported(asked, asked.where)


def exported(asked: queries.Asked, where: str) -> Response:
    """The file. Raises Forbidden without the capability `export`."""
    looks = data.looks(asked.entity, asked.columns)
    query = data.Query(
        where=where or None, q=asked.q or None, fields=exported_fields(asked.entity, looks), order=asked.order
    )
    return attachment(data.csv_of(asked.entity, query), asked.entity.name, "csv")


def exported_fields(owner: Entity, looks: Iterable[FieldLook]) -> tuple[str, ...]:
    """The columns, and the currency of amounts."""
    shown = list(looks)
    money = any(look.widget == "money" for look in shown) and "currency" in data.readable(owner)
    return tuple(dict.fromkeys([*(look.name for look in shown), *(["currency"] if money else [])]))
