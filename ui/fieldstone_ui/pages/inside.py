"""Rows of what lives inside a record: read from a posted form, and shown in the form of the record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from flask import request, url_for

from fieldstone.model.model import Entity, Inverse
from fieldstone.records import FieldState
from fieldstone_metadata.declarations import RelatedList
from fieldstone_ui import data
from fieldstone_ui.presentation.controls import Control
from fieldstone_ui.presentation.entry import Parts, first, raw_parts
from fieldstone_ui.presentation.inside import (
    DELETE,
    NEW,
    PLACE,
    Deeper,
    InsidePart,
    InsideRow,
    is_new,
    sent_inside,
)
from fieldstone_ui.presentation.labels import humanize, text

NAMED = 3
_PATH = re.compile(r"(?P<name>[a-z0-9_]+)\[(?P<place>\d+)\](?:\.(?P<field>.+))?")

Rows = dict[str, dict[str, Any]]
"""Key of a row → its entry in the API's form."""
Read = Callable[[Entity, str, Parts], Any]
"""(entity, field, parts) → the value; raises ValueError with a sentence."""


def read_rows(owner: Entity, name: str, read: Read) -> tuple[Rows, dict[str, Parts], dict[str, str]]:
    """What a form says about the rows of a collection: key → entry in the API's form, and by the full name of
    a field what was typed and what cannot be read.
    """
    target = data.context().model.entities[owner.lines[name].entity]
    entries: Rows = {}
    typed: dict[str, Parts] = {}
    errors: dict[str, str] = {}
    for key, fields in sent_inside(request.form, name).items():
        values: dict[str, Any] = {}
        for field, parts in fields.items():
            path = f"{name}.{key}.{field}"
            typed[path] = parts
            if target.field(field) is not None and data.may_read_field(target, field):
                try:
                    values[field] = read(target, field, parts)
                except ValueError as error:
                    errors[path] = str(error)
        entry = _entry(target, key, values, removed=bool(first(fields.get(DELETE, {}))))
        if entry is not None:
            entries[key] = entry
    return entries, typed, errors


def _entry(target: Entity, key: str, values: dict[str, Any], *, removed: bool) -> dict[str, Any] | None:
    """A row as the API takes it; None for a new one in which nothing was typed, or that was removed again."""
    if not is_new(key):
        return {"id": key, DELETE: True} if removed else {"id": key, **values}
    defaults = start_of(target)
    told = any(not data.same(value or None, defaults.get(field)) for field, value in values.items())
    filled = {field: value for field, value in values.items() if value not in (None, "", [])}
    return filled if told and not removed else None


def start_of(target: Entity) -> dict[str, Any]:
    """What a new row is shown with: the fixed defaults."""
    return {
        name: found.declaration.default.value
        for name, found in target.fields.items()
        if found.declaration.default is not None and found.declaration.default.expression is None
    }


def places(errors: Mapping[str, str], keys: Mapping[str, list[str]]) -> dict[str, str]:
    """Messages by the names of inputs: `lines[2].quantity` of the platform is `lines.<key>.quantity` here."""
    return {place(path, keys): message for path, message in errors.items()}


def place(path: str, keys: Mapping[str, list[str]]) -> str:
    """The name of the input that a path of the platform is about."""
    match = _PATH.fullmatch(path)
    if match is None or int(match["place"]) >= len(keys.get(match["name"], ())):
        return re.split(r"[.\[]", path, maxsplit=1)[0]
    return f"{match['name']}.{keys[match['name']][int(match['place'])]}.{match['field'] or 'id'}"


def asked(owner: Entity, record: Mapping[str, Any], typed: Mapping[str, Rows]) -> dict[str, Rows]:
    """Collection → key → entry, of all rows whose states a form needs: typed, saved, and a new one."""
    found: dict[str, Rows] = {}
    for name in owner.lines:
        saved: Rows = {line["id"]: {"id": line["id"]} for line in record.get(name) or ()}
        going = {key for key, entry in typed.get(name, {}).items() if entry.get(DELETE)}
        rows = saved | {key: entry for key, entry in typed.get(name, {}).items() if key not in going}
        found[name] = {**rows, PLACE: {}}
    return found


