"""The plan of the reader's draft in plain words, and publishing it; throwing the draft away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.drafts import DraftConflicts
from fieldstone.errors import FieldstoneError
from fieldstone.publication.apply import NotAccepted, Proposal
from fieldstone.publication.decided import Decided
from fieldstone.publication.refusal import Refusal
from fieldstone.publication.upgrades import UNDECIDED, UpgradeConflicts, Upgrading
from fieldstone.publication.versions import file_differences
from fieldstone.rule_tests.upgrades import TestsFailed
from fieldstone_metadata import Layer
from fieldstone_metadata.upgrade_choices import Choices
from fieldstone_ui import data
from fieldstone_ui.data import studio
from fieldstone_ui.pages import answers, notices
from fieldstone_ui.pages.studio import wording
from fieldstone_ui.pages.studio.frame import shown
from fieldstone_ui.pages.studio.rule_testing import layers_of_rules, told
from fieldstone_ui.pages.studio.troubles import clashes, troubles, upgrade_side
from fieldstone_ui.presentation.studio import PlanPage, Trouble

WAYS = ("", "sql", "documents")
LONGEST_NOTE = 2_000
CHOICE = "choice "
SIDE = "side "
"""Begins the name of the input that chooses a side for an element."""


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/studio/plan", endpoint="studio_plan")(show)
    pages.post("/studio/plan", endpoint="studio_publish")(publish)
    pages.post("/studio/settle/<layer>/<path:path>", endpoint="studio_settle")(settle)
    pages.post("/studio/discard", endpoint="studio_discard")(discard)


def show() -> ResponseReturnValue:
    """What publishing the draft would do."""
    found = studio.workplace()
    return plan_shown(found, _page(found))


def publish() -> ResponseReturnValue:
    """Publish the draft; what stands in the way is told on the same page, with the note that was typed."""
    decided = wanted()
    if "look" in request.form:
        found = studio.workplace()
        return plan_shown(found, replace(_page(found, decided.upgrading), note=decided.note))
    try:
        applied = studio.publish_drafted(decided)
    except FieldstoneError as error:
        if error.status in {401, 403}:
            raise
        found = studio.workplace()
        return plan_shown(found, refused(_page(found, decided.upgrading), error, decided.note)), error.status
    return published(applied.version, unchanged=applied.unchanged)


def settle(layer: str, path: str) -> ResponseReturnValue:
    """Settle the conflicts of a file: a side for each, or an element of somebody else's draft taken over."""
    place, sent = (layer, path), request.form
    try:
        if "by" in sent:
            studio.take_over(place, sent.get("element", ""), answers.identity(sent["by"]))
        else:
            sides = {key.removeprefix(SIDE): sent[key] for key in sent if key.startswith(SIDE)}
            studio.settle(place, sides)
    except FieldstoneError as error:
        if error.status in {401, 403, 503}:
            raise
        found = studio.workplace()
        return plan_shown(found, replace(_page(found), problem=error.message)), error.status
    notices.tell(f"{layer}/{path} is settled in your draft.")
    return answers.go(url_for("pages.studio_plan"))


def discard() -> ResponseReturnValue:
    """Forget the draft."""
    count = studio.discard_draft()
    notices.tell(
        f"Your draft of {count} {'file' if count == 1 else 'files'} is gone." if count else "No draft."
    )
    return answers.go(url_for("pages.studio"))


# -- what plans of drafts and of going back have in common


def wanted() -> Decided:
    """What the form says: the note, the version that was seen, whether steps may lose data, sides, tests."""
    sent = request.form
    sides = {key.removeprefix(CHOICE): sent[key] for key in sent if key.startswith(CHOICE)}
    return Decided(
        studio.publisher_id(),
        sent.get("note", "").strip()[:LONGEST_NOTE],
        answers.version(sent.get("base")) or 0,
        sent.get("allow_destructive") == "true",
        Upgrading(Choices(sides)),
        sent.get("skip_tests") == "true",
    )


