"""Merging records that mean the same: which one stays, and which values it gets, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError, Malformed, NotFound
from fieldstone.model.model import Entity
from fieldstone.records import POSSIBLE_DUPLICATE, Concerned, Merge
from fieldstone_ui import data
from fieldstone_ui.pages import answers, layouts, notices
from fieldstone_ui.pages.addresses import of_entity, of_record
from fieldstone_ui.pages.bulk import editable
from fieldstone_ui.presentation.labels import text
from fieldstone_ui.presentation.looks import FieldLook
from fieldstone_ui.presentation.merging import Candidate, MergePage, Row, is_empty

MOST = 6
"""As many records stand side by side."""
FOUND = 8
OF_SYSTEM = ("owner", "team", "currency")


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/e/<entity>/merge", endpoint="merge")(compare)
    pages.post("/e/<entity>/merge", endpoint="merge_now")(merge)


def address(owner: Entity, *identities: object) -> str:
    """The page that merges these records, or asks for another one."""
    return url_for("pages.merge", entity=owner.name, id=identities)


# -- asking


def compare(entity: str) -> ResponseReturnValue:
    """The records side by side; where there is only one, a search for the other."""
    owner = mergeable(entity)
    ids = asked(request.args.getlist("id"))
    if len(ids) == 1:
        return another(owner, ids[0])
    return render_template("merging/compare.html", merge=page(owner, ids))


def mergeable(entity: str) -> Entity:
    """The entity. Raises NotFound where the reader cannot merge its records."""
    owner = data.entity(entity)
    if not data.may_merge(owner):
        raise NotFound("Records of this kind cannot be merged, or not by you.")
    return owner


def asked(sent: Sequence[str]) -> list[UUID]:
    """The records, each once. Raises Malformed for none or too many."""
    ids = list(dict.fromkeys(answers.identity(one) for one in sent))
    if not 1 <= len(ids) <= MOST:
        raise Malformed(f"Select 2 to {MOST} records to merge them.")
    return ids


def another(owner: Entity, identity: UUID) -> str:
    """Which other record means the same: those that a search finds, at first that for the title."""
    title = str(data.one(owner, identity)["_title"] or "")
    typed = request.args.get("q", title).strip()
    found = [one for one in data.search_one(owner, typed, FOUND + 1) if one.id != identity] if typed else []
    return render_template(
        "merging/another.html",
        id=identity,
        title=title,
        typed=typed,
        label=text(owner.label, data.locale(), owner.name).lower(),
        url=of_entity("merge", owner),
        back_url=of_record("record", owner, identity),
        found=[(one.title, address(owner, identity, one.id)) for one in found[:FOUND]],
    )


def page(owner: Entity, ids: Sequence[UUID], error: FieldstoneError | None = None) -> MergePage:
    """What the page shows; what was chosen before an error stays chosen."""
    looks = choosable(owner)
    records = data.several(owner, ids, [*data.readable(owner), "created_at", "created_by", "version"])
    referring = data.preview_merge(owner, ids)
    kept = request.form.get("kept") or kept_at_first(records, referring)
    differing = [look for look in looks if differs(look, records)]
    names = {one.field for one in error.errors} if error else set()
    return MergePage(
        heading=f"Merge {data.counted(owner.name, len(ids))}",
        entity=owner.name,
        url=of_entity("merge_now", owner),
        back_url=of_entity("listing", owner),
        candidates=[candidate(owner, one, referring[UUID(one["id"])], kept) for one in records],
        rows=[row(look, records, kept) for look in differing],
        same=len(looks) - len(differing),
        problem=error.message if error else "",
        wrong=[look.label for look in looks if look.name in names],
        ask_anyway=error is not None and {one.code for one in error.errors} == {POSSIBLE_DUPLICATE},
    )


def choosable(owner: Entity) -> list[FieldLook]:
    """The fields whose values the reader may choose, in the order of the form."""
    order = [item.name for item in layouts.form_fields(layouts.form_of(owner))]
    rights = data.rights_on(owner).fields
    system = [
        name for name in OF_SYSTEM if name in owner.system and (found := rights.get(name)) and found.update
    ]
    looks = [*editable(owner), *data.looks(owner, system)]
    held = {field.name for field in owner.holding_files}
    taken = [look for look in looks if look.name not in held and look.widget != "secret"]
    return sorted(taken, key=lambda look: order.index(look.name) if look.name in order else len(order))


def differs(look: FieldLook, records: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the records have different values of a field."""
    first, *others = (one.get(look.name) for one in records)
    return not all(data.same(first, other) or (is_empty(first) and is_empty(other)) for other in others)


