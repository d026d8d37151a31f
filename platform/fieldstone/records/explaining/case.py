"""A question about rights with everything needed to answer it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import sqlalchemy as sa

from fieldstone.access.grants import access
from fieldstone.access.principals import principal_for_user
from fieldstone.context import Context, Principal
from fieldstone.errors import Forbidden, Malformed, NotAuthenticated, NotFound
from fieldstone.model.model import Entity
from fieldstone.records.batch import Batch, Item
from fieldstone.records.explaining.explanation import CREATE, TRANSITION, VERBS, Question
from fieldstone.records.peeking import peek
from fieldstone.records.shape import ASSIGNED

OTHERS_VIEW = "explain"
"""The capability to ask about other users."""


@dataclass(frozen=True)
class Case:
    """A question with everything needed to answer it.

    seen: the record as the caller sees it; judged: as the one who is asked about does; both None where no
    record was named.
    """

    context: Context
    connection: sa.Connection
    entity: Entity
    question: Question
    subject: Principal
    seen: Batch | None
    judged: Batch | None

    @property
    def subject_context(self) -> Context:
        """The context in which the one who is asked about would act."""
        return replace(self.context, principal=self.subject)

    @property
    def about_caller(self) -> bool:
        """Whether somebody asks about himself."""
        return self.subject.user == self.context.principal.user

    @property
    def verb(self) -> str:
        """The verb that roles grant: giving a record to somebody else is one of its own."""
        question = self.question
        if question.verb == TRANSITION:
            return "update"
        return "assign" if question.verb == "update" and question.field in ASSIGNED else question.verb

    @property
    def narrowed_to(self) -> str | None:
        """The field whose own rights count; whoever may assign a record needs none on its owner."""
        return None if self.verb == "assign" else self.question.field


def check_question(context: Context, entity: Entity, question: Question) -> Principal:
    """Whom a question is about.

    Raises Malformed if it makes no sense, NotFound for an unknown transition or user, and Forbidden if it is
    about another user and the caller lacks the capability `explain`.
    """
    _check_members(question)
    _check_transition(entity, question)
    return _subject(context, question)


def _check_members(question: Question) -> None:
    if question.verb not in VERBS:
        raise Malformed(f"`verb` is one of {', '.join(VERBS)}.", code="unknown_verb")
    if (question.verb == TRANSITION) != (question.transition is not None):
        raise Malformed(
            "`transition` names the transition that the verb `transition` is about.", code="bad_question"
        )
    if question.verb == CREATE and question.id is not None:
        raise Malformed("A record that is there cannot be created: leave out `id`.", code="bad_question")
    if question.field is not None and question.verb not in {"read", CREATE, "update"}:
        raise Malformed(
            f"A field is read, created or updated; `{question.verb}` is about records.", code="bad_question"
        )


def _check_transition(entity: Entity, question: Question) -> None:
    if question.transition is not None and (
        entity.workflow is None or question.transition not in entity.workflow.transitions
    ):
        raise NotFound(
            f"{entity.name} has no transition “{question.transition[:80]}”.", code="unknown_transition"
        )


def _subject(context: Context, question: Question) -> Principal:
    principal = context.principal
    if question.user is None or question.user == principal.user:
        return principal
    require_others_view(context)
    try:
        return principal_for_user(context.database, context.model, question.user)
    except NotAuthenticated:
        raise NotFound(f"There is no active user {question.user}.", code="unknown_user") from None


def require_others_view(context: Context) -> None:
    """Raise Forbidden if the caller may not ask what other users may do."""
    if OTHERS_VIEW not in context.principal.capabilities:
        reason = "It needs the capability `explain`."
        raise Forbidden(f"You may not ask what other users may do. {reason}", details={"reason": reason})


def make_case(
    context: Context, connection: sa.Connection, entity: Entity, question: Question, subject: Principal
) -> Case:
    """The question with the record it is about.

    Raises NotFound if the caller may not see that record, or knows no such field.
    """
    seen = judged = None
    if question.id is not None:
        seen = peek(context, connection, entity, question.id)
        item = Item(0, question.id, old=seen.items[0].old)
        judged = Batch(replace(context, principal=subject), connection, entity, [item])
    case = Case(context, connection, entity, question, subject, seen, judged)
    if question.field is not None:
        _require_field(case, question.field)
    return case


def _require_field(case: Case, name: str) -> None:
    granted = access(case.context.model, case.context.principal, case.entity.name)
    if case.entity.field(name) is None or granted.field_read(name).constant is False:
        raise NotFound(
            f"{case.entity.name} has no field “{name[:80]}” that you may see.", code="unknown_field"
        )
