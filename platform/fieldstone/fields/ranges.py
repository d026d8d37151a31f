"""Limits of numbers: the options `min` and `max`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from fieldstone.fields.refusal import ValueRefused

Number = int | Decimal


def within(options: Mapping[str, Any], convert: Callable[[Any], Number]) -> Callable[[Any], Number]:
    """`convert`, followed by a look at `min` and `max`."""
    lowest, highest = options.get("min"), options.get("max")
    if lowest is None and highest is None:
        return convert

    def checked(value: Any) -> Number:
        number = convert(value)
        if lowest is not None and number < Decimal(str(lowest)):
            raise ValueRefused("too_small", f"The number must be at least {lowest}.")
        if highest is not None and number > Decimal(str(highest)):
            raise ValueRefused("too_large", f"The number must be at most {highest}.")
        return number

    return checked


def rounded(number: Decimal, precision: int, scale: int) -> Decimal:
    """`number` with `scale` decimals, half away from zero, as PostgreSQL's `numeric` rounds.

    Raises:
        ValueRefused: if it needs more than `precision` digits.
    """
    with localcontext(prec=1000):
        result = (
            number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
            if abs(number.adjusted()) < 500
            else number
        )
    if abs(result) >= Decimal(10) ** (precision - scale):
        raise ValueRefused(
            "out_of_range", f"The number may have {precision - scale} digits before the point."
        )
    return result


def plain(number: Decimal) -> str:
    """The number without exponent, with the decimals it has."""
    return format(number, "f")


def trimmed(number: Decimal) -> str:
    """The number without exponent and without zeros at its end, as `trim_scale` writes it."""
    text = plain(number)
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text
