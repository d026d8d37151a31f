"""The plan of the reader's draft in plain words, and publishing it; throwing the draft away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.drafts import DraftConflicts
from fieldstone.errors import FieldstoneError
from fieldstone.publication.apply import NotAccepted, Proposal
from fieldstone.publication.refusal import Refusal
from fieldstone.publication.upgrades import UpgradeConflicts
from fieldstone.publication.versions import file_differences
from fieldstone_metadata import Layer
from fieldstone_ui import data
from fieldstone_ui.data import studio
from fieldstone_ui.pages import answers, notices
from fieldstone_ui.pages.studio import wording
from fieldstone_ui.pages.studio.frame import shown
from fieldstone_ui.pages.studio.troubles import clashes, troubles
from fieldstone_ui.presentation.studio import PlanPage, Trouble

WAYS = ("", "sql", "documents")
LONGEST_NOTE = 2_000


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/studio/plan", endpoint="studio_plan")(show)
    pages.post("/studio/plan", endpoint="studio_publish")(publish)
    pages.post("/studio/discard", endpoint="studio_discard")(discard)


def show() -> ResponseReturnValue:
    """What publishing the draft would do."""
    found = studio.workplace()
    return plan_shown(found, _page(found))


def publish() -> ResponseReturnValue:
    """Publish the draft; what stands in the way is told on the same page, with the note that was typed."""
    note, base, allowed = wanted()
    try:
        applied = studio.publish_drafted(note, base, allow_destructive=allowed)
    except FieldstoneError as error:
        if error.status in {401, 403}:
            raise
        found = studio.workplace()
        return plan_shown(found, refused(_page(found), error, note)), error.status
    return published(applied.version, unchanged=applied.unchanged)


def discard() -> ResponseReturnValue:
    """Forget the draft."""
    count = studio.discard_draft()
    notices.tell(
        f"Your draft of {count} {'file' if count == 1 else 'files'} is gone." if count else "No draft."
    )
    return answers.go(url_for("pages.studio"))


# -- what plans of drafts and of going back have in common


def wanted() -> tuple[str, int, bool]:
    """What the form says: the note, the version that was seen, whether steps may lose data."""
    note = request.form.get("note", "").strip()[:LONGEST_NOTE]
    return (
        note,
        answers.version(request.form.get("base")) or 0,
        request.form.get("allow_destructive") == "true",
    )


def refused(page: PlanPage, error: FieldstoneError, note: str) -> PlanPage:
    """The plan once more, with why it was not published."""
    return replace(page, problem=f"Nothing was published. {error.message}", note=note or page.note)


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
        refusals=[*map(_refusal, plan.refusals), *_undecided([one.element for one in plan.conflicts])],
        troubles=troubles(proposal.problems),
        drift=plan.drift,
        loses=[step.name for step in steps if step.destructive],
        lost_rows=data.formats().number(sum(step.rows for step in lost)) if lost else "",
        empty=plan.unchanged,
    )


def plan_shown(found: studio.Workplace, page: PlanPage) -> str:
    """The page of a plan, in the way that the address asks for."""
    way = request.args.get("as", "")
    section = "publish" if page.draft else "versions"
    shown_as = way if way in WAYS else ""
    return shown("plan.html", found, section, asked=page, shown_as=shown_as, checks=_checks(page))


def _page(found: studio.Workplace) -> PlanPage:
    base = found.draft.base
    page = PlanPage("Publish your draft", url_for("pages.studio_publish"), "", base, base + 1, draft=True)
    if not found.draft.files:
        return replace(page, empty=True, told="You have changed nothing.")
    page = replace(page, clashes=clashes(studio.conflicts_of(found)))
    try:
        return planned(page, studio.proposed_draft(), found.draft.published)
    except NotAccepted as error:
        return replace(page, troubles=troubles(error.problems), told="The documents have mistakes.")
    except UpgradeConflicts as error:
        found_out = _undecided([one.element for one in error.conflicts])
        return replace(page, refusals=found_out, told="Layers above it change the same.")
    except DraftConflicts:
        return replace(page, told="Others have published changes of the same: open each and decide.")


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


def _undecided(elements: Sequence[str]) -> list[Trouble]:
    """What a lower layer changes under a change of a higher one, which wants a decision."""
    next_step = "Change the higher layer too, or choose a side with `fieldstone apply --keep` or `--take`."
    return [Trouble(f"{element} is changed in a higher layer too.", next_step) for element in elements]
