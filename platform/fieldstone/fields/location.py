"""A point on the earth."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from fieldstone.fields.base import Column, Source
from fieldstone.fields.compound import CompoundType, Parts, ReadPart
from fieldstone.fields.filters import IS_EMPTY, IS_SET, Operand, Operator
from fieldstone.fields.inputs import exact_number
from fieldstone.fields.ranges import plain, rounded, trimmed
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.texts import ISO, ImportFormat, read_decimal

DIGITS, DECIMALS = 10, 7
"""A centimetre at the equator."""

_NUMBER = {"type": "string", "format": "decimal", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}


def _degrees(limit: int) -> Callable[[Any], Decimal]:
    def convert(value: Any) -> Decimal:
        number = exact_number(value)
        if abs(number) > limit:
            raise ValueRefused("out_of_range", f"This lies from -{limit} to {limit} degrees.")
        return Decimal(trimmed(rounded(number, DIGITS, DECIMALS)))

    return convert


def _between(name: str) -> Operator:
    template = f"{{field}}.{name} between {{low}} and {{high}}"
    return Operator(f"{name}_between", f"{name} is between", template, Operand.TWO)


class LocationType(CompoundType):
    """Latitude and longitude in degrees (WGS 84), with at most seven decimals; one does not come alone."""

    name = "location"
    help = "A point: latitude and longitude."
    widget = "location"
    parts: ClassVar[Mapping[str, Mapping[str, Any]]] = {"latitude": _NUMBER, "longitude": _NUMBER}

    def readers(self) -> Mapping[str, ReadPart]:
        return {"latitude": _degrees(90), "longitude": _degrees(180)}

    def made(self, given: Mapping[str, Any]) -> Parts | None:
        value = super().made(given)
        missing = [name for name in self.parts if value is not None and value[name] is None]
        if missing:
            raise ValueRefused("incomplete", f"A point has a {missing[0]} too.")
        return value

    def loaded(self, part: Any) -> Any:
        return Decimal(part)

    def line(self, value: Mapping[str, Any]) -> str:
        return ", ".join(plain(value[name]) for name in self.parts if value[name] is not None)

    def sort_sql(self, source: Source) -> Column | None:  # noqa: ARG002  # points have no order
        return None

    def operators(self) -> tuple[Operator, ...]:
        return (_between("latitude"), _between("longitude"), IS_EMPTY, IS_SET)

    def literal(self, value: Any) -> str:
        return plain(Decimal(value))

    def filter_literal(self, value: Any, operator: Operator) -> str:  # noqa: ARG002  # all compare degrees
        return plain(exact_number(value))

    def parts_of(self, text: str, form: ImportFormat) -> Mapping[str, Any]:
        """`55.6761, 12.5683`; with a decimal comma the numbers stand apart by `;` or a space."""
        words = re.split(r"[;\s]\s*" if form.decimal == "," else r"[,;\s]\s*", text)
        if len(words) != 2:
            raise ValueRefused("not_a_location", f"“{text[:80]}” is no point such as 55.6761, 12.5683.")
        return {
            name: plain(read_decimal(word, form if form.decimal != "." else ISO))
            for name, word in zip(self.parts, words, strict=True)
        }