def refused(page: PlanPage, error: FieldstoneError, note: str) -> PlanPage:
    """The plan once more, with why it was not published."""
    page = replace(page, problem=f"Nothing was published. {error.message}", note=note or page.note)
    if not isinstance(error, TestsFailed):
        return page
    tests = told(error.outcomes, layers_of_rules(studio.workplace()))
    problem = "Nothing was published: with the new version, rule tests fail."
    return replace(page, problem=problem, tests=tests, skips_tests=True)


def published(version: int, *, unchanged: bool) -> ResponseReturnValue:
    """On to the new version."""
    notices.tell("Nothing was different." if unchanged else f"Version {version} is published, and in force.")
    return answers.go(url_for("pages.studio_version", version=version))


def planned(page: PlanPage, proposal: Proposal, before: Sequence[Layer]) -> PlanPage:
    """The page with the steps of a plan. before: the documents in force."""
    plan = proposal.plan
    lost = [step for step in plan.steps if step.destructive]
    steps = wording.steps(plan, proposal.between)
    return replace(
        page,
        told=_told(len(steps)),
        steps=steps,
        files=wording.changed_files(file_differences(before, proposal.layers), linked=page.draft),
        refusals=[*map(_refusal, plan.refusals)],
        troubles=troubles(proposal.problems),
        drift=plan.drift,
        loses=[step.name for step in steps if step.destructive],
        wait=wording.longest_wait(plan),
        lost_rows=data.formats().number(sum(step.rows for step in lost)) if lost else "",
        empty=plan.unchanged,
    )


def plan_shown(found: studio.Workplace, page: PlanPage) -> str:
    """The page of a plan, in the way that the address asks for."""
    way = request.args.get("as", "")
    section = "publish" if page.draft else "versions"
    shown_as = way if way in WAYS else ""
    return shown("plan.html", found, section, asked=page, shown_as=shown_as, checks=_checks(page))


def _page(found: studio.Workplace, upgrading: Upgrading = UNDECIDED) -> PlanPage:
    base = found.draft.base
    page = PlanPage("Publish your draft", url_for("pages.studio_publish"), "", base, base + 1, draft=True)
    if not found.draft.files:
        return replace(page, empty=True, told="You have changed nothing.")
    sides = [upgrade_side(one, upgrading) for one in studio.upgrade_conflicts_of(found)]
    page = replace(page, clashes=clashes(studio.conflicts_of(found)), sides=sides)
    try:
        return planned(page, studio.proposed_draft(upgrading), found.draft.published)
    except NotAccepted as error:
        return replace(page, troubles=troubles(error.problems), told="The documents have mistakes.")
    except UpgradeConflicts:
        return replace(page, told="Layers above change the same: choose a side for each.")
    except DraftConflicts:
        return replace(page, told="Others have published changes of the same: settle each.")
    except FieldstoneError as error:
        if error.status in {401, 403, 503}:
            raise
        return replace(page, problem=error.message, told="The choices cannot be taken like this.")


def _told(steps: int) -> str:
    number = data.formats().number(steps)
    return f"{number} {'step' if steps == 1 else 'steps'} in one go, all or nothing."


def _checks(page: PlanPage) -> list[tuple[bool, str]]:
    """What was looked at, and whether it is well."""
    wrong = sum(one.grave for one in page.troubles)
    found = [(not wrong, f"{wrong} mistakes found" if wrong else "The check found no mistakes")]
    if page.draft:
        found.append(
            (not page.clashes, "Others change the same" if page.clashes else "Nobody else changes the same")
        )
    if page.steps:
        drift = (
            "Tables were changed by hand; that is left alone" if page.drift else "The tables are as published"
        )
        found.append((not page.drift, drift))
    return [] if page.empty else found


def _refusal(found: Refusal) -> Trouble:
    return Trouble(f"{found.element}: {found.message}")
