"""The field types that documents may use: what the rule language sees of each, and
which plain values it takes.

How a type is stored, edited and filtered is the platform's. The keys
of each are in `schemas/field_types.json`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fieldstone_metadata import plain_values
from fieldstone_metadata.document_schemas import field_type_schemas
from fieldstone_metadata.names import FILE
from fieldstone_metadata.plain_values import Parser, TypeDetails
from fieldstone_rules import types
from fieldstone_rules.types import Kind, Type

_WITHOUT_ORDER = frozenset(
    {"choices", "references", "files", "tags", "json", "long_text", "rich_text", "markdown", "code"}
    | {"location", "secret"}
)

RuleType = Callable[[TypeDetails], Type]
"""The details of a field → the type that expressions see, nullable."""


@dataclass(frozen=True)
class FieldTypeDeclaration:
    """A field type.

    options: the keys that only this type knows, name → JSON Schema. without: common keys it does not take.
    rule_type: what expressions see; of a `formula` the type comes from its expression instead.
    parse: a plain value → the API's form. supported: False while the type is known and refused.
    """

    name: str
    help: str
    options: Mapping[str, Any]
    without: frozenset[str]
    rule_type: RuleType
    parse: Parser
    supported: bool

    @property
    def sortable(self) -> bool:
        """Whether records can be ordered by it: it holds one value, and no long text."""
        return self.name not in _WITHOUT_ORDER


def _always(rule_type: Type) -> RuleType:
    return lambda _details: rule_type


def _decimal(details: TypeDetails) -> Type:
    return types.decimal(details.options.get("precision", 18), details.options.get("scale", 6))


def _choice(details: TypeDetails) -> Type:
    return types.choice(details.choices)


def _choices(details: TypeDetails) -> Type:
    return types.list_of(types.choice(details.choices, nullable=False), nullable=True)


def _reference(details: TypeDetails) -> Type:
    return types.reference(*details.entities)


def _references(details: TypeDetails) -> Type:
    return types.collection(details.entities[0])


LONGEST_TEXT = 1_000_000
"""No text field takes more characters, whatever its `max_length`."""

_TEXT = _always(replace(types.simple(Kind.TEXT), longest=LONGEST_TEXT))
_FILE = _always(types.reference(FILE))
_LONG = plain_values.text(100_000)
_ADDRESS = ("street", "city", "region", "postal_code", "country")
_PERSON_NAME = ("title", "given", "middle", "family", "suffix")
_LOCATION = ("latitude", "longitude")
_CODE_LIKE = "[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*"
_EMAIL = plain_values.matching(
    r"[^@\s]+@[^@\s]+\.[^@\s.]+", "is not an e-mail address", "such as `ann@example.com`"
)
_PHONE = plain_values.matching(
    r"\+?[0-9 ()./-]{3,40}", "is not a telephone number", "such as `+45 33 12 34 56`"
)
_URL = plain_values.matching(r"https?://[^\s]+", "is not a web address", "such as `https://example.com`")
_COLOR = plain_values.matching(r"#[0-9a-fA-F]{6}", "is not a colour", "such as `#1e66f5`")
_LANGUAGE = plain_values.matching(_CODE_LIKE, "is not a language tag", "such as `en` or `pt-BR`")
_CURRENCY = plain_values.one_of(plain_values.currencies, "is not a currency code of ISO 4217")
_COUNTRY = plain_values.one_of(plain_values.countries, "is not a country code of ISO 3166")
_TIMEZONE = plain_values.one_of(plain_values.timezones, "is not a time zone of the IANA database")


def _compound(kind: Kind, *parts: str) -> RuleType:
    """Several parts of one kind, and `text`, the whole in one line."""
    kinds = {part: types.simple(kind) for part in parts} | {"text": types.simple(Kind.TEXT)}
    return _always(types.compound(kinds))


_SUPPORTED: Mapping[str, tuple[RuleType, Parser]] = {
    "text": (_TEXT, plain_values.text(255)),
    "long_text": (_TEXT, _LONG),
    "rich_text": (_compound(Kind.TEXT), _LONG),
    "markdown": (_TEXT, _LONG),
    "code": (_TEXT, _LONG),
    "integer": (_always(types.simple(Kind.INTEGER)), plain_values.integer),
    "decimal": (_decimal, plain_values.decimal),
    "money": (_always(types.simple(Kind.MONEY)), plain_values.decimal),
    "percent": (_always(types.simple(Kind.PERCENT)), plain_values.decimal),
    "boolean": (_always(types.simple(Kind.BOOLEAN)), plain_values.boolean),
    "date": (_always(types.simple(Kind.DATE)), plain_values.day),
    "datetime": (_always(types.simple(Kind.DATETIME)), plain_values.moment),
    "time": (_always(types.simple(Kind.TIME)), plain_values.time_of_day),
    "duration": (_always(types.simple(Kind.DURATION)), plain_values.duration),
    "choice": (_choice, plain_values.choice),
    "choices": (_choices, plain_values.choices),
    "reference": (_reference, plain_values.anything),
    "references": (_references, plain_values.anything),
    "sequence": (_always(types.simple(Kind.TEXT, nullable=False)), plain_values.not_writable),
    "formula": (_always(types.simple(Kind.NULL)), plain_values.not_writable),
    "email": (_TEXT, _EMAIL),
    "phone": (_TEXT, _PHONE),
    "url": (_TEXT, _URL),
    "color": (_TEXT, _COLOR),
    "rating": (_always(types.simple(Kind.INTEGER)), plain_values.rating),
    "address": (_compound(Kind.TEXT, *_ADDRESS), plain_values.parts(*_ADDRESS)),
    "location": (_compound(Kind.DECIMAL, *_LOCATION), plain_values.parts(*_LOCATION)),
    "person_name": (_compound(Kind.TEXT, *_PERSON_NAME), plain_values.parts(*_PERSON_NAME)),
    "currency": (_TEXT, _CURRENCY),
    "country": (_TEXT, _COUNTRY),
    "language": (_TEXT, _LANGUAGE),
    "timezone": (_TEXT, _TIMEZONE),
    "user": (_always(types.reference("user")), plain_values.anything),
    "tags": (
        _always(types.list_of(types.simple(Kind.TEXT, nullable=False), nullable=True)),
        plain_values.tags,
    ),
    "json": (_always(types.simple(Kind.JSON)), plain_values.anything),
    "secret": (_always(types.simple(Kind.NULL)), plain_values.secret),
    "barcode": (_TEXT, plain_values.text(255)),
    "file": (_FILE, plain_values.not_writable),
    "files": (_references, plain_values.not_writable),
    "image": (_FILE, plain_values.not_writable),
    "signature": (_FILE, plain_values.not_writable),
}


def _declaration(name: str, schema: Mapping[str, Any]) -> FieldTypeDeclaration:
    rule_type, parse = _SUPPORTED.get(name, (_always(types.simple(Kind.NULL)), plain_values.not_writable))
    options, without = schema.get("properties", {}), frozenset(schema.get("without", ()))
    return FieldTypeDeclaration(
        name, schema["description"], options, without, rule_type, parse, supported=name in _SUPPORTED
    )


FIELD_TYPES: Mapping[str, FieldTypeDeclaration] = {
    name: _declaration(name, schema) for name, schema in field_type_schemas().items()
}
"""Field type → its declaration, in the order of metadata.md."""

TEXT_TYPES = frozenset(
    {"text", "long_text", "markdown", "code", "sequence", "email", "phone", "url", "barcode"}
)
"""Types that a search looks into and that can name a record."""

NUMBER_TYPES = frozenset({"integer", "decimal", "money", "percent", "rating", "duration"})
"""Types that can be summed."""

REFERENCE_TYPES = frozenset({"reference", "user"})
"""Types that lead to one other record."""

FILE_TYPES = frozenset({"file", "files", "image", "signature"})
"""Types that hold files: references to the platform's entity `file`."""
