"""A telephone number."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import phonenumbers

from fieldstone.fields.inputs import limited_text
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.stored_text import StoredText

LOCAL = re.compile(r"[0-9][0-9 ()./-]{1,30}( ?(x|ext\.?) ?[0-9]{1,6})?")


def phone_number(text: str) -> str:
    """The number as ITU-T E.164 writes it if it begins with `+`, otherwise as it was typed.

    Raises:
        ValueRefused: if it cannot be a telephone number.
    """
    plain = text.strip()
    if plain.startswith("+"):
        return _international(plain)
    if LOCAL.fullmatch(plain.removeprefix("(").strip()) is None:
        raise ValueRefused("not_a_phone", "This is no telephone number; write it like +49 30 1234567.")
    return plain


def _international(plain: str) -> str:
    try:
        number = phonenumbers.parse(plain)
    except phonenumbers.NumberParseException:
        raise ValueRefused(
            "not_a_phone", "This is no telephone number; write it like +49 30 1234567."
        ) from None
    if not phonenumbers.is_possible_number(number):
        raise ValueRefused("not_a_phone", "This telephone number has too few or too many digits.")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


class PhoneType(StoredText):
    """A number in international form where its country is known."""

    name = "phone"
    help = "A telephone number."
    widget = "phone"
    length_limit = 50

    def reader(self) -> Callable[[Any], str]:
        limited = limited_text(self.max_length)
        return lambda value: phone_number(limited(value))
