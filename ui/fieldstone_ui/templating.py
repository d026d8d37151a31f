"""What templates can use: icons, addresses, and the filters that show values."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import phonenumbers
from flask import Blueprint, url_for
from markupsafe import Markup, escape

from fieldstone.fields.rich_text import plain_text, sanitised
from fieldstone_rules.picking import reads_picker
from fieldstone_ui import data
from fieldstone_ui.assets import asset_url, icon
from fieldstone_ui.presentation.formats import parse_day, parse_instant
from fieldstone_ui.presentation.hues import initials, person_hue

SAFE_SCHEMES = {"http", "https", "mailto", "tel"}


def record_url(entity: str, identity: object) -> str:
    """The address of a record."""
    return url_for("pages.record", entity=entity, record=str(identity))


def lookup_url(targets: Sequence[str], entity: str, field: str) -> str:
    """Where a combobox asks for matches of a reference field."""
    return url_for("pages.lookup", entity=",".join(targets), of=entity or None, field=field)


def picks_by_form(entity: str, field: str) -> bool:
    """Whether what a reference may lead to depends on what else is typed into its form."""
    owner = data.context().model.entities.get(entity)
    found = owner.field(field) if owner is not None else None
    target = found.declaration.target if found is not None else None
    return target is not None and any(reads_picker(limit) for limit in target.limits.values())


def paragraphs(value: object) -> Markup:
    """Plain text with its line ends and paragraphs."""
    parts = str(escape(value)).replace("\r\n", "\n").split("\n\n")
    return Markup("".join(f"<p>{part.strip()}</p>".replace("\n", "<br>") for part in parts if part.strip()))  # noqa: S704  escaped above


def safe_html(value: object) -> Markup:
    """Rich text that was cleaned when it was saved, cleaned once more."""
    return Markup(sanitised(str(value)))  # noqa: S704  cleaned by nh3


def safe_url(value: object) -> str:
    """An address that a link may have; scripts and the like become a dead one."""
    url = str(value)
    return url if urlsplit(url).scheme.lower() in SAFE_SCHEMES else "#"


def phone_number(value: object) -> str:
    """A phone number as it is written internationally."""
    try:
        number = phonenumbers.parse(str(value))
    except phonenumbers.NumberParseException:
        return str(value)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def as_code(value: Any) -> str:
    """Structured values as indented JSON; code as it is."""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def install(pages: Blueprint) -> None:
    """Give them to the templates of the pages."""
    filters: dict[str, Callable[[Any], object]] = {
        "paragraphs": paragraphs,
        "safe_html": safe_html,
        "clean_html": lambda value: sanitised(str(value)),
        "html_text": lambda value: plain_text(str(value)).replace("\n", " "),
        "safe_url": safe_url,
        "phone_number": phone_number,
        "as_code": as_code,
        "day": parse_day,
        "instant": parse_instant,
        "initials": lambda name: initials(str(name or "")),
        "person_hue": lambda name: person_hue(str(name or "")),
    }
    for name, shown in filters.items():
        pages.add_app_template_filter(shown, name)
    shared: tuple[Callable[..., object], ...] = (
        icon,
        asset_url,
        record_url,
        lookup_url,
        picks_by_form,
    )
    for function in shared:
        pages.add_app_template_global(function)
