"""What somebody may do with a record, and why: a dialog on its page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError
from fieldstone.model.model import Entity
from fieldstone.records import ExplainedClause, ExplainedPart, Explanation, HeldRole
from fieldstone_ui import data
from fieldstone_ui.pages import answers
from fieldstone_ui.pages.addresses import of_record
from fieldstone_ui.pages.asked_person import USER, Person, asked_person
from fieldstone_ui.presentation.formats import parse_day, parse_instant
from fieldstone_ui.presentation.lists import Action
from fieldstone_ui.presentation.rights import NO, OPEN, YES, Clause, RightsPage, Source, Verdict

VERBS = {
    "read": "See it",
    "update": "Change it",
    "delete": "Delete it",
    "assign": "Give it to somebody else",
    "share": "Share it",
}
FIELD_VERBS = {"read": "See this field", "update": "Change this field"}
OWN_TEAMS = {"user.teams", "teams"}
KINDS = {"deny": "Refused if:", "field": "For this field:", "guard": "Needed for this step:"}


@dataclass(frozen=True)
class Asked:
    """Whose rights over which record. person: None for the reader's own."""

    owner: Entity
    identity: UUID
    person: Person | None = None


def install(pages: Blueprint) -> None:
    """Add the route."""
    pages.get("/e/<entity>/<record>/rights", endpoint="rights")(show)


def action_for(owner: Entity, identity: UUID) -> Action:
    """The line in the menu of a record."""
    label = "Who may do what, and why…" if data.may_explain_others() else "What may I do, and why…"
    return Action(label, of_record("rights", owner, identity), "shield-check", dialog=True)


def show(entity: str, record: str) -> ResponseReturnValue:
    """The dialog; `user` (a token, or a name) and `field` say more closely what is asked."""
    asked, problem = Asked(data.entity(entity), answers.identity(record)), ""
    try:
        asked = replace(asked, person=asked_person(request.args))
    except ValueError as error:
        problem = str(error)
    status = 422 if problem else 200
    return answers.dialog("records/rights.html", "Who may do what", rights=_page(asked, problem)), status


def _page(asked: Asked, problem: str) -> RightsPage:
    owner, others = asked.owner, data.may_explain_others()
    held = data.one(owner, asked.identity)
    fields = {name: data.look(owner, name).label for name in _fields(owner)}
    field = request.args.get("field", "")
    return RightsPage(
        title=str(held.get("_title") or ""),
        url=of_record("rights", owner, asked.identity),
        back_url=of_record("record", owner, asked.identity),
        verdicts=list(_verdicts(asked)),
        who=asked.person.name if asked.person else "",
        picked=asked.person.token if asked.person else "",
        ask_url=url_for("pages.lookup", entity=USER) if others and USER in data.readable_entities() else "",
        what_if_url=url_for("pages.what_if", entity=owner.name) if others else "",
        fields=fields,
        field=field if field in fields else "",
        field_verdicts=list(_of_field(asked, field)) if field in fields else (),
        problem=problem,
    )


def _fields(owner: Entity) -> Iterator[str]:
    """The fields that one can ask about: those on the record that the reader knows."""
    yield from (name for name in owner.fields if data.may_read_field(owner, name))


def _verdicts(asked: Asked) -> Iterator[Verdict]:
    """Everything that can be done with the record as it is."""
    for verb, label in VERBS.items():
        if verb != "assign" or "owner" in asked.owner.system:
            yield _verdict(asked, label, _explained(asked, verb))
    for move in data.transitions(asked.owner, asked.identity) if asked.owner.workflow is not None else ():
        yield _verdict(asked, move.label, _explained(asked, "transition", transition=move.name))


def _of_field(asked: Asked, field: str) -> Iterator[Verdict]:
    for verb, label in FIELD_VERBS.items():
        yield _verdict(asked, label, _explained(asked, verb, field=field))


def _explained(asked: Asked, verb: str, **more: Any) -> Explanation:
    user = asked.person.id if asked.person else None
    return data.explain(asked.owner, asked.identity, verb, user=user, **more)


# -- an explanation in words


