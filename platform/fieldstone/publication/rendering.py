"""Plans for people, in the manner of Terraform."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fieldstone.publication.alterations import Alteration
from fieldstone.publication.plan import Plan, Step
from fieldstone.publication.refusal import Refusal
from fieldstone.publication.upgrades import sides
from fieldstone.publication.versions import VersionDifference
from fieldstone_metadata.upgrade_conflicts import MINE, THEIRS, UpgradeConflict

_SIGNS = {
    "create": ("+", "green"),
    "change": ("~", "yellow"),
    "rename": ("→", "yellow"),
    "remove": ("-", "red"),
}
_LONGEST_DETAIL = 70
_CHOOSING = {MINE: "--keep", THEIRS: "--take"}


def plan_lines(plan: Plan, *, allow_destructive: bool = False) -> Iterator[tuple[str, str | None]]:
    """The lines of a plan, each with the colour it may be shown in."""
    if plan.unchanged:
        yield f"Nothing to do: these documents are in force as publication {plan.base}.", None
    elif not plan.steps and not plan.refusals:
        yield "No change to entities, roles, pages or data; only the text of the documents differs.", None
    if plan.steps:
        yield _heading(plan), None
        yield "", None
    for step in plan.steps:
        yield _step_line(step)
        if _is_long(step.detail):
            yield f"      {step.detail}", None
        if step.lock is not None and step.lock.rows:
            yield f"      {step.lock}", None
        now = "used by" if step.action == "change" else "used until now by"
        yield from ((f"      {now} {use}", None) for use in step.uses)
        yield from ((f"      {preview}", None) for preview in step.previews)
        yield from ((f"      does not convert: {example}", None) for example in step.examples)
    yield from _refusal_lines((*plan.refusals, *(() if allow_destructive else plan.destructive)))
    yield from _conflict_lines(plan.conflicts)
    yield from _drift_lines(plan)
    yield "", None
    yield _summary(plan), None


def difference_lines(found: VersionDifference) -> Iterator[tuple[str, str | None]]:
    """The lines of what separates two versions, each with the colour it may be shown in."""
    for each in found.elements:
        sign, colour = _SIGNS[each.change.action]
        yield f"  {sign} {each.change.kind:<9} {each.change.name}", colour
        yield from ((f"      {_altered(alteration)}", None) for alteration in each.alterations)
    if not found.elements:
        only_text = "Only the text of the documents differs." if found.files else "Nothing differs."
        yield only_text, None


def _altered(alteration: Alteration) -> str:
    """`label: Deal → Opportunity`; what was not there before or is not any more, without its other side."""
    before, after = (_cut(text) for text in (alteration.before, alteration.after))
    where = alteration.path or "text"
    if before is None:
        return f"{where}: {after}"
    return f"{where}: {before} → {after}" if after is not None else f"{where}: no longer {before}"


def _cut(text: str | None) -> str | None:
    """A text on one line, and not too long; longer ones are seen in the lines of the files."""
    if text is None:
        return None
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_DETAIL else f"{line[:_LONGEST_DETAIL]}…"


def _heading(plan: Plan) -> str:
    after = f", after publication {plan.base}" if plan.base else ""
    return f"Publication {plan.base + 1}{after}, would do this:"


def _step_line(step: Step) -> tuple[str, str]:
    sign, colour = _SIGNS[step.action]
    detail = "" if _is_long(step.detail) else step.detail
    rows = f"  ({step.rows:,} rows)" if step.rows else ""
    loses = "  loses data" if step.destructive else ""
    line = f"  {sign} {step.kind:<9} {step.name:<32} {detail}{rows}{loses}"
    return line.rstrip(), "red" if step.destructive else colour


def _is_long(detail: str) -> bool:
    """Whether it gets a line of its own, below that of its step."""
    return len(detail) > _LONGEST_DETAIL


def _refusal_lines(refusals: Sequence[Refusal]) -> Iterator[tuple[str, str | None]]:
    if refusals:
        yield "", None
        yield "It cannot be applied:", "red"
    for refusal in refusals:
        yield f"  ! {refusal.element} [{refusal.code}]", "red"
        yield f"      {refusal.message}", None


def _conflict_lines(conflicts: Sequence[UpgradeConflict]) -> Iterator[tuple[str, str | None]]:
    if conflicts:
        yield "", None
        yield "Changed here, and by the new version too; choose a side for each:", "red"
    for conflict in conflicts:
        yield f"  ! {conflict.element}  ({conflict.layer}/{conflict.path}:{conflict.line})", "red"
        said = sides(conflict)
        yield f"      until now: {said['base']}", None
        yield f"      new:       {said['theirs']}", None
        yield f"      here:      {said['mine']}", None
        yield f"      {conflict.message}", None
        ways = [f'{_CHOOSING[choice]} "{conflict.element}"' for choice in conflict.choices]
        yield f"      {' or '.join(ways)}", None


def _drift_lines(plan: Plan) -> Iterator[tuple[str, str | None]]:
    for one in plan.computing:
        yield f"  … {one} afterwards, in batches; until then on read", None
    for one in plan.building:
        yield f"  … {one}, since an earlier publication", None
    if plan.drift:
        yield "", None
        yield "Made by hand in the database, unknown to Fieldstone, and left alone:", "yellow"
    for element in plan.drift:
        yield f"  ? {element}", "yellow"


def _summary(plan: Plan) -> str:
    counts = {action: sum(step.action == action for step in plan.steps) for action in _SIGNS}
    refused = f", {len(plan.refusals)} refused" if plan.refusals else ""
    shown = {action: count for action, count in counts.items() if count or action != "rename"}
    words = ", ".join(f"{count} to {action}" for action, count in shown.items())
    open_ones = f", {len(plan.conflicts)} in conflict" if plan.conflicts else ""
    return f"Plan: {words}{refused}{open_ones}."
