"""The tutorial is followed to the letter: its files are written, its commands run, its claims looked at."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fieldstone.cli.main import commands, exit_status

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "your-first-app.md"
FILES = re.compile(r"<!-- file: (?P<path>\S+) -->\n```yaml\n(?P<text>.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """Path → text of every file that the tutorial has its reader write."""
    return {match["path"]: match["text"] for match in FILES.finditer(PAGE.read_text())}


@pytest.fixture
def workshop(tmp_path, files, monkeypatch) -> Path:
    """The folder as it stands after section 4."""
    monkeypatch.chdir(tmp_path)
    assert run("new", "workshop") == 0
    for path in (tmp_path / "workshop").rglob("*.yaml"):
        path.unlink()
    for path, text in files.items():
        (tmp_path / path).write_text(text)
    return tmp_path / "workshop"


def run(*arguments: str) -> int:
    return exit_status(lambda: commands.main(args=list(arguments), standalone_mode=False))


def test_the_files_of_the_tutorial_check_without_a_problem(workshop, capsys):
    assert run("check", str(workshop), "--format", "json") == 0
    assert '"severity"' not in capsys.readouterr().out


def test_a_misspelt_target_is_reported_with_file_line_and_suggestion(workshop, capsys):
    entities = workshop / "entities.yaml"
    entities.write_text(entities.read_text().replace("to: customer", "to: custmer"))
    assert run("check", str(workshop)) == 1
    problem = capsys.readouterr().out
    assert re.search(r"entities\.yaml:\d+:\d+: ", problem)
    assert "did you mean `customer`?" in problem


@pytest.fixture
def shop(app_from, files):
    """The published workshop."""
    return app_from("\n---\n".join(text for text in files.values()))


def test_a_mechanic_takes_in_a_repair_and_mends_it(shop, client):
    api = client(shop, shop.token("Ben", ["mechanic"]))
    customer = api.post("/data/customer", json={"name": "Ida Falk"}).json["id"]
    repair = api.post("/data/repair", json={"customer": customer, "bicycle": "Blue Kestrel"}).json
    assert repair["number"].startswith("R-")
    assert repair["state"] == "received"
    mended = api.post(f"/data/repair/{repair['id']}/transitions/mend", json={"price": "80.00"}).json
    assert (mended["state"], mended["to_pay"]) == ("mended", "80.00")


def test_a_mechanic_may_not_give_a_discount_and_a_master_must_say_why(shop, client):
    mechanic = client(shop, shop.token("Ben", ["mechanic"]))
    master = client(shop, shop.token("Ada", ["master"]))
    customer = master.post("/data/customer", json={"name": "Ida Falk"}).json["id"]
    bicycle = {"customer": customer, "bicycle": "Blue Kestrel", "discount": "30"}
    assert mechanic.post("/data/repair", json=bicycle).status_code == 403
    refused = master.post("/data/repair", json=bicycle)
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json["errors"]] == ["reason"]
    assert master.post("/data/repair", json={**bicycle, "reason": "A friend"}).status_code == 201


def test_only_a_master_reopens_a_collected_repair(shop, client):
    mechanic = client(shop, shop.token("Ben", ["mechanic"]))
    customer = mechanic.post("/data/customer", json={"name": "Ida Falk"}).json["id"]
    repair = mechanic.post("/data/repair", json={"customer": customer, "bicycle": "Kestrel"}).json["id"]
    path = f"/data/repair/{repair}/transitions"
    assert mechanic.post(f"{path}/mend", json={"price": "80"}).status_code == 200
    assert mechanic.post(f"{path}/collect", json={}).status_code == 200
    assert mechanic.post(f"{path}/reopen", json={}).status_code == 403
    master = client(shop, shop.token("Ada", ["master"]))
    assert master.post(f"{path}/reopen", json={}).json["state"] == "received"
