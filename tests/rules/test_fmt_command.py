"""`fieldstone fmt`: rule files get one look, broken ones stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from fieldstone.cli.main import commands, exit_status

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
