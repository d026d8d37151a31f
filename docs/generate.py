"""Writes the reference pages that are generated: run it after a change of the schemas."""

from __future__ import annotations

from pathlib import Path

from fieldstone_metadata.reference import reference_pages

FOLDER = Path(__file__).parent / "reference"


def main() -> None:
    """Writes every generated page."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in reference_pages().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
