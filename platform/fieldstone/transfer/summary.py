"""What an import did, in sentences for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from fieldstone.transfer.outcome import Outcome


def lines(outcome: Outcome, *, dry_run: bool) -> Iterator[str]:
    """The counts, why rows were refused, and what was done to cells; one sentence a line."""
    yield _counts(outcome, dry_run=dry_run)
    for reason in outcome.sorted_reasons():
        column = f" in {reason.column}" if reason.column else ""
        where = ", ".join(map(str, reason.lines))
        more = ", …" if reason.count > len(reason.lines) else ""
        yield f"  refused {reason.count:,}{column}: {reason.example} (line {where}{more})"
    for (column, text), count in outcome.aliased.most_common():
        yield f"  {column}: “{text}” was taken for another value in {count:,} rows"
    for column, count in outcome.emptied.most_common():
        yield f"  {column}: no value in {count:,} rows"
    for column, count in outcome.left_empty.most_common():
        yield f"  {column}: left empty in {count:,} rows, because there is no such record"
    for entity, count in outcome.made.most_common():
        yield f"  {count:,} records of {entity} created because rows refer to them"


def _counts(outcome: Outcome, *, dry_run: bool) -> str:
    would = "would be " if dry_run else ""
    named = [(would + name, outcome.actions[name]) for name in ("created", "updated", "unchanged", "refused")]
    shown = [f"{count:,} {name}" for name, count in named if count or name.endswith(("created", "refused"))]
    return f"{outcome.read:,} rows read: {', '.join(shown)}."
