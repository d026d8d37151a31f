"""`fieldstone restore-archived`: what publications removed, at the command line."""

from __future__ import annotations

import json

import pytest

from fieldstone.cli.main import commands, exit_status

APP = (
    "kind: app\nname: shop\nversion: 1.0.0\n---\nkind: entity\nname: product\nfields:\n  name: {type: text}\n"
)
COLORED = APP + "  colour: {type: text}\n"
DATA = "---\nkind: data\nname: pumps\nentity: product\nkey: [name]\nrecords:\n  - {name: Pump, colour: red}\n"


def run(*arguments: str) -> int:
    return exit_status(lambda: commands.main(args=list(arguments), standalone_mode=False))


@pytest.fixture
def publish(cluster, monkeypatch, tmp_path):
    url = cluster.empty()
    monkeypatch.setenv("FIELDSTONE_DATABASE_URL", url.render_as_string(hide_password=False))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop").mkdir()

    def publish(text: str, *options: str) -> int:
        (tmp_path / "shop" / "app.yaml").write_text(text)
        return run("apply", "shop", "--yes", *options)

    yield publish
    cluster.drop(url)


def test_a_removed_field_is_allowed_listed_brought_back_and_another_deleted(publish, capsys):
    assert publish(COLORED + DATA) == 0
    assert publish(APP) == 1
    assert "field product.colour [destructive]" in capsys.readouterr().out
    assert run("plan", "shop") == 1
    assert run("plan", "shop", "--allow-destructive") == 0
    assert publish(APP, "--allow-destructive") == 0
    capsys.readouterr()
    assert run("restore-archived", "--json") == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == ["v2__product__colour"]
    assert run("restore-archived", "v2__product__colour") == 1
    assert "is not declared" in capsys.readouterr().err
    assert publish(COLORED) == 0
    assert run("restore-archived", "v2__product__colour") == 0
    assert "1 rows are back" in capsys.readouterr().out
    assert publish(APP, "--allow-destructive") == 0
    assert run("restore-archived", "v4__product__colour", "--purge", "--yes") == 0
    assert run("restore-archived") == 0
    assert "The archive is empty" in capsys.readouterr().out
