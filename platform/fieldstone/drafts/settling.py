"""Settling what the author of a draft and others changed differently: which side of each element holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from fieldstone.database.database import Database
from fieldstone.drafts.conflicts import Conflict, conflicts_with_published
from fieldstone.drafts.draft import Draft, DraftFile, Place, draft_of
from fieldstone.drafts.editing import locked_draft, store
from fieldstone.errors import Conflict as Refused
from fieldstone.errors import Invalid, NotFound
from fieldstone.publication.text_merging import merged
from fieldstone_metadata import File
from fieldstone_metadata.declared_parts import Part, declared_parts, path_of
from fieldstone_metadata.documents import RULES
from fieldstone_metadata.editing import Edit, EditRefused, edited

MINE, THEIRS = "mine", "theirs"
WHOLE = "file"
"""What a conflict is about where texts cannot be told apart by elements."""


def settle_file(database: Database, author: UUID, place: Place, sides: Mapping[str, str]) -> Draft:
    """Have the published text in the draft with the author's changes; of what others published otherwise,
    the side that was chosen; the draft afterwards.

    sides: "kind name" → "mine" or "theirs". Raises NotFound where the draft does not change the file, Invalid
    where no side was chosen for a conflict, and Conflict for texts that have to be brought together by hand.
    """
    with database.transaction() as connection:
        draft = locked_draft(connection, database, author)
        file = _file(draft, place)
        found = [one for one in conflicts_with_published(draft) if (one.layer, one.path) == place]
        undecided = [_element(one) for one in found if sides.get(_element(one)) not in (MINE, THEIRS)]
        if undecided:
            raise Invalid(f"Choose a side for {', '.join(undecided)}.", code="side_missing")
        text = _settled(file, found, sides)
        store(connection, database, draft, [(place, text)], rebased=True)
        return draft_of(connection, database.system, author)


def take_theirs(database: Database, author: UUID, place: Place, element: str, other: UUID) -> Draft:
    """Have an element in the draft as the draft of somebody else has it; the draft afterwards.

    Raises NotFound where one of the drafts does not change the file, and Conflict as `settle_file`.
    """
    with database.transaction() as connection:
        draft = locked_draft(connection, database, author)
        file = _file(draft, place)
        theirs = _file(draft_of(connection, database.system, other), place).mine
        part = _part(element)
        text = theirs if _is_whole(part) else _with(file, file.mine, {part: _parts(file, theirs).get(part)})
        store(connection, database, draft, [(place, text)], rebased=False)
        return draft_of(connection, database.system, author)


def _file(draft: Draft, place: Place) -> DraftFile:
    for file in draft.files:
        if (file.layer, file.path) == place:
            return file
    raise NotFound(f"The draft does not change `{'/'.join(place)}` any more. Look at it again.")


def _settled(file: DraftFile, found: Sequence[Conflict], sides: Mapping[str, str]) -> str | None:
    chosen = {(one.kind, one.name): sides[_element(one)] for one in found}
    if file.mine is None or file.base is None or file.theirs is None or any(map(_is_whole, chosen)):
        return _one_side(file, set(chosen.values()))
    values = {(one.kind, one.name): one for one in found}
    theirs = {part: values[part].theirs for part, side in chosen.items() if side == THEIRS}
    mine = {part: values[part].mine for part, side in chosen.items() if side == MINE}
    own, published = _with(file, file.mine, theirs), _with(file, file.theirs, mine)
    both = merged(file.base, own, published)
    return both if both is not None else _with(file, published, _own_changes(file, chosen))


def _one_side(file: DraftFile, sides: set[str]) -> str | None:
    if len(sides) > 1:
        message = "These texts cannot be told apart by elements: choose one side for the whole file."
        raise Invalid(message, code="one_side")
    return file.theirs if sides == {THEIRS} else file.mine


def _own_changes(file: DraftFile, chosen: Iterable[Part]) -> dict[Part, Any]:
    """What the author changed besides."""
    base, mine = _parts(file, file.base), _parts(file, file.mine)
    changed = {part for part in (*base, *mine) if base.get(part) != mine.get(part)} - set(chosen)
    return {part: mine.get(part) for part in (*base, *mine) if part in changed}


def _with(file: DraftFile, text: str | None, values: Mapping[Part, Any]) -> str:
    """The text with elements as given, None for those that are not to be there."""
    found = File(file.path, text or "")
    known = _parts(file, text)
    for part, value in values.items():
        if known.get(part) == value:
            continue
        kind, name, path = path_of(part)
        edit = Edit(path, "remove") if value is None else Edit(path, "set", value)
        try:
            found = edited(found, kind, name, [edit])
        except EditRefused as refusal:
            message = f"`{'/'.join((file.layer, file.path))}` has to be changed by hand: {refusal.message}"
            raise Refused(message, code="change_by_hand") from refusal
    return found.text


def _parts(file: DraftFile, text: str | None) -> Mapping[Part, Any]:
    return {} if text is None else declared_parts(file.layer, File(file.path, text))


def _element(conflict: Conflict) -> str:
    return f"{conflict.kind} {conflict.name}"


def _part(element: str) -> Part:
    kind, _, name = element.partition(" ")
    return kind, name


def _is_whole(part: Part) -> bool:
    return part[0] in (WHOLE, RULES)
