"""The command line: its exit statuses, what it prints for people and for programs, and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fieldstone.cli.main import commands, exit_status
from fieldstone_testing.apps import PASSWORD

APP = """
kind: app
name: shop
version: 1.0.0
---
kind: entity
name: product
fields:
  name: {type: text, required: true}
  price: {type: money}
---
kind: role
name: clerk
label: Clerk
inherits: [employee]
"""


NOTHING_TO_READ = {
    (): "has commands",
    ("demo",): "serves",
    ("serve",): "serves",
    ("new",): "makes a folder",
    ("fmt",): "tells files by their names, a line each",
    ("files",): "has commands",
    ("secret",): "has commands",
    ("secret", "key"): "prints the key and nothing else",
    ("token",): "has commands",
    ("token", "create"): "prints the token and nothing else",
    ("token", "revoke"): "has nothing to tell",
    ("user",): "has commands",
    ("user", "log-out"): "has nothing to tell",
    ("user", "set-password"): "has nothing to tell",
}
"""Commands without `--json`, and why no program reads what they say."""


@pytest.fixture
def installation(cluster, monkeypatch, tmp_path) -> Path:
    """An empty database named by the environment, and an empty current folder."""
    url = cluster.empty()
    monkeypatch.setenv("FIELDSTONE_DATABASE_URL", url.render_as_string(hide_password=False))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    cluster.drop(url)


@pytest.fixture
def shop(installation) -> Path:
    """An app folder that has been published."""
    folder = installation / "shop"
    folder.mkdir()
    (folder / "app.yaml").write_text(APP)
    assert run("apply", "shop", "--yes") == 0
    return folder


def run(*arguments: str) -> int:
    return exit_status(lambda: commands.main(args=list(arguments), standalone_mode=False))


def every_command() -> list[tuple[str, ...]]:
    names: list[tuple[str, ...]] = [()]
    for name in commands.list_commands(None):
        command = commands.get_command(None, name)
        names += [(name,), *((name, below) for below in getattr(command, "commands", {}))]
    return names


@pytest.mark.parametrize("names", every_command(), ids=" ".join)
def test_every_command_explains_itself_with_an_example(names, capsys):
    assert run(*names, "--help") == 0
    shown = capsys.readouterr().out
    assert "Example:" in shown
    assert "fieldstone" in shown.split("Example:")[1]


@pytest.mark.parametrize("names", every_command(), ids=" ".join)
def test_every_command_refuses_what_it_does_not_know_as_wrong_usage(names, capsys):
    assert run(*names, "--nonsense") == 2
    assert "No such option" in capsys.readouterr().err


@pytest.mark.parametrize("names", sorted(set(every_command()) - NOTHING_TO_READ.keys()), ids=" ".join)
def test_every_command_speaks_json_where_a_program_may_read_it(names, capsys):
    assert run(*names, "--help") == 0
    assert "--json" in capsys.readouterr().out


def test_an_unknown_command_is_wrong_usage(capsys):
    assert run("aply") == 2
    assert "No such command" in capsys.readouterr().err


def test_a_sound_app_has_no_problems(shop, capsys):
    capsys.readouterr()
    assert run("check", "shop") == 0
    assert capsys.readouterr().err.strip() == "No problems found."


def test_check_prints_all_problems_with_their_places_and_exits_with_1(shop, capsys):
    (shop / "app.yaml").write_text(APP.replace("money", "mony").replace("employee", "employe"))
    assert run("check", "shop") == 1
    shown = capsys.readouterr().out
    assert "app.yaml:10:" in shown
    assert "app.yaml:15:" in shown


def test_check_speaks_json(shop, capsys):
    (shop / "app.yaml").write_text(APP.replace("money", "mony"))
    capsys.readouterr()
    assert run("check", "shop", "--format", "json") == 1
    [problem] = json.loads(capsys.readouterr().out)
    assert (problem["path"], problem["line"], problem["severity"]) == ("app.yaml", 10, "error")


def test_check_tells_where_an_element_is_used(shop, capsys):
    capsys.readouterr()
    assert run("check", "shop", "--where-used", "employee") == 0
    assert capsys.readouterr().out.strip() == "app.yaml:12: role clerk (inherits)"
    assert run("check", "shop", "--where-used", "product.price", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []
    assert run("check", "shop", "--where-used", "product.prize") == 2
    assert "did you mean `product.price`?" in capsys.readouterr().err


def test_check_of_nothing_is_wrong_usage(installation):
    assert run("check", "nowhere") == 2


def test_check_needs_no_database(shop, monkeypatch):
    monkeypatch.setenv("FIELDSTONE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    assert run("check", "shop") == 0


def test_a_plan_is_shown_like_terraform_and_changes_nothing(shop, capsys):
    (shop / "app.yaml").write_text(
        APP.replace("price: {type: money}", "price: {type: money}\n  size: {type: integer}")
    )
    capsys.readouterr()
    assert run("plan", "shop") == 0
    shown = capsys.readouterr().out
    assert "+ field     product.size" in shown
    assert "Plan: 1 to create, 0 to change, 0 to remove." in shown
    assert run("plan", "shop") == 0


def test_a_plan_for_programs_has_the_sql(shop, capsys):
    (shop / "app.yaml").write_text(
        APP.replace("price: {type: money}", "price: {type: money}\n  size: {type: integer}")
    )
    capsys.readouterr()
    assert run("plan", "shop", "--json") == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["base"] == 1
    assert "ADD COLUMN size" in plan["steps"][0]["sql"][0]


def test_a_refused_plan_exits_with_1_and_says_what_to_do(shop, capsys):
    (shop / "app.yaml").write_text(APP.replace("price: {type: money}", "price: {type: text}"))
    assert run("plan", "shop") == 1
    assert "restore its type" in capsys.readouterr().out
    assert run("apply", "shop", "--yes") == 1


def test_applying_twice_says_that_there_is_nothing_to_do(shop, capsys):
    capsys.readouterr()
    assert run("apply", "shop", "--yes", "--note", "again") == 0
    assert "Nothing to do" in capsys.readouterr().out


def test_apply_for_programs(shop, capsys):
    capsys.readouterr()
    assert run("apply", "shop", "--yes", "--json") == 0
    outcome = json.loads(capsys.readouterr().out)
    assert (outcome["version"], outcome["unchanged"]) == (1, True)


def test_apply_without_anybody_to_ask_needs_yes(shop, capsys):
    (shop / "app.yaml").write_text(APP + "---\nkind: entity\nname: shelf\nfields: {name: {type: text}}\n")
    assert run("apply", "shop") == 2
    assert "--yes" in capsys.readouterr().err


def test_apply_on_a_base_that_has_moved_is_refused(shop, capsys):
    (shop / "app.yaml").write_text(APP + "---\nkind: entity\nname: shelf\nfields: {name: {type: text}}\n")
    assert run("apply", "shop", "--yes", "--base", "7") == 1
    assert "Publication 1 is in force" in capsys.readouterr().err


def test_documents_with_errors_are_not_applied(shop, capsys):
    (shop / "app.yaml").write_text(APP.replace("money", "mony"))
    assert run("apply", "shop", "--yes") == 1
    assert "app.yaml:10:" in capsys.readouterr().out


def test_a_template_is_applied_by_its_name(installation, capsys):
    assert run("apply", "sales", "--yes") == 0
    assert "Published as version 1." in capsys.readouterr().out


def test_a_user_is_made_listed_and_given_a_password(shop, capsys):
    made = run(
        "user", "create", "ann@example.com", "--name", "Ann", "--password", PASSWORD,
        "--role", "clerk", "--team", "North",
    )  # fmt: skip
    assert made == 0
    capsys.readouterr()
    assert run("user", "list", "--json") == 0
    [user] = json.loads(capsys.readouterr().out)
    assert (user["email"], user["name"], user["active"]) == ("ann@example.com", "Ann", True)
    assert run("user", "set-password", "ann@example.com", "--password", "another long phrase") == 0
    assert run("user", "log-out", "ann@example.com") == 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"--role": "boss"}, "no role boss"),
        ({"--password": "short"}, "at least 10"),
        ({"email": "nonsense"}, "mail"),
    ],
)
def test_a_user_that_cannot_be_made_is_told(shop, capsys, changed, message):
    options = {"--name": "Ann", "--password": PASSWORD, "--role": "clerk"} | changed
    email = options.pop("email", "ann@example.com")
    assert run("user", "create", email, *(part for pair in options.items() for part in pair)) == 1
    assert message in capsys.readouterr().err


def test_a_token_is_printed_and_nothing_else(shop, capsys):
    run("user", "create", "ann@example.com", "--name", "Ann", "--password", PASSWORD, "--role", "clerk")
    capsys.readouterr()
    assert run("token", "create", "--user", "ann@example.com", "--days", "3") == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("fst_")
    assert printed.out.count("\n") == 1
    assert printed.err == ""


def test_a_token_is_listed_and_revoked(shop, capsys):
    run("user", "create", "ann@example.com", "--name", "Ann", "--password", PASSWORD, "--role", "clerk")
    run("token", "create", "--user", "ann@example.com", "--entity", "product", "--verb", "read")
    capsys.readouterr()
    assert run("token", "list", "--user", "ann@example.com", "--json") == 0
    [token] = json.loads(capsys.readouterr().out)
    assert (token["entities"], token["verbs"], token["revoked_at"]) == (["product"], ["read"], None)
    assert run("token", "revoke", token["id"]) == 0


def test_a_token_for_nobody_is_refused(shop, capsys):
    assert run("token", "create", "--user", "nobody@example.com") == 1
    assert "nobody@example.com" in capsys.readouterr().err


def test_commands_that_need_an_app_say_so(installation, capsys):
    assert run("user", "list") == 1
    assert "Nothing has been published yet" in capsys.readouterr().err


def test_a_new_app_has_no_problems(installation):
    assert run("new", "field_service") == 0
    assert run("check", "field_service") == 0
    assert run("apply", "field_service", "--yes") == 0


def test_a_name_that_no_app_can_have_is_wrong_usage(installation):
    assert run("new", "Field Service") == 2


def test_the_templates_are_listed(capsys):
    assert run("templates", "--json") == 0
    assert "sales" in [template["name"] for template in json.loads(capsys.readouterr().out)]


def test_the_doctor_finds_a_sound_installation_well(shop, capsys):
    capsys.readouterr()
    assert run("doctor", "--json") == 0
    findings = {finding["name"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert findings["publication"]["text"] == "version 1: core 1.0.0, shop 1.0.0"
    assert findings["tables"]["text"] == "as declared"


def test_leftovers_in_the_storage_of_files_are_told_and_cleaned(shop, capsys):
    left = shop.parent / ".fieldstone" / "files" / "main" / "incoming" / "left"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    capsys.readouterr()
    assert run("doctor") == 0
    assert "fieldstone files clean" in capsys.readouterr().out
    assert run("files", "clean", "--dry-run") == 0
    assert left.exists()
    assert run("files", "clean", "--json") == 0
    assert json.loads(capsys.readouterr().out.partition("\n")[2])["unfinished"] == 1
    assert not left.exists()


def test_the_doctor_says_that_the_database_is_away(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIELDSTONE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    assert run("doctor") == 1
    assert "cannot be reached" in capsys.readouterr().out


def test_a_setting_that_cannot_be_used_is_named(monkeypatch, capsys):
    monkeypatch.setenv("FIELDSTONE_PORT", "ninety")
    assert run("serve") == 1
    assert "FIELDSTONE_PORT" in capsys.readouterr().err


def test_an_unknown_key_in_the_configuration_file_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fieldstone.toml").write_text("prot = 8001\n")
    assert run("user", "list") == 1
    assert "prot" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["demo", "serving"])
def test_what_serving_needs_is_imported_while_the_database_starts(command):
    loaded = f"import sys, fieldstone.cli.{command}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert {"flask", "granian", "fieldstone.records"} & set(done.stdout.split()) == set()


def test_a_demonstration_leaves_other_apps_alone(shop, capsys):
    assert run("demo", "--no-serve") == 1
    assert "left alone" in capsys.readouterr().err
