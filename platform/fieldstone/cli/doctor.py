"""`fieldstone doctor`: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import sqlalchemy as sa

from fieldstone.cli.installation import Installation, opened
from fieldstone.cli.output import console, print_json
from fieldstone.errors import FieldstoneError
from fieldstone.plugins import plugin_names
from fieldstone.publication.drift import being_built, deviations
from fieldstone.publication.store import FIELDSTONE_VERSION, current_version
from fieldstone.records.litter import find_litter
from fieldstone.records.secrets import with_secrets
from fieldstone.settings import Settings, load_settings

_LITTLE_SPACE = 500 * 2**20
_OLDEST_SERVER = 18


@dataclass(frozen=True)
class Finding:
    """The outcome of one examination. state: "ok", "warning" or "error". mend: what to do, if anything."""

    name: str
    state: str
    text: str
    mend: str = ""


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def command(as_json: bool) -> int:
    """Examine this installation and say what is wrong and how to mend it. Exits with 1 if something is.

    \b
    Example:
      fieldstone doctor
    """
    findings = list(_examine())
    if as_json:
        print_json([vars(finding) for finding in findings])
    else:
        _show(findings)
    return 1 if any(finding.state == "error" for finding in findings) else 0


def _examine() -> Iterator[Finding]:
    yield Finding("fieldstone", "ok", f"version {FIELDSTONE_VERSION}")
    try:
        settings = load_settings()
    except FieldstoneError as error:
        yield Finding("settings", "error", error.message, "Correct the setting.")
        return
    yield from _folder(settings)
    try:
        yield Finding("plugins", "ok", ", ".join(plugin_names()) or "none")
        with opened(settings) as installation:
            for examination in _EXAMINATIONS:
                yield examination(installation)
    except FieldstoneError as error:
        yield Finding("database", "error", error.message)


def _folder(settings: Settings) -> Iterator[Finding]:
    if settings.database_url is None:
        home = settings.home.expanduser().absolute()
        yield Finding("home", "ok", str(home))
        yield _space(home)


def _space(home: Path) -> Finding:
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    text = f"{free // 2**20:,} MB free"
    if free < _LITTLE_SPACE:
        return Finding("disk", "warning", text, "Make room, or set FIELDSTONE_HOME to another disk.")
    return Finding("disk", "ok", text)


def _server(installation: Installation) -> Finding:
    with installation.database.read() as connection:
        version = int(
            connection.execute(sa.text("SELECT current_setting('server_version_num')")).scalar_one()
        )
    text = f"PostgreSQL {version // 10000}.{version % 10000}"
    if version // 10000 < _OLDEST_SERVER:
        mend = f"Use PostgreSQL {_OLDEST_SERVER} or newer, or unset FIELDSTONE_DATABASE_URL."
        return Finding("database", "error", text, mend)
    kind = "embedded" if installation.embedded else "by FIELDSTONE_DATABASE_URL"
    return Finding("database", "ok", f"{text}, {kind}")


def _sorting(installation: Installation) -> Finding:
    statement = sa.text("SELECT count(*) FROM pg_collation WHERE collprovider = 'i'")
    with installation.database.read() as connection:
        has_icu = connection.execute(statement).scalar_one() > 0
    how = (
        "lists sort as people of each language expect (ICU)"
        if has_icu
        else "lists sort by lower-case letters"
    )
    return Finding("sorting", "ok", how)


def _publication(installation: Installation) -> Finding:
    with installation.database.read() as connection:
        version = current_version(connection, installation.database.system)
    if version == 0:
        return Finding("publication", "warning", "nothing is published yet", "Run `fieldstone apply PATH`.")
    apps = installation.model().application.apps.values()
    names = ", ".join(f"{app.name} {app.version}" for app in apps)
    return Finding("publication", "ok", f"version {version}: {names}")


def _tables(installation: Installation) -> Finding:
    found = deviations(installation.database)
    if not found:
        building = [f"{', '.join(one.names)} of {one.of_table}" for one in being_built(installation.database)]
        text = f"as declared; still being built: {'; '.join(building)}" if building else "as declared"
        return Finding("tables", "ok", text)
    text = f"{len(found)} places are not as declared, the first: {found[0].element} {found[0].text}"
    if any(one.mend for one in found):
        return Finding("tables", "error", text, "Look with `fieldstone drift`, and mend with `--mend`.")
    return Finding("tables", "warning", text, "Look with `fieldstone drift`.")


def _files(installation: Installation) -> Finding:
    """Whether the storage of files answers, and what lies there that should not, or the other way round."""
    store = installation.database.files
    with installation.database.read() as connection:
        if current_version(connection, installation.database.system) == 0:
            return Finding("files", "ok", store.url)
    litter = find_litter(installation.context())
    if litter.missing:
        text = f"the contents of {len(litter.missing)} files are missing in {store.url}"
        return Finding("files", "error", text, "Restore that place from a backup of the same time.")
    left = len(litter.unfinished) + len(litter.orphans) + len(litter.unwanted)
    if left:
        return Finding(
            "files", "warning", f"{left} leftovers in {store.url}", "Run `fieldstone files clean`."
        )
    return Finding("files", "ok", store.url)


def _secrets(installation: Installation) -> Finding:
    with installation.database.read() as connection:
        version = current_version(connection, installation.database.system)
    fields = with_secrets(installation.model()) if version else []
    if fields and not installation.settings.keys_of_secrets():
        text = f"{len(fields)} fields are secrets, and there is no key to encrypt them with"
        return Finding(
            "secrets", "error", text, "Set FIELDSTONE_SECRET_KEYS (`fieldstone secret key` makes one)."
        )
    return Finding("secrets", "ok", f"{len(fields)} fields")


_EXAMINATIONS: tuple[Callable[[Installation], Finding], ...] = (
    _server,
    _sorting,
    _publication,
    _tables,
    _files,
    _secrets,
)


def _show(findings: list[Finding]) -> None:
    out = console()
    signs = {
        "ok": "[green]ok[/green]     ",
        "warning": "[yellow]warning[/yellow]",
        "error": "[red]error[/red]  ",
    }
    for finding in findings:
        out.print(signs[finding.state], end=" ")
        out.print(f"{finding.name:<12} {finding.text}", markup=False)
        if finding.mend:
            out.print(f"{'':<21}{finding.mend}", markup=False)
