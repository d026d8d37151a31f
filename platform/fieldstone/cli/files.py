"""`fieldstone files`: the contents of files, which lie beside the database."""

from __future__ import annotations

import click

from fieldstone.cli.installation import opened
from fieldstone.cli.output import console, print_json
from fieldstone.files.store import in_words
from fieldstone.records.litter import Litter, clean, find_litter


@click.group("files")
def command() -> None:
    """Look after the contents of files.

    \b
    Example:
      fieldstone files clean --dry-run
    """


@command.command("clean")
@click.option("--dry-run", is_flag=True, help="Only tell what would be removed.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def clean_(dry_run: bool, as_json: bool) -> int:
    """Remove what killed uploads left, contents without a file, and files that were never put anywhere.

    Only what is older than a day, and of the last only what is older than 30 days. Exits with 1 if the
    content of a file is missing, which a backup may have.

    \b
    Example:
      fieldstone files clean
    """
    with opened() as installation:
        context = installation.context(note="fieldstone files clean")
        litter = find_litter(context)
        if not dry_run:
            clean(context, litter)
    if as_json:
        print_json(_counts(litter) | {"missing": [str(id_) for id_ in litter.missing]})
    else:
        _tell(litter, dry_run=dry_run)
    return 1 if litter.missing else 0


def _counts(litter: Litter) -> dict[str, object]:
    contents = [*litter.unfinished, *litter.orphans]
    return {
        "unfinished": len(litter.unfinished),
        "orphans": len(litter.orphans),
        "unwanted": len(litter.unwanted),
        "bytes": sum(stored.size for stored in contents),
    }


def _tell(litter: Litter, *, dry_run: bool) -> None:
    out, size = console(), sum(stored.size for stored in (*litter.unfinished, *litter.orphans))
    did = "Would remove" if dry_run else "Removed"
    out.print(
        f"{did} {len(litter.unfinished)} unfinished uploads, {len(litter.orphans)} contents without a file "
        f"({in_words(size)}), and {len(litter.unwanted)} files that were never put anywhere.",
        markup=False,
    )
    for id_ in litter.missing:
        out.print(f"The content of the file {id_} is missing.", markup=False)
