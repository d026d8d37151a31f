"""Slows down guessing of passwords: failed log-ins are counted per account and per address.

The counts live in the memory of the process; with several processes an attacker gets that many times the
tries, which is still few.
"""

from __future__ import annotations

import time

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from fieldstone.web.problems import TooManyRequests

PER_ACCOUNT = (RateLimitItemPerMinute(5), RateLimitItemPerHour(30))
PER_ADDRESS = (RateLimitItemPerMinute(20), RateLimitItemPerHour(200))


class LoginAttempts:
    """The failed log-ins that this process has seen."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, email: str, address: str) -> None:
        """Before a password is looked at. Raises `TooManyRequests` with the seconds to wait."""
        for limit, key in self._counted(email, address):
            if not self._limiter.test(limit, *key):
                wait = max(1, round(self._limiter.get_window_stats(limit, *key).reset_time - time.time()))
                raise TooManyRequests(
                    f"Too many failed log-ins. Try again in {wait} seconds.", details={"retry_after": wait}
                )

    def failed(self, email: str, address: str) -> None:
        """Count a failed log-in."""
        for limit, key in self._counted(email, address):
            self._limiter.hit(limit, *key)

    def succeeded(self, email: str) -> None:
        """Forget the account's failures; those of the address stay, or any own account would reset them."""
        for limit in PER_ACCOUNT:
            self._limiter.clear(limit, *_account(email))

    def _counted(self, email: str, address: str) -> list[tuple[RateLimitItem, tuple[str, str]]]:
        by_account = [(limit, _account(email)) for limit in PER_ACCOUNT]
        return [*by_account, *((limit, ("address", address)) for limit in PER_ADDRESS)]


def _account(email: str) -> tuple[str, str]:
    return "account", email.strip().casefold()[:254]
