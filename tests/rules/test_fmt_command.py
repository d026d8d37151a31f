"""`fieldstone fmt`: rule files get one look, broken ones stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from fieldstone.cli.main import commands, exit_status
from fieldstone.settings import load_settings
from fieldstone_rules import limits

UNTIDY = "# why\nfunction f( x:integer )=x+1\n"


def fmt(*arguments: str) -> int:
    return exit_status(lambda: commands.main(args=["fmt", *arguments], standalone_mode=False))


def test_files_of_a_folder_are_formatted_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rules").mkdir()
    file = tmp_path / "rules" / "sales.rules"
    file.write_text(UNTIDY)
    assert fmt(str(tmp_path)) == 0
    assert str(file) in capsys.readouterr().out
    assert file.read_text() == "# why\nfunction f(x: integer) = x + 1\n"
    assert fmt("--check", str(tmp_path)) == 0


def test_checking_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "sales.rules"
    file.write_text(UNTIDY)
    assert fmt("--check", str(file)) == 1
    assert file.read_text() == UNTIDY


def test_a_file_that_does_not_parse_stays_and_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "sales.rules"
    file.write_text("trigger x on\n")
    assert fmt(str(file)) == 1
    assert "sales.rules:1:" in capsys.readouterr().out
    assert file.read_text() == "trigger x on\n"


def test_a_file_that_is_no_text_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "sales.rules"
    file.write_bytes(b"\xff\xfe")
    assert fmt(str(file)) == 1
    assert "not UTF-8" in capsys.readouterr().out


def test_the_limits_of_rules_are_those_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(limits, "current", limits.current)
    file = tmp_path / "sales.rules"
    file.write_text("function f(x: integer) = ((((((x))))))\n")
    assert fmt(str(file)) == 0
    monkeypatch.setenv("FIELDSTONE_EXPRESSION_DEPTH", "5")
    assert fmt(str(file)) == 1
    assert "nested more than 5 levels deep" in capsys.readouterr().out
    monkeypatch.setenv("FIELDSTONE_EXPRESSION_DEPTH", "5000")
    assert fmt(str(file)) == 1
    assert "FIELDSTONE_EXPRESSION_DEPTH" in capsys.readouterr().err


def test_every_limit_has_a_setting() -> None:
    given = {
        "rule_steps": 101, "rule_transaction_steps": 102, "rule_queries": 103, "rule_records": 104,
        "rule_trigger_depth": 5, "rule_file_kb": 6, "rule_text_mb": 7, "expression_depth": 8,
        "expression_parts": 109,
    }  # fmt: skip
    chosen = load_settings(**given).rule_limits
    assert chosen == limits.Limits(101, 102, 103, 104, 5, 8, 109, 6 * 1024, 7 * 1024 * 1024)
    assert load_settings().rule_limits == limits.Limits()
