"""The public sales data set, dirty as it came, through the example mappings into the sales template."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fieldstone_metadata import template_layer
from fieldstone_testing import App, AppFactory
from fieldstone_testing.imports import ImportResult, import_file

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "crm-sales-opportunities"
MAPPINGS = ROOT / "docs" / "examples" / "crm-sales-opportunities"
STEPS = (
    ("user", "sales_teams.csv", "managers.yaml"),
    ("user", "sales_teams.csv", "agents.yaml"),
    ("product", "products.csv", "products.yaml"),
    ("account", "accounts.csv", "accounts.yaml"),
)
Run = Callable[..., ImportResult]

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the data set is not at {DATA}")


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from.of_layers([template_layer("sales")])


@pytest.fixture
def run(app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    def imported(entity: str, file: str, mapping: str, *options: str) -> ImportResult:
        rejected = ("--rejected", str(tmp_path / "rejected.csv"))
        path = tmp_path / file if (tmp_path / file).exists() else DATA / file
        return import_file(app, monkeypatch, entity, path, MAPPINGS / mapping, *rejected, "--json", *options)

    return imported


@pytest.fixture
def counts(run: Run) -> list[dict[str, object]]:
    """The counts of everything that the opportunities refer to, imported."""
    return [run(*step).counts for step in STEPS]


def test_the_lists_arrive_whole(counts: list[dict[str, object]], app: App):
    assert [(step["read"], step["created"], step["refused"]) for step in counts] == [
        (35, 6, 0),
        (35, 35, 0),
        (7, 7, 0),
        (85, 85, 0),
    ]
    assert app.sql("SELECT count(*) FROM main.account WHERE parent IS NOT NULL")[0][0] == 15
    assert app.sql("SELECT count(*) FROM main.account WHERE sector = 'technology'")[0][0] == 12


def test_all_8800_opportunities_are_accounted_for(counts: list[dict[str, object]], run: Run, app: App):
    told = run("opportunity", "sales_pipeline.csv", "pipeline.yaml").counts
    assert told["read"] == told["created"] + told["updated"] + told["unchanged"] + told["refused"] == 8800
    assert (told["created"], told["refused"]) == (8800, 0)
    assert told["aliased"] == {"product": {"GTXPro": 1480}}
    assert told["empty"]["account"] == 1425
    stages = app.sql("SELECT stage, count(*) FROM main.opportunity GROUP BY stage ORDER BY 2 DESC")
    assert [tuple(row) for row in stages] == [
        ("won", 4238),
        ("lost", 2473),
        ("engaging", 1589),
        ("prospecting", 500),
    ]
    won = app.sql("SELECT count(*), min(close_date), sum(amount) FROM main.opportunity WHERE stage = 'won'")
    assert [str(value) for value in won[0]] == ["4238", "2017-03-01", "10005534.00"]
    history = app.sql(
        "SELECT action, source, note, count(*) FROM main_system.history "
        "WHERE entity = 'opportunity' GROUP BY 1, 2, 3"
    )
    assert [tuple(row) for row in history] == [("import", "import", "sales_pipeline.csv", 8800)]
    again = run("opportunity", "sales_pipeline.csv", "pipeline.yaml").counts
    assert (again["unchanged"], again["created"], again["updated"]) == (8800, 0, 0)


def test_an_account_that_is_in_no_list_is_refused_and_comes_in_corrected(
    counts: list[dict[str, object]], run: Run, app: App, tmp_path: Path
):
    head, *rows = (DATA / "sales_pipeline.csv").read_text("utf-8").splitlines()[:50]
    text = "\n".join([head, *rows]).replace(",Cancity,", ",Kancity,")
    (tmp_path / "some.csv").write_text(text + "\n", "utf-8")
    first = run("opportunity", "some.csv", "pipeline.yaml")
    told = first.counts
    assert told["read"] == told["created"] + told["refused"] == 49
    assert [(one["column"], one["code"], one["count"]) for one in told["reasons"]] == [
        ("account", "not_found", 2)
    ]
    refused = Path(told["rejected"]).read_text("utf-8")
    assert "there is no `account` with the name “Kancity”" in refused
    (tmp_path / "corrected.csv").write_text(refused.replace(",Kancity,", ",Cancity,"), "utf-8")
    assert run("opportunity", "corrected.csv", "pipeline.yaml").counts["created"] == 2


def test_a_dry_run_of_everything_finds_the_same_and_writes_nothing(
    counts: list[dict[str, object]], run: Run, app: App
):
    told = run("opportunity", "sales_pipeline.csv", "pipeline.yaml", "--dry-run").counts
    assert (told["read"], told["created"], told["refused"], told["dry_run"]) == (8800, 8800, 0, True)
    assert app.sql("SELECT count(*) FROM main.opportunity")[0][0] == 0
