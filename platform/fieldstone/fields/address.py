"""A postal address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from fieldstone.fields.compound import CompoundType, ReadPart, part_is, part_text
from fieldstone.fields.country import known_country
from fieldstone.fields.filters import Operator
from fieldstone.fields.inputs import clean_text
from fieldstone.fields.refusal import ValueRefused

LONGEST_STREET = 500


def _street(value: Any) -> str | None:
    """Several lines, such as a house's name above its street."""
    lines = [" ".join(line.split()) for line in clean_text(value).splitlines()]
    text = "\n".join(line for line in lines if line)
    if len(text) > LONGEST_STREET:
        raise ValueRefused("too_long", f"At most {LONGEST_STREET} characters are allowed.")
    return text or None


class AddressType(CompoundType):
    """Street (of one or several lines), city, region, postal code, and the country by its ISO 3166-1 code."""

    name = "address"
    help = "Street, city, region, postal code and country."
    widget = "address"
    parts: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "street": {"type": "string", "maxLength": LONGEST_STREET},
        "city": {"type": "string", "maxLength": 120},
        "region": {"type": "string", "maxLength": 120},
        "postal_code": {"type": "string", "maxLength": 20},
        "country": {"type": "string", "minLength": 2, "maxLength": 2},
    }

    def readers(self) -> Mapping[str, ReadPart]:
        return {
            "street": _street,
            "city": part_text(120),
            "region": part_text(120),
            "postal_code": part_text(20),
            "country": known_country,
        }

    def line(self, value: Mapping[str, Any]) -> str:
        town = " ".join(filter(None, (value["postal_code"], value["city"])))
        street = (value["street"] or "").replace("\n", ", ")
        return ", ".join(filter(None, (street, town, value["region"], value["country"])))

    def _part_operators(self) -> tuple[Operator, ...]:
        return (
            part_is("city", "city"),
            part_is("country", "country code"),
            part_is("postal_code", "postal code"),
        )
