"""What has just been done, told once on the next page, with the way back where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, request, session, url_for

KEY = "notice"
LONGEST = 300


@dataclass(frozen=True)
class Notice:
    """A sentence, and the button that takes back what it tells: `undo_url` is empty where nothing does.

    next: where to go on afterwards: the page that shows it.
    """

    text: str
    undo_url: str = ""
    undo_label: str = ""
    next: str = ""


def install(pages: Blueprint) -> None:
    """Let the shell of pages show it."""
    pages.add_app_template_global(take, "take_notice")


def tell(text: str, operation: UUID | None = None, label: str = "Undo") -> None:
    """Have the next page tell it. operation: what the button takes back; None for no button."""
    session[KEY] = {
        "text": text[:LONGEST],
        "operation": None if operation is None else str(operation),
        "label": label,
    }


def take() -> Notice | None:
    """What is to be told, once; a page that is fetched in advance leaves it for the one that is shown."""
    if KEY not in session or "HX-Preloaded" in request.headers:
        return None
    kept = session.pop(KEY)
    undo_url = url_for("pages.undo", operation=kept["operation"]) if kept["operation"] else ""
    return Notice(kept["text"], undo_url, kept["label"], request.full_path.rstrip("?"))
