"""Questions about more than what lists and records show now; see `compared`."""

from __future__ import annotations

from functools import cache, partial

from fieldstone_testing.permissions import asking_about, outlook, pages, surface, undoing, views
from fieldstone_testing.permissions.asking import Asking
from fieldstone_testing.permissions.documents import AROUND, FIELDS
from fieldstone_testing.permissions.probes import EQUAL_THEN, LISTS, PAGES, PIVOTS, VIEWED
from fieldstone_testing.permissions.questions import Answers, some
from fieldstone_testing.permissions.rights import may_read, unlimited
from fieldstone_testing.permissions.running import Running
from fieldstone_testing.permissions.then import equal_then, then
from fieldstone_testing.permissions.totals import pivot
from fieldstone_testing.permissions.visiting import Visiting
from fieldstone_testing.permissions.worlds import Person, State

ENTITIES = ("account", "contact", "deal", "seat")


def topics(running: Running, who: Person, asking: Asking) -> Answers:
    """All of them."""
    state = running.state
    yield from past(running, who, asking)
    for row, column, of in some(state, PIVOTS):
        expected = pivot(state, who, row, column, of)
        yield f"{of} by {row} and {column}", expected, partial(asking_about.pivot, asking, row, column, of)
    for entity in ENTITIES:
        yield from of_records(state, who, asking, entity)
    yield from done_to_many(running, who, asking)
    yield from offered(state, who, asking)
    for path, value in VIEWED:
        # Every role gives the views that are shared; what is shared with somebody who has none is no view.
        seen = set(views.equal_to(state, who, "deal", path, value)) if who.roles else set()
        yield f"saved view {path} {value}", seen, partial(asking_about.viewed, asking, path, value)


def on_pages(running: Running, user: str) -> Answers:
    """What the generated pages show, which log-ins see and no tokens."""
    state, visiting = running.state, Visiting(running, user)
    who = unlimited(state.person(user))
    named = pages.named(state, who)
    for entity in ENTITIES:
        rows = pages.rows(state, who, entity)
        yield f"page of {entity}", rows, partial(visiting.rows, entity, rows)
        for one in [*state.of(entity), *state.of(entity, deleted=True)]:
            readable = may_read(state, who, one) and not one["deleted"]
            if readable:
                sheet = partial(visiting.sheet, entity, one["name"])
                yield f"page of {one['name']}", pages.sheet(state, who, one), sheet
            for part in some(state, PAGES):
                path = f"/e/{entity}/{one['name']}{part}"
                yield f"names on {path}", set(), partial(visiting.beyond, path, named)
    for path in some(state, LISTS):
        yield f"names on {path}", set(), partial(visiting.beyond, path, named)


def past(running: Running, who: Person, asking: Asking) -> Answers:
    """Lists and records of the moment when the world was filled, and of one since."""
    state = running.state
    for moment in sorted({0, len(state.moments) // 2}):
        at = running.moments[moment].isoformat()
        for entity in FIELDS:
            found = then(state, who, entity, moment)
            yield f"{entity} then {moment}", found, partial(asking.listed, entity, at=at)
            for name, value in some(state, EQUAL_THEN[entity]):
                expected = equal_then(state, who, entity, moment, name, value)
                written = "null" if value is None else f'"{value}"' if isinstance(value, str) else value
                where = f"{name} == {written}"
                yield (
                    f"{entity} then {moment} where {where}",
                    expected,
                    partial(asking_about.equal_then, asking, entity, name, where, at),
                )
        for name in state.moments[moment]:
            if state.moments[moment][name]["entity"] == "deal":
                expected = then(state, who, "deal", moment).get(name)
                yield (
                    f"{name} then {moment}",
                    expected,
                    partial(asking_about.record_then, asking, "deal", name, at),
                )


def done_to_many(running: Running, who: Person, asking: Asking) -> Answers:
    """The bulk calls of everybody, each by itself and as a list."""
    state, ids = running.state, running.bulks
    yield "operations", undoing.operations(state, who), partial(asking_about.done_to_many, asking, ids)
    for place, (bulk, id_) in enumerate(zip(state.bulks, ids, strict=True)):
        if bulk is not None and id_ is not None and bulk.record not in state.purged:
            known = place in undoing.told(state, who)
            ask = partial(asking_about.is_told, asking, id_)
            yield f"operation {place}", known, ask


def of_records(state: State, who: Person, asking: Asking, entity: str) -> Answers:
    """What deleting each record would do, and with whom it is shared."""
    for one in [*state.of(entity), *state.of(entity, deleted=True)]:
        name, there = one["name"], may_read(state, who, one) and not one["deleted"]
        deletion = outlook.deletion(state, who, one) if there else None
        yield f"delete preview of {name}", deletion, partial(asking_about.deletion, asking, entity, name)
        shares = views.shares(state, one) if there else None
        yield f"shares of {name}", shares, partial(asking_about.shares, asking, entity, name)


def offered(state: State, who: Person, asking: Asking) -> Answers:
    """What the OpenAPI document tells of each entity, by one look at it."""
    document = cache(partial(asking_about.offered, asking))
    for entity in FIELDS:
        operations = surface.operations(state, who, entity)
        yield f"openapi of {entity}", operations, partial(asking_about.operations, document, entity)
        forms = {"": surface.shown(state, who, entity)}
        for form in ("create", "update", *(surface.INSIDE_FORMS if entity in AROUND else ())):
            forms[form] = surface.sent(state, who, entity, form)
        for form, fields in forms.items():
            ask = partial(asking_about.fields, document, entity, form)
            yield f"openapi of {entity}.{form}", fields, ask
