"""`fieldstone import`: what is written, what is refused, and how it is told."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from fieldstone import records
from fieldstone.errors import Forbidden, Malformed
from fieldstone_testing import App, AppFactory
from fieldstone_testing.imports import ImportResult, import_file

CRM = """
kind: app
name: crm
label: CRM
version: 1.0.0
---
kind: entity
name: company
label: Company
fields:
  name: {type: text, required: true, unique: true, max_length: 60}
  code: {type: text}
  part_of: {type: reference, to: company}
  size: {type: integer, min: 1}
  kind: {type: choice, options: [{value: big_fish, label: Big fish}, small_fry], default: small_fry}
  countries: {type: tags}
---
kind: entity
name: deal
label: Deal
fields:
  title: {type: text, required: true}
  number: {type: sequence, format: "D-{number:04}"}
  company: {type: reference, to: company}
  partners: {type: references, to: company, inverse: partner_deals}
  stage: {type: choice, options: [open, won, lost], default: open}
  amount: {type: money, min: 0}
  closed: {type: date}
  called: {type: datetime}
  urgent: {type: boolean}
  share: {type: percent, check: share == null or share <= 50, message: At most half.}
  doubled: {type: formula, expression: amount * 2}
---
kind: workflow
name: deal_stage
entity: deal
field: stage
initial: open
states: {open: {label: Open}, won: {label: Won, final: true}, lost: {label: Lost, final: true}}
transitions: {win: {from: open, to: won, guard: amount > 100}, lose: {from: open, to: lost}}
---
kind: role
name: clerk
label: Clerk
entities:
  company: {create: true, read: code != "secret", update: true}
  deal: {create: amount == null or amount < 1000, read: true, update: true}
