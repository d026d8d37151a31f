"""Upgrades of an installed app at the command line: conflicts, choices, versions, and tests before it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fieldstone.cli.main import commands, exit_status

SHOP = """\
kind: app
name: shop
version: 1.0.0
---
kind: entity
name: product
fields:
  name: {type: text, required: true, label: Name}
  size: {type: choice, label: Size, options: [small, large]}
  note: {type: text, max_length: 100}
"""
NEW = SHOP.replace("1.0.0", "1.1.0").replace("label: Size", "label: Sizes")
NEW = NEW.replace("label: Name", "label: Names").replace("max_length: 100", "max_length: 200")
RULES = """\
test "small ones need no note" {
  given one = create product { name: "Pump", size: "small" }
  expect one.note == null
}
"""
LOCAL = """\
kind: entity
name: product
extends: true
fields:
  # As our customers say.
  size: {label: Format, help: As printed}
  name: {label: Title}
  note: {label: Remark}
"""
SIZE, NAME = "field product.size.label", "field product.name.label"


@pytest.fixture
def folder(cluster, monkeypatch, tmp_path) -> Path:
    """The current folder, with an installation of `shop` 1.0.0 that `local` changes, and `shop` 1.1.0."""
    url = cluster.empty()
    monkeypatch.setenv("FIELDSTONE_DATABASE_URL", url.render_as_string(hide_password=False))
    monkeypatch.chdir(tmp_path)
    write("shop", SHOP)
    write("ours", LOCAL)
    assert run("apply", "shop", "ours", "--yes") == 0
    write("shop", NEW)
    yield tmp_path
    cluster.drop(url)


def write(name: str, text: str, rules: str = "") -> None:
    Path(name).mkdir(exist_ok=True)
    Path(name, "app.yaml").write_text(text)
    Path(name, f"{name}.rules").write_text(rules or "# None.\n")


def run(*arguments: str) -> int:
    return exit_status(lambda: commands.main(args=list(arguments), standalone_mode=False))


def printed(capsys, *arguments: str, status: int = 0) -> dict:
    """What a command prints as JSON."""
    capsys.readouterr()
    assert run(*arguments, "--json") == status
    return json.loads(capsys.readouterr().out)


def refusal(capsys, *arguments: str, status: int = 1) -> str:
    """What a command that is refused says."""
    capsys.readouterr()
    assert run(*arguments) == status
    said = capsys.readouterr()
    return " ".join((said.out + said.err).split())


def local_text() -> str:
    assert run("export", "out", "--app", "local") == 0
    return Path("out/app.yaml").read_text()


def test_conflicts_are_told_all_at_once_and_a_side_is_chosen_for_each(folder, capsys):
    plan = printed(capsys, "plan", "shop", status=1)
    told = {each["element"]: (each["base"], each["theirs"], each["mine"]) for each in plan["conflicts"]}
    assert told == {SIZE: ("Size", "Sizes", "Format"), NAME: ("Name", "Names", "Title")}
    said = refusal(capsys, "plan", "shop")
    assert f'--keep "{SIZE}" or --take "{SIZE}"' in said
    assert "until now: Size new: Sizes here: Format" in said
    assert f"{SIZE}, {NAME}" in refusal(capsys, "apply", "shop", "--yes")
    assert NAME in refusal(capsys, "apply", "shop", "--yes", "--keep", SIZE)
    assert printed(capsys, "versions")[0]["version"] == 1
    assert printed(capsys, "plan", "shop", "--keep", SIZE, "--take-all")["conflicts"] == []
    assert run("apply", "shop", "--yes", "--keep", SIZE, "--take", NAME) == 0
    assert local_text() == LOCAL.replace("  name: {label: Title}\n", "")
    found = printed(capsys, "diff", "1")
    altered = {
        each["change"]["name"]: [(one["path"], one["after"]) for one in each["alterations"]]
        for each in found["elements"]
    }
    assert altered["product.name"] == [("label", "Names")]
    assert altered["product.note"] == [("options.max_length", "200")]
    assert "product.size" not in altered


def test_a_conflict_that_was_decided_is_not_told_again(folder, capsys):
    assert run("apply", "shop", "--yes", "--keep-all") == 0
    assert local_text() == LOCAL
    write("shop", NEW.replace("1.1.0", "1.1.1").replace("label: Names", "label: Called"))
    assert [each["element"] for each in printed(capsys, "plan", "shop", status=1)["conflicts"]] == [NAME]
    assert run("apply", "shop", "--yes", "--keep", NAME) == 0
    assert printed(capsys, "plan", "shop")["unchanged"]


def test_choices_that_do_not_fit_are_refused(folder, capsys):
    assert "no conflict about `field product.sise`" in refusal(
        capsys, "plan", "shop", "--keep-all", "--keep", "field product.sise"
    )
    assert "both name" in refusal(capsys, "plan", "shop", "--keep", SIZE, "--take", SIZE, status=2)
    assert "contradict" in refusal(capsys, "apply", "shop", "--yes", "--keep-all", "--take-all", status=2)
    write("shop", NEW.replace("  note: {type: text, max_length: 200}\n", ""))
    said = refusal(
        capsys, "apply", "shop", "--yes", "--allow-destructive", "--take-all", "--keep", "field product.note"
    )
    assert "`mine` cannot be taken" in said
    assert "declare it in full" in said
    assert "field product.note" in refusal(capsys, "plan", "shop", "--keep-all")
    assert run("apply", "shop", "--yes", "--allow-destructive", "--take-all") == 0
    assert run("export", "out") == 0
    assert not Path("out/local/app.yaml").exists() or "note" not in Path("out/local/app.yaml").read_text()


def test_an_older_version_is_refused_unless_it_is_meant(folder, capsys):
    assert run("apply", "shop", "--yes", "--keep-all") == 0
    write("shop", NEW.replace("1.1.0", "1.0.9-rc.1"))
    plan = printed(capsys, "plan", "shop", status=1)
    assert [(each["element"], each["code"]) for each in plan["refusals"]] == [("app shop", "downgrade")]
    assert "Version 1.1.0 is installed, and this is 1.0.9-rc.1" in refusal(capsys, "apply", "shop", "--yes")
    assert run("apply", "shop", "--yes", "--downgrade") == 0
    assert run("rollback", "1", "--yes") == 0


def test_an_upgrade_that_another_app_does_not_take_is_refused_naming_both(folder, capsys):
    write("stock", "kind: app\nname: stock\nversion: 1.0.0\nrequires: {shop: ^1.0}\n")
    assert run("apply", "stock", "--yes") == 0
    write("shop", NEW.replace("1.1.0", "2.0.0"))
    assert "`stock` requires `shop` ^1.0, and that is 2.0.0" in refusal(
        capsys, "apply", "shop", "--yes", "--keep-all"
    )
    write("stock", "kind: app\nname: stock\nversion: 1.1.0\nrequires: {shop: '>=1 <3'}\n")
    assert run("apply", "shop", "stock", "--yes", "--keep-all") == 0


def test_rule_tests_of_all_layers_pass_before_an_upgrade_or_are_skipped_with_a_note(folder, capsys):
    write("shop", NEW, RULES)
    assert run("apply", "shop", "--yes", "--keep-all") == 0
    write("ours", LOCAL.replace("label: Title", "label: Title, max_length: 3"))
    assert run("apply", "ours", "--yes") == 0  # no other version, so no tests
    write("shop", NEW.replace("1.1.0", "1.2.0"), RULES)
    said = refusal(capsys, "apply", "shop", "--yes")
    assert "small ones need no note" in said
    assert printed(capsys, "versions")[0]["version"] == 3
    assert run("apply", "shop", "--yes", "--skip-tests", "--note", "In a hurry") == 0
    assert printed(capsys, "versions")[0]["note"] == "In a hurry (Rule tests were skipped.)"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (NEW.replace("1.1.0", "1.1"), "wrong_type"),
        (NEW + "---\nkind: app\nname: shop\nversion: 1.2.0\n", "two_apps"),
        (NEW.replace("name: shop", "name: shops"), "defined_twice"),
    ],
)
def test_a_folder_that_is_no_version_of_the_app_is_refused(folder, capsys, text, code):
    write("shop", text)
    assert f"[{code}]" in refusal(capsys, "apply", "shop", "--yes", "--keep-all")


def test_two_versions_of_one_app_at_once_are_wrong_usage(folder, capsys):
    write("old", SHOP)
    assert "`shop` is given twice" in refusal(capsys, "apply", "shop", "old", "--yes", status=2)
