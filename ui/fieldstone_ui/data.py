"""The one place where pages meet the platform: what they read and write, and who they do it as."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import g, request
from werkzeug.datastructures import FileStorage

from fieldstone import records
from fieldstone.access.grants import access
from fieldstone.context import Context
from fieldstone.errors import Malformed, NotFound
from fieldstone.fields.filters import Operator
from fieldstone.files import Content
from fieldstone.model.model import Entity, Field, Inverse
from fieldstone.model.system_fields import TITLE
from fieldstone.records import Change, Query, Written, bulk
from fieldstone.records.bulk import Selection
from fieldstone.records.environment import environment, organisation_currency, organisation_zone
from fieldstone.records.filters import checked
from fieldstone.records.source import Viewer
from fieldstone.transfer import export
from fieldstone.web.request_context import current_context
from fieldstone.web.runtime import current_runtime
from fieldstone.web.uploads import take
from fieldstone_rules import EvaluationError, Expression, Ref, compile_closure
from fieldstone_rules.tree import And
from fieldstone_ui.presentation.formats import Formats, locale_of, parse_instant
from fieldstone_ui.presentation.looks import FieldLook, field_look

__all__ = ["Change", "Expression", "Query", "Written"]
Record = dict[str, Any]
COMMENT, FILE, NOTIFICATION = "comment", "file", "notification"
MOST_UNREAD = 100
MOST_PEOPLE = 50
LONGEST_WHERE = 10_000
LONGEST_SEARCH = 200
MOST_ALIKE = 20


# -- who reads, and how ----------------------------------------------------------------------------


ACCEPT_DUPLICATES = "accept_duplicates"
"""Stands in a form whose reader has seen that there is a record like this one."""


def context() -> Context:
    """The context of this request. Raises NotAuthenticated when nobody is logged in."""
    found = current_context()
    return replace(found, accepts_duplicates=True) if ACCEPT_DUPLICATES in request.form else found


def locale() -> str:
    """The reader's locale, or the organisation's."""
    current = context()
    return current.principal.locale or str(current.model.settings.get("core", {}).get("locale") or "en")


def formats() -> Formats:
    """How the reader reads numbers and dates; made once per request."""
    if "formats" not in g:
        current = context()
        name = current.principal.timezone
        zone = ZoneInfo(name) if name else organisation_zone(current.model)
        g.formats = Formats(locale_of(locale()), zone, current.now, organisation_currency(current.model))
    made: Formats = g.formats
    return made


def organisation() -> str:
    """What the organisation is called; known before anybody has logged in."""
    model = current_runtime().current.model
    return str(model.settings.get("core", {}).get("organisation") or "Fieldstone")


def entity(name: str) -> Entity:
    """The entity, if the reader may know of it. Raises NotFound."""
    found = context().model.entities.get(name)
    if found is None or name not in readable_entities():
        raise NotFound("There is no such page, or you may not see it.", code="unknown_entity")
    return found


def readable_entities() -> frozenset[str]:
    """The entities of which the reader may read at least some records."""
    if "readable_entities" not in g:
        current = context()
        names = current.model.entities
        g.readable_entities = frozenset(name for name in names if may("read", name))
    found: frozenset[str] = g.readable_entities
    return found


def may(verb: str, name: str) -> bool:
    """Whether the reader may `read`, `create`, `update` or `delete` at least some records of an entity."""
    current = context()
    decision = getattr(access(current.model, current.principal, name), verb)
    return decision.constant is not False


def may_create_in_form(name: str) -> bool:
    """Whether the reader may create records of an entity by filling in a form: a file is uploaded instead."""
    return name != FILE and may("create", name)


def may_read_field(owner: Entity, name: str) -> bool:
    """Whether the reader may see a field in at least some records."""
    current = context()
    return access(current.model, current.principal, owner.name).field_read(name).constant is not False


# -- how fields look -------------------------------------------------------------------------------


def look(owner: Entity, name: str) -> FieldLook:
    """The look of a declared or system field, made once per publication and locale. Raises NotFound."""
    field = owner.field(name)
    if field is None or not may_read_field(owner, name):
        raise NotFound(f"There is no field {name[:80]} that you may see.", code="unknown_field")
    cache, key = context().model.cache, ("look", owner.name, name, locale())
    if key not in cache:
        cache[key] = field_look(owner, field, locale())
    made: FieldLook = cache[key]
    return made


def looks(owner: Entity, names: Iterable[str]) -> list[FieldLook]:
    """The looks of those fields that exist and may be seen."""
    return [look(owner, name) for name in names if owner.field(name) and may_read_field(owner, name)]


def title_field(owner: Entity) -> str | None:
    """The field that is the record's title, if the title is just a field."""
    source = owner.declaration.title.source.strip()
    return source if source in owner.fields else None