def states_of(
    found: Mapping[str, FieldState], entries: Mapping[str, Mapping[str, Any]]
) -> dict[str, FieldState]:
    """States by the names of inputs."""
    keys = {name: list(rows) for name, rows in entries.items()}
    return {place(path, keys) if "[" in path else path: state for path, state in found.items()}


def part(item: RelatedList, filling: Any) -> InsidePart | None:
    """The rows of a collection in a form; None if the reader may not know of them."""
    inverse: Inverse = filling.entity.lines[item.inverse]
    if inverse.entity not in data.readable_entities():
        return None
    target = data.context().model.entities[inverse.entity]
    names = item.columns or [name for name in target.fields if name != inverse.field][:6]
    columns = [name for name in names if name != inverse.field]
    looks = data.looks(target, columns)
    rows = [
        _row(number, key, values, (item.inverse, target, filling, columns))
        for number, (key, values) in enumerate(_rows(item.inverse, filling), 1)
    ]
    blank = _row(len(rows) + 1, PLACE, start_of(target), (item.inverse, target, filling, columns))
    addable = any(not control.locked for control in blank.controls)
    removable = filling.identity is None or filling.changeable
    return InsidePart(
        name=item.inverse,
        label=text(inverse.label, data.locale(), humanize(item.inverse)),
        one=text(target.label, data.locale(), target.name).lower(),
        looks=looks,
        rows=rows,
        blank=blank if addable and removable else None,
        removable=removable,
    )


def _rows(name: str, filling: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Key and values of the saved rows, then of new ones that were typed."""
    for line in filling.record.get(name) or ():
        if "id" in line:
            yield line["id"], line
    keys: Iterable[str] = dict.fromkeys(
        path.split(".")[1] for path in filling.typed if path.startswith(f"{name}.{NEW}")
    )
    target = data.context().model.entities[filling.entity.lines[name].entity]
    yield from ((key, start_of(target)) for key in keys)


def _row(
    number: int, key: str, values: Mapping[str, Any], about: tuple[str, Entity, Any, Iterable[str]]
) -> InsideRow:
    name, target, filling, columns = about
    record = {**values, "currency": filling.record.get("currency"), "entity": target.name}
    controls = [
        _control(f"{name}.{key}.", target, field, record, filling)
        for field in columns
        if target.field(field) is not None and data.may_read_field(target, field)
    ]
    removed = bool(first(filling.typed.get(f"{name}.{key}.{DELETE}", {})))
    deeper = () if is_new(key) or key == PLACE else tuple(_deeper(target, key, record))
    return InsideRow(key, number, controls, record, removed, deeper)


def _deeper(target: Entity, key: str, record: Mapping[str, Any]) -> Iterator[Deeper]:
    """What lives inside a saved row: how many of each collection, and what the first ones are called."""
    for name, inverse in target.lines.items():
        if inverse.entity not in data.readable_entities():
            continue
        titled = data.title_field(data.context().model.entities[inverse.entity])
        found = record.get(name) or ()
        titles = [str(one[titled]) for one in found[:NAMED] if titled is not None and one.get(titled)]
        yield Deeper(
            label=text(inverse.label, data.locale(), humanize(name)),
            count=data.formats().number(len(found)),
            names=titles + ["…"] * (bool(titles) and len(found) > len(titles)),
            url=f"{url_for('pages.record', entity=target.name, record=key)}#rel-{name}",
        )


def _control(prefix: str, target: Entity, field: str, record: Mapping[str, Any], filling: Any) -> Control:
    look, path = data.look(target, field), f"{prefix}{field}"
    state = filling.states.get(path) or FieldState(visible=True, required=False, readonly=True)
    typed = filling.typed.get(path)
    return Control(
        look=look,
        raw=raw_parts(look, record.get(field), data.formats()) if typed is None else typed,
        visible=state.visible,
        required=state.required,
        locked=state.readonly or not look.writable,
        error=filling.errors.get(path, ""),
        touched=typed is not None,
        prefix=prefix,
    )
