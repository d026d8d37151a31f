"""Exact arithmetic: integers of 64 bits and decimals, rounded half away from zero as PostgreSQL rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, InvalidOperation, Overflow

from fieldstone_rules.durations import OutOfRange

Number = int | Decimal

SMALLEST_INTEGER = -(2**63)
LARGEST_INTEGER = 2**63 - 1
LARGEST_DECIMAL = Decimal(10) ** 100
DECIMAL_PLACES = 30
QUOTIENT_PLACES = 12

_EXACT = Context(prec=1_000, rounding=ROUND_HALF_UP, traps=[InvalidOperation, Overflow])


def bounded(number: Number) -> Number:
    """The number itself if the language can hold it. Raises OutOfRange."""
    if isinstance(number, int):
        if SMALLEST_INTEGER <= number <= LARGEST_INTEGER:
            return number
    elif -LARGEST_DECIMAL < number < LARGEST_DECIMAL:
        return number
    raise OutOfRange


def add(left: Number, right: Number) -> Number:
    """The sum."""
    if isinstance(left, int) and isinstance(right, int):
        return bounded(left + right)
    return bounded(_EXACT.add(left, right))


def subtract(left: Number, right: Number) -> Number:
    """The difference."""
    if isinstance(left, int) and isinstance(right, int):
        return bounded(left - right)
    return bounded(_EXACT.subtract(left, right))


def multiply(left: Number, right: Number) -> Number:
    """The product, kept to 30 decimals."""
    if isinstance(left, int) and isinstance(right, int):
        return bounded(left * right)
    product = _EXACT.multiply(left, right)
    exponent = product.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -DECIMAL_PLACES:
        product = quantize(product, DECIMAL_PLACES)
    return bounded(_EXACT.plus(product))


def divide(left: Number, right: Number) -> Decimal | None:
    """The quotient with 12 decimals (divided to 30, then rounded); None for a division by zero."""
    if right == 0:
        return None
    quotient = quantize(exact_quotient(left, right), QUOTIENT_PLACES)
    return trimmed(Decimal(bounded(quotient)))


def exact_quotient(left: Number, right: Number) -> Decimal:
    """The quotient rounded half away from zero to 30 decimals, from whole numbers so that nothing is lost."""
    numerator, denominator = Decimal(left).as_integer_ratio()
    other_numerator, other_denominator = Decimal(right).as_integer_ratio()
    top = numerator * other_denominator * 10**DECIMAL_PLACES
    bottom = denominator * other_numerator
    whole, rest = divmod(abs(top), abs(bottom))
    whole += 2 * rest >= abs(bottom)
    signed = whole if (top < 0) == (bottom < 0) else -whole
    return _EXACT.scaleb(Decimal(signed), -DECIMAL_PLACES)


def remainder(left: Number, right: Number) -> Number | None:
    """What is left of a division, with the sign of the dividend; None for a division by zero."""
    if right == 0:
        return None
    if isinstance(left, int) and isinstance(right, int):
        rest = abs(left) % abs(right)
        return -rest if left < 0 else rest
    return _EXACT.plus(_EXACT.remainder(left, right))


def negate(number: Number) -> Number:
    """The number with the other sign."""
    return bounded(-number) if isinstance(number, int) else _EXACT.minus(number)


def in_decimals(operation: Callable[..., Number | None]) -> Callable[..., Number | None]:
    """An operation on values whose type is decimal, though one that came from an integer may be an `int`."""
    return lambda *values: operation(*(Decimal(value) for value in values))


def quantize(number: Number, places: int) -> Decimal:
    """`number` with `places` decimals, half away from zero; negative places round to tens, hundreds…"""
    return _EXACT.plus(_EXACT.quantize(Decimal(number), _EXACT.scaleb(Decimal(1), -places)))


def round_to(number: Number, places: int) -> Decimal:
    """`number` rounded half away from zero to `places` decimals, as a plain number without exponent."""
    rounded = quantize(number, places)
    return rounded if places >= 0 else _EXACT.quantize(rounded, Decimal(1))


def floor(number: Number) -> Number:
    """The greatest whole number that is not above `number`."""
    return int(Decimal(number).to_integral_value(ROUND_FLOOR, _EXACT))


def ceil(number: Number) -> Number:
    """The smallest whole number that is not below `number`."""
    return int(Decimal(number).to_integral_value(ROUND_CEILING, _EXACT))


def trimmed(number: Decimal) -> Decimal:
    """The same number without zeros behind the last decimal, and never with an exponent."""
    if number == number.to_integral_value():
        return _EXACT.plus(_EXACT.quantize(number, Decimal(1)))
    return _EXACT.plus(number.normalize(_EXACT))


def as_text(number: Number) -> str:
    """The number as people write it: no exponent, no zeros that say nothing."""
    return str(number) if isinstance(number, int) else format(trimmed(number), "f")


def total(values: Iterable[Number]) -> Number:
    """The sum of many numbers, exact however large it is in between. Raises OutOfRange."""
    result: Number = 0
    for value in values:
        both_whole = isinstance(result, int) and isinstance(value, int)
        result = result + value if both_whole else _EXACT.add(result, value)
    return bounded(result)
