"""What can be used, what uses it, and how people name the former."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fieldstone_metadata.declarations import Application
from fieldstone_metadata.suggestions import did_you_mean

ENTITY, FIELD, OPTION, ROLE, FUNCTION, VIEW = "entity", "field", "option", "role", "function", "view"
MESSAGE = "message"


@dataclass(frozen=True)
class Element:
    """Something that can be used. kind: one of those above.

    path: `(entity,)`, `(entity, field)` (also a collection), `(entity, field, option)` (also a state),
    `(role,)`, `(file, function)`, `(view,)` or `(message,)`.
    """

    kind: str
    path: tuple[str, ...]

    def __str__(self) -> str:
        """As people write it: `opportunity.stage.won`."""
        return ".".join(self.path)


@dataclass(frozen=True, order=True)
class Use:
    """One place where an element is used.

    layer, path, line: where what uses it stands; in a rule file the very line, elsewhere where the field or
    the document begins. kind, name: what uses it (`view my_open_deals`). how: as what (`where`, `columns`).
    """

    layer: str
    path: str
    line: int
    kind: str
    name: str
    how: str

    def __str__(self) -> str:
        """`file:line: view my_open_deals (where)`."""
        return f"{self.path}:{self.line}: {self.kind} {self.name} ({self.how})"


class UnknownElement(LookupError):
    """There is no element so called. hint: one with a similar name, as a question, or None."""

    def __init__(self, name: str, hint: str | None) -> None:
        self.name = name
        self.hint = hint
        super().__init__(f"There is no entity, field, option, role, function, view or message `{name}`.")


def find_element(application: Application, name: str) -> Element:
    """The element that a text names.

    `account`, `account.name`, `opportunity.stage.won`, `sales_rep`, `sales.is_open`, `my_open_deals`. Where
    two have one name, an entity wins, then a role; `role sales` says which is meant. Raises UnknownElement.
    """
    kind, _, rest = name.strip().rpartition(" ")
    known = list(elements(application))
    for element in known:
        if str(element) == rest and kind.strip() in ("", element.kind):
            return element
    raise UnknownElement(name, did_you_mean(rest, [str(element) for element in known]))


def elements(application: Application) -> Iterator[Element]:
    """Every element of an application: entities, roles, what is in entities, functions, views, messages."""
    yield from (Element(ENTITY, (name,)) for name in application.entities)
    yield from (Element(ROLE, (name,)) for name in application.roles)
    for name, entity in application.entities.items():
        schema = application.schema.entity(name)
        names = [*schema.fields, *schema.inverses] if schema is not None else list(entity.fields)
        yield from (Element(FIELD, (name, field)) for field in names)
        for field in entity.fields.values():
            yield from (Element(OPTION, (name, field.name, option.value)) for option in field.choices)
    for workflow in application.workflows.values():
        place = (workflow.entity, workflow.field)
        yield from (Element(OPTION, (*place, state)) for state in workflow.states)
    for name, file in application.rules.items():
        yield from (Element(FUNCTION, (name, function.name)) for function in file.functions)
    yield from (Element(VIEW, (name,)) for name in application.views)
    yield from (Element(MESSAGE, (name,)) for name in application.messages)