def _verdict(asked: Asked, label: str, found: Explanation) -> Verdict:
    return Verdict(label, found.allowed, _cause(found), list(_sources(asked, found)))


def _cause(found: Explanation) -> str:
    """Because of what something is allowed, or why it is not."""
    if not found.allowed:
        return found.reason or ""
    labels = {clause.role: clause.label for clause in found.clauses}
    roles = [labels.get(role) or role for role in found.roles]
    if roles:
        return f"as {' and '.join(roles)}"
    return next((one.words for one in found.clauses if one.role is None and one.value), "")


def _sources(asked: Asked, found: Explanation) -> Iterator[Source]:
    """The clauses by the role that they come from, in the order in which they decide."""
    by_role: dict[str | None, list[ExplainedClause]] = {}
    for clause in found.clauses:
        by_role.setdefault(clause.role, []).append(clause)
    for role, clauses in by_role.items():
        ways = [_way(asked, found, one) for one in found.held if role is not None and one.role == role]
        shown = [_clause(asked.owner, clause) for clause in clauses]
        yield Source(clauses[0].label or "", " · ".join(ways), shown)


def _way(asked: Asked, found: Explanation, held: HeldRole) -> str:
    """How somebody comes by a role."""
    if held.given_to is None:
        label = next((one.label for one in found.clauses if one.role == held.inherited_by), None)
        return f"part of {label or _role_label(held.inherited_by)}"
    if held.given_to["entity"] == USER:
        return f"given to {asked.person.name if asked.person else 'you'}"
    return f"through the team {held.given_to.get('title') or ''}".strip()


def _role_label(name: str | None) -> str:
    return data.changeable_roles().get(name or "", name or "")


def _clause(owner: Entity, clause: ExplainedClause) -> Clause:
    fits = clause.value if clause.effect != "deny" or clause.value is None else not clause.value
    mark = OPEN if fits is None else YES if fits else NO
    place = _judged(owner)
    values = dict(_value(place, part) for part in clause.parts if _is_read(part))
    return Clause(clause.words, mark, KINDS.get(clause.effect, ""), list(values.items()))


def _judged(owner: Entity) -> Entity:
    """The entity whose fields conditions read: what lives inside another record follows that one."""
    ways = data.context().model.ways_out(owner.name)
    return data.context().model.entities[ways[-1][1]] if ways else owner


def _is_read(part: ExplainedPart) -> bool:
    """Whether a part is something that was read, and no condition made of such parts."""
    return part.source.replace(".", "").replace("_", "").isalnum() and part.source != USER


def _value(owner: Entity, part: ExplainedPart) -> tuple[str, str]:
    """What a part is called, and what it came to."""
    if part.source in OWN_TEAMS and owner.field(part.source) is None:
        return "Teams of the person", _told(part, owner)
    field = owner.field(part.source)
    known = field is not None and data.may_read_field(owner, part.source)
    return data.look(owner, part.source).label if known else part.source, _told(part, owner)


def _told(part: ExplainedPart, owner: Entity) -> str:
    return "you may not see it" if part.hidden else _words(part.value, part.source, owner)


def _words(value: Any, source: str, owner: Entity) -> str:
    """A value in the form of the API, in words."""
    if value is None or value in ("", []):
        return "nothing"
    if isinstance(value, list):
        return ", ".join(_words(item, source, owner) for item in value)
    if isinstance(value, dict):
        return str(value.get("title") or "one that you may not see")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _scalar(value, source, owner)


def _scalar(value: Any, source: str, owner: Entity) -> str:
    field, formats = owner.field(source), data.formats()
    if field is None or not data.may_read_field(owner, source):
        return str(value)
    look = data.look(owner, source)
    if str(value) in look.options:
        return look.options[str(value)].label
    readers = {
        "date": lambda text: formats.short_date(parse_day(text)),
        "datetime": lambda text: formats.datetime(parse_instant(text)),
        "number": formats.number,
        "money": formats.number,
        "percent": formats.percent,
    }
    try:
        return str(readers.get(look.widget, str)(value))
    except (ValueError, ArithmeticError, FieldstoneError):
        return str(value)
