"""Reading CSV files as others write them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from fieldstone.errors import Malformed
from fieldstone.transfer.csv_file import LONGEST_CELL, CsvFile, Layout, bad_text, open_csv


def read(content: bytes, **layout: str) -> CsvFile:
    return CsvFile(io.BytesIO(content), Layout(**layout))


def cells(file: CsvFile) -> list[tuple[str, ...]]:
    return [row.cells for row in file.rows()]


def refusal_of(content: bytes, **layout: str) -> Malformed:
    with pytest.raises(Malformed) as refused:
        list(read(content, **layout).rows())
    return refused.value


def test_rows_come_with_the_line_on_which_they_begin():
    file = read(b"name,city\nAcme,Lyon\n\nBolt,Oslo\n")
    assert [(row.line, row.cells) for row in file.rows()] == [(2, ("Acme", "Lyon")), (4, ("Bolt", "Oslo"))]


def test_a_line_break_inside_quotes_belongs_to_the_cell():
    file = read(b'name,note\nAcme,"one\ntwo"\nBolt,x\n')
    rows = list(file.rows())
    assert rows[0].cells == ("Acme", "one\ntwo")
    assert rows[1].line == 4


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_all_line_ends_are_understood(ending: bytes):
    assert cells(read(ending.join([b"a,b", b"1,2", b"3,4"]))) == [("1", "2"), ("3", "4")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out_from_the_expected_columns(delimiter: str):
    text = delimiter.join(["name", "city, country"]) + "\n" + delimiter.join(["Acme", "Lyon"]) + "\n"
    file = CsvFile(io.BytesIO(text.encode()), Layout(), expected=["name"])
    assert file.header.delimiter == delimiter


def test_a_stated_delimiter_is_not_guessed():
    assert read(b"a;b,c\n1;2,3\n", delimiter=",").header.columns == ("a;b", "c")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_tell_the_encoding(encoding: str):
    file = read("näme,city\nÅsa,Łódź\n".encode(encoding))
    assert file.header.columns == ("näme", "city")
    assert cells(file) == [("Åsa", "Łódź")]


def test_a_stated_encoding_is_used():
    assert cells(read("name\nMüller\n".encode("latin-1"), encoding="latin-1")) == [("Müller",)]


def test_bytes_of_another_encoding_are_told_of_the_cell_and_not_of_the_file():
    rows = list(read(b"name\nM\xfcller\nGood\n").rows())
    assert "encoding" in str(bad_text(rows[0].cells[0]))
    assert rows[1].cells == ("Good",)


def test_nul_characters_are_told_of_the_cell():
    rows = list(read(b"name,city\nAc\x00me,Lyon\n").rows())
    assert bad_text(rows[0].cells[0]) == "contains a NUL character"


def test_a_broken_utf_16_file_is_refused_with_its_line():
    assert refusal_of("a,b\n1,2\n".encode("utf-16") + b"\x00").code == "bad_encoding"


@pytest.mark.parametrize("row", [b"1,2\n", b"1,2,3,4\n"])
def test_a_ragged_row_keeps_its_cells_and_says_why_it_is_refused(row: bytes):
    found = next(read(b"a,b,c\n" + row).rows())
    assert found.code == "ragged_row"
    assert found.cells == tuple(row.decode().strip().split(","))


def test_text_after_a_closing_quote_spoils_only_its_row():
    rows = list(read(b'a,b\n"x"y,2\n3,4\n').rows())
    assert rows[0].code == "broken_quotes"
    assert rows[1].cells == ("3", "4")


def test_a_quote_that_is_never_closed_is_noticed():
    rows = list(read(b'a,b\n"x,2\n3,4\n').rows())
    assert [row.code for row in rows] == ["broken_quotes"]


def test_a_huge_cell_spoils_only_its_row():
    content = b"a,b\n" + b"x" * (LONGEST_CELL + 1) + b",2\n3,4\n"
    rows = list(read(content).rows())
    assert [(row.code, row.cells) for row in rows] == [("cell_too_large", ()), ("", ("3", "4"))]


def test_a_file_without_line_ends_is_refused_before_it_fills_the_memory():
    assert refusal_of(b"a,b\n" + b"1,2," * 1_500_000).code == "line_too_long"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"\n\n  \n", "empty_file"),
        (b"a,b,a\n1,2,3\n", "doubled_column"),
        (b",,\n1,2,3\n", "no_header"),
        (b"PK\x03\x04....", "not_csv"),
        (b"\x00\x01\x02\x03\n", "not_csv"),
        (b'a,"b\n', "no_header"),
    ],
)
def test_what_is_no_table_is_refused_as_a_whole(content: bytes, code: str):
    assert refusal_of(content).code == code


def test_an_unknown_encoding_is_refused():
    assert refusal_of(b"a\n1\n", encoding="utf-9").code == "unknown_encoding"


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path):
    with pytest.raises(Malformed, match="There is no file"), open_csv(tmp_path / "none.csv", Layout()):
        pass
    with pytest.raises(Malformed, match="is a folder"), open_csv(tmp_path, Layout()):
        pass
