"""The clauses of a decision, each with what it comes to and the values of its parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fieldstone.access.clauses import DENY, FIELD, GRANT, role_clauses
from fieldstone.access.decisions import Follows
from fieldstone.access.grants import ADMIN, following
from fieldstone.fields.value_forms import part_form
from fieldstone.model.model import Entity, Transition, Workflow
from fieldstone.records.batch import Batch, Item
from fieldstone.records.caller_rights import may_follow
from fieldstone.records.environment import environment
from fieldstone.records.explaining.case import Case
from fieldstone.records.explaining.explanation import FOLLOWS, GUARD, ExplainedClause, ExplainedPart
from fieldstone.records.explaining.shared import shared_clauses
from fieldstone.records.explaining.sight import Sight
from fieldstone.records.labels import field_label, text_of
from fieldstone.records.sentences import Teller
from fieldstone_rules import (
    Environment,
    EvaluationError,
    Expression,
    Purpose,
    Step,
    compile_closure,
    explain_parts,
)


def clauses_of(case: Case) -> list[ExplainedClause]:
    """What decides: grants and denials of the roles held; for a transition its own roles and its guard."""
    workflow, name = case.entity.workflow, case.question.transition
    if workflow is not None and name is not None:
        return _of_transition(case, workflow, workflow.transitions[name])
    return [*_of_roles(case, {GRANT, FIELD, DENY}), *_sharing(case), *_following(case)]


def _sharing(case: Case) -> Iterator[ExplainedClause]:
    """What lives inside another record is shared with that one."""
    inside = case.entity.parent is not None
    return shared_clauses(_around(case) if inside else case, inside=inside)


def _following(case: Case) -> Iterator[ExplainedClause]:
    """What a record about another one needs, whoever asks: the right to read that one."""
    about = case.entity.about
    if about is None:
        return
    label = field_label(about, case.context.principal.locale)
    asked = following(case.context.model, case.subject.access_key, case.entity.name, case.verb)
    verb = asked.verb if isinstance(asked, Follows) else "read"
    does = "change" if verb == "update" else verb
    words = f"{'You' if case.about_caller else 'The user'} may {does} the record in “{label}”"
    holds = None
    if case.judged is not None:
        record = case.judged.items[0].old
        holds = isinstance(asked, Follows) and may_follow(asked, case.judged.stored, record)
    yield ExplainedClause(None, None, FOLLOWS, about.name, words, holds)


def _of_roles(case: Case, effects: set[str]) -> list[ExplainedClause]:
    found = role_clauses(case.context.model, case.subject, case.entity.name, case.verb, case.narrowed_to)
    locale = case.context.principal.locale
    around = _around(case) if any(one.outside for one in found) else case
    return [
        _clause(
            around if one.outside else case,
            one.condition,
            ExplainedClause(one.role.name, text_of(one.role.label, locale), one.effect),
        )
        for one in found
        if one.effect in effects
    ]


def _around(case: Case) -> Case:
    """The same question about the outermost record around the one in question, whose rights decide."""
    for field, outside in case.context.model.ways_out(case.entity.name):
        case = _outside(case, field, case.context.model.entities[outside])
    return case


def _outside(case: Case, field: str, entity: Entity) -> Case:
    """The same question about the record to which a field of the one in question leads."""
    if case.judged is None or case.seen is None:
        return replace(case, entity=entity)
    ref = case.judged.items[0].old[field]
    record = dict(case.judged.stored.related(ref) or {})
    seen, judged = (
        Batch(context, case.connection, entity, [Item(0, ref.id, old=record)])
        for context in (case.context, case.subject_context)
    )
    return replace(case, entity=entity, seen=seen, judged=judged)


def _of_transition(case: Case, workflow: Workflow, transition: Transition) -> list[ExplainedClause]:
    """Its roles or, without any, who may update; what denies updates; and its guard on the state to come."""
    roles = transition.declaration.roles
    found = _of_roles(case, {DENY} if roles else {GRANT, DENY})
    found += [_holding(case, role) for role in roles]
    if transition.guard is not None:
        target = {workflow.field: transition.declaration.target}
        found.append(_clause(case, transition.guard.expression, ExplainedClause(None, None, GUARD), target))
    return found


def _holding(case: Case, role: str) -> ExplainedClause:
    label = text_of(case.context.model.roles[role].label, case.context.principal.locale)
    words = f"{'You hold' if case.about_caller else 'The user holds'} the role {label}"
    holds = role in case.subject.roles or ADMIN in case.subject.roles
    return ExplainedClause(role, label, GRANT, f'has_role("{role}")', words, holds)


def _clause(
    case: Case, condition: bool | Expression, clause: ExplainedClause, changes: dict[str, Any] | None = None
) -> ExplainedClause:
    """`clause` with the condition and its values in the record, with `changes` made to it."""
    if isinstance(condition, bool):
        written, words = str(condition).lower(), "Always" if condition else "Never"
        return replace(clause, expression=written, words=words, value=condition)
    told = replace(clause, expression=condition.source, words=_words(case, condition))
    if case.judged is None:
        return told
    record = case.judged.items[0].old
    facts = environment(case.subject_context, case.judged.related)
    facts.record, facts.old = record | (changes or {}), record
    sight = Sight(case)
    parts = tuple(_part(step, hidden=not sight.shows(step.node)) for step in explain_parts(condition, facts))
    if not sight.shows(condition.tree):
        return replace(told, hidden=True, parts=parts)
    return replace(told, value=_holds(condition, facts), parts=parts)


def _words(case: Case, condition: Expression) -> str:
    context = case.context
    source, locale = condition.source, context.principal.locale
    teller = Teller(context.model, case.entity, locale, source, you=case.about_caller)
    return teller.tell(condition.tree)


def _part(step: Step, *, hidden: bool) -> ExplainedPart:
    value = None if hidden else part_form(step.value)
    return ExplainedPart(step.source, step.line, step.column, value, hidden)


def _holds(condition: Expression, facts: Environment) -> bool:
    """What the condition comes to; where it has no value, as in every decision, it counts as unknown."""
    try:
        return bool(compile_closure(condition)(facts))
    except EvaluationError:
        return condition.scope.purpose is Purpose.DENY
