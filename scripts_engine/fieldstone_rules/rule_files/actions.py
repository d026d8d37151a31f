"""What `do` can do: each action is declared once, with its parameters, as functions are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fieldstone_rules.types import Kind, Type, reference, simple

TRANSITION = "transition"
ASSIGN = "assign"
NOTIFY = "notify"
MESSAGE = "message"


@dataclass(frozen=True)
class Parameter:
    """A parameter of an action. type: of its value; named: what it is the name of instead of a value."""

    type: Type | None = None
    named: str | None = None
    required: bool = True


@dataclass(frozen=True)
class Action:
    """An action: its parameters in their order, and what it does."""

    name: str
    parameters: Mapping[str, Parameter]
    help: str

    @property
    def signature(self) -> str:
        """How it is called, for people."""
        shown = [name if parameter.required else f"[{name}]" for name, parameter in self.parameters.items()]
        return f"do {self.name}({', '.join(f'{name}: …' for name in shown)})"


_TEXT = Parameter(simple(Kind.TEXT))
_MAYBE_TEXT = Parameter(simple(Kind.TEXT), required=False)
_RECORD = Parameter(reference())
_MAYBE_MESSAGE = Parameter(named=MESSAGE, required=False)
_SOMEBODY = Parameter(reference("user", "team"))

_ALL = (
    Action(TRANSITION, {"record": _RECORD, "name": Parameter(named=TRANSITION)}, "Takes a transition."),
    Action("log", {"text": _TEXT}, "Writes a line into the log of the platform."),
    Action(
        NOTIFY,
        {"user": Parameter(reference("user")), "text": _MAYBE_TEXT, "message": _MAYBE_MESSAGE},
        "Shows a notification to a user.",
    ),
    Action("email", {"to": _TEXT, "message": Parameter(named=MESSAGE)}, "Sends an e-mail."),
    Action("webhook", {"url": _TEXT}, "Sends the record to an address."),
    Action(
        "share",
        {
            "record": _RECORD,
            "with": _SOMEBODY,
            "update": Parameter(simple(Kind.BOOLEAN), required=False),
            "until": Parameter(simple(Kind.DATETIME), required=False),
        },
        "Opens a record to a user or team for reading, or with `update: true` for changing it too.",
    ),
    Action(
        ASSIGN,
        {"record": _RECORD, "to": _SOMEBODY},
        "Makes a user the owner of a record, or gives it to a team.",
    ),
)

ACTIONS: Mapping[str, Action] = MappingProxyType({action.name: action for action in _ALL})
"""Name → action."""
