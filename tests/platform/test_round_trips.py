"""Versions exported as folders: applied to an empty database they give what they were exported from.

Apps over all kinds of documents are drawn and published version by version in one database, and the first
version comes back at the end. Each version is exported and applied to a database of its own.
FIELDSTONE_TRIPS=60 draws sixty new apps; a usual run always the same few.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings

from fieldstone.access.system_user import SYSTEM_USER
from fieldstone.database.database import Database
from fieldstone.publication.apply import Applied, Proposal, propose, propose_layers, publish
from fieldstone.publication.arrangements import exported_layers, propose_version
from fieldstone.publication.current import CurrentModel, load_model
from fieldstone.publication.drift import deviations
from fieldstone.publication.layers import combined_layers
from fieldstone.publication.refusal import PlanRefused
from fieldstone.publication.versions import element_differences
from fieldstone_metadata import File, Layer, MetadataError, read_layers
from fieldstone_metadata.declarations import Application
from fieldstone_metadata.layer_folders import write_layers
from fieldstone_testing import ApiClient, App, AppFactory, Cluster
from fieldstone_testing.catalogue import catalogue
from fieldstone_testing.changing_app import plain, seen
from fieldstone_testing.engines import give_back_engines
from fieldstone_testing.made_apps import Made, versions

APPS = (
    '{"kind": "app", "settings": {"name": {"type": "text"}}, "name": "shop", "version": "1.0.0"}',
    "{kind: app, name: shop, version: 1.0.0}\n---\nkind: role\nname: clerk\n",
    "kind: app\nextends: true\nname: core\n---\nkind: app\nname: shop\n",
    "name: shop\nkind:   'app'\ndescription: |\n  name: x\n",
    "kind: app\nname: shop\nversion: [\n",
)
PRODUCT = """\
\ufeff# What we sell: pumps.\r
kind:   entity\r
name: 'product'\r
fields:\r
\r
    name: {type: text, label: "Old"}   # as on the box\r
    size: { type: integer }\r
