"""What a role may read although it may not read what that is made from: formulas, titles, notifications.

They are computed with the system's rights (rules.md, "Whose rights"), so each tells the role something of its
sources. Which records a role may read is not compared, only which fields and entities it can read at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fieldstone_metadata import declarations as d
from fieldstone_metadata.kinds.role import ADMIN
from fieldstone_metadata.nodes import Node
from fieldstone_metadata.workspace import Workspace
from fieldstone_rules import Expression
from fieldstone_rules.rule_files import parts
from fieldstone_rules.rule_files.actions import MESSAGE, NOTIFY
from fieldstone_rules.rule_files.declarations import Do
from fieldstone_rules.schema import BASE_SUFFIX
from fieldstone_rules.tree import USER, About, Binding, Collection, Field, children
from fieldstone_rules.tree import Node as TreeNode

_ALWAYS_READABLE = frozenset({"id", "version", "title"})
"""Fields of the platform that whoever may read a record can read."""

_FOR_EVERYBODY = frozenset({"comment", "notification"})
"""Core entities of which everybody reads what concerns them."""

_PRIVATE_DATA = "private_data"
"""The capability without which nobody reads fields with `private: true`."""

_NOTHING = d.FieldGrant()
_NO_GRANT = d.EntityGrant()

Source = tuple[str, str]
"""Entity and field."""


@dataclass(frozen=True)
class _Shown:
    """Something that is made from fields and shown to whoever may read a record, or one field of it.

    what: for people. entity, field: what has to be readable. sources: what it is made from. mend: what to do.
    """

    what: str
    entity: str
    field: str
    sources: frozenset[Source]
    mend: str


def warn_of_unread_sources(application: d.Application, workspace: Workspace) -> None:
    """Warns of everything that a role may read, but not what it is made from; at the role's grant.

    What a role inherits together with its sources from another is told of that other one only.
    """
    shown: dict[str, list[_Shown]] = {}
    for one in (*_formulas(application), *_titles(application), *_notifications(application)):
        shown.setdefault(one.entity, []).append(one)
    ground = _Ground(application)
    sights = {name: _Sight(ground, role) for name, role in application.roles.items()}
    for role in application.roles.values():
        if ADMIN in (role.name, *role.inherits):
            continue
        sight, told = sights[role.name], [sights[name] for name in role.inherits]
        for one in (one for entity in sorted(sight.entities()) for one in shown.get(entity, ())):
            hidden = sight.hidden(one)
            if hidden and not any(ancestor.hidden(one) for ancestor in told):
                place = _place(workspace.of_kind("role")[role.name].root, one.entity)
                names = ", ".join(f"`{name}`" for name in hidden)
                message = f"`{role.name}` may read {one.what}, but not {names}, from which it is made"
                workspace.report.warning_at_key(place, "unread_source", message, one.mend)


def _place(role: Node, entity: str) -> Node:
    """The grant on an entity, or the name of a role that inherits it."""
    grants = role.get("entities")
    return (grants.get(entity) if grants is not None else None) or role.value["name"]


class _Ground:
    """What all roles are looked at with: gathered once, because the fields of an application are many.

    outside: entity → the entity of the records that its own live inside. inside: the other way round.
    """

    def __init__(self, application: d.Application) -> None:
        self.roles = application.roles
        self.private = _private(application)
        self.outside: dict[str, str] = {}
        self.inside: dict[str, list[str]] = {}
        for entity in application.entities.values():
            if entity.parent is not None and entity.parent.target is not None:
                around = entity.parent.target.entities[0]
                self.outside[entity.name] = around
                self.inside.setdefault(around, []).append(entity.name)


class _Sight:
    """What somebody with one role, and those that it inherits, can read at all."""

    def __init__(self, ground: _Ground, role: d.Role) -> None:
        self._outside, self._inside = ground.outside, ground.inside
        self._roles = [role, *(ground.roles[name] for name in role.inherits)]
        self._concealed = frozenset() if self._sees_private_data() else ground.private

    def entities(self) -> set[str]:
        """The entities of which it may be able to read anything; of all others it reads nothing."""
        granted = {name for role in self._roles for name in role.entities}
        inside = (name for entity in granted for name in self._inside.get(entity, ()))
        return granted | _FOR_EVERYBODY | set(inside)

    def hidden(self, shown: _Shown) -> list[str]:
        """What is hidden of the sources of something that is shown: fields, or whole entities by name."""
        if not self._may_read(shown.entity, shown.field):
            return []
        hidden = {
            f"{entity}.{field}" if self._may_read(entity, "id") else entity
            for entity, field in shown.sources
            if not self._may_read(entity, field)
        }
        return sorted(hidden)

    def _may_read(self, entity: str, field: str) -> bool:
        if (entity, field) in self._concealed:
            return False
        if entity in _FOR_EVERYBODY:
            return True
        if entity in self._outside:
            return self._may_read_inside(entity, field)
        grants = [role.entities[entity] for role in self._roles if entity in role.entities]
        if any(grant.deny.get("read") is True for grant in grants):
            return False
        return any(grant.read is not False and _is_open(grant, field) for grant in grants)

    def _sees_private_data(self) -> bool:
        return any(_PRIVATE_DATA in role.capabilities for role in self._roles)

    def _may_read_inside(self, entity: str, field: str) -> bool:
        """What lives inside other records is read with those, but for fields that the same role hides."""
        outside = self._outside[entity]
        while outside in self._outside:
            outside = self._outside[outside]
        if not self._may_read(outside, "id"):
            return False
        granting = [r for r in self._roles if r.entities.get(outside, _NO_GRANT).read is not False]
        return any(_is_open(role.entities.get(entity, _NO_GRANT), field) for role in granting)


def _private(application: d.Application) -> frozenset[Source]:
    """The fields of personal data."""
    return frozenset(
        (entity.name, field.name)
        for entity in application.entities.values()
        for field in entity.fields.values()
        if field.private
    )


def _is_open(grant: d.EntityGrant, field: str) -> bool:
    return field in _ALWAYS_READABLE or grant.fields.get(field, _NOTHING).read is not False


# ---- what is shown


def _formulas(application: d.Application) -> Iterator[_Shown]:
    for entity in application.entities.values():
        for field in entity.fields.values():
            if field.formula is not None:
                what = f"the formula `{entity.name}.{field.name}`"
                mend = f"refuse it as well (`fields: {{{field.name}: {{read: false}}}}`), or grant both"
                sources = frozenset(_sources(field.formula, asking=True))
                yield _Shown(what, entity.name, field.name, sources, mend)


def _titles(application: d.Application) -> Iterator[_Shown]:
    for entity in application.entities.values():
        mend = f"take it out of the `title` of `{entity.name}`{_written(entity.origin)}, or grant it"
        sources = frozenset(_sources(entity.title, asking=True))
        yield _Shown(f"the title of `{entity.name}`", entity.name, "id", sources, mend)


def _notifications(application: d.Application) -> Iterator[_Shown]:
    """What rules tell people about a record: those who may read the record are thought to be told."""
    for name, file in application.rules.items():
        path = application.rule_origins[name].path
        for declaration in file.declarations:
            entity = getattr(declaration, "entity", None)
            if not isinstance(entity, str):
                continue
            for part in parts(declaration):
                if isinstance(part, Do) and part.action == NOTIFY:
                    mend = f"take it out of what is told in {path}:{part.line}, or grant it"
                    sources = frozenset(_told(application, part))
                    what = f"a notification of `{name}.{declaration.name}`"
                    yield _Shown(what, entity, "id", sources, mend)


def _told(application: d.Application, statement: Do) -> Iterator[Source]:
    message = application.messages.get(statement.names.get(MESSAGE, ""))
    texts = [statement.arguments.get("text")]
    texts += [message.subject, message.body] if message is not None else []
    for text in texts:
        if text is not None:
            yield from _sources(text, asking=False)


def _written(origin: d.Origin | None) -> str:
    return f" ({origin.path}:{origin.line})" if origin is not None else ""


# ---- what it is made from


def _sources(expression: Expression, *, asking: bool) -> Iterator[Source]:
    """The fields that an expression reads itself; a formula that it reads stands for what that reads.

    asking: the acting user is the reader, who may know everything about themselves.
    """
    waiting = [expression.tree]
    while waiting:
        node = waiting.pop()
        yield from _read(node, asking=asking)
        waiting += [node.of] if isinstance(node, About) else children(node)


def _read(node: TreeNode, *, asking: bool) -> Iterator[Source]:
    if isinstance(node, Field | About):
        own = isinstance(node.of, Binding) and node.of.name == USER
        if not (own and asking):
            yield node.entity, node.name.removesuffix(BASE_SUFFIX)
    elif isinstance(node, Collection):
        yield node.source.entity, node.source.inverse_field or "id"
        if node.source.owner is not None and node.source.name is not None:
            yield node.source.owner, node.source.name
        if node.source.through is not None:
            yield node.source.through.entity, node.source.through.far
