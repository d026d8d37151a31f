"""The dialog that asks before a record is deleted: what would become of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fieldstone.model.model import Entity
from fieldstone.records import Concerned, DeletePreview
from fieldstone_ui import data
from fieldstone_ui.pages.addresses import of_record
from fieldstone_ui.presentation.labels import text


@dataclass(frozen=True)
class Group:
    """Records that a deletion concerns. names: of some; more: whether there are others."""

    words: str
    names: Sequence[str]
    more: bool


@dataclass(frozen=True)
class DeletePage:
    """The dialog. blocking, forbidden: why it cannot be done; gone, cleared: what it would do."""

    label: str
    title: str
    url: str
    back_url: str
    version: int | None
    gone: Sequence[Group]
    cleared: Sequence[Group]
    blocking: Sequence[Group]
    forbidden: Sequence[Group]
    reason: str | None

    @property
    def allowed(self) -> bool:
        """Whether it can be done."""
        return self.reason is None and not self.blocking and not self.forbidden


def page(owner: Entity, identity: UUID, record: Mapping[str, Any], found: DeletePreview) -> DeletePage:
    """What the dialog shows."""
    label = text(owner.label, data.locale(), owner.name).lower()
    return DeletePage(
        label=label,
        title=str(record.get("_title") or label),
        url=of_record("delete", owner, identity),
        back_url=of_record("record", owner, identity),
        version=record.get("version"),
        gone=[_group(one) for one in found.deleted],
        cleared=[_group(one) for one in found.cleared],
        blocking=[_group(one) for one in found.blocking],
        forbidden=[_group(one) for one in found.forbidden],
        reason=found.reason,
    )


def _group(one: Concerned) -> Group:
    """`3 Contacts (Account)` and what some of them are called."""
    locale = data.locale()
    kind = one.entity.label if one.count == 1 else one.entity.plural
    field = one.field
    where = f" ({text(field.declaration.label, locale, field.name)})" if field is not None else ""
    words = f"{data.formats().number(one.count)} {text(kind, locale, one.entity.name)}{where}"
    return Group(words, one.titles, one.count > len(one.titles) and bool(one.titles))
