"""Who may do what to a record, and why: the decision, the clauses of all roles, and the values behind them.

A value is shown to whoever may read every field behind it, so an explanation tells nobody more than the
record itself does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from fieldstone.access.clauses import DENY, FIELD, GRANT
from fieldstone.access.grants import access
from fieldstone.access.sharing import is_shareable
from fieldstone.context import Context
from fieldstone.records.batch import find_entity
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.explaining.case import (
    OTHERS_VIEW,
    Case,
    check_question,
    make_case,
    require_others_view,
)
from fieldstone.records.explaining.clauses import clauses_of
from fieldstone.records.explaining.explanation import (
    FOLLOWS,
    SHARE,
    ExplainedClause,
    ExplainedPart,
    Explanation,
    HeldRole,
    Question,
)
from fieldstone.records.explaining.holding import held_roles
from fieldstone.records.explaining.shared import NOT_SHAREABLE, may_be_shared
from fieldstone.records.history import add_titles
from fieldstone.records.reasons import needed
from fieldstone.records.sentences import continued
from fieldstone.records.state_changes import possible
from fieldstone.records.transitions import transition_state

__all__ = [
    "OTHERS_VIEW",
    "ExplainedClause",
    "ExplainedPart",
    "Explanation",
    "HeldRole",
    "Question",
    "explain",
    "require_others_view",
]


def explain(context: Context, entity: str, question: Question) -> Explanation:
    """Whether somebody may do something to a record, by which roles and clauses, and with which values.

    Raises:
        Malformed: the question makes no sense.
        NotFound: there is no such entity, record, field, transition or user for the caller.
        Forbidden: it is about another user, and the caller lacks the capability `explain`.
    """
    found = find_entity(context, entity)
    subject = check_question(context, found, question)
    with context.database.read() as connection:
        return _explained(make_case(context, connection, found, question, subject))


def _explained(case: Case) -> Explanation:
    question, subject = case.question, case.subject
    clauses = clauses_of(case)
    allowed, reason = _decided(case, clauses)
    user = {"id": str(subject.user), "entity": "user"}
    held = held_roles(case, clauses)
    holders = [one.given_to for one in held if one.given_to is not None]
    add_titles(case.context, case.connection, [user, *holders, *_references(clauses)])
    return Explanation(
        entity=case.entity.name,
        verb=question.verb,
        user=user,
        allowed=allowed,
        reason=reason,
        id=question.id,
        field=question.field,
        transition=question.transition,
        roles=_granting(clauses) if allowed else (),
        clauses=tuple(clauses),
        held=tuple(held),
    )


def _granting(clauses: Sequence[ExplainedClause]) -> tuple[str, ...]:
    """The roles of which every clause that gives holds."""
    roles = dict.fromkeys(clause.role for clause in clauses if clause.effect == GRANT and clause.role)
    narrowing = [clause for clause in clauses if clause.effect in {GRANT, FIELD}]
    return tuple(role for role in roles if all(c.value is True for c in narrowing if c.role == role))


def _references(clauses: Iterable[ExplainedClause]) -> list[dict[str, Any]]:
    """The references among the values, to be completed in place."""
    values = [part.value for clause in clauses for part in clause.parts]
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return [value for value in flat if isinstance(value, dict) and value.keys() == {"id", "entity", "title"}]


def _decided(case: Case, clauses: Sequence[ExplainedClause]) -> tuple[bool | None, str | None]:
    """Whether it is allowed, as every save and every list decides, and why not."""
    if case.question.transition is not None:
        return _decided_transition(case, case.question.transition)
    allowed = _allowed(case, case.subject_context)
    if allowed is not False:
        return allowed, None
    if case.subject.limits is not None and _allowed(case, _without_token(case)) is not False:
        return False, "The token in use leaves it out."
    if case.verb == SHARE and not is_shareable(case.context.model, case.entity.name):
        return False, NOT_SHAREABLE
    denied = next((clause for clause in clauses if clause.effect == DENY and clause.value), None)
    if denied is not None:
        return False, f"The role {denied.label} denies it: {denied.words}."
    followed = next((clause for clause in clauses if clause.effect == FOLLOWS), None)
    if followed is not None and followed.value is False:
        return False, f"Not so: {continued(followed.words)}."
    told = needed(case.subject_context, case.entity, case.verb, case.narrowed_to, you=case.about_caller)
    return False, told


def _without_token(case: Case) -> Context:
    return replace(case.context, principal=replace(case.subject, limits=None))


def _allowed(case: Case, context: Context) -> bool | None:
    if case.verb == SHARE:
        return may_be_shared(case, context)
    if case.judged is None:
        return _always(case, context)
    judged, verb, rights = case.judged, case.verb, CallerRights(context, case.entity)
    record, name = judged.items[0].old, case.narrowed_to
    return rights.may(verb, judged.stored, record) and (
        name is None or rights.may_field(verb, name, judged.stored, record)
    )


def _always(case: Case, context: Context) -> bool | None:
    """The answer if it is the same for all records."""
    granted, name = access(context.model, context.principal, case.entity.name), case.narrowed_to
    answers = [getattr(granted, case.verb).constant]
    if name is not None:
        answers.append(getattr(granted, f"field_{case.verb}")(name).constant)
    return False if False in answers else None if None in answers else True


def _decided_transition(case: Case, name: str) -> tuple[bool | None, str | None]:
    workflow, judged = case.entity.workflow, case.judged
    if workflow is None or judged is None:
        return None, None
    item, transition = judged.items[0], workflow.transitions[name]
    state = item.old[workflow.field]
    if state not in transition.declaration.sources:
        return False, possible(case.entity, state, case.context.principal.locale)
    told = transition_state(judged, item, workflow, transition)
    return told.allowed, " ".join(told.reasons) or None
