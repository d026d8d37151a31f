"""Field types: one class in one file for each, with all that is known of it."""

from fieldstone.fields.base import FieldType, Source, Value
from fieldstone.fields.filters import Operand, Operator
from fieldstone.fields.names import identifier
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.registry import FIELD_TYPES, field_type_of, register
from fieldstone.fields.texts import ISO, ImportFormat

__all__ = [
    "FIELD_TYPES",
    "ISO",
    "FieldType",
    "ImportFormat",
    "Operand",
    "Operator",
    "Source",
    "Value",
    "ValueRefused",
    "field_type_of",
    "identifier",
    "register",
]
