"""A role: what it may do with each object, as a table in which each right is changed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.access.grants import ADMIN
from fieldstone.errors import FieldstoneError, Invalid, NotFound
from fieldstone_metadata.declarations import Application, Role
from fieldstone_metadata.editing import DocumentEdit, Edit
from fieldstone_ui import data
from fieldstone_ui.data import studio, studio_elements
from fieldstone_ui.pages import notices
from fieldstone_ui.pages.answers import from_script, go
from fieldstone_ui.pages.studio.field_form import told
from fieldstone_ui.pages.studio.frame import document_url, shown
from fieldstone_ui.pages.studio.grants import ALWAYS, IF, NEVER, NOTHING, VERBS, rights_of, said
from fieldstone_ui.pages.studio.problem_places import problems_by_key
from fieldstone_ui.presentation.labels import humanize, text
from fieldstone_ui.presentation.studio_fields import Found, RightForm, RightsRow, RolePage

KIND = "role"
LONGEST_SEARCH = 100
LONGEST_CONDITION = 10_000
MOST_ROWS = 100
PASSED_ON = {401, 403, 404, 503}


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/studio/roles/<name>", endpoint="studio_role")(show)
    pages.post("/studio/roles/<name>", endpoint="studio_role_change")(change)
    pages.post("/studio/roles/<name>/check", endpoint="studio_role_check")(try_out)


@dataclass(frozen=True)
class _Shown:
    """A role in hand. stale: the draft has mistakes, so that all is as it is in force."""

    found: studio.Workplace
    application: Application
    role: Role
    stale: bool


@dataclass(frozen=True)
class _Wanted:
    """A right as it was typed."""

    entity: str
    verb: str
    mode: str
    condition: str

    @property
    def edit(self) -> DocumentEdit | None:
        """What has to change; None for a condition that is not there yet."""
        values = {NEVER: False, ALWAYS: True, IF: self.condition}
        value = values.get(self.mode)
        if value in (None, ""):
            return None
        return DocumentEdit(KIND, "", Edit(("entities", self.entity, self.verb), "set", value))


def show(name: str) -> ResponseReturnValue:
    """The rights of a role, as the draft has them."""
    here = _here(name)
    return shown("role.html", here.found, KIND, asked=_page(here))


def change(name: str) -> ResponseReturnValue:
    """Change one right in the draft."""
    here, wanted = _here(name), _wanted()
    found = _tried(here, wanted)
    edit = wanted.edit
    if found.errors or found.general or edit is None:
        return _refused(here, wanted, found)
    try:
        studio.edit([replace(edit, name=name)])
    except FieldstoneError as error:
        if error.status in PASSED_ON:
            raise
        return _refused(here, wanted, Found(general=[(error.message, "", "")]))
    label = text(here.application.entities[wanted.entity].plural, data.locale(), humanize(wanted.entity))
    notices.tell(f"{dict(VERBS)[wanted.verb]} {label.lower()}: it is in your draft.")
    return go(url_for("pages.studio_role", name=name, q=request.form.get("q") or None))


def try_out(name: str) -> ResponseReturnValue:
    """What the check says of a condition as it is typed."""
    here, wanted = _here(name), _wanted()
    found = _tried(here, wanted)
    if not from_script():
        return _refused(here, wanted, found, 200)
    return render_template("studio/field_found.html", found=found)


def _refused(here: _Shown, wanted: _Wanted, found: Found, status: int = 422) -> ResponseReturnValue:
    if wanted.edit is None:
        found = Found(errors={wanted.verb: "Write the condition, or choose “Never” or “Always”."})
    return shown("role.html", here.found, KIND, asked=_page(here, wanted, found)), status


def _here(name: str) -> _Shown:
    found = studio.workplace()
    application = found.checked.application
    shown_one = application or data.context().model.application
    role = shown_one.roles.get(name)
    if role is None:
        raise NotFound(f"There is no role `{name[:80]}`.")
    return _Shown(found, shown_one, role, application is None)


def _wanted() -> _Wanted:
    sent = request.form
    condition = sent.get("condition", "").replace("\r\n", "\n").strip()[:LONGEST_CONDITION]
    wanted = _Wanted(sent.get("entity", ""), sent.get("verb", ""), sent.get("mode", ""), condition)
    if wanted.verb not in dict(VERBS):
        raise NotFound("There is no such right.")
    return wanted


def _tried(here: _Shown, wanted: _Wanted) -> Found:
    edit = wanted.edit
    if wanted.entity not in here.application.entities or here.role.name == ADMIN:
        raise NotFound("There is no such right.")
    if edit is None:
        return Found()
    try:
        would_be = studio_elements.supposed(here.found, [replace(edit, name=here.role.name)])
    except Invalid as error:
        return Found(general=[(error.message, "", "")])
    before = {(one.path, one.message) for one in here.found.checked.problems}
    wrong = [one for one in would_be.checked.errors if (one.path, one.message) not in before]
    document = studio_elements.document(would_be, KIND, here.role.name)
    errors, others = problems_by_key(document, ("entities", wanted.entity), wrong)
    fits = "" if would_be.checked.application is None else "Fits the model."
    return Found(errors=errors, general=[*map(told, others)], fits=fits)


def _page(here: _Shown, wanted: _Wanted | None = None, found: Found | None = None) -> RolePage:
    role, query = here.role, request.values.get("q", "").strip()[:LONGEST_SEARCH]
    names = _entities(here, query)
    chosen = (request.values.get("entity", ""), request.values.get("verb", ""))
    rows = rights_of(here.application, role, names[:MOST_ROWS], chosen)
    origin = role.origin
    return RolePage(
        name=role.name,
        label=text(role.label, data.locale(), humanize(role.name)),
        query=query,
        rows=rows,
        verbs=VERBS,
        source_url=document_url((origin.layer, origin.path), origin.line) if origin else "",
        inherits=[humanize(name) for name in role.inherits],
        capabilities=sorted(role.capabilities),
        everything=role.name == ADMIN,
        stale=here.stale,
        left=max(0, len(names) - MOST_ROWS),
        form=_form(here, rows, chosen, wanted, found),
    )


def _entities(here: _Shown, query: str) -> list[str]:
    """What is asked for; otherwise all objects, those that the role names first."""
    entities = here.application.entities
    named = set(here.role.entities).union(
        *(here.application.roles[name].entities for name in here.role.inherits)
    )
    labels = {
        name: f"{name} {text(one.plural, data.locale(), name)}".casefold() for name, one in entities.items()
    }
    words = query.casefold().split()
    found = [name for name in entities if all(word in labels[name] for word in words)]
    return sorted(found, key=lambda name: (name not in named, labels[name]))


def _form(
    here: _Shown,
    rows: list[RightsRow],
    chosen: tuple[str, str],
    wanted: _Wanted | None,
    found: Found | None,
) -> RightForm | None:
    entity, verb = chosen
    if entity not in here.application.entities or verb not in dict(VERBS) or here.role.name == ADMIN:
        return None
    mode, condition = said(getattr(here.role.entities.get(entity, NOTHING), verb))
    if wanted is not None:
        mode, condition = wanted.mode, wanted.condition
    label = text(here.application.entities[entity].plural, data.locale(), humanize(entity))
    return RightForm(
        entity=entity,
        verb=verb,
        title=f"{dict(VERBS)[verb]} {label.lower()}",
        mode=mode,
        condition=condition,
        examples=[*dict.fromkeys(right.text for row in rows for right in row.rights if right.text)][:4],
        found=found or Found(),
        close_url=url_for("pages.studio_role", name=here.role.name, q=request.values.get("q") or None),
    )
