"""Versions at the command line: listed, compared in words, gone back to, exported; apps are taken out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fieldstone.cli.main import commands, exit_status
from fieldstone_metadata import read_layers

FIRST = """\
# A shop that sells pumps.
kind: app
name: shop
version: 1.0.0
---
kind: entity
name: product
fields:
  name: {type: text, required: true}   # as printed on the label
  size: {type: choice, options: [small, {value: large, label: Large}]}
---
kind: role
name: clerk
entities:
  product: {read: true, update: size == "small"}
"""
SECOND = (
    FIRST.replace("label: Large", "label: Huge").replace('size == "small"', "true")
    + "---\nkind: view\nname: large\nentity: product\ntype: list\n"
)
OTHER = "kind: app\nname: stock\nversion: 1.0.0\nrequires: {shop: '>=1'}\n"


@pytest.fixture
def folder(cluster, monkeypatch, tmp_path) -> Path:
    """The current folder, with an installation that has published `shop` twice and `stock` over it."""
    url = cluster.empty()
    monkeypatch.setenv("FIELDSTONE_DATABASE_URL", url.render_as_string(hide_password=False))
    monkeypatch.chdir(tmp_path)
    publish(tmp_path, "shop", FIRST, "The beginning")
    publish(tmp_path, "shop", SECOND, "Large is huge")
    yield tmp_path
    cluster.drop(url)


def publish(folder: Path, name: str, text: str, note: str) -> None:
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "app.yaml").write_text(text)
    assert run("apply", name, "--yes", "--note", note) == 0


def run(*arguments: str) -> int:
    return exit_status(lambda: commands.main(args=list(arguments), standalone_mode=False))


def told(capsys, *arguments: str):
    """What a command prints as JSON."""
    capsys.readouterr()
    assert run(*arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_versions_are_listed_with_author_and_note_and_compared_attribute_by_attribute(folder, capsys):
    listed = told(capsys, "versions")
    assert [(each["version"], each["author"], each["note"]) for each in listed] == [
        (2, "Fieldstone", "Large is huge"),
        (1, "Fieldstone", "The beginning"),
    ]
    found = told(capsys, "diff", "1")
    assert {
        (each["change"]["action"], each["change"]["kind"], each["change"]["name"]): [
            (alteration["path"], alteration["before"], alteration["after"])
            for alteration in each["alterations"]
        ]
        for each in found["elements"]
    } == {
        ("change", "field", "product.size"): [("choices.large.label", "Large", "Huge")],
        ("change", "role", "clerk"): [("entities.product.update", 'size == "small"', "true")],
        ("create", "view", "large"): [],
    }
    lines = found["files"][0]["lines"]
    assert [line for line in lines if line.startswith(("-  ", "+  "))] == [
        "-  size: {type: choice, options: [small, {value: large, label: Large}]}",
        "+  size: {type: choice, options: [small, {value: large, label: Huge}]}",
        '-  product: {read: true, update: size == "small"}',
        "+  product: {read: true, update: true}",
    ]
    run("diff", "2", "1")
    assert "label: Huge → Large" in capsys.readouterr().out


def test_going_back_is_a_publication_of_its_own_that_was_planned(folder, capsys):
    assert run("rollback", "1") == 2  # nobody to ask
    assert "- view" in capsys.readouterr().out
    applied = told(capsys, "rollback", "1", "--yes")
    assert applied["version"] == 3
    assert [(step["action"], step["name"]) for step in applied["plan"]["steps"]] == [
        ("change", "product.size"),
        ("change", "clerk"),
        ("remove", "large"),
    ]
    assert told(capsys, "diff", "1", "3")["elements"] == []
    assert told(capsys, "versions", "--limit", "1")[0]["note"] == "Back to version 1"
    assert told(capsys, "rollback", "1", "--yes")["unchanged"]
    assert run("rollback", "9", "--yes") == 1
    assert "There is no version 9" in capsys.readouterr().err


def test_an_exported_version_is_what_was_written_and_applies_to_an_empty_installation(
    folder, capsys, cluster, monkeypatch
):
    publish(folder, "stock", OTHER, "Stock")
    assert run("export", "all") == 0
    assert (folder / "all/shop/app.yaml").read_text() == SECOND
    assert [layer.name for layer in read_layers(folder / "all")] == ["shop", "stock"]
    assert told(capsys, "plan", "all")["unchanged"]
    assert run("export", "old", "--version", "1", "--app", "shop") == 0
    assert (folder / "old/app.yaml").read_text() == FIRST
    url = cluster.empty()
    monkeypatch.setenv("FIELDSTONE_DATABASE_URL", url.render_as_string(hide_password=False))
    assert run("apply", "all", "--yes") == 0
    assert run("export", "again") == 0
    assert (folder / "again/shop/app.yaml").read_text() == SECOND
    cluster.drop(url)


def test_an_export_into_a_folder_under_version_control_touches_only_what_changed(folder, capsys):
    assert run("export", "shop", "--app", "shop") == 0
    before = (folder / "shop/app.yaml").stat().st_mtime_ns
    (folder / "shop/old.yaml").write_text("kind: option_set\nname: gone\noptions: [a]\n")
    (folder / "shop/README.md").write_text("Ours.")
    capsys.readouterr()
    assert run("export", "shop", "--app", "shop") == 1
    assert "old.yaml" in capsys.readouterr().err
    written = told(capsys, "export", "shop", "--app", "shop", "--prune")
    assert written == {"written": [], "removed": ["old.yaml"], "unchanged": 1}
    assert (folder / "shop/app.yaml").stat().st_mtime_ns == before
    assert (folder / "shop/README.md").exists()
    assert run("export", "elsewhere", "--app", "shoop") == 1
    assert "no app `shoop`" in capsys.readouterr().err


def test_an_app_that_another_one_requires_cannot_be_taken_out_alone(folder, capsys):
    publish(folder, "stock", OTHER, "Stock")
    assert run("uninstall", "shop", "--yes") == 1
    assert "the app `shop` is required" in capsys.readouterr().out
    assert told(capsys, "uninstall", "stock", "--yes")["version"] == 4
    assert run("uninstall", "stock", "--yes") == 1
    assert "is not installed. Installed: shop" in capsys.readouterr().err