# -- filters ---------------------------------------------------------------------------------------


def conjuncts(owner: Entity, where: str) -> list[str]:
    """The parts of a filter that all have to hold. Raises Malformed for what is no filter."""
    if not where.strip():
        return []
    if len(where) > LONGEST_WHERE:
        raise Malformed("This filter is too long to be shown in parts.", code="too_long")
    current = context()
    tree = checked(Viewer(current.model, current.principal.access_key), owner.name, where).tree
    items = tree.items if isinstance(tree, And) else (tree,)
    return [where[item.span.start : item.span.end] for item in items]


def filter_part(field: Field, operator: Operator, values: Sequence[Any]) -> str:
    """One part of a filter, from values in the API's form. Raises Malformed for values that do not fit."""
    try:
        literals = [field.type.filter_literal(value, operator) for value in values]
        return operator.expression(field.name, *literals)
    except ValueError as error:
        raise Malformed(str(error), code="bad_value") from error


def holds(owner: Entity, condition: bool | Expression, record: Mapping[str, Any]) -> bool:
    """Whether a condition of a form is true of a record in the API's form; one that cannot be told holds."""
    if isinstance(condition, bool):
        return condition
    current = context()
    evaluate = current.model.cache.setdefault(("form", condition), compile_closure(condition))
    facts = environment(current)
    facts.record = {
        field.name: python_value(field, record.get(field.name)) for field in owner.fields.values()
    }
    try:
        return evaluate(facts) is True
    except (EvaluationError, KeyError):
        return True


def python_value(field: Field, value: Any) -> Any:
    """The Python value of a value in the API's form; None for one that cannot be read."""
    if isinstance(value, dict) and "title" in value:
        value = {"entity": value["entity"], "id": value["id"]}
    try:
        return None if value is None else field.type.read(value)
    except ValueError:
        return None


# -- reading ---------------------------------------------------------------------------------------


def page(owner: Entity, query: Query) -> records.Page:
    """A page of records in the API's form; each also has its title under `_title`."""
    fields = tuple(dict.fromkeys([TITLE, *(query.fields or readable(owner))]))
    return records.list(context(), owner.name, replace(query, fields=fields))


def one(owner: Entity, identity: UUID, *, deleted: bool = False) -> Record:
    """A record in the API's form with what lives inside it, its title under `_title`, and its entity's name.

    Raises NotFound.
    """
    names = [*readable(owner), *owner.lines, *(["deleted_at"] if deleted else [])]
    record = records.get(context(), owner.name, identity, [TITLE, *names], deleted=deleted)
    return record | {"entity": owner.name}


def require_readable(owner: Entity, identity: UUID) -> None:
    """Raise NotFound for a record that is not there, or not for the reader."""
    records.get(context(), owner.name, identity, ())


def readable(owner: Entity) -> list[str]:
    """The fields of an entity that the reader may see in at least some records."""
    names = [*owner.fields, *(name for name in owner.system if name != "deleted_at")]
    return [name for name in names if may_read_field(owner, name)]


def total(owner: Entity, query: Query, sums: Sequence[str]) -> Mapping[str, Any]:
    """`count`, and the sum of each field, over the records of a query."""
    (whole,) = records.aggregate(context(), owner.name, query, (), measures(sums))
    return whole.measures


def counts(owner: Entity, conditions: Sequence[str], most: int) -> list[int]:
    """How many records fit each filter, at most `most + 1`; all with one statement."""
    return records.counts(context(), owner.name, [condition or None for condition in conditions], most)


