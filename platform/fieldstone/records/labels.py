"""What things are called, for people: a label in the reader's language."""

from __future__ import annotations

from fieldstone.model.model import Entity, Field
from fieldstone_metadata.declarations import Label


def text_of(label: Label, locale: str) -> str:
    """The text for a locale, its language, everybody, or whatever there is."""
    for key in (locale, locale.partition("_")[0].partition("-")[0], "", "en"):
        if key in label:
            return label[key]
    return next(iter(label.values()), "")


def field_label(field: Field, locale: str) -> str:
    """What a field is called."""
    return text_of(field.declaration.label, locale) or field.name


def entity_label(entity: Entity, locale: str) -> str:
    """What one record of an entity is called."""
    return text_of(entity.label, locale) or entity.name
