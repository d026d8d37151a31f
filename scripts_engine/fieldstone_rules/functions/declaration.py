"""How a function is declared: once, with everything that checker, evaluators, editor and documentation
need.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from fieldstone_rules.types import Kind, Type, simple

if TYPE_CHECKING:
    pass

Kinds = frozenset[Kind]
Result = Type | Callable[[Sequence[Type]], Type]

NUMBER: Kinds = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.PERCENT})
AMOUNT: Kinds = NUMBER | {Kind.MONEY}
WHOLE: Kinds = frozenset({Kind.INTEGER})
MONEY: Kinds = frozenset({Kind.MONEY})
TEXT: Kinds = frozenset({Kind.TEXT, Kind.CHOICE})
DAY: Kinds = frozenset({Kind.DATE})
MOMENT: Kinds = frozenset({Kind.DATETIME})
CLOCK: Kinds = frozenset({Kind.TIME})
SPAN: Kinds = frozenset({Kind.DURATION})
LIST: Kinds = frozenset({Kind.LIST})
COMPARABLE: Kinds = AMOUNT | TEXT | DAY | MOMENT | CLOCK | SPAN

INTEGER = simple(Kind.INTEGER)
DECIMAL = simple(Kind.DECIMAL)
STRING = simple(Kind.TEXT)
BOOLEAN = simple(Kind.BOOLEAN)
DATE = simple(Kind.DATE)
DATETIME = simple(Kind.DATETIME)
TIME = simple(Kind.TIME)
DURATION = simple(Kind.DURATION)


class Constants(Protocol):
    """The request's constants as SQL: the clock, the zone. SQL forms that need one take this first."""

    @property
    def now(self) -> Any:
        """`now()`, a timestamp with time zone."""

    @property
    def today(self) -> Any:
        """`today()`, a date."""

    @property
    def zone(self) -> Any:
        """The name of the organisation's time zone."""


@dataclass(frozen=True)
class Form:
    """One way to call a function.

    takes: the kinds that each argument may have; required: how many must be given; rest: the last repeats.
    gives: the type of the value, or a function of the argument types. nullable: null may come out of no null.
    python: the value of the arguments, which are never null unless `lenient`; raises OutOfRange.
    sql: the same on SQLAlchemy expressions; None when there is no SQL form.
    context: `python` takes the Environment first, and `sql` the Constants.
    constants: argument position → the texts it may be; such an argument is written out, never computed.
    literals: argument positions that must be written out as '…' texts.
    repeats: how often the SQL form mentions its arguments, to bound what nesting can make of it.
    """

    takes: tuple[Kinds, ...]
    gives: Result
    python: Callable[..., Any]
    sql: Callable[..., Any] | None = None
    required: int | None = None
    rest: bool = False
    nullable: bool = False
    context: bool = False
    lenient: bool = False
    constants: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    literals: frozenset[int] = frozenset()
    repeats: int = 1

    @property
    def fewest(self) -> int:
        """How many arguments there must be at least."""
        return len(self.takes) if self.required is None else self.required

    def accepts_count(self, count: int) -> bool:
        """Whether it can be called with that many arguments."""
        return self.fewest <= count and (self.rest or count <= len(self.takes))

    def kinds_of(self, position: int) -> Kinds:
        """What the argument at a position may be."""
        return self.takes[min(position, len(self.takes) - 1)]

    def accepts(self, types: Sequence[Type]) -> bool:
        """Whether the arguments fit. A bare `null` fits everywhere."""
        if not self.accepts_count(len(types)):
            return False
        return all(
            type_.kind is Kind.NULL or type_.kind in self.kinds_of(position)
            for position, type_ in enumerate(types)
        )

    def result(self, types: Sequence[Type]) -> Type:
        """The type of the value for arguments of these types."""
        given = self.gives if isinstance(self.gives, Type) else self.gives(types)
        nullable = self.nullable or (not self.lenient and any(type_.nullable for type_ in types))
        return given.optional() if nullable else given.required()


@dataclass(frozen=True)
class FunctionDeclaration:
    """A function of the language.

    parameters: names for help, `?` behind one that may be left out, `…` behind one that repeats.
    example: an expression and its value, as expressions; run as a test.
    pure: the same arguments always give the same value. cost: steps that one call counts for.
    operator: it is written as a sign between its arguments, not as a call.
    """

    name: str
    parameters: tuple[str, ...]
    forms: tuple[Form, ...]
    help: str
    example: tuple[str, str]
    pure: bool = True
    cost: int = 1
    operator: bool = False

    @property
    def null_rule(self) -> str:
        """What null arguments do, as a sentence for the reference."""
        if any(form.lenient for form in self.forms):
            return "Null arguments are treated as described."
        return "Null if any argument is null."


def same_as_first(types: Sequence[Type]) -> Type:
    """The type of the first argument that is not a bare null."""
    return next((type_ for type_ in types if type_.kind is not Kind.NULL), types[0])


def widest_number(types: Sequence[Type]) -> Type:
    """Money if any is money, integer if all are integers, otherwise decimal."""
    kinds = {type_.kind for type_ in types if type_.kind is not Kind.NULL}
    if Kind.MONEY in kinds:
        return simple(Kind.MONEY)
    return simple(Kind.INTEGER) if kinds <= {Kind.INTEGER} else simple(Kind.DECIMAL)
