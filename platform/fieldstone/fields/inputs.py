"""The marshmallow fields behind the types: from the API's form to Python values, strictly.

Each says what it expected in one sentence and with a stable code. None and blank text mean "no value": a name
of spaces would be a link that nobody can see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import marshmallow as ma

from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.texts import ISO, read_date, read_datetime, read_decimal, read_time
from fieldstone_rules.types import Ref

INTEGER_LIMIT = 2**63
REFERENCE = ("id", "entity", "title")
"""What an object that names a record may hold: how the API shows one."""


class Input(ma.fields.Field[Any]):
    """A field that reads with a function of one argument, and takes null and blank text as None.

    takes_blanks: the function decides about blank text.
    """

    def __init__(
        self, convert: Callable[[Any], Any], *, empty: Any = None, takes_blanks: bool = False
    ) -> None:
        super().__init__(allow_none=True)
        self.convert = convert
        self.empty = empty
        self.takes_blanks = takes_blanks

    def deserialize(
        self,
        value: Any,
        attr: str | None = None,  # noqa: ARG002  # marshmallow's signature
        data: Mapping[str, Any] | None = None,  # noqa: ARG002  # marshmallow's signature
        **kwargs: Any,  # noqa: ARG002  # marshmallow's signature
    ) -> Any:
        """The Python value; raises `ValueRefused`."""
        blank = isinstance(value, str) and not value.strip() and not self.takes_blanks
        return self.empty if value is None or blank else self.convert(value)


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean_text(value: Any) -> str:
    """A text that the database can hold."""
    if not isinstance(value, str):
        raise ValueRefused("not_a_text", "A text is expected here.")
    if _UNSTORABLE.search(value):
        raise ValueRefused("bad_characters", "The text holds characters that cannot be stored.")
    return value


def limited_text(longest: int | None, *, shortest: int | None = None) -> Callable[[Any], str]:
    """A reader of texts of `shortest` to `longest` characters."""

    def convert(value: Any) -> str:
        text = clean_text(value)
        if longest is not None and len(text) > longest:
            raise ValueRefused(
                "too_long", f"At most {longest} characters are allowed; these are {len(text)}."
            )
        if shortest is not None and len(text) < shortest:
            raise ValueRefused("too_short", f"At least {shortest} characters are needed.")
        return text

    return convert


def whole_number(value: Any) -> int:
    """An integer of 64 bits; digits in a text are taken too."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueRefused("not_an_integer", "A whole number is expected here.")
    number = exact_number(value)
    if number != number.to_integral_value():
        raise ValueRefused("not_an_integer", "A whole number is expected here.")
    if not -INTEGER_LIMIT <= number < INTEGER_LIMIT:
        raise ValueRefused("out_of_range", "The number is too large.")
    return int(number)


def exact_number(value: Any) -> Decimal:
    """A finite decimal from a text or a JSON number."""
    if isinstance(value, Decimal) and value.is_finite():
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueRefused("not_a_number", "A number is expected here, best as text such as “12.50”.")
    text = clean_text(value) if isinstance(value, str) else repr(value)
    if len(text) > 200:
        raise ValueRefused("not_a_number", "A number is expected here, best as text such as “12.50”.")
    return read_decimal(text, ISO)


def truth(value: Any) -> bool:
    """A JSON boolean."""
    if not isinstance(value, bool):
        raise ValueRefused("not_a_boolean", "true or false is expected here.")
    return value


def day(value: Any) -> date:
    """A date from ISO 8601."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return read_date(clean_text(value), ISO)


def instant(value: Any) -> datetime:
    """A date and time from ISO 8601; without an offset it is UTC."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    return read_datetime(clean_text(value), ISO)


def time_of_day(value: Any) -> time:
    """A time of day from ISO 8601."""
    if isinstance(value, time):
        return value
    return read_time(clean_text(value), ISO)


def one_of(options: Sequence[str]) -> Callable[[Any], str]:
    """A reader that takes exactly the given names."""
    known = frozenset(options)

    def convert(value: Any) -> str:
        text = clean_text(value)
        if text not in known:
            raise ValueRefused("unknown_option", f"“{text[:80]}” is not one of {', '.join(options[:20])}.")
        return text

    return convert


def many(convert_item: Callable[[Any], Any], *, longest: int = 1000) -> Callable[[Any], tuple[Any, ...]]:
    """A reader of lists without repetitions, in the order sent."""

    def convert(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise ValueRefused("not_a_list", "A list is expected here.")
        if len(value) > longest:
            raise ValueRefused("too_many", f"At most {longest} values are allowed.")
        return tuple(dict.fromkeys(convert_item(item) for item in value))

    return convert


def record_of(targets: Sequence[str], members: Collection[str] = REFERENCE) -> Callable[[Any], Ref]:
    """A reader of references: an id, or `{"id", "entity"}` as the API shows it.

    members: what an object may hold; what nobody would read is refused.
    """

    def convert(value: Any) -> Ref:
        if isinstance(value, Ref):
            return _known(value, targets)
        entity = None
        if isinstance(value, Mapping):
            _refuse_unknown(value, members)
            entity, value = value.get("entity"), value.get("id")
        if entity is not None:
            return _known(Ref(str(entity), record_id(value)), targets)
        if len(targets) != 1:
            raise ValueRefused("not_a_reference", 'Several kinds are possible: send {"id": …, "entity": …}.')
        return Ref(targets[0], record_id(value))

    return convert


def _refuse_unknown(sent: Mapping[str, Any], members: Collection[str]) -> None:
    unknown = [name for name in sent if name not in members]
    if unknown:
        known = ", ".join(f"`{name}`" for name in members)
        message = f"`{str(unknown[0])[:80]}` is not known here; a record is named with {known}."
        raise ValueRefused("unknown_member", message)


def _known(ref: Ref, targets: Sequence[str]) -> Ref:
    if ref.entity not in targets:
        raise ValueRefused(
            "wrong_entity", f"This refers to {' or '.join(targets)}, not to “{ref.entity[:80]}”."
        )
    return ref


def record_of_any(value: Any) -> Ref:
    """A reference to a record of any entity: `{"id", "entity"}` as the API shows it."""
    if isinstance(value, Ref):
        return value
    if not isinstance(value, Mapping) or not isinstance(value.get("entity"), str):
        raise ValueRefused("not_a_reference", 'Any kind is possible: send {"id": …, "entity": …}.')
    _refuse_unknown(value, REFERENCE)
    return Ref(value["entity"], record_id(value.get("id")))


def record_id(value: Any) -> UUID:
    """A UUID, as text of 36 characters or as it is."""
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value) if isinstance(value, str) and len(value) == 36 else _refuse_id()
    except ValueError:
        return _refuse_id()


def _refuse_id() -> UUID:
    raise ValueRefused("not_a_reference", "The id of a record is expected here.")