def totals(owner: Entity, query: Query, group: str, sums: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """The same for each value of the field `group`."""
    found = records.aggregate(context(), owner.name, query, (group,), measures(sums))
    return {str(part.by[group]): part.measures for part in found}


def measures(sums: Sequence[str]) -> dict[str, records.Measure]:
    """Names of measures: `count`, and each summed field by its name with `sum_` before it."""
    return {
        "count": records.Measure("count"),
        **{f"sum_{name}": records.Measure("sum", name) for name in sums},
    }


def related(
    owner: Entity, identity: UUID, inverse: Inverse, fields: Sequence[str], limit: int
) -> records.Page:
    """The first records of an inverse collection."""
    target = context().model.entities[inverse.entity]
    extra = ["currency"] if "currency" in target.system and may_read_field(target, "currency") else []
    query = Query(
        fields=(*fields, *extra),
        limit=limit,
        related=(inverse.field, Ref(owner.name, identity)),
        count="estimate",
    )
    return page(target, query)


def history(owner: Entity, identity: UUID) -> list[dict[str, Any]]:
    """What happened to a record, newest first."""
    return records.history(context(), owner.name, identity)


def may_comment(owner: Entity) -> bool:
    """Whether the reader may read comments on records of an entity, and write some."""
    return owner.declaration.activities and COMMENT in readable_entities()


def comments(owner: Entity, identity: UUID, most: int) -> records.Page:
    """The newest comments on a record, with their number."""
    about = ("regarding", Ref(owner.name, identity))
    fields = ("body", "created_at", "created_by", "mentions", "version")
    query = Query(fields=fields, order=("-created_at",), limit=most, related=about, count="exact")
    return records.list(context(), COMMENT, query)


def may_have_files(owner: Entity) -> bool:
    """Whether records of an entity may have files attached to them that the reader sees."""
    return owner.declaration.activities and FILE in readable_entities()


def files(owner: Entity, identity: UUID, most: int) -> records.Page:
    """The newest files of a record, attached or in its fields."""
    about = ("regarding", Ref(owner.name, identity))
    fields = ("name", "size", "media_type", "field", "created_at", "created_by")
    return records.list(
        context(), FILE, Query(fields=fields, order=("-created_at",), limit=most, related=about)
    )


def holds_files(owner: Entity, name: str) -> bool:
    """Whether a field holds files."""
    return any(field.name == name for field in owner.holding_files)


def people(owner: Entity, identity: UUID, typed: str, most: int) -> list[Record]:
    """References to people who may read a record and whose names hold what was typed. Raises NotFound."""
    found = {UUID(hit["id"]): hit for hit in lookup("user", typed, MOST_PEOPLE)}
    allowed = records.who_may_read(context(), owner.name, identity, list(found))
    return [found[user] for user in allowed[:most]]


def unread() -> int:
    """How many notifications the reader has not read, at most a hundred: one statement for a page's shell."""
    if NOTIFICATION not in readable_entities():
        return 0
    query = Query(where="recipient == user and read_at == null", fields=("id",), limit=MOST_UNREAD)
    return len(records.list(context(), NOTIFICATION, query).data)


def notifications(most: int) -> records.Page:
    """The reader's newest notifications."""
    fields = ("subject", "regarding", "created_at", "created_by", "read_at")
    query = Query(where="recipient == user", fields=fields, order=("-created_at",), limit=most)
    return records.list(context(), NOTIFICATION, query)


def mark_read(identities: Sequence[UUID]) -> None:
    """Mark notifications of the reader as read."""
    now = {"read_at": context().now.isoformat()}
    records.update(context(), NOTIFICATION, [Change(identity, now) for identity in identities])


def transitions(owner: Entity, identity: UUID) -> Sequence[records.TransitionState]:
    """The transitions from a record's state, each allowed or with its reasons."""
    return records.transitions(context(), owner.name, identity)


def pending_approval(owner: Entity, identity: UUID) -> records.ApprovalState | None:
    """The request for approval about a record that is pending."""
    return records.pending_approval(context(), owner.name, identity)


def approval(owner: Entity, identity: UUID, asked: UUID) -> records.ApprovalState:
    """One request for approval. Raises NotFound."""
    return records.approval(context(), owner.name, identity, asked)


def waiting_for_me() -> Sequence[records.ApprovalState]:
    """The requests on which the reader can decide, oldest first."""
    return records.waiting_for_me(context())


def due(owner: Entity, identities: Sequence[UUID]) -> Mapping[UUID, records.Due]:
    """Until when records may stay in their states."""
    return records.due(context(), owner.name, identities)


def mark_overdue(owner: Entity, rows: Iterable[Record]) -> None:
    """Note under `_overdue` which records have stayed in their state for too long."""
    found = {UUID(row["id"]): row for row in rows}
    for identity, limit in due(owner, list(found)).items():
        found[identity]["_overdue"] = limit.overdue


def ask_for_access(owner: Entity, identity: UUID) -> None:
    """Tell the owner of such a record that the reader would like to see it."""
    records.ask_for_access(context(), owner.name, identity)


def stays(owner: Entity, identity: UUID) -> Sequence[records.Stay]:
    """How long a record was in which state, oldest first."""
    return records.stays(context(), owner.name, identity)


def field_states(
    owner: Entity, identity: UUID | None, values: Mapping[str, Any]
) -> Mapping[str, records.FieldState]:
    """Field → visible, required, readonly for the record with these values typed."""
    return records.field_states(context(), owner.name, identity, values)


def why_hidden(owner: Entity, identity: UUID) -> records.Hidden | None:
    """Why the reader cannot see a record that he may know of; None for all others."""
    return records.why_hidden(context(), owner.name, identity)


def rights_on(owner: Entity) -> records.Rights:
    """What the reader may do with some record of an entity."""
    return records.rights(context(), owner.name)


def may_act_on_all() -> bool:
    """Whether the reader may change all records of a filter at once."""
    return bulk.may_act_on_all(context())


def may_export() -> bool:
    """Whether the reader may export lists."""
    return export.may_export(context())


def csv_of(owner: Entity, query: Query) -> Iterator[bytes]:
    """The records of a query as CSV under the labels of their fields. Raises Forbidden."""
    return export.as_csv(context(), owner.name, query, labels=True)


def rights(owner: Entity, identity: UUID) -> records.Rights:
    """What the reader may do with a record."""
    return records.rights(context(), owner.name, identity)


# -- references ------------------------------------------------------------------------------------


def lookup(name: str, typed: str, most: int, where: Expression | None = None) -> list[Record]:
    """References to the records of an entity that hold all words typed, best first."""
    if name not in readable_entities():
        return []
    found = records.lookup(context(), name, typed[:LONGEST_SEARCH] or None, most, where)
    return [{"entity": hit.entity, "id": str(hit.id), "title": hit.title} for hit in found]


def pickable(
    owner: Entity, identity: UUID | None, values: Mapping[str, Any], place: str, typed: str
) -> list[Record]:
    """References to the records that a limited reference of a record may lead to, best first.

    values: what a form holds so far. place: the reference, as `field_states` names it.
    """
    q = typed[:LONGEST_SEARCH] or None
    found = records.pickable(context(), owner.name, identity, values, place, q)
    return [{"entity": hit.entity, "id": str(hit.id), "title": hit.title} for hit in found]


def by_title(name: str, title: str) -> list[Record]:
    """At most a few records of an entity with exactly this title."""
    found = lookup(name, title, MOST_ALIKE)
    return [hit for hit in found if hit["title"].casefold() == title.casefold()]


def reference(name: str, record: Mapping[str, Any]) -> Record:
    """A record as the value of a reference."""
    return {"entity": name, "id": record["id"], "title": record[TITLE]}


def described(token: str) -> Record | None:
    """The reference behind `account:0198…` with its title; None if there is none that the reader may see."""
    name, _, identity = token.partition(":")
    if name not in readable_entities():
        return None
    try:
        record = records.get(context(), name, UUID(identity), [TITLE])
    except (ValueError, NotFound):
        return None
    return reference(name, record)


def with_title(value: Any, parts: Mapping[str, Sequence[str]]) -> Any:
    """A value that was read from a form, with the titles of references, so that it can be shown."""
    if isinstance(value, dict) and value.keys() == {"entity", "id"}:
        typed = (parts.get("text") or [""])[0]
        return {**value, "title": typed} if typed else described(f"{value['entity']}:{value['id']}")
    if isinstance(value, list):
        return [with_title(item, {}) for item in value]
    return value


def same(one_value: Any, other: Any) -> bool:
    """Whether two values in the API's form are the same, titles and trailing zeros aside."""
    if isinstance(one_value, dict) and isinstance(other, dict) and "id" in one_value:
        return one_value.get("id") == other.get("id") and one_value.get("entity") == other.get("entity")
    if isinstance(one_value, list) and isinstance(other, list):
        return len(one_value) == len(other) and all(same(a, b) for a, b in zip(one_value, other, strict=True))
    return one_value == other or (number(one_value) is not None and number(one_value) == number(other))


def number(value: Any) -> Decimal | None:
    """A decimal of the API's form; None for anything else."""
    try:
        return Decimal(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
    except InvalidOperation:
        return None


def instant(text: str) -> datetime:
    """The API's form of an instant."""
    return parse_instant(text)


# -- saved views -----------------------------------------------------------------------------------


def saved_views(owner: Entity) -> list[records.SavedView]:
    """The views of an entity that users saved and the reader may see; read once per request."""
    kept: dict[str, list[records.SavedView]] = g.setdefault("saved_views", {})
    if owner.name not in kept:
        kept[owner.name] = records.saved_views_of(context(), owner.name)
    return kept[owner.name]


def saved_view_entity() -> Entity | None:
    """The entity of saved views, if the reader may keep some."""
    found = context().model.entities.get("saved_view")
    return found if found is not None and may("create", found.name) else None


# -- writing ---------------------------------------------------------------------------------------


def create(owner: Entity, values: Mapping[str, Any]) -> Written:
    """Create one record."""
    return records.create(context(), owner.name, [values])[0]


def say(owner: Entity, identity: UUID, body: str) -> Written:
    """Comment on a record."""
    regarding = {"id": str(identity), "entity": owner.name}
    return records.create(context(), COMMENT, [{"body": body, "regarding": regarding}])[0]


def attach(owner: Entity, identity: UUID, sent: FileStorage) -> Written:
    """Add a file of a form to a record."""
    return records.upload(context(), received(sent), Ref(owner.name, identity))


def upload(sent: FileStorage) -> Record:
    """A file of a form as a file of the reader, which belongs to nothing yet: as a reference."""
    content = received(sent)
    written = records.upload(context(), content)
    return {"entity": FILE, "id": str(written.id), "title": content.name}


def received(sent: FileStorage) -> Content:
    """The content of a file of a form. Raises what refuses it."""
    records.require_upload(context())
    return take(context().database.files, sent)


def update(owner: Entity, identity: UUID, values: Mapping[str, Any], version: int | None) -> Written:
    """Change one record."""
    return records.update(context(), owner.name, [Change(identity, values, version)])[0]


def update_many(owner: Entity, selection: Selection, values: Mapping[str, Any]) -> records.Outcome:
    """Give many records the same values; what is refused is told, the rest is done."""
    return records.update_many(context(), owner.name, selection, values)


def delete_many(owner: Entity, selection: Selection) -> records.Outcome:
    """Move many records to the recycle bin; what is refused is told, the rest is done."""
    return records.delete_many(context(), owner.name, selection)


def delete(owner: Entity, identities: Sequence[UUID], versions: Sequence[int | None]) -> None:
    """Move records to the recycle bin."""
    records.delete(context(), owner.name, identities, versions)


def preview_delete(owner: Entity, identity: UUID) -> records.DeletePreview:
    """What deleting a record would do."""
    return records.preview_delete(context(), owner.name, identity)


def restore(owner: Entity, identity: UUID) -> None:
    """Take a record out of the recycle bin."""
    records.restore(context(), owner.name, [identity])


def transition(
    owner: Entity, identity: UUID, name: str, values: Mapping[str, Any], version: int | None
) -> Written:
    """Take a transition."""
    return records.transition(context(), owner.name, identity, name, values, version)


def decide(  # noqa: PLR0917  # who decides what about which request
    owner: Entity, identity: UUID, asked: UUID, act: str, reason: str, version: int | None
) -> None:
    """Approve, reject or withdraw a request for approval."""
    acts = {"approve": records.approve, "reject": records.reject, "withdraw": records.withdraw}
    acts[act](context(), records.Pending(owner.name, identity, asked, version), reason)
