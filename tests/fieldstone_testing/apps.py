"""An application built from a YAML text in the test itself, running on a database of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.principals import principal_for_user
from fieldstone.access.system_user import SYSTEM_USER, system_context
from fieldstone.access.tokens import create_token
from fieldstone.access.users import create_user, find_user
from fieldstone.context import Context, TokenLimits
from fieldstone.database.database import Database
from fieldstone.files import FileStore
from fieldstone.model.model import Model
from fieldstone.publication.apply import Applied, apply
from fieldstone.publication.current import CurrentModel, load_model
from fieldstone.publication.layers import combined_layers
from fieldstone.publication.store import checksum
from fieldstone_metadata import File, Layer
from fieldstone_metadata.layer_files import layer_name
from fieldstone_testing.cluster import Cluster
from fieldstone_testing.engines import give_back_engines

LARGEST_FILE = 12 * 2**20
PASSWORD = "correct horse battery"
SECRET_KEYS = ("dGVzdCBrZXkgb2YgdGhpcnR5LXR3byBieXRlcyEhISE=",)
_models: dict[str, Model] = {}


def layer_from(text: str, **files: str) -> Layer:
    """A layer of one YAML text, and of further files (`products_csv="..."` becomes `products.csv`)."""
    others = tuple(File(name.replace("_", "."), content) for name, content in files.items())
    found = (File("app.yaml", text), *others)
    return Layer(layer_name(found), found)


@dataclass
class App:
    """A published application with its database.

    model: of the first publication; after `publish` that of the newest. current: follows publications
    when started.
    """

    database: Database
    model: Model
    current: CurrentModel
    users: dict[str, UUID] = field(default_factory=dict)

    @property
    def system(self) -> Context:
        """A context of the platform itself, which may do everything."""
        return system_context(self.database, self.model, source="api")

    def user(self, name: str, roles: Sequence[str] = (), teams: Sequence[str] = ()) -> UUID:
        """The user of this name, made the first time with a password, `roles` and `teams` (by name)."""
        if name not in self.users:
            email = address(name)
            known = find_user(self.database, self.model, email)
            self.users[name] = known.id if known else self._create(name, email, roles, teams)
        return self.users[name]

    def context_for(
        self,
        name: str,
        roles: Sequence[str] = (),
        teams: Sequence[str] = (),
        *,
        now: datetime | None = None,
        source: str = "api",
    ) -> Context:
        """A context in which that user acts; the user is made the first time (see `user`)."""
        user = self.user(name, roles, teams)
        principal = principal_for_user(self.database, self.model, user)
        return Context(self.model, self.database, principal, now or datetime.now(UTC), source=source)

    def token(
        self,
        name: str,
        roles: Sequence[str] = (),
        teams: Sequence[str] = (),
        limits: TokenLimits | None = None,
    ) -> str:
        """A bearer token of that user (see `user`)."""
        user = self.user(name, roles, teams)
        return create_token(self.database, user, author=user, now=datetime.now(UTC), limits=limits)

    def publish(self, text: str, note: str = "test", *, allow_destructive: bool = False) -> Applied:
        """Publish another version of the app's text, and go on with its model."""
        layers = [layer_from(text)]
        applied = apply(
            self.database, layers, author=SYSTEM_USER, note=note, allow_destructive=allow_destructive
        )
        self.current.reload()
        self.model = self.current.model
        return applied

    def sql(self, statement: str, **parameters: object) -> list[sa.Row[tuple[object, ...]]]:
        """Rows of a statement, to look at what is stored; `app.sql('SELECT … FROM main.account')`."""
        with self.database.transaction() as connection:
            result = connection.execute(sa.text(statement), parameters)
            return list(result) if result.returns_rows else []

    def _create(self, name: str, email: str, roles: Sequence[str], teams: Sequence[str]) -> UUID:
        return create_user(self.system, email=email, name=name, password=PASSWORD, roles=roles, teams=teams)


def address(name: str) -> str:
    """The e-mail address of a test user."""
    return f"{name.lower().replace(' ', '.')}@example.com"


Fill = Callable[[App], None]


class AppFactory:
    """Builds apps; the same text is published once per test run and cloned for each test."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._folder = TemporaryDirectory(prefix="fieldstone-files-")
        self._built: list[App] = []

    def __call__(self, text: str = "", **files: str) -> App:
        """An app from a YAML text (empty: only `core`). Files: `products_csv="…"` for `products.csv`."""
        return self.of_layers([layer_from(text, **files)] if text else [])

    def of_layers(self, layers: Sequence[Layer], *, filled_by: Fill | None = None) -> App:
        """An app from layers, such as `template_layer("sales")`; `core` and what they require are added.

        filled_by: makes users and records, once for all apps from the same layers and function.
        """
        combined = combined_layers(layers, ())
        template = f"app_{checksum(combined)[:24]}_{_mark_of(filled_by)}"
        url = self._cluster.clone(template, lambda target: _build(target, combined, filled_by))
        database = Database(url, pool_size=3, files=self._file_store(), secret_keys=SECRET_KEYS)
        app = _running(database, combined)
        app.sql("SELECT 1")  # so that no test counts what a first connection asks the server
        self._built.append(app)
        return app

    def _file_store(self) -> FileStore:
        """A folder of files for each app, made when the first one is stored."""
        folder = Path(self._folder.name) / str(len(self._built))
        return FileStore(str(folder), "main", LARGEST_FILE)

    def __enter__(self) -> AppFactory:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the databases and files of all apps."""
        self._folder.cleanup()
        for app in self._built:
            app.current.stop()
            app.database.close()
            give_back_engines(app.database.url)
            self._cluster.drop(app.database.url)


def _mark_of(fill: Fill | None) -> str:
    """What tells a function from others, also from those of the same name elsewhere."""
    name = "" if fill is None else f"{fill.__module__}.{fill.__qualname__}"
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def _build(url: sa.URL, layers: Sequence[Layer], fill: Fill | None) -> None:
    database = Database(url, secret_keys=SECRET_KEYS)
    try:
        database.prepare()
        apply(database, layers, author=SYSTEM_USER, note="test")
        if fill is not None:
            fill(_running(database, layers))
    finally:
        database.close()
        give_back_engines(url)


def _running(database: Database, layers: Sequence[Layer]) -> App:
    mark = checksum(layers)
    if mark not in _models:
        _models[mark] = load_model(database, 1)
    return App(database, _models[mark], CurrentModel(database, _models[mark]))