capabilities: [import]
---
kind: role
name: visitor
label: Visitor
entities: {deal: {create: true, read: true}}
"""
COMPANIES = "entity: company\nkey: name\ncolumns: {name: name, code: code}\n"
DEALS = "entity: deal\ncolumns: {title: title, amount: amount}\n"
Run = Callable[..., ImportResult]


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from(CRM)


@pytest.fixture
def run(app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    def imported(entity: str, rows: str | bytes, mapping: str, *options: str) -> ImportResult:
        file = tmp_path / f"{entity}.csv"
        file.write_bytes(rows if isinstance(rows, bytes) else rows.encode())
        (tmp_path / "mapping.yaml").write_text(mapping, "utf-8")
        return import_file(app, monkeypatch, entity, file, tmp_path / "mapping.yaml", "--json", *options)

    return imported


def stored(app: App, columns: str, entity: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in app.sql(f"SELECT {columns} FROM main.{entity} ORDER BY id")]


def rejected(result: ImportResult) -> list[dict[str, str]]:
    with Path(result.counts["rejected"]).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def reasons(result: ImportResult) -> list[tuple[object, ...]]:
    return [(one["column"], one["code"], one["count"]) for one in result.counts["reasons"]]


# --- values


def test_cells_are_read_in_the_notation_of_the_mapping(run: Run, app: App):
    mapping = (
        "entity: deal\nempty: [null, '-']\n"
        "formats: {date: dd.mm.yyyy, datetime: 'dd.mm.yyyy hh:mm', time_zone: Europe/Berlin, decimal: ',', "
        "thousands: '.', true: [ja], false: [nein]}\n"
        "columns: {t: title, a: amount, c: closed, w: called, u: urgent, s: {field: share, empty: ['0']}}\n"
    )
    rows = 't;a;c;w;u;s\nBig;1.234,50;31.01.2026;01.07.2026 14:30;Ja;0\nSmall;null;-;;NEIN;"12,5"\n'
    assert run("deal", rows, mapping).counts["created"] == 2
    assert stored(app, "title, amount::text, closed::text, called::text, urgent, share::float", "deal") == [
        ("Big", "1234.50", "2026-01-31", "2026-07-01 12:30:00+00", True, None),
        ("Small", None, None, None, False, 12.5),
    ]


def test_a_choice_is_known_by_its_name_or_label_in_any_case_or_by_an_alias(run: Run, app: App):
    mapping = "entity: company\ncolumns: {n: name, k: {field: kind, values: {whale: big_fish}}}\n"
    told = run("company", "n,k\na,BIG FISH\nb,Small_Fry\nc,whale\n", mapping).counts
    assert told["aliased"] == {"k": {"whale": 1}}
    assert stored(app, "kind", "company") == [("big_fish",), ("small_fry",), ("big_fish",)]


def test_an_empty_cell_of_a_new_record_takes_the_default_of_mapping_or_field(run: Run, app: App):
    mapping = "entity: company\ncolumns: {n: name, k: kind, c: {field: code, default: none}}\n"
    run("company", "n,k,c\na,,\n", mapping)
    assert stored(app, "kind, code", "company") == [("small_fry", "none")]


def test_constants_templates_factors_and_lists(run: Run, app: App):
    mapping = (
        "entity: company\nconstants: {kind: big_fish}\ncolumns:\n"
        "  n: [name, {field: code, template: '{slug}@x.example'}]\n"
        "  s: {field: size, factor: 1000}\n  c: {field: countries, formats: {separator: '|'}}\n"
    )
    run("company", "n,s,c\nMüller Öst,12,DE|FR\n", mapping)
    assert stored(app, "code, size, countries, kind", "company") == [
        ("muller.ost@x.example", 12000, ["DE", "FR"], "big_fish")
    ]


def test_states_and_numbers_arrive_as_they_are_and_the_history_says_import(run: Run, app: App):
    mapping = "entity: deal\ncolumns: {t: title, s: stage, n: number, a: amount}\n"
    assert run("deal", "t,s,n,a\nOld,won,X-7,1\n", mapping).counts["created"] == 1
    assert stored(app, "stage, number", "deal") == [("won", "X-7")]
    history = app.sql(
        "SELECT action, source, note, transition FROM main_system.history WHERE entity = 'deal'"
    )
    assert [tuple(row) for row in history] == [("import", "import", "deal.csv", None)]


# --- references


def test_references_are_looked_up_without_case_and_spaces_if_asked_so(run: Run, app: App):
    run("company", "name,code\nÄrger AG,x\n", COMPANIES)
    mapping = (
        "entity: deal\ncolumns:\n  t: title\n"
        "  c: {field: company, lookup: {by: [code, name], ignore: [case, spaces]}}\n"
    )
    told = run("deal", "t,c\na,ÄRGERAG\nb,X\nc,Arger\n", mapping)
    assert (told.counts["created"], reasons(told)) == (2, [("c", "not_found", 1)])


@pytest.mark.parametrize(
    ("missing", "created", "companies"), [("refuse", 0, 0), ("create", 2, 1), ("empty", 2, 0)]
)
def test_the_mapping_says_what_happens_without_a_record(
    run: Run, app: App, missing: str, created: int, companies: int
):
    made = {"create": ", create: {kind: big_fish, code: {column: t}}"}.get(missing, "")
    lookup = f"{{by: name, missing: {missing}{made}}}"
    mapping = f"entity: deal\ncolumns:\n  t: title\n  c: {{field: company, lookup: {lookup}}}\n"
    told = run("deal", "t,c\na,New\nb,New\n", mapping).counts
    assert told["created"] == created
    assert stored(app, "name, kind, code", "company") == [("New", "big_fish", "a")] * companies


def test_an_ambiguous_reference_is_refused(run: Run, app: App):
    run("company", "name,code\nA,same\nB,same\n", COMPANIES)
    mapping = "entity: deal\ncolumns: {t: title, c: {field: company, lookup: code}}\n"
    assert reasons(run("deal", "t,c\na,same\n", mapping)) == [("c", "ambiguous", 1)]


def test_several_references_stand_in_one_cell(run: Run, app: App):
    run("company", "name,code\nA,1\nB,2\n", COMPANIES)
    mapping = "entity: deal\ncolumns: {t: title, p: {field: partners, lookup: name}}\n"
    run("deal", "t,p\na,A; B\n", mapping)
    assert app.sql("SELECT count(*) FROM main.deal__partners")[0][0] == 2


PARENTS = (
    "entity: company\nkey: name\ncolumns: {n: name, p: {field: part_of, lookup: {by: name, missing: %s}}}\n"
)


def test_parents_may_stand_further_down_in_the_file(run: Run, app: App):
    told = run("company", "n,p\nleaf,branch\nbranch,root\nroot,\n", PARENTS % "refuse").counts
    assert (told["read"], told["created"]) == (3, 3)
    chain = app.sql(
        "SELECT c.name, p.name FROM main.company c JOIN main.company p ON p.id = c.part_of ORDER BY 1"
    )
    assert [tuple(row) for row in chain] == [("branch", "root"), ("leaf", "branch")]


def test_a_parent_that_never_comes_is_treated_as_the_mapping_says(run: Run, app: App):
    rows = "n,p\na,b\nb,nobody\nc,c\n"
    refused = run("company", rows, PARENTS % "refuse")
    assert reasons(refused) == [("p", "not_found", 3)]
    told = run("company", rows, PARENTS % "empty").counts
    assert (told["created"], told["left_empty"]) == (3, {"p": 2})
    assert app.sql("SELECT count(*) FROM main.company WHERE part_of IS NOT NULL")[0][0] == 1


# --- again


def test_importing_again_with_a_key_changes_only_what_differs(run: Run, app: App):
    run("company", "name,code\nA,1\nB,2\n", COMPANIES)
    told = run("company", "name,code\nA,1\nB,3\nC,4\n", COMPANIES).counts
    assert (told["unchanged"], told["updated"], told["created"]) == (1, 1, 1)
    assert stored(app, "name, code, version", "company") == [("A", "1", 1), ("B", "3", 2), ("C", "4", 1)]


def test_refused_rows_can_be_corrected_and_imported_again(run: Run, app: App, tmp_path: Path):
    rows = 'name,code\nA,1\n,2\n"' + "x" * 61 + '",3\n'
    first = run("company", rows, COMPANIES)
    assert (first.status, first.counts["created"], first.counts["refused"]) == (1, 1, 2)
    bad = rejected(first)
    assert [(row["fieldstone_line"], row["code"]) for row in bad] == [("3", "2"), ("4", "3")]
    assert "61" in bad[1]["fieldstone_problems"]
    text = Path(first.counts["rejected"]).read_text("utf-8").replace(",,2", ",B,2").replace("x" * 61, "C")
    second = run("company", text, COMPANIES)
    assert (second.status, second.counts["created"], second.counts["unused_columns"]) == (0, 2, [])
    assert [name for (name,) in stored(app, "name", "company")] == ["A", "B", "C"]


def test_rejects_of_an_earlier_run_are_kept(run: Run):
    first = run("company", "name,code\n,1\n", COMPANIES)
    run("company", "name,code\n,2\n", COMPANIES)
    kept = Path(first.counts["rejected"] + ".bak").read_text("utf-8")
    assert ",1" in kept.splitlines()[1]


# --- checks


def test_each_refused_row_is_counted_once_with_all_its_reasons(run: Run, app: App):
    mapping = "entity: deal\ncolumns: {t: title, a: amount, c: closed, s: {field: share}}\n"
    told = run("deal", "t,a,c,s\n,x,31-12-2026,1\nok,-5,,\nok,1,,60\n", mapping)
    counts = told.counts
    assert counts["read"] == counts["created"] + counts["refused"] == 3
    assert sorted(reasons(told), key=str) == [
        ("a", "not_a_number", 1),
        ("a", "too_small", 1),
        ("c", "not_a_date", 1),
        ("s", "check", 1),
    ]
    assert stored(app, "title", "deal") == []


def test_unique_values_are_refused_in_the_file_and_against_the_database(run: Run, app: App):
    mapping = "entity: company\ncolumns: {name: name, code: code}\n"
    run("company", "name,code\nA,1\n", mapping)
    told = run("company", "name,code\nA,2\nB,3\nB,4\n", mapping)
    assert (told.counts["created"], reasons(told)) == (1, [("name", "not_unique", 2)])


def test_bad_rows_of_the_file_are_refused_like_others(run: Run, app: App):
    rows = b'name,code\nA,1,2\nB\n"C"x,1\nD,\x00\nM\xfcller,1\nok,"two\nlines"\n'
    told = run("company", rows, COMPANIES)
    assert (told.counts["created"], told.counts["refused"]) == (0, 6)
    assert {code for _, code, _ in reasons(told)} >= {
        "ragged_row",
        "broken_quotes",
        "bad_characters",
        "line_break",
    }
    assert b"M\xfcller" in Path(told.counts["rejected"]).read_bytes()


def test_a_dry_run_finds_what_the_real_run_finds_and_writes_nothing(run: Run, app: App, tmp_path: Path):
    rows = "n,p\nleaf,root\nroot,\nroot,\nlost,nobody\n"
    mapping = (PARENTS % "refuse").replace("key: name\n", "")
    dry = run("company", rows, mapping, "--dry-run")
    assert stored(app, "name", "company") == []
    assert app.sql("SELECT count(*) FROM main_system.history WHERE entity = 'company'")[0][0] == 0
    assert not list(tmp_path.glob("*.rejected.csv"))
    real = run("company", rows, mapping)
    assert dry.counts["problems"] == real.counts["problems"]
    assert (dry.counts["created"], dry.counts["dry_run"]) == (real.counts["created"], True) == (2, True)


def test_a_dry_run_in_words_names_row_column_and_reason(
    app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    (tmp_path / "d.csv").write_text("title,amount\na,x\n", "utf-8")
    (tmp_path / "m.yaml").write_text(DEALS, "utf-8")
    told = import_file(app, monkeypatch, "deal", tmp_path / "d.csv", tmp_path / "m.yaml", "--dry-run")
    assert "line 2, amount: “x” is not a number." in told.errors
    assert "0 would be created, 1 would be refused" in told.output


# --- rights


def test_somebody_imports_with_their_own_rights(run: Run, app: App):
    run("company", "name,code\nOpen,1\nHidden,secret\n", COMPANIES)
    app.user("Ann", ["clerk"])
    mapping = "entity: deal\ncolumns: {t: title, a: amount, c: {field: company, lookup: name}}\n"
    told = run("deal", "t,a,c\na,1,Open\nb,2000,Open\nc,1,Hidden\n", mapping, "--as", "ann@example.com")
    assert told.counts["created"] == 1
    assert sorted(code for _, code, _ in reasons(told)) == ["forbidden", "not_found"]
    created_by = app.sql('SELECT u.name FROM main.deal d JOIN main."user" u ON u.id = d.created_by')
    assert [tuple(row) for row in created_by] == [("Ann",)]


def test_without_the_capability_nobody_imports(run: Run, app: App):
    app.user("Vic", ["visitor"])
    with pytest.raises(Forbidden, match="capability"):
        run("deal", "title,amount\na,1\n", DEALS, "--as", "vic@example.com")


# --- what does not fit


def test_everything_that_does_not_fit_is_told_with_its_place_before_a_row_is_read(run: Run):
    mapping = (
        "entity: deal\nkey: [titel, closed]\nconstants: {created_at: x}\ncolumns:\n"
        "  tite: title\n  amount: [amont, doubled]\n  company: company\n"
        "  title: {field: title, lookup: name}\n  code: {field: company, lookup: nam}\n"
        "  share: {field: share, formats: {date: dd-qq}}\n"
    )
    refused = run("deal", "title,amount,company,code,share\n", mapping)
    problems = refused.counts["mapping_problems"]
    told = [f"{p['line']}:{p['column']} {p['code']} {p['hint'] or ''}".strip() for p in problems]
    assert refused.status == 1
    assert told == [
        "2:6 key_not_fed",
        "2:6 unknown_field did you mean `title`?",
        "3:13 not_importable",
        "5:3 unknown_column did you mean `title`?",
        "6:12 unknown_field did you mean `amount`?",
        "6:19 not_importable",
        "7:12 lookup_missing add `lookup: name`, or `lookup: id`",
        "8:18 fed_twice",
        "8:33 not_a_reference",
        "9:17 fed_twice",
        "9:34 unknown_field did you mean `name`?",
        "10:18 bad_pattern",
    ]


def test_a_mapping_for_another_entity_is_refused(run: Run):
    told = run("deal", "name,code\n", COMPANIES).counts["mapping_problems"]
    assert told[0]["message"] == "this mapping is for `company`, not for `deal`"


def test_an_empty_file_is_refused(run: Run):
    with pytest.raises(Malformed, match="empty"):
        run("deal", "", DEALS)


def test_columns_that_nothing_reads_are_named(run: Run):
    assert run("deal", "title,amount,colour\na,1,red\n", DEALS).counts["unused_columns"] == ["colour"]


# --- large


def test_an_interrupted_import_tells_what_is_written_and_can_be_repeated(
    run: Run, app: App, monkeypatch: pytest.MonkeyPatch
):
    rows = "name,code\n" + "".join(f"C{number},{number}\n" for number in range(2500))
    original = records.import_rows
    calls = iter(range(100))

    def interrupted(*arguments: object, **options: object) -> object:
        if next(calls) == 1:
            raise KeyboardInterrupt
        return original(*arguments, **options)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(records, "import_rows", interrupted)
    told = run("company", rows, COMPANIES)
    assert (told.status, told.counts["created"], told.counts["finished"]) == (1, 1000, False)
    again = run("company", rows, COMPANIES).counts
    assert (again["unchanged"], again["created"]) == (1000, 1500)
