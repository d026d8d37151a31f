"""The world as a viewer knows it: what may never be read does not exist for the expressions they send."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from fieldstone.access.grants import AccessKey, access_for_key
from fieldstone.model.model import Model
from fieldstone.model.rule_columns import KEPT_TITLE
from fieldstone_rules.schema import EntitySchema, FieldSchema, InverseSchema
from fieldstone_rules.types import Kind, Type, simple


class ViewerSchema:
    """The model's schema without what the holder of an access key may never read.

    Formulas appear as plain fields, because they are computed with the system's rights once they may be read.
    """

    def __init__(self, model: Model, access_key: AccessKey) -> None:
        self._model = model
        self._access_key = access_key
        self._entities: dict[str, EntitySchema | None] = {}

    def entity(self, name: str) -> EntitySchema | None:
        """The readable part of an entity, or None."""
        if name not in self._entities:
            self._entities[name] = self._seen(name)
        return self._entities[name]

    def entity_names(self) -> Iterable[str]:
        """The entities of which records may be read."""
        return [name for name in self._model.entities if self._readable(name)]

    def settings(self) -> Mapping[str, Mapping[str, Type]]:
        """The settings of all apps."""
        return self._model.rules_schema.settings()

    def roles(self) -> Iterable[str]:
        """The names of all roles."""
        return self._model.rules_schema.roles()

    def _readable(self, entity: str) -> bool:
        return access_for_key(self._model, self._access_key, entity).read.constant is not False

    def _seen(self, name: str) -> EntitySchema | None:
        whole = self._model.rules_schema.entity(name)
        if whole is None:
            return None
        if not self._readable(name):
            return replace(whole, fields={}, inverses={}, title=None)
        granted = access_for_key(self._model, self._access_key, name)
        fields = {
            key: replace(field, expression=None)
            for key, field in whole.fields.items()
            if self._shows(field, granted.field_read(key).constant)
        }
        fields[KEPT_TITLE] = FieldSchema(KEPT_TITLE, simple(Kind.TEXT, nullable=False))
        inverses = {key: inverse for key, inverse in whole.inverses.items() if self._sees(inverse)}
        return replace(whole, fields=fields, inverses=inverses, title=KEPT_TITLE)

    def _shows(self, field: FieldSchema, right: bool | None) -> bool:
        """Whether a field exists for the viewer. A collection does only if its right depends on no record,

        because its rows are found without a look at the record that they belong to.
        """
        if field.type.kind is Kind.COLLECTION:
            return right is True and self._readable(field.type.entities[0])
        return right is not False

    def _sees(self, inverse: InverseSchema) -> bool:
        granted = access_for_key(self._model, self._access_key, inverse.entity)
        return granted.read.constant is not False and granted.field_read(inverse.field).constant is True
