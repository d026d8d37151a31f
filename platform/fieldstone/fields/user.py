"""A reference to a user."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from fieldstone.fields.filters import IS_ME, Operator
from fieldstone.fields.reference import ReferenceType


class UserType(ReferenceType):
    """A reference to the platform's entity `user`, which a filter can ask for as "me"."""

    name = "user"
    help = "A user."
    widget = "user"

    @functools.cached_property
    def targets(self) -> Mapping[str, str]:
        return {"user": self.key}

    def operators(self) -> tuple[Operator, ...]:
        return (IS_ME, *super().operators())
