"""Mapping files: what they may say, and how their mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from fieldstone.errors import Malformed
from fieldstone.transfer.mapping import FromColumn
from fieldstone.transfer.mapping_file import MappingRefused, parse_mapping, read_mapping
from fieldstone.transfer.patterns import PatternError, strptime_format

MINIMAL = "entity: account\ncolumns: {Name: name}\n"


def problems_of(text: str) -> list[str]:
    with pytest.raises(MappingRefused) as refused:
        parse_mapping(text, "m.yaml")
    return str(refused.value).splitlines()


def test_a_column_may_simply_name_its_field():
    mapping = parse_mapping(MINIMAL, "m.yaml")
    assert [(feed.column, feed.field) for feed in mapping.feeds] == [("Name", "name")]


def test_a_column_may_feed_several_fields():
    mapping = parse_mapping("entity: a\ncolumns:\n  Name: [name, {field: code, empty: [none]}]\n", "m.yaml")
    assert [feed.field for feed in mapping.feeds] == ["name", "code"]


def test_texts_are_taken_as_they_are_written():
    mapping = parse_mapping(
        "entity: a\nempty: [null, 0]\ncolumns: {c: {field: f, values: {x: 007, y: true}}}\n", "m.yaml"
    )
    assert mapping.feeds[0].empty == {"", "null", "0"}
    assert mapping.feeds[0].values == {"x": "007", "y": "true"}


def test_formats_of_a_column_add_to_those_of_the_file():
    head = "entity: a\nformats: {date: dd-mm-yyyy, decimal: ','}\n"
    text = f"{head}columns: {{c: {{field: f, formats: {{decimal: .}}}}}}\n"
    formats = parse_mapping(text, "m.yaml").feeds[0].formats
    assert (formats.date, formats.decimal) == ("dd-mm-yyyy", ".")


def test_a_lookup_says_by_what_a_record_is_found_and_what_to_do_without_one():
    text = (
        "entity: a\ncolumns:\n  c:\n    field: f\n    lookup:\n      by: [code, name]\n      ignore: [case]\n"
        "      missing: create\n      create: {kind: x, city: {column: town}}\n"
    )
    mapping = parse_mapping(text, "m.yaml")
    lookup = mapping.feeds[0].lookup
    assert lookup is not None
    assert (lookup.by, lookup.ignore_case, lookup.missing) == (("code", "name"), True, "create")
    assert lookup.create == {"kind": "x", "city": FromColumn("town")}
    assert mapping.columns == {"c", "town"}


def test_all_mistakes_are_told_at_once_with_place_and_hint():
    text = (
        "entity: Account\n"
        "colums: {}\n"
        "file: {delimiter: x}\n"
        "columns:\n"
        "  a: {lookup: {missing: creat}}\n"
        "  b: [1]\n"
    )
    assert problems_of(text) == [
        "m.yaml:1:9: `Account` is no name: lower-case letters, digits and underscores are",
        "m.yaml:2:1: the key `colums` is not known here (did you mean `columns`?)",
        "m.yaml:3:19: `x` is none of ',', ';', '\\t', '|', 'tab'",
        "m.yaml:5:6: the key `field` is missing here",
        "m.yaml:5:15: the key `by` is missing here",
        "m.yaml:5:25: `creat` is none of 'refuse', 'create', 'empty' (did you mean `create`?)",
        "m.yaml:6:7: 1 is not of type 'string'",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a\n",
        "just text\n",
        MINIMAL + "---\n" + MINIMAL,
        "entity: [\n",
        "a: &x 1\nb: *x\n",
        "a: 1\na: 2\n",
    ],
)
def test_what_is_no_mapping_is_refused_with_a_place(text: str):
    assert problems_of(text)[0].startswith("m.yaml:")


def test_a_missing_mapping_file_is_told(tmp_path: Path):
    with pytest.raises(Malformed, match="cannot be read"):
        read_mapping(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("dd-mm-yyyy", "%d-%m-%Y"),
        ("yyyymmdd", "%Y%m%d"),
        ("DD.MM.YYYY hh:mm:ss", "%d.%m.%Y %H:%M:%S"),
        ("m/d/yy", "%m/%d/%y"),
        ("yyyy-mm-ddThh:mm", "%Y-%m-%dT%H:%M"),
    ],
)
def test_date_patterns_are_written_as_people_write_them(pattern: str, expected: str):
    assert strptime_format(pattern).replace("t", "T") == expected


@pytest.mark.parametrize("pattern", ["dd-mm-dd", "jj.mm.yyyy", "dd-mm-yyyyy"])
def test_a_pattern_that_means_nothing_is_refused(pattern: str):
    with pytest.raises(PatternError):
        strptime_format(pattern)
