"""Rows of what lives inside a record: read from a posted form, and shown in the form of the record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request, url_for

from fieldstone.model.model import Entity, Inverse
from fieldstone.records import FieldState
from fieldstone_metadata.declarations import RelatedList
from fieldstone_ui import data
from fieldstone_ui.pages import layouts
from fieldstone_ui.presentation.controls import Control
from fieldstone_ui.presentation.entry import Parts, first, raw_parts
from fieldstone_ui.presentation.inside import (
    DELETE,
    NEW,
    PLACE,
    PLACE_WITHIN,
    Deeper,
    InsidePart,
    InsideRow,
    is_fresh,
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


@dataclass
class SentRows:
    """What a form says about the rows of a collection. entries: by key, in the API's form.

    typed, errors: what was typed, and what cannot be read, by the full name of the field. keys: of the rows
    inside those that are new, by the path of the collection.
    """

    entries: Rows = field(default_factory=dict)
    typed: dict[str, Parts] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)


def read_rows(owner: Entity, name: str, read: Read, within: str = "") -> SentRows:
    """The rows of a collection in the form that was sent. within: where it stands, `lines.new1.`."""
    target = data.context().model.entities[owner.lines[name].entity]
    found, path = SentRows(), f"{within}{name}"
    for key, fields in sent_inside(request.form, path).items():
        values = _read_row(target, f"{path}.{key}.", fields, read, found)
        if is_new(key) and not within:
            values |= _read_within(target, f"{path}.{key}.", read, found)
        entry = _entry(target, key, values, removed=bool(first(fields.get(DELETE, {}))))
        if entry is not None:
            found.entries[key] = entry
    return found


def _read_row(
    target: Entity, prefix: str, fields: Mapping[str, Parts], read: Read, found: SentRows
) -> dict[str, Any]:
    """The values of one row; what was typed and cannot be read is noted."""
    values: dict[str, Any] = {}
    for name, parts in fields.items():
        if name in target.lines:
            continue
        found.typed[f"{prefix}{name}"] = parts
        if target.field(name) is not None and data.may_read_field(target, name):
            try:
                values[name] = read(target, name, parts)
            except ValueError as error:
                found.errors[f"{prefix}{name}"] = str(error)
    return values


def _read_within(target: Entity, prefix: str, read: Read, found: SentRows) -> dict[str, Any]:
    """The collections inside a row that is not saved yet."""
    values: dict[str, Any] = {}
    for name, inverse in target.lines.items():
        if inverse.entity in data.readable_entities():
            rows = read_rows(target, name, read, prefix)
            found.typed |= rows.typed
            found.errors |= rows.errors
            found.keys[f"{prefix}{name}"] = list(rows.entries)
            if rows.entries:
                values[name] = list(rows.entries.values())
    return values


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


def place(path: str, keys: Mapping[str, list[str]], within: str = "") -> str:
    """The name of the input that a path of the platform is about."""
    match = _PATH.fullmatch(path)
    name = f"{within}{match['name']}" if match is not None else ""
    if match is None or int(match["place"]) >= len(keys.get(name, ())):
        return within + re.split(r"[.\[]", path, maxsplit=1)[0]
    row = f"{name}.{keys[name][int(match['place'])]}."
    rest = match["field"] or "id"
    return place(rest, keys, row) if "[" in rest else f"{row}{rest}"


def asked(owner: Entity, record: Mapping[str, Any], typed: Mapping[str, Rows]) -> dict[str, Rows]:
    """Collection → key → entry, of all rows whose states a form needs: typed, saved, and a new one.

    Each that is not saved yet has one more of what may live inside it.
    """
    found: dict[str, Rows] = {}
    for name in owner.lines:
        saved: Rows = {line["id"]: {"id": line["id"]} for line in record.get(name) or ()}
        going = {key for key, entry in typed.get(name, {}).items() if entry.get(DELETE)}
        rows = saved | {key: entry for key, entry in typed.get(name, {}).items() if key not in going}
        target = data.context().model.entities[owner.lines[name].entity]
        whole = {**rows, PLACE: {}}
        found[name] = {key: _with_one_more(target, key, entry) for key, entry in whole.items()}
    return found


def _with_one_more(target: Entity, key: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    more = {name: [*entry.get(name, ()), {}] for name in target.lines} if is_fresh(key) else {}
    return {**entry, **more}


def states_of(
    owner: Entity,
    found: Mapping[str, FieldState],
    entries: Mapping[str, Rows],
    within: Mapping[str, list[str]],
) -> dict[str, FieldState]:
    """States by the names of inputs. within: keys of rows inside new ones, by the path of the collection."""
    keys = {name: list(rows) for name, rows in entries.items()}
    for name, rows in entries.items():
        target = data.context().model.entities[owner.lines[name].entity]
        fresh = (f"{name}.{key}.{inner}" for key in rows if is_fresh(key) for inner in target.lines)
        keys |= {path: [*within.get(path, ()), PLACE_WITHIN] for path in fresh}
    return {place(path, keys) if "[" in path else path: state for path, state in found.items()}


def part(item: RelatedList, filling: Any) -> InsidePart | None:
    """The rows of a collection in a form; None if the reader may not know of them."""
    return _part(Collection(filling.entity, item.inverse, item.columns), filling)


@dataclass(frozen=True)
class Collection:
    """A collection in a form. wanted: the fields to show, the first ones if empty.

    within: the row that it stands in, as the names of its inputs begin: `lines.new1.`.
    """

    owner: Entity
    name: str
    wanted: Sequence[str] = ()
    within: str = ""

    @property
    def path(self) -> str:
        """What the names of its inputs begin with."""
        return f"{self.within}{self.name}"

    @property
    def inverse(self) -> Inverse:
        """Its declaration."""
        return self.owner.lines[self.name]

    @property
    def target(self) -> Entity:
        """What its rows are."""
        return data.context().model.entities[self.inverse.entity]

    @property
    def names(self) -> list[str]:
        """The fields that it shows to the reader."""
        target, back = self.target, self.inverse.field
        named = self.wanted or [name for name in target.fields if name != back][:6]
        known = (name for name in named if name != back and target.field(name) is not None)
        return [name for name in known if data.may_read_field(target, name)]


def _part(at: Collection, filling: Any) -> InsidePart | None:
    if at.inverse.entity not in data.readable_entities():
        return None
    target = at.target
    rows = [_row(n, key, values, at, filling) for n, (key, values) in enumerate(_rows(at, filling), 1)]
    placeholder = PLACE_WITHIN if at.within else PLACE
    blank = _row(len(rows) + 1, placeholder, start_of(target), at, filling)
    addable = any(not control.locked for control in blank.controls)
    removable = filling.identity is None or filling.changeable
    return InsidePart(
        name=at.path,
        label=text(at.inverse.label, data.locale(), humanize(at.name)),
        one=text(target.label, data.locale(), target.name).lower(),
        looks=data.looks(target, at.names),
        rows=rows,
        blank=blank if addable and removable else None,
        removable=removable,
    )


def _rows(at: Collection, filling: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Key and values of the saved rows, then of new ones that were typed."""
    for line in (filling.record.get(at.name) or ()) if not at.within else ():
        if "id" in line:
            yield line["id"], line
    typed = (
        name.removeprefix(f"{at.path}.") for name in filling.typed if name.startswith(f"{at.path}.{NEW}")
    )
    keys: Iterable[str] = dict.fromkeys(name.partition(".")[0] for name in typed)
    yield from ((key, start_of(at.target)) for key in keys)


def _row(number: int, key: str, values: Mapping[str, Any], at: Collection, filling: Any) -> InsideRow:
    prefix = f"{at.path}.{key}."
    record = {**values, "currency": filling.record.get("currency"), "entity": at.target.name}
    controls = [_control(prefix, at.target, name, record, filling) for name in at.names]
    removed = bool(first(filling.typed.get(f"{prefix}{DELETE}", {})))
    deeper = () if is_fresh(key) else tuple(_deeper(at.target, key, record))
    within = _inside_new(at.target, prefix, filling) if is_fresh(key) and not at.within else ()
    return InsideRow(key, number, controls, record, removed, deeper, tuple(within))


def _inside_new(target: Entity, prefix: str, filling: Any) -> Iterator[InsidePart]:
    """What may be typed to live inside a row that is not saved yet, with what its own form shows of it."""
    lists = {item.inverse: item.columns for item in layouts.related_lists(layouts.form_of(target))}
    for name in target.lines:
        made = _part(Collection(target, name, lists.get(name, ()), prefix), filling)
        if made is not None and made.blank is not None:
            yield made


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
