"""What checks, plans and publications answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response

from fieldstone.publication.apply import Applied, Proposal
from fieldstone.web.api.answers import json_value
from fieldstone.web.runtime import current_runtime
from fieldstone_metadata import Problem


def told(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Problems of documents, each with its file and place."""
    return [problem.as_json() for problem in problems]


def planned(proposal: Proposal) -> dict[str, Any]:
    """A plan, with the warnings of the check."""
    return proposal.plan.as_json() | {"problems": told(proposal.problems)}


def applied_answer(applied: Applied) -> Response:
    """What was published; this process takes it up before it answers."""
    current_runtime().current.reload()
    body = {"version": applied.version, "unchanged": applied.unchanged}
    return json_value(body | {"plan": applied.plan.as_json(), "problems": told(applied.problems)})
