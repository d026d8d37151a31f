"""Numbers, money, dates and times in the reader's locale, out and in."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from babel import Locale, UnknownLocaleError, dates, numbers

PLAIN_ENGLISH = "en_GB"
BIG = Decimal(1000)
FINAL_YEAR = re.compile(r"[ ,]+y+$")


@cache
def locale_of(name: str) -> Locale:
    """The locale of a name; plain English writes 28 Nov and 16:20, and an unknown one falls back to it."""
    wanted = PLAIN_ENGLISH if name in {"", "en"} else name.replace("-", "_")
    try:
        return Locale.parse(wanted)
    except (UnknownLocaleError, ValueError):
        return Locale.parse(PLAIN_ENGLISH)


SIZES = (("GB", 2**30), ("MB", 2**20), ("KB", 2**10))


@dataclass(frozen=True)
class Money:
    """An amount as shown: the symbol goes before it, small and grey."""

    symbol: str
    amount: str


@dataclass(frozen=True)
class Formats:
    """How one reader reads. now: the instant of the page, so that "2 h ago" and "overdue" agree."""

    locale: Locale
    zone: dt.tzinfo
    now: dt.datetime
    currency: str = "EUR"

    @property
    def today(self) -> dt.date:
        """The reader's today."""
        return self.now.astimezone(self.zone).date()

    # -- numbers

    def size(self, count: int) -> str:
        """A number of bytes, such as 1.2 MB."""
        for unit, factor in SIZES:
            if count >= factor:
                return f"{self.number(round(Decimal(count) / factor, 1).normalize())} {unit}"
        return f"{self.number(count)} {'byte' if count == 1 else 'bytes'}"

    def number(self, value: Decimal | int | str, places: int | None = None) -> str:
        """A number with grouping; `places` fixes the decimals."""
        amount = Decimal(value)
        if places is not None:
            return numbers.format_decimal(
                amount, format=f"#,##0.{'0' * places}" if places else "#,##0", locale=self.locale
            )
        return numbers.format_decimal(amount, locale=self.locale, decimal_quantization=False)

    def percent(self, value: Decimal | int | str) -> str:
        """A percentage; 24 is 24 %."""
        number = Decimal(value)
        plain = number.normalize() if number % 1 else number.quantize(Decimal(1))
        return numbers.format_percent(plain / 100, locale=self.locale, decimal_quantization=False)

    def money(self, value: Decimal | str, currency: str | None = None, whole: bool = False) -> Money:
        """An amount and its symbol. whole: from 1,000 up without the cents, for columns that are scanned."""
        code = currency or self.currency
        amount = Decimal(value)
        places = numbers.get_currency_precision(code)
        if whole and abs(amount) >= BIG:
            amount, places = amount.quantize(Decimal(1), ROUND_HALF_UP), 0
        return Money(self.symbol(code), self.number(amount, places))

    def symbol(self, currency: str | None = None) -> str:
        """The sign of a currency in this locale: €, £, SEK."""
        return numbers.get_currency_symbol(currency or self.currency, self.locale)

    def compact_money(self, value: Decimal | str, currency: str | None = None) -> str:
        """A short amount for heads of columns: €12.07M."""
        return numbers.format_compact_currency(
            Decimal(value), currency or self.currency, locale=self.locale, fraction_digits=2
        )

    def parse_number(self, typed: str) -> Decimal:
        """What somebody typed as a number. Raises ValueError."""
        plain = typed.strip().replace("\u2212", "-")
        return Decimal(str(numbers.parse_decimal(plain, locale=self.locale, strict=True)))

    def editable(self, value: Decimal | str) -> str:
        """A number as one edits it: the locale's decimal mark, no grouping."""
        mark = numbers.get_decimal_symbol(self.locale)
        return format(Decimal(value), "f").replace(".", mark)

    # -- dates and times

    def date(self, value: dt.date) -> str:
        """A date in full: 19 November 2026."""
        return dates.format_date(value, "long", locale=self.locale)

    def short_date(self, value: dt.date) -> str:
        """A date to scan: 19 Nov, with the year when it is another one."""
        skeleton = "MMMd" if value.year == self.today.year else "yMMMd"
        return dates.format_skeleton(skeleton, value, locale=self.locale)

    def datetime(self, value: dt.datetime) -> str:
        """A date and a time in the reader's zone."""
        local = value.astimezone(self.zone)
        return f"{self.short_date(local.date())}, {self.time(local.timetz())}"

    def time(self, value: dt.time) -> str:
        """A time of day, without seconds."""
        return dates.format_time(value.replace(tzinfo=None), "short", locale=self.locale)

    def day(self, value: dt.date) -> str:
        """A heading of a timeline: Today, Yesterday, Monday 16 November."""
        apart = (self.today - value).days
        if apart in {0, 1}:
            return ("Today", "Yesterday")[apart]
        pattern = self.locale.date_formats["full"].pattern
        if value.year == self.today.year:
            pattern = FINAL_YEAR.sub("", pattern)
        return dates.format_date(value, pattern, locale=self.locale)

    def ago(self, value: dt.datetime, short: bool = False) -> str:
        """How long ago: 2 hours ago; short: 2 h, Yesterday, 3 d, then the date."""
        seconds = (self.now - value).total_seconds()
        if short:
            return self.short_ago(value, seconds)
        if seconds < 45:
            return "just now"
        return dates.format_timedelta(
            dt.timedelta(seconds=-seconds), add_direction=True, threshold=1.2, locale=self.locale
        )

    def short_ago(self, value: dt.datetime, seconds: float) -> str:
        """The short form for columns."""
        local = value.astimezone(self.zone).date()
        apart = (self.today - local).days
        if apart == 0 and seconds >= 0:
            hours = int(seconds // 3600)
            return f"{hours} h" if hours else f"{max(int(seconds // 60), 1)} min"
        if apart == 1:
            return "Yesterday"
        return f"{apart} d" if 1 < apart < 15 else self.short_date(local)

    def local_input(self, value: dt.datetime) -> str:
        """For `<input type=datetime-local>`, in the reader's zone."""
        return value.astimezone(self.zone).strftime("%Y-%m-%dT%H:%M")

    def from_local_input(self, typed: str) -> dt.datetime:
        """Back from `<input type=datetime-local>`. Raises ValueError."""
        return dt.datetime.fromisoformat(typed).replace(tzinfo=self.zone).astimezone(dt.UTC)


def parse_instant(value: str) -> dt.datetime:
    """The API's form of an instant (ISO 8601 with Z) as an aware datetime."""
    return dt.datetime.fromisoformat(value)


def parse_day(value: str) -> dt.date:
    """The API's form of a date."""
    return dt.date.fromisoformat(value)
