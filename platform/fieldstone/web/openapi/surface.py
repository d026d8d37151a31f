"""What one caller may do with an entity, as far as it can be said without looking at a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fieldstone.model.model import Entity, Field, Inverse, Transition


@dataclass(frozen=True, eq=False)
class Surface:
    """An entity as a caller sees it.

    verbs: of `read`, `create`, `update`, `delete`, those not refused for every record.
    readable, creatable, updatable: fields by name; the last two hold only what may be sent.
    inverses: collections whose entity the caller may read.
    """

    entity: Entity
    verbs: frozenset[str]
    readable: Mapping[str, Field]
    creatable: Mapping[str, Field]
    updatable: Mapping[str, Field]
    inverses: Mapping[str, Inverse]
    transitions: Mapping[str, Transition]

    @property
    def name(self) -> str:
        """The entity's name."""
        return self.entity.name

    @property
    def label(self) -> str:
        """What one record is called, for everybody."""
        return self.entity.label.get("") or self.name

    @property
    def plural(self) -> str:
        """What several records are called, for everybody."""
        return self.entity.plural.get("") or self.name

    @property
    def unique(self) -> tuple[str, ...]:
        """Fields by which a record may be addressed in `by/{field}/{value}`."""
        return tuple(name for name, field in self.creatable.items() if field.declaration.unique)
