"""All field types by name. Built-in ones are listed here once; plugins add theirs with `register`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fieldstone.fields.address import AddressType
from fieldstone.fields.any_reference import AnyReferenceType
from fieldstone.fields.barcode import BarcodeType
from fieldstone.fields.base import FieldType
from fieldstone.fields.boolean import BooleanType
from fieldstone.fields.choice import ChoiceType
from fieldstone.fields.choices import ChoicesType
from fieldstone.fields.code import CodeType
from fieldstone.fields.color import ColorType
from fieldstone.fields.country import CountryType
from fieldstone.fields.currency import CurrencyType
from fieldstone.fields.date import DateType
from fieldstone.fields.datetime import DatetimeType
from fieldstone.fields.decimal import DecimalType
from fieldstone.fields.duration import DurationType
from fieldstone.fields.email import EmailType
from fieldstone.fields.file import FileType
from fieldstone.fields.files import FilesType
from fieldstone.fields.formula import FormulaType
from fieldstone.fields.image import ImageType
from fieldstone.fields.integer import IntegerType
from fieldstone.fields.json import JsonType
from fieldstone.fields.language import LanguageType
from fieldstone.fields.location import LocationType
from fieldstone.fields.long_text import LongTextType
from fieldstone.fields.markdown import MarkdownType
from fieldstone.fields.money import MoneyType
from fieldstone.fields.percent import PercentType
from fieldstone.fields.person_name import PersonNameType
from fieldstone.fields.phone import PhoneType
from fieldstone.fields.rating import RatingType
from fieldstone.fields.reference import ReferenceType
from fieldstone.fields.references import ReferencesType
from fieldstone.fields.rich_text import RichTextType
from fieldstone.fields.secret import SecretType
from fieldstone.fields.sequence import SequenceType
from fieldstone.fields.signature import SignatureType
from fieldstone.fields.tags import TagsType
from fieldstone.fields.text import TextType
from fieldstone.fields.time import TimeType
from fieldstone.fields.timezone import TimezoneType
from fieldstone.fields.url import UrlType
from fieldstone.fields.user import UserType
from fieldstone_metadata import declarations

_BUILT_IN: tuple[type[FieldType], ...] = (
    TextType, LongTextType, RichTextType, MarkdownType, CodeType,
    IntegerType, DecimalType, MoneyType, PercentType, RatingType, BooleanType,
    DateType, DatetimeType, TimeType, DurationType,
    ChoiceType, ChoicesType, TagsType,
    ReferenceType, ReferencesType, UserType,
    SequenceType, FormulaType,
    EmailType, PhoneType, UrlType, ColorType, BarcodeType,
    AddressType, LocationType, PersonNameType,
    CurrencyType, CountryType, LanguageType, TimezoneType,
    FileType, FilesType, ImageType, SignatureType,
    JsonType, SecretType,
)  # fmt: skip  # grouped by what they hold

_types: dict[str, type[FieldType]] = {}

FIELD_TYPES: Mapping[str, type[FieldType]] = MappingProxyType(_types)
"""Name → class. A class is instantiated for each declared field."""


def register(field_type: type[FieldType]) -> None:
    """Make a field type known.

    Raises:
        ValueError: if its name is taken.
    """
    if field_type.name in _types:
        raise ValueError(f"there are two field types called {field_type.name}")
    _types[field_type.name] = field_type


def field_type_of(declaration: declarations.Field, entity: str) -> FieldType:
    """The behaviour of a declared field of `entity`."""
    target = declaration.target
    if declaration.type == ReferenceType.name and target is not None and not target.entities:
        return AnyReferenceType(declaration, entity)
    return FIELD_TYPES[declaration.type](declaration, entity)


for _type in _BUILT_IN:
    register(_type)