"""
FOLDER = {
    "app.yaml": "kind: app\nname: shop\nversion: 1.0.0\n",
    "roles.yaml": "kind: role\nname: designer\ncapabilities: [publish]\n",
    "entities/product.yaml": PRODUCT,
    "views/large.yaml": "# Need a lorry\nkind: view\nname: large\nentity: product\ncolumns: [name]",
    "z.rules": "validation sized on product {\n\tcheck size == null or size > 0   message 'No'\n}\n",
    "README.md": "Ours",
    ".git/config.yaml": "no: document",
}
TRIPS = int(os.environ.get("FIELDSTONE_TRIPS", "2"))


@dataclass(frozen=True)
class Published:
    """A version that was in force. layers: as they were handed in. tables: as they were then."""

    version: int
    layers: Sequence[Layer]
    tables: object


@settings(max_examples=TRIPS, deadline=None, derandomize="FIELDSTONE_TRIPS" not in os.environ)
@given(versions())
def test_any_version_exported_and_applied_to_an_empty_database_is_what_it_was(
    cluster: Cluster, drawn: list[Made]
) -> None:
    with AppFactory(cluster) as apps:
        app = apps()
        for published in {each.version: each for each in history(app, drawn)}.values():
            with TemporaryDirectory() as folder, empty(cluster) as database:
                trip(app, published, Path(folder), database)


def trip(app: App, published: Published, folder: Path, database: Database) -> None:
    write_layers(exported_layers(app.database, published.version), folder)
    assert files_in(folder) == files_of(published.layers)

    proposal = propose(database, read_layers(folder))
    assert proposal.refusals == ()
    assert publish(database, proposal, author=SYSTEM_USER, note="").version == 1

    before, after = (load_model(app.database, published.version), load_model(database, 1))
    assert element_differences(before.application, after.application) == ()
    assert declared(after.application) == declared(before.application)
    assert tables(App(database, after, CurrentModel(database, after))) == published.tables
    again = propose(database, read_layers(folder)).plan
    assert (again.unchanged, again.steps, again.statements, deviations(database)) == (True, (), (), [])


def history(app: App, drawn: Sequence[Made]) -> Iterator[Published]:
    """The versions that came into force, and a return to the first of them; refused ones are left out."""
    for made in drawn:
        layers = made.layers
        with suppress(PlanRefused):
            proposal = propose_layers(app.database, lambda _, wanted=layers: combined_layers(wanted, ()))
            yield Published(published(app, proposal).version, layers, tables(app))
    with suppress(PlanRefused):
        back = published(app, propose_version(app.database, 2))
        yield Published(back.version, drawn[0].layers, tables(app))


def tables(app: App) -> list[tuple[object, ...]]:
    """What the tables are like.

    Left out are the archive, which has what earlier versions lost, and the names that PostgreSQL itself gives
    to `NOT NULL`, which a rename does not touch: columns tell whether they may be empty.
    """
    return [row for row in catalogue(app) if row[1] != "main_archive" and " NOT NULL " not in str(row[3])]


def published(app: App, proposal: Proposal) -> Applied:
    return publish(app.database, replace(proposal, allow_destructive=True), author=SYSTEM_USER, note="")


@contextmanager
def empty(cluster: Cluster) -> Iterator[Database]:
    """A database in which nothing was published."""
    url = cluster.empty()
    database = Database(url)
    database.prepare()
    yield database
    database.close()
    give_back_engines(url)
    cluster.drop(url)


def files_in(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def files_of(layers: Sequence[Layer]) -> dict[str, bytes]:
    """What is written, by path: one layer as it is unless it would be taken for several; these in folders."""
    found = {f"{layer.name}/{file.path}": file.text.encode() for layer in layers for file in layer.files}
    alone = len(layers) == 1 and not all(path.startswith("shop/shop/") for path in found)
    return {path.removeprefix("shop/") if alone else path: text for path, text in found.items()}


def declared(application: Application) -> object:
    return plain(application), seen(application.schema)


def read_back(folder: Path, layers: Sequence[Layer]) -> list[tuple[str, tuple[str, ...]]]:
    """The layers that a folder holds into which some were written, with the paths of their files."""
    write_layers(layers, folder)
    return [(layer.name, tuple(file.path for file in layer.files)) for layer in read_layers(folder)]


@pytest.mark.parametrize("text", APPS)
def test_an_app_is_known_however_its_document_is_written(tmp_path: Path, text: str) -> None:
    local = Layer("local", (File("settings.yaml", "kind: app\nname: core\nextends: true\n"),))
    layers = [Layer("shop", (File("app.json" if text.startswith('{"') else "app.yaml", text),)), local]
    found = dict(read_back(tmp_path, layers))
    assert found.keys() == {"shop", "local"}


def test_an_app_whose_files_are_in_folders_called_as_layers_stays_one_app(tmp_path: Path) -> None:
    files = (
        File("local/more.yaml", "kind: role\nname: clerk\n"),
        File("shop/app.yaml", "kind: app\nname: shop\n"),
    )
    assert read_back(tmp_path, [Layer("shop", files)]) == [("shop", ("local/more.yaml", "shop/app.yaml"))]


@pytest.fixture
def edited(app_from: AppFactory, client: Callable[..., ApiClient], tmp_path: Path) -> App:
    """An app from a folder, after edits in the studio: a label, and a page that is gone."""
    for path, text in FOLDER.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(text.encode())
    app = app_from.of_layers(read_layers(tmp_path))
    api = client(app, app.token("Ann", ["designer"]))
    label = {"kind": "entity", "name": "product", "path": ["fields", "name", "label"], "action": "set"}
    page = {"kind": "view", "name": "large", "path": [], "action": "remove"}
    answer = api.patch("/metadata/draft", {"edits": [label | {"value": "New"}, page]})
    assert {problem["code"] for problem in answer.json["problems"]} == {"untested"}
    assert api.post("/metadata/apply", {}).status_code == 200
    return app


def test_what_was_edited_is_all_that_an_export_changes_in_a_folder(edited: App, tmp_path: Path) -> None:
    layers, before = exported_layers(edited.database, None), files_in(tmp_path)
    with pytest.raises(MetadataError, match=r"views/large\.yaml"):
        write_layers(layers, tmp_path)
    assert files_in(tmp_path) == before

    write_layers(layers, tmp_path, prune=True)
    texts = {path: text for path, text in FOLDER.items() if path != "views/large.yaml"}
    texts["entities/product.yaml"] = PRODUCT.replace('"Old"', '"New"')
    assert files_in(tmp_path) == {path: text.encode() for path, text in texts.items()}
    assert propose(edited.database, read_layers(tmp_path)).plan.unchanged
