"""An e-mail address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from email_validator import EmailNotValidError, validate_email

from fieldstone.fields.inputs import limited_text
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.stored_text import StoredText

LONGEST = 254
"""RFC 5321, 4.5.3.1.3, less the brackets."""


def email_address(text: str) -> str:
    """The address in its normal form (RFC 5321, 6531): the domain in lower case.

    Raises:
        ValueRefused: if it cannot be an address. Whether somebody reads it is not asked.
    """
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise ValueRefused("not_an_email", f"This is no e-mail address: {error}") from None


class EmailType(StoredText):
    """An address in its normal form."""

    name = "email"
    help = "An e-mail address."
    widget = "email"
    length_limit = LONGEST
    text_format = "email"

    def reader(self) -> Callable[[Any], str]:
        limited = limited_text(self.max_length)
        return lambda value: email_address(limited(value).strip())
