"""Writes the reference pages that are generated: run it after a change of schemas, commands or functions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fieldstone.cli.main import commands
from fieldstone.cli.reference import commands_page
from fieldstone.fields.conversions import conversions_page
from fieldstone_metadata.reference import reference_pages
from fieldstone_rules.editor_grammar import grammar_text
from fieldstone_rules.reference import functions_page

FOLDER = Path(__file__).parent / "reference"


def pages() -> Mapping[str, str]:
    """File name → text of every generated page."""
    return {
        **reference_pages(),
        "commands.md": commands_page(commands),
        "conversions.md": conversions_page(),
        "functions.md": functions_page(),
        "fieldstone-rules.tmLanguage.json": grammar_text(),
    }


def main() -> None:
    """Writes every generated page."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
