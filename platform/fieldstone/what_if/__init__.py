"""What if a role were changed: which records its holders would gain and lose. Nothing is written."""

from fieldstone.what_if.answers import (
    Changed,
    Create,
    Difference,
    EntityDifference,
    Held,
    Side,
    UserDifference,
)
from fieldstone.what_if.asking import MOST_ENTITIES, MOST_RECORDS, MOST_USERS, Supposition, what_if
from fieldstone.what_if.written import written_role

__all__ = [
    "MOST_ENTITIES",
    "MOST_RECORDS",
    "MOST_USERS",
    "Changed",
    "Create",
    "Difference",
    "EntityDifference",
    "Held",
    "Side",
    "Supposition",
    "UserDifference",
    "what_if",
    "written_role",
]
