"""Limits of numbers: the options `min` and `max`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any

from fieldstone.fields.refusal import ValueRefused

Number = int | Decimal
_WIDE = Context(prec=1000)


def within(options: Mapping[str, Any], convert: Callable[[Any], Number]) -> Callable[[Any], Number]:
    """`convert`, followed by a look at `min` and `max`."""
    lowest, highest = options.get("min"), options.get("max")
    if lowest is None and highest is None:
        return convert

    least = None if lowest is None else Decimal(str(lowest))
    most = None if highest is None else Decimal(str(highest))

    def checked(value: Any) -> Number:
        number = convert(value)
        if least is not None and number < least:
            raise ValueRefused("too_small", f"The number must be at least {lowest}.")
        if most is not None and number > most:
            raise ValueRefused("too_large", f"The number must be at most {highest}.")
        return number

    return checked


def rounded(number: Decimal, precision: int, scale: int) -> Decimal:
    """`number` with `scale` decimals, half away from zero, as PostgreSQL's `numeric` rounds.

    Raises:
        ValueRefused: if it needs more than `precision` digits.
    """
    step, limit = _bounds(precision, scale)
    small = abs(number.adjusted()) < 500
    result = number.quantize(step, ROUND_HALF_UP, _WIDE) if small else number
    if result >= limit or result <= -limit:
        raise ValueRefused(
            "out_of_range", f"The number may have {precision - scale} digits before the point."
        )
    return result


@lru_cache
def _bounds(precision: int, scale: int) -> tuple[Decimal, Decimal]:
    """The smallest step between two numbers, and the first number that is too large."""
    return Decimal(1).scaleb(-scale), Decimal(10) ** (precision - scale)


def plain(number: Decimal) -> str:
    """The number without exponent, with the decimals it has."""
    return format(number, "f")


def trimmed(number: Decimal) -> str:
    """The number without exponent and without zeros at its end, as `trim_scale` writes it."""
    text = plain(number)
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text