def kept_at_first(records: Sequence[Mapping[str, Any]], referring: Mapping[UUID, Sequence[Concerned]]) -> str:
    """The record to keep unless somebody chooses another: to which most leads, then the oldest."""

    def weight(record: Mapping[str, Any]) -> tuple[int, str]:
        return (-sum(one.count for one in referring[UUID(record["id"])]), str(record["id"]))

    return str(min(records, key=weight)["id"])


def candidate(
    owner: Entity, record: Mapping[str, Any], referring: Sequence[Concerned], kept: str
) -> Candidate:
    """One of the records, with what leads to it."""
    identity = str(record["id"])
    return Candidate(
        id=identity,
        title=str(record.get("_title") or "(no name)"),
        url=of_record("record", owner, UUID(identity)),
        version=record["version"],
        made=data.formats().ago(data.instant(record["created_at"])),
        by=(record.get("created_by") or {}).get("title") or "",
        leading=leading(referring),
        kept=identity == kept,
    )


def leading(referring: Sequence[Concerned]) -> list[str]:
    """ "3 contacts", "2 opportunities"; what the reader may not know of is only counted."""
    counts: dict[str, int] = {}
    for one in referring:
        known = one.entity.name if one.entity.name in data.readable_entities() else ""
        counts[known] = counts.get(known, 0) + one.count
    hidden = counts.pop("", 0)
    shown = [data.counted(name, count) for name, count in sorted(counts.items())]
    return [*shown, *([f"{data.counted('', hidden)} that you may not see"] if hidden else [])]


def row(look: FieldLook, records: Sequence[Mapping[str, Any]], kept: str) -> Row:
    """A field with the value of each record: chosen is what was, or that of the kept one, or one that is not
    empty.
    """
    filled = [str(one["id"]) for one in records if not is_empty(one.get(look.name))]
    usual = kept if kept in filled else next(iter(filled), kept)
    return Row(look, records, request.form.get(f"take.{look.name}", usual))


# -- merging


def merge(entity: str) -> ResponseReturnValue:
    """Merge them and show the record that stayed; refused, the page again with everything that was chosen."""
    owner = mergeable(entity)
    ids = asked(request.form.getlist("id"))
    kept = answers.identity(request.form.get("kept", ""))
    if kept not in ids or len(ids) < 2:
        raise Malformed("Choose which of the records stays.")
    wanted = Merge(
        kept=kept,
        records=[one for one in ids if one != kept],
        take=chosen(owner, kept),
        version=answers.version(request.form.get(f"version.{kept}")),
    )
    try:
        done = data.merge(owner, wanted)
    except FieldstoneError as error:
        return render_template("merging/compare.html", merge=page(owner, ids, error)), error.status
    notices.tell(f"{data.counted(owner.name, len(ids))} merged into one.", done.operation)
    return redirect(of_record("record", owner, kept), 303)


def chosen(owner: Entity, kept: UUID) -> dict[str, UUID]:
    """Field → the other record whose value the kept one gets."""
    sent = {look.name: request.form.get(f"take.{look.name}") for look in choosable(owner)}
    found = {name: answers.identity(value) for name, value in sent.items() if value}
    return {name: identity for name, identity in found.items() if identity != kept}
