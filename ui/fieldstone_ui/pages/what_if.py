"""What if a role were changed: its text, and who would gain and lose which records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError, Forbidden
from fieldstone.what_if import Changed, Difference, EntityDifference, Held, Side, UserDifference
from fieldstone_ui import data
from fieldstone_ui.pages.asked_person import USER, Person, asked_person
from fieldstone_ui.presentation.labels import humanize, text
from fieldstone_ui.presentation.what_if import Affected, Change, Mistake, Outcome, Records, WhatIfPage

MOST_SHOWN = 5
DOES = {"read": "See", "update": "Change", "delete": "Delete", "assign": "Give away", "share": "Share"}
OFTEN = {True: "always", False: "never", None: "depending on the record"}


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/what-if")(what_if)
    pages.post("/what-if", endpoint="suppose")(suppose)


def what_if() -> ResponseReturnValue:
    """The text of a role, to change."""
    return _shown(_page(request.args.get("role", "")))


def suppose() -> ResponseReturnValue:
    """The same with what would change; what is wrong is told at its line."""
    page = _page(request.form.get("role", ""), request.form.get("document", "").replace("\r\n", "\n"))
    try:
        person = asked_person(request.form)
    except ValueError as error:
        typed = request.form.get("user.text", "")
        return _shown(replace(page, who=typed, person_problem=str(error))), 422
    page = _about(page, person)
    try:
        found = data.suppose(page.document, _id(person), page.entity or None, MOST_SHOWN)
    except FieldstoneError as error:
        if error.status in {401, 503}:
            raise
        return _shown(_refused(page, error)), error.status
    warnings = [Mistake(str(one["message"]), int(one.get("line") or 0)) for one in found.warnings]
    return _shown(replace(page, outcome=_outcome(found, person), warnings=warnings))


def _shown(page: WhatIfPage) -> str:
    return render_template("people/what_if.html", asked=page)


def _page(role: str, document: str | None = None) -> WhatIfPage:
    """The page before anything was compared. Raises Forbidden, NotFound for an unknown role."""
    if not data.may_explain_others():
        reason = "It needs the capability `explain`, which an administrator can give to a role of yours."
        raise Forbidden(f"You may not ask what other people may do. {reason}", details={"reason": reason})
    roles, entities = data.changeable_roles(), _entities()
    chosen = role or next(iter(roles), "")
    entity = request.values.get("entity", "")
    return WhatIfPage(
        roles=roles,
        entities=entities,
        role=chosen,
        document=(data.role_document(chosen) if chosen else "") if document is None else document,
        entity=entity if entity in entities else "",
        ask_url=url_for("pages.lookup", entity=USER) if USER in data.readable_entities() else "",
    )


def _entities() -> dict[str, str]:
    model, locale = data.context().model, data.locale()
    labels = {name: text(model.entities[name].plural, locale, name) for name in data.readable_entities()}
    return dict(sorted(labels.items(), key=lambda pair: pair[1]))


def _about(page: WhatIfPage, person: Person | None) -> WhatIfPage:
    return page if person is None else replace(page, who=person.name, picked=person.token)


def _id(person: Person | None) -> UUID | None:
    return None if person is None else person.id


def _refused(page: WhatIfPage, error: FieldstoneError) -> WhatIfPage:
    """The page with what is wrong: at lines of the text, or with the question as a whole."""
    mistakes = [
        Mistake(one.message, one.line or 0, one.column or 0) for one in error.errors if one.field == "role"
    ]
    return replace(page, mistakes=mistakes, problem="" if mistakes else error.message)


# -- the comparison in words


def _outcome(found: Difference, person: Person | None) -> Outcome:
    people = [one for user in found.users if (one := _affected(user)) is not None]
    left = found.users_left_out
    more = f"{data.formats().number(left)} more people hold it and were not compared: name one of them."
    return Outcome(_summary(len(people), len(found.users), person), people, more if left else "")


def _summary(affected: int, compared: int, person: Person | None) -> str:
    if person is not None:
        return f"{person.name} would {'gain or lose' if affected else 'neither gain nor lose'} something."
    if compared == 0:
        return "Nobody holds this role, so nothing would change for anybody."
    everybody = "the one person who holds" if compared == 1 else f"the {compared} people who hold"
    if affected == 0:
        return f"Nothing would change for {everybody} this role."
    whom = everybody.capitalize() if compared == 1 else f"{affected} of {everybody}"
    return f"{whom} this role would gain or lose something."


def _affected(user: UserDifference) -> Affected | None:
    """Somebody for whom something changes; None for all others."""
    held = [*_held(user.roles, roles=True), *_held(user.capabilities, roles=False)]
    changes = [change for one in user.entities for change in _changes(one)]
    return Affected(str(user.user.get("title") or "Somebody"), held, changes) if held or changes else None


def _held(found: Held, *, roles: bool) -> Iterator[tuple[str, bool]]:
    labels = data.changeable_roles()
    for gained, names in ((True, found.gained), (False, found.lost)):
        for name in names:
            yield (f"the role {labels.get(name, name)}" if roles else f"may {humanize(name).lower()}"), gained


def _changes(found: EntityDifference) -> Iterator[Change]:
    if found.create.before != found.create.after:
        words = f"{OFTEN[found.create.before]} → {OFTEN[found.create.after]}"
        yield Change(f"Create {_plural(found.entity)}", told=words)
    for one in _telling(found.changes):
        yield Change(_label(found.entity, one), _records(one.gained), _records(one.lost))


def _telling(changes: Sequence[Changed]) -> Iterator[Changed]:
    """The changes without those of fields that only follow from the same change of the records."""
    whole = {one.verb: (one.gained, one.lost) for one in changes if one.field is None}
    yield from (one for one in changes if one.field is None or whole.get(one.verb) != (one.gained, one.lost))


def _plural(entity: str) -> str:
    return text(data.context().model.entities[entity].plural, data.locale(), entity).lower()


def _label(entity: str, one: Changed) -> str:
    if one.field is None:
        return f"{DOES[one.verb]} {_plural(entity)}"
    owner = data.context().model.entities[entity]
    known = data.may_read_field(owner, one.field)
    label = data.look(owner, one.field).label if known else one.field
    return f"{DOES[one.verb]} “{label}” of {_plural(entity)}"


def _records(side: Side) -> Records | None:
    if not side.count:
        return None
    number = data.formats().number
    shown = [
        (
            str(one.get("title") or "(no name)"),
            url_for("pages.record", entity=one["entity"], record=one["id"]),
        )
        for one in side.records
    ]
    more = side.count - len(shown)
    return Records(number(side.count), shown, number(more) if more else "")
