"""Who may do what and why, and what a changed role would change."""

from __future__ import annotations

from uuid import UUID

from fieldstone import records
from fieldstone.access.grants import ADMIN
from fieldstone.model.model import Entity
from fieldstone.records.labels import text_of
from fieldstone.what_if import Difference, Supposition, what_if, written_role
from fieldstone_ui.data.reader import context, locale


def may_explain_others() -> bool:
    """Whether the reader may ask what other people may do."""
    return records.OTHERS_VIEW in context().principal.capabilities


def explain(
    owner: Entity,
    identity: UUID,
    verb: str,
    *,
    field: str | None = None,
    transition: str | None = None,
    user: UUID | None = None,
) -> records.Explanation:
    """Whether somebody (the reader without `user`) may do something to a record, and why.

    Raises NotFound for a record, field or user that the reader cannot see, Forbidden about other people.
    """
    question = records.Question(verb, identity, field, transition, user)
    return records.explain(context(), owner.name, question)


def changeable_roles() -> dict[str, str]:
    """Name → label of the roles that can be changed, by label: all but the built-in administrator."""
    roles = {name: text_of(role.label, locale()) for name, role in context().model.roles.items()}
    return dict(sorted(((n, label) for n, label in roles.items() if n != ADMIN), key=lambda pair: pair[1]))


def role_document(name: str) -> str:
    """The whole document of a role in force. Raises NotFound, Forbidden."""
    return written_role(context(), name)


def suppose(documents: str, user: UUID | None, entity: str | None, most: int) -> Difference:
    """What would change if these roles were published. Raises what `what_if` raises."""
    return what_if(context(), Supposition(documents, user, entity, most))
