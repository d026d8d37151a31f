"""Who acts, on which model, when: the explicit argument of everything that touches records."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from fieldstone.model.model import Model

if TYPE_CHECKING:
    from fieldstone.database.database import Database


@dataclass(frozen=True)
class TokenLimits:
    """What a token is narrowed to: entity names and verbs (None: no limit)."""

    entities: frozenset[str] | None = None
    verbs: frozenset[str] | None = None


@dataclass(frozen=True)
class Principal:
    """The acting user with everything that decides about rights.

    roles: held directly, through teams and by inheritance. teams: own teams and all below them, the first one
    the user's first team. capabilities: of all roles. limits: of the token in use, if any. teams_above: those
    above the own ones: what is shared with a team is shared with all below it. kept: what others work out of
    a principal once, who is the same object for all requests until rights change.
    """

    user: UUID
    name: str
    email: str
    roles: frozenset[str] = frozenset()
    teams: tuple[UUID, ...] = ()
    capabilities: frozenset[str] = frozenset()
    locale: str = "en"
    timezone: str | None = None
    limits: TokenLimits | None = None
    teams_above: tuple[UUID, ...] = ()
    kept: dict[str, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def receivers(self) -> tuple[UUID, ...]:
        """Users and teams: what is shared with any of them is shared with this user."""
        return (self.user, *self.teams, *self.teams_above)

    @cached_property
    def name_in_logs(self) -> str:
        """What the access log calls the user: nothing personal."""
        return str(self.user)

    @cached_property
    def access_key(self) -> tuple[frozenset[str], TokenLimits | None]:
        """Users with equal keys share compiled permissions and statements."""
        return self.roles, self.limits


@dataclass(frozen=True)
class Context:
    """One request, job or command.

    source: how it came in: "api", "page", "import", "command", "rule" or "system"; the history keeps it.
    acting: the caller, where a rule works in its name with the rights of the system.
    accepts_duplicates: the caller knows of records that count as the same, and saves another all the same.
    operation: of which everything done here is a part, if any: see `records.operations`.
    now: frozen for everything done in this context (aware, UTC).
    """

    model: Model
    database: Database
    principal: Principal
    now: datetime
    source: str = "api"
    note: str | None = None
    request_id: str = field(default="")
    acting: Principal | None = None
    operation: UUID | None = None
    accepts_duplicates: bool = False

    def with_source(self, source: str, note: str | None = None) -> Context:
        """The same context, as another source of changes."""
        return replace(self, source=source, note=note)
