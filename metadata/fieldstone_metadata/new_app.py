"""The app folder that `fieldstone new` makes: small, complete, without problems, and easy to grow."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from fieldstone_metadata.layer_files import LOCAL
from fieldstone_metadata.layer_order import CORE
from fieldstone_metadata.names import label_from_name, name_fault, suggested_name
from fieldstone_metadata.problems import MetadataError, Problem


def new_app(name: str, folder: Path) -> list[Path]:
    """Writes the app `name` into `folder`, which is made if needed, and returns the files written.

    Raises MetadataError if `name` cannot name an app, or `folder` holds anything already.
    """
    fault = _fault(name)
    if fault is not None:
        raise MetadataError([fault])
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = "this folder exists and is not empty"
        raise MetadataError([Problem(str(folder), 1, 1, "folder_in_use", message, "choose another folder")])
    written = []
    for path, text in _starter_files():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace("APP_NAME", name).replace("APP_LABEL", label_from_name(name)), "utf-8")
        written.append(target)
    return written


def _fault(name: str) -> Problem | None:
    fault, hint = name_fault(name), None
    if fault is not None:
        better = suggested_name(name)
        hint = f"for example `{better}`" if better else None
    elif name in (CORE, LOCAL):
        fault = "is the name of a layer of the platform"
    return Problem(name, 1, 1, "bad_name", f"`{name}` {fault}", hint) if fault is not None else None


def _starter_files() -> list[tuple[str, str]]:
    """Path and text of the files of the starter app, `app.yaml` first."""
    root = resources.files("fieldstone_metadata").joinpath("starter")
    found: list[tuple[str, str]] = []
    waiting: list[tuple[str, Traversable]] = [("", root)]
    while waiting:
        prefix, folder = waiting.pop(0)
        for child in sorted(folder.iterdir(), key=lambda entry: (entry.is_dir(), entry.name)):
            path = f"{prefix}{child.name}"
            if child.is_dir():
                waiting.append((f"{path}/", child))
            else:
                found.append((path, child.read_text("utf-8")))
    return found
