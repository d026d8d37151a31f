"""Changes of elements in plain words: "Add the field Trade-in value to Opportunity"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from fieldstone.publication.alterations import Alteration
from fieldstone.publication.elements import Change
from fieldstone.publication.plan import Difference, Plan
from fieldstone.publication.plan import Step as Planned
from fieldstone.publication.versions import ElementDifference, FileDifference, element_differences
from fieldstone_metadata.declarations import Application
from fieldstone_ui import data
from fieldstone_ui.pages.studio.frame import document_url, kind_of
from fieldstone_ui.presentation.labels import humanize, text
from fieldstone_ui.presentation.studio import ChangedFile, Step, Told

VERBS = {"create": "Add", "change": "Change", "rename": "Rename", "remove": "Remove"}
ICONS = {"create": "plus", "change": "pencil", "rename": "cursor-text", "remove": "trash"}
HUES = {"create": "green", "change": "blue", "rename": "blue", "remove": "red"}
TOWARDS = {"create": "to", "change": "of", "rename": "of", "remove": "from"}
MARKS = {"+": "add", "-": "cut", "@": "at"}
LONGEST_VALUE = 80
MOST_NOTES = 12
NAMES = ("name", "value")
"""The attributes that name the items of a list."""
WORKS = {"reads": "read", "rewrites": "rewritten"}


def steps(plan: Plan, between: Difference) -> list[Step]:
    """The steps of a plan."""
    old = None if between.old is None else between.old.application
    altered = {
        (each.change.kind, each.change.name): each.alterations
        for each in element_differences(old, between.new.application)
    }
    applications = [application for application in (between.new.application, old) if application]
    declared = {(change.kind, change.name) for change in between.changes}
    return [
        _step(step, altered.get((step.kind, step.name), ()), applications)
        if (step.kind, step.name) in declared or step.kind == "names"
        else _following(step, applications)
        for step in plan.steps
    ]


def longest_wait(plan: Plan) -> str:
    """What others wait for while it is published, in words; empty where nobody waits."""
    locks = [step.lock for step in plan.steps if step.lock is not None]
    working = [lock for lock in locks if lock.work in WORKS and lock.rows]
    if not working:
        return "a moment" if locks else ""
    longest = max(working, key=lambda lock: lock.rows)
    return f"while {data.formats().number(longest.rows)} rows are {WORKS[longest.work]}"


def told(found: ElementDifference, applications: Sequence[Application]) -> Told:
    """What happened to one element. applications: those that may know its label, the first first."""
    change = found.change
    before, name, after = _words(change, applications)
    notes = list(_notes(found.alterations))
    return Told(ICONS[change.action], HUES[change.action], before, name, after, notes)


def changed_files(found: Sequence[FileDifference], *, linked: bool) -> list[ChangedFile]:
    """Files with their lines; linked: they lead to the editor. `core` is what Fieldstone brings itself."""
    return [
        ChangedFile(
            f"{file.layer}/{file.path}",
            file.action,
            [(MARKS.get(line[:1], ""), line) for line in file.lines[2:]],
            document_url((file.layer, file.path)) if linked and file.action != "remove" else "",
        )
        for file in found
        if file.layer != "core"
    ]


def _step(step: Planned, altered: Sequence[Alteration], applications: Sequence[Application]) -> Step:
    was = step.detail.removeprefix("was ").split(",")[0] if step.action == "rename" else ""
    change = Change(step.action, step.kind, step.name, was)
    before, name, after = _words(change, applications)
    detail = (
        [step.detail[:1].upper() + step.detail[1:]]
        if step.detail and step.action != "rename" and not altered
        else []
    )
    return Step(
        icon=ICONS[step.action],
        hue="amber" if step.kind == "role" and step.action == "change" else HUES[step.action],
        before=before,
        name=name,
        after=after,
        rows=_rows(step),
        destructive=step.destructive,
        notes=[*detail, *_notes(altered)],
        uses=step.uses,
        sql=step.sql,
    )


def _following(step: Planned, applications: Sequence[Application]) -> Step:
    """A step that no document names: an index or a constraint that follows from them."""
    entity, _, field = step.name.partition(".")
    label = _field_label(entity, field, applications) if field else _entity_label(entity, applications)
    return Step(
        icon="tool",
        hue="gray",
        before="Bring the",
        name=label,
        after="column in line" if field else "table in line",
        rows=_rows(step),
        destructive=step.destructive,
        sql=step.sql,
    )


def _rows(step: Planned) -> str:
    if step.kind not in {"entity", "field"} and not step.sql:
        return ""
    number = data.formats().number(step.rows)
    return f"{number} {'row' if step.rows == 1 else 'rows'}{' lose a value' if step.destructive else ''}"


def _words(change: Change, applications: Sequence[Application]) -> tuple[str, str, str]:
    """Before the name, the name, and after it."""
    entity, _, field = change.name.partition(".")
    if change.kind == "names":
        return "Take the new names over", "in rows", change.was
    verb, kind = VERBS[change.action], "field" if change.kind == "field" else kind_of(change.kind).one
    kind = change.kind if kind == "document" else kind
    if change.kind == "field":
        owner = f"{TOWARDS[change.action]} {_entity_label(entity, applications)}"
        name, after = _field_label(entity, field, applications), owner
    else:
        name, after = _label(change, applications), ""
    was = f"(was {change.was})" if change.was else ""
    return f"{verb} the {kind}", name, " ".join(part for part in (after, was) if part)


def _label(change: Change, applications: Sequence[Application]) -> str:
    if change.kind == "entity":
        return _entity_label(change.name, applications)
    if change.kind == "role":
        labels = (one.roles[change.name].label for one in applications if change.name in one.roles)
        return text(next(labels, None), data.locale(), change.name)
    return change.name


def _entity_label(name: str, applications: Sequence[Application]) -> str:
    labels = (one.entities[name].label for one in applications if name in one.entities)
    return text(next(labels, None), data.locale(), humanize(name))


def _field_label(entity: str, name: str, applications: Sequence[Application]) -> str:
    owners = (one.entities[entity].fields for one in applications if entity in one.entities)
    labels = (fields[name].label for fields in owners if name in fields)
    return text(next(labels, None), data.locale(), humanize(name))


def _notes(found: Sequence[Alteration]) -> Iterator[str]:
    """What is different, attribute by attribute, items that came or went as one; long texts are cut."""
    notes = [note for _, ones in groupby(found, key=_parent) for note in _notes_of_item(list(ones))]
    yield from notes[:MOST_NOTES]
    if len(notes) > MOST_NOTES:
        yield f"and {len(notes) - MOST_NOTES} more"


def _parent(one: Alteration) -> str:
    return one.path.rpartition(".")[0]


def _notes_of_item(ones: Sequence[Alteration]) -> Iterator[str]:
    named = next((one for one in ones if "." in one.path and one.path.rpartition(".")[2] in NAMES), None)
    if named is not None and all(one.before is None for one in ones):
        yield f"{_value(named.after)} is added"
    elif named is not None and all(one.after is None for one in ones):
        yield f"{_value(named.before)} is taken out"
    else:
        yield from map(_note, ones)


def _note(one: Alteration) -> str:
    if not one.path:
        return "Its text is different."
    return f"{one.path}: {_value(one.before)} → {_value(one.after)}"


def _value(value: str | None) -> str:
    if value is None:
        return "(none)"
    plain = " ".join(value.split())
    return plain if len(plain) <= LONGEST_VALUE else plain[: LONGEST_VALUE - 1] + "…"
