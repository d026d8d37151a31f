"""What a list, a board or a tree was asked for, and addresses that differ from its own in one parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import request, url_for

from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.pages import views
from fieldstone_ui.pages.views import ListView

DEFAULT_LIMIT, LARGEST_LIMIT = 50, 500
LONGEST_WHERE = 10_000
ENDPOINTS = {"list": "pages.listing", "board": "pages.board", "tree": "pages.tree"}
"""How records are shown → the page that does."""
NAMES = ("view", "where", "q", "order", "fields", "limit")
DEFAULT_COLUMNS = 7
NARROW = {
    "reference",
    "user",
    "choice",
    "money",
    "date",
    "percent",
    "integer",
    "decimal",
    "text",
    "email",
    "phone",
}


@dataclass(frozen=True)
class Asked:
    """The parameters of a list.

    parameters: as they stand in the address. view: the saved view, if one was named. where: the filter in
    force, that of the address or else of the view.
    """

    entity: Entity
    endpoint: str
    parameters: Mapping[str, str]
    view: ListView | None = None
    cursor: str | None = None
    deleted: bool = False
    refused: bool = field(default=False)

    @property
    def kind(self) -> str:
        """How the records are shown: "list", "board" or "tree"."""
        return next((kind for kind, endpoint in ENDPOINTS.items() if endpoint == self.endpoint), "list")

    @property
    def tree(self) -> str | None:
        """The reference by which records stand below each other: of the view, or the only one that the reader
        may know.
        """
        found = [field.name for field in data.tree_fields(self.entity)]
        named = self.view.group if self.view is not None and self.view.type == "tree" else None
        if named is not None:
            return named if named in found else None
        return found[0] if len(found) == 1 else None

    @property
    def where(self) -> str:
        """The filter in force."""
        if "where" in self.parameters:
            return self.parameters["where"].strip()
        return self.view.where if self.view is not None else ""

    @property
    def q(self) -> str:
        """The words searched for."""
        return self.parameters.get("q", "").strip()

    @property
    def order(self) -> tuple[str, ...]:
        """The order in force: asked for, of the view, or of the entity."""
        asked = names(self.parameters.get("order", ""))
        return asked or (self.view.order if self.view else ()) or data.usual_order(self.entity)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns asked for, chosen before, of the view, or the first ones that read well in a row."""
        asked = names(self.parameters.get("fields", ""))
        return (
            asked or self.remembered or (self.view.columns if self.view else ()) or usual_columns(self.entity)
        )

    @property
    def remembered(self) -> tuple[str, ...]:
        """The columns that the reader chose for this view before."""
        kept = views.remembered(self.entity, self.view_key)
        return views.there(self.entity, kept.columns) if kept is not None else ()

    @property
    def view_key(self) -> str | None:
        """The view's name in addresses."""
        return self.view.key if self.view is not None else None

    @property
    def changed(self) -> bool:
        """Whether filter, order or columns differ from the view's."""
        view = self.view
        same = {
            "where": view.where if view else "",
            "order": ",".join(view.order) if view else "",
            "fields": ",".join(view.columns) if view else "",
        }
        return any(self.parameters.get(name, value).strip() != value for name, value in same.items())

    @property
    def limit(self) -> int:
        """How many rows."""
        text = self.parameters.get("limit", "")
        wanted = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else DEFAULT_LIMIT
        return min(max(wanted, 1), LARGEST_LIMIT)

    def url(self, endpoint: str | None = None, **changes: str | None) -> str:
        """The address of this list with other parameters; None leaves one out."""
        kept: dict[str, str | None] = {**self.parameters, **changes}
        values = {name: value for name, value in kept.items() if value is not None}
        return url_for(endpoint or self.endpoint, entity=self.entity.name, **values)  # type: ignore[arg-type]  # url_for takes any text


def names(text: str) -> tuple[str, ...]:
    """A comma-separated list of names."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def read(entity: Entity, endpoint: str, *, deleted: bool = False) -> Asked:
    """What this request asks for. Raises NotFound for an unknown view."""
    parameters = {name: request.args[name] for name in NAMES if name in request.args}
    if not parameters.get("q"):
        parameters.pop("q", None)
    view = views.named(entity, parameters.get("view"))
    return Asked(entity, endpoint, parameters, view, request.args.get("cursor") or None, deleted)


def endpoint_of(kind: str | None) -> str:
    """The page that shows records so; a list where nothing else is known."""
    return ENDPOINTS.get(kind or "", ENDPOINTS["list"])


def read_behind(entity: Entity) -> Asked:
    """What the list, board or tree shows that a form belongs to, which says `as` what."""
    return read(entity, endpoint_of(request.args.get("as")))


def usual_columns(entity: Entity) -> tuple[str, ...]:
    """The columns of the entity's first saved list, or those that read well."""
    lists = (v.columns for v in views.of_entity(entity) if v.type == "list" and v.saved is None)
    declared = next((columns for columns in lists if columns), ())
    return declared or default_columns(entity)


def default_columns(entity: Entity) -> tuple[str, ...]:
    """The fields that read well in a row: the title first, then short ones, then the owner."""
    title = data.title_field(entity)
    short = [
        name for name, found in entity.fields.items() if found.declaration.type in NARROW and name != title
    ]
    first = [title] if title else []
    last = ["owner"] if "owner" in entity.system else ["updated_at"]
    return (*first, *short[: DEFAULT_COLUMNS - len(first) - len(last)], *last)
