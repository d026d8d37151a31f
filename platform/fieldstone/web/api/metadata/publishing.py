"""Check, plan and apply: the caller's draft, or documents that are sent along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint, Response

from fieldstone.context import Context
from fieldstone.drafts import propose_draft, publish_draft
from fieldstone.publication.apply import Applied, NotAccepted, Proposal, propose
from fieldstone.publication.upgrades import UpgradeConflicts
from fieldstone.rule_tests.upgrades import publish_tested
from fieldstone.web import bodies
from fieldstone.web.api.answers import json_value
from fieldstone.web.api.metadata.answers import (
    applied_answer,
    planned,
    told,
)
from fieldstone.web.api.metadata.rights import publisher
from fieldstone.web.api.metadata.sent import FILES, SKIP_TESTS, UPGRADE, WANTED, Wanted
from fieldstone.web.parameters import Parameters


def install(api: Blueprint) -> None:
    """Add the routes."""
    api.post("/metadata/check")(check_documents)
    api.post("/metadata/plan")(plan_documents)
    api.post("/metadata/apply")(apply_documents)


def check_documents() -> Response:
    """All problems of the documents over what is in force; an empty list if there are none."""
    context, wanted = _asked((FILES, *UPGRADE))
    try:
        problems = _proposal(context, wanted).problems
    except (NotAccepted, UpgradeConflicts) as error:
        problems = error.problems
    return json_value({"problems": told(problems)})


def plan_documents() -> Response:
    """What publishing the documents would do."""
    context, wanted = _asked((FILES, *UPGRADE))
    return json_value(planned(_proposal(context, wanted)))


def apply_documents() -> Response:
    """Publish the documents, as the next version."""
    context, wanted = _asked((FILES, *WANTED, *UPGRADE, SKIP_TESTS))
    return applied_answer(_published(context, wanted))


def _asked(members: Sequence[str]) -> tuple[Context, Wanted]:
    Parameters()
    context = publisher()
    return context, Wanted.of(bodies.read_optional_object(), members)


def _proposal(context: Context, wanted: Wanted) -> Proposal:
    if wanted.layers is not None:
        return propose(context.database, wanted.layers, context.model, wanted.upgrading)
    return propose_draft(context.database, context.principal.user, context.model, wanted.upgrading)


def _published(context: Context, wanted: Wanted) -> Applied:
    decided = wanted.decided_by(context.principal.user)
    if wanted.layers is None:
        return publish_draft(context.database, decided, in_force=context.model)
    proposal = replace(_proposal(context, wanted), allow_destructive=wanted.allow_destructive)
    return publish_tested(context.database, proposal, decided)
