"""What pages write, each for the reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from werkzeug.datastructures import FileStorage

from fieldstone import records
from fieldstone.files import Content
from fieldstone.model.model import Entity
from fieldstone.records import Change, Written
from fieldstone.records.bulk import Selection
from fieldstone.web.uploads import take
from fieldstone_rules import Ref
from fieldstone_ui.data.reader import COMMENT, FILE, Record, context


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


def change_profile(values: Mapping[str, Any], version: int | None) -> Written:
    """Change what people set for themselves."""
    return records.change_own_profile(context(), values, version)


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


def undo(operation: UUID) -> records.Undone:
    """Take back what was done to many records at once."""
    return records.undo(context(), operation)


def merge(owner: Entity, wanted: records.Merge) -> records.Merged:
    """Merge records into one."""
    return records.merge(context(), owner.name, wanted)
