"""What a rule file declares, checked: the typed form that the platform runs.

Every expression has been checked against the metadata; every name means something. `line` is where an element
begins in its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from fieldstone_rules.expression import Expression
from fieldstone_rules.tree import Collection
from fieldstone_rules.types import Type


class Moment(StrEnum):
    """When a trigger runs: before the record is written, after it, or as a job after the commit."""

    BEFORE = "before"
    AFTER = "after"
    COMMIT = "after commit"


class Event(StrEnum):
    """What a trigger waits for. A save is a create or an update; a transition is an update too."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    SAVE = "save"
    TRANSITION = "transition"


@dataclass(frozen=True)
class Occasion:
    """An event of a trigger; transition: the one that is meant, None for any."""

    event: Event
    transition: str | None = None


# ---- statements


@dataclass(frozen=True, eq=False)
class Statement:
    """A step of a rule."""

    line: int


@dataclass(frozen=True, eq=False)
class Assign(Statement):
    """`set field = value`, or `set path.field = value` on the record that `record` names."""

    entity: str
    record: Expression | None
    field: str
    value: Expression


@dataclass(frozen=True, eq=False)
class Create(Statement):
    """`create entity { field: value }`."""

    entity: str
    values: Mapping[str, Expression]


@dataclass(frozen=True, eq=False)
class Let(Statement):
    """`let name = value`, or `let name = create …`."""

    name: str
    value: Expression | Create


@dataclass(frozen=True, eq=False)
class If(Statement):
    """`if condition { then } else { otherwise }`."""

    condition: Expression
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...]


@dataclass(frozen=True, eq=False)
class For(Statement):
    """`for name in collection { body }`; the collection carries its `where` and `order by`."""

    name: str
    collection: Collection
    expression: Expression
    body: tuple[Statement, ...]


@dataclass(frozen=True, eq=False)
class Update(Statement):
    """`update record { field: value }`."""

    entity: str
    record: Expression
    values: Mapping[str, Expression]


@dataclass(frozen=True, eq=False)
class Delete(Statement):
    """`delete record`."""

    entity: str
    record: Expression


@dataclass(frozen=True, eq=False)
class Do(Statement):
    """`do action(name: value)`. names: the arguments that are names of things, such as a transition's."""

    action: str
    arguments: Mapping[str, Expression]
    names: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Fail(Statement):
    """`fail "message" at field`."""

    message: Expression
    field: str | None


# ---- declarations


@dataclass(frozen=True, eq=False)
class Function:
    """`function name(parameter: type) = body`."""

    name: str
    line: int
    parameters: Mapping[str, Type]
    body: Expression


@dataclass(frozen=True, eq=False)
class Check:
    """One condition of a validation with its message and the field it is shown at."""

    line: int
    condition: Expression
    message: Expression
    field: str | None


@dataclass(frozen=True, eq=False)
class Validation:
    """`validation name on entity { when … check … }`."""

    name: str
    line: int
    entity: str
    when: Expression | None
    checks: tuple[Check, ...]

    @property
    def collections(self) -> bool:
        """Whether it reads collections, and so runs after the write and sees the whole batch."""
        parts = [part for check in self.checks for part in (check.condition, check.message)]
        return any(part.collections for part in [*parts, *([self.when] if self.when else [])])


@dataclass(frozen=True, eq=False)
class Trigger:
    """`trigger name on entity before … { when … statements }`; as_user: it has the caller's rights only."""

    name: str
    line: int
    entity: str
    moment: Moment
    occasions: tuple[Occasion, ...]
    order: int | None
    as_user: bool
    when: Expression | None
    statements: tuple[Statement, ...]


@dataclass(frozen=True, eq=False)
class Schedule:
    """`schedule name on entity at "cron" { … }`."""

    name: str
    line: int
    entity: str
    cron: str
    as_user: bool
    when: Expression | None
    limit: int | None
    statements: tuple[Statement, ...]


@dataclass(frozen=True, eq=False)
class Pool:
    """`queue("name")` or `round_robin("name")`: who gets a record is decided when it is assigned."""

    way: str
    name: str


@dataclass(frozen=True, eq=False)
class Assignment:
    """`assignment name on entity { when … -> … }`; the first condition that holds decides."""

    name: str
    line: int
    entity: str
    cases: tuple[tuple[Expression, Expression | Pool], ...]
    otherwise: Expression | Pool | None


@dataclass(frozen=True, eq=False)
class Score:
    """`score name on entity { when … -> points }`."""

    name: str
    line: int
    entity: str
    cases: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True, eq=False)
class Sla:
    """`sla name on entity { … }`. warnings: share of the target in percent → what is done then."""

    name: str
    line: int
    entity: str
    start: Expression | None = None
    pause: Expression | None = None
    stop: Expression | None = None
    target: Expression | None = None
    calendar: Expression | None = None
    warnings: tuple[tuple[Decimal, tuple[Statement, ...]], ...] = ()
    breach: tuple[Statement, ...] = ()


@dataclass(frozen=True, eq=False)
class Expect(Statement):
    """`expect condition`, in a test."""

    condition: Expression


@dataclass(frozen=True, eq=False)
class Refuse(Statement):
    """`refuse statement`, in a test: the statement must fail. source: its text."""

    statement: Statement
    source: str


@dataclass(frozen=True, eq=False)
class Given(Statement):
    """`given name = value`, in a test: prepared with the rights of the system."""

    let: Let


@dataclass(frozen=True, eq=False)
class Test:
    """`test "name" as role at moment { … }`."""

    __test__ = False  # pytest takes classes of this name for its own

    name: str
    line: int
    role: str | None
    at: Expression | None
    statements: tuple[Statement, ...]


Declaration = Function | Validation | Trigger | Schedule | Assignment | Score | Sla | Test


@dataclass(frozen=True, eq=False)
class RuleFile:
    """All that one rule file declares, in its order."""

    name: str
    source: str
    declarations: tuple[Declaration, ...] = field(default=())

    @property
    def functions(self) -> tuple[Function, ...]:
        """The functions of the file."""
        return tuple(found for found in self.declarations if isinstance(found, Function))

    @property
    def validations(self) -> tuple[Validation, ...]:
        """The validations of the file."""
        return tuple(found for found in self.declarations if isinstance(found, Validation))

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """The triggers of the file."""
        return tuple(found for found in self.declarations if isinstance(found, Trigger))

    @property
    def tests(self) -> tuple[Test, ...]:
        """The tests of the file."""
        return tuple(found for found in self.declarations if isinstance(found, Test))
