"""Values of every field type, for the tests that walk over all of them.

A type without an example here fails `test_every_supported_type_has_an_example`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fieldstone.fields import ISO, ImportFormat


@dataclass(frozen=True)
class Example:
    """A field of one type: what is sent and shown, what is refused, and how a file writes it.

    sent: values in the API's form, each with what is shown. refused: value → code.
    cells: text → what is shown. asked: what its filters compare with, if not the first value.
    """

    keys: str
    sent: tuple[tuple[Any, Any], ...]
    refused: tuple[tuple[Any, str], ...] = ()
    cells: tuple[tuple[str, Any], ...] = ()
    form: ImportFormat = field(default=ISO)
    asked: Any = None

    @property
    def refused_as_values(self) -> tuple[tuple[Any, str], ...]:
        """What the API refuses of this field; texts that no field can hold are unreadable before that."""
        return tuple((value, code) for value, code in self.refused if code != "bad_characters")

    @property
    def plain_cells(self) -> tuple[tuple[str, Any], ...]:
        """The cells of a file in the usual notation that hold a value."""
        return tuple((text, shown) for text, shown in self.cells if text and self.form == ISO)


def same(*values: Any) -> tuple[tuple[Any, Any], ...]:
    """Values that are shown as they were sent."""
    return tuple((value, value) for value in values)


LINE = same("Ænima", "zebra", 'O\'Hara "&" <b>%_\\{x}', "日本")
EXAMPLES: Mapping[str, Example] = {
    "text": Example(
        "max_length: 40",
        (*LINE, ("", None)),
        (("x" * 41, "too_long"), (5, "not_a_text"), ("a\x00b", "bad_characters"), ("a\nb", "line_break")),
        (("Pump", "Pump"), ("", None)),
    ),
    "long_text": Example("", same("one\ntwo", "{}"), ((["x"], "not_a_text"),), (("a", "a"),)),
    "rich_text": Example(
        "max_length: 200",
        (
            ("<p>Call <b>Ann</b> &amp; Bob</p>", "<p>Call <b>Ann</b> &amp; Bob</p>"),
            ("<script>alert(1)</script><p onclick='x()'>Hi</p>", "<p>Hi</p>"),
            (
                '<a href="javascript:alert(1)" style="x">a</a><a href="https://x.org">b</a>',
                '<a rel="noopener noreferrer">a</a><a href="https://x.org" rel="noopener noreferrer">b</a>',
            ),
            ("1 < 2", "1 &lt; 2"),
            ("<p><br></p>", None),
        ),
        ((["x"], "not_a_text"), ("a\x00b", "bad_characters"), ("x" * 201, "too_long")),
        (("<p>a</p>", "<p>a</p>"), ("1 < 2\n3\n\n4", "<p>1 &lt; 2<br>3</p><p>4</p>"), ("", None)),
        asked="call ann",
    ),
    "address": Example(
        "",
        (
            (
                {"street": "Øst 1\n2. th", "postal_code": "2100", "city": " København ", "country": "dk"},
                {
                    "street": "Øst 1\n2. th",
                    "city": "København",
                    "region": None,
                    "postal_code": "2100",
                    "country": "DK",
                },
            ),
            (
                {"city": 'O\'Hara "&" \\{x}'},
                dict.fromkeys(("street", "region", "postal_code", "country")) | {"city": 'O\'Hara "&" \\{x}'},
            ),
            ({}, None),
            ({"city": "", "street": None}, None),
        ),
        (
            ("Østergade 1", "not_an_object"),
            (["Østergade 1"], "not_an_object"),
            ({"town": "Aarhus"}, "unknown_part"),
            ({"country": "Denmark"}, "not_a_country"),
            ({"city": 8000}, "not_a_text"),
            ({"city": "x" * 121}, "too_long"),
            ({"street": "a\x00"}, "bad_characters"),
        ),
        (
            (
                '{"city": "Aarhus"}',
                dict.fromkeys(("street", "region", "postal_code", "country")) | {"city": "Aarhus"},
            ),
            ("", None),
        ),
        asked="KØBENHAVN",
    ),
    "location": Example(
        "",
        (
            ({"latitude": "55.676098", "longitude": 12.5}, {"latitude": "55.676098", "longitude": "12.5"}),
            ({"latitude": "-90", "longitude": "180.00"}, {"latitude": "-90", "longitude": "180"}),
            ({"latitude": "0.00000004", "longitude": "1e-400"}, {"latitude": "0", "longitude": "0"}),
        ),
        (
            ({"latitude": "90.1", "longitude": "0"}, "out_of_range"),
            ({"latitude": "0", "longitude": "-180.1"}, "out_of_range"),
            ({"latitude": "1e400", "longitude": "0"}, "out_of_range"),
            ({"latitude": "5"}, "incomplete"),
            ({"latitude": True, "longitude": "0"}, "not_a_number"),
            ("55, 12", "not_an_object"),
        ),
        (("55.6761, 12.5683", {"latitude": "55.6761", "longitude": "12.5683"}), ("", None)),
        asked="12.5",
    ),
    "person_name": Example(
        "",
        (
            (
                {"title": "Dr.", "given": "Ann", "family": "Berg"},
                {"title": "Dr.", "given": "Ann", "middle": None, "family": "Berg", "suffix": None},
            ),
            (
                {"family": "  van  der Æ "},
                dict.fromkeys(("title", "given", "middle", "suffix")) | {"family": "van der Æ"},
            ),
        ),
        (
            ("Ann Berg", "not_an_object"),
            ({"first": "Ann"}, "unknown_part"),
            ({"given": ["Ann"]}, "not_a_text"),
            ({"title": "x" * 41}, "too_long"),
        ),
        (
            (
                "Anna Maria Berg",
                {"title": None, "given": "Anna Maria", "middle": None, "family": "Berg", "suffix": None},
            ),
            (
                "van Berg, Anna",
                {"title": None, "given": "Anna", "middle": None, "family": "van Berg", "suffix": None},
            ),
        ),
        asked="berg",
    ),
    "markdown": Example("", same("# Title\n\n*b*"), ((1, "not_a_text"),), (("*a*", "*a*"),)),
    "code": Example("", same("if x:\n\tpass"), (({}, "not_a_text"),), (("x = 1", "x = 1"),)),
    "integer": Example(
        "min: -5",
        ((7, 7), ("12", 12), (9223372036854775807, 9223372036854775807), (-5, -5)),
        (
            (1.5, "not_an_integer"),
            (True, "not_an_integer"),
            (9223372036854775808, "out_of_range"),
            (-6, "too_small"),
            ("many", "not_a_number"),
        ),
        (("1.234", 1234), ("", None)),
        ImportFormat(decimal=",", thousands="."),
    ),
    "decimal": Example(
        "precision: 6, scale: 2",
        (("12.50", "12.50"), (3, "3.00"), ("0.125", "0.13"), ("-0.125", "-0.13")),
        (
            ("12345.6", "out_of_range"),
            ("NaN", "not_a_number"),
            ("1_000", "not_a_number"),
            ("1e400", "out_of_range"),
        ),
        (("1.234,5", "1234.50"),),
        ImportFormat(decimal=",", thousands="."),
    ),
    "money": Example(
        "min: 0",
        (("1234.50", "1234.50"), (3, "3.00"), ("0.1", "0.10")),
        (("-1", "too_small"), ("1e16", "out_of_range"), ("free", "not_a_number")),
        (("99.50", "99.50"),),
    ),
    "percent": Example(
        "max: 100",
        (("20", "20"), ("12.5", "12.5"), (0, "0")),
        (("100.1", "too_large"), ([], "not_a_number")),
        (("15 %", "15"), ("15%", "15")),
    ),
    "rating": Example("max: 4", same(0, 4), ((5, "too_large"), (-1, "too_small")), (("3", 3),)),
    "boolean": Example(
        "",
        same(True, False),
        (("true", "not_a_boolean"), (1, "not_a_boolean")),
        (("Yes", True), ("no", False), ("", None)),
    ),
    "date": Example(
        "",
        same("2024-02-29", "1999-12-31"),
        (("2023-02-29", "not_a_date"), ("29.02.2024", "not_a_date"), (20240229, "not_a_text")),
        (("29-02-2024", "2024-02-29"), ("", None)),
        ImportFormat(date="%d-%m-%Y"),
    ),
    "datetime": Example(
        "",
        (
            ("2026-03-02T10:00:00Z", "2026-03-02T10:00:00Z"),
            ("2026-03-02T10:00:00+02:00", "2026-03-02T08:00:00Z"),
            ("2026-03-02T10:00:00.5", "2026-03-02T10:00:00.5Z"),
        ),
        (("yesterday", "not_a_datetime"), (1, "not_a_text"), ("0001-01-01T00:00:00+14:00", "not_a_datetime")),
        (("02.03.2026 10:00", "2026-03-02T10:00:00Z"),),
        ImportFormat(datetime="%d.%m.%Y %H:%M"),
    ),
    "time": Example(
        "",
        (("08:30", "08:30:00"), ("23:59:59.25", "23:59:59.25")),
        (("25:00", "not_a_time"), ("08:30+01:00", "not_a_time")),
        (("8.30", "08:30:00"),),
        ImportFormat(time="%H.%M"),
    ),
    "duration": Example(
        "",
        (("P14D", "P14D"), ("PT1H30M", "PT5400S"), ("P1Y2M", "P14M"), ("PT0.5S", "PT0.5S"), ("-P1D", "P-1D")),
        (("P", "not_a_duration"), ("two days", "not_a_duration"), (5, "not_a_text")),
        (("90 minutes", "PT5400S"), ("2 weeks", "P14D"), ("", None)),
    ),
    "choice": Example(
        "options: [zero, one, two]",
        same("two", "zero", "one"),
        (("three", "unknown_option"), (0, "not_a_text")),
        (("one", "one"), ("", None)),
    ),
    "choices": Example(
        "options: [zero, one, two]",
        (*same(["two", "zero"]), (["one", "one"], ["one"]), (None, [])),
        ((["four"], "unknown_option"), ("one", "not_a_list")),
        (("one; two", ["one", "two"]), ("", [])),
    ),
    "tags": Example(
        "",
        (*same(["big deal", 'say "hi"', "a,b"]), ([" x "], ["x"])),
        (([""], "not_a_tag"), (["a\nb"], "not_a_tag"), ({"a": 1}, "not_a_list")),
        (("a;b;a", ["a", "b"]),),
    ),
    "email": Example(
        "",
        (("Ann@Example.COM", "Ann@example.com"), ("ann@büro.example.com", "ann@büro.example.com")),
        (("ann", "not_an_email"), ("a@b@c", "not_an_email")),
        (("ann@example.com", "ann@example.com"),),
    ),
    "phone": Example(
        "",
        (("+49 30 1234567", "+49301234567"), ("(030) 123-456", "(030) 123-456")),
        (("+49", "not_a_phone"), ("call me", "not_a_phone"), ("+1 2", "not_a_phone")),
        (("+44 20 7946 0958", "+442079460958"),),
    ),
    "url": Example(
        "",
        (("example.com/a?b=c", "https://example.com/a?b=c"), ("http://localhost:80", "http://localhost:80")),
        (("javascript:alert(1)", "not_a_url"), ("ftp://x.org", "not_a_url"), ("https://", "not_a_url")),
        (("https://example.com", "https://example.com"),),
    ),
    "color": Example(
        "", (("#1F6FEB", "#1f6feb"), ("#abc", "#aabbcc")), (("red", "not_a_color"),), (("#000000",) * 2,)
    ),
    "barcode": Example("", same("4006381333931"), (("ß", "not_a_barcode"),), (("ABC-1", "ABC-1"),)),
    "currency": Example(
        "", (("eur", "EUR"), ("USD", "USD")), (("EURO", "not_a_currency"),), (("CHF", "CHF"),)
    ),
    "country": Example(
        "", (("de", "DE"),), (("EU", "not_a_country"), ("Germany", "not_a_country")), (("DK", "DK"),)
    ),
    "language": Example("", same("en", "pt-BR"), (("english", "not_a_language"),), (("da", "da"),)),
    "timezone": Example("", same("Europe/Berlin"), (("Berlin", "not_a_timezone"),), (("UTC", "UTC"),)),
    "secret": Example(
        "",
        (("hunter2", {"set": True}), ("", None)),
        ((5, "not_a_text"), ("a\x00b", "bad_characters"), ("x" * 10_001, "too_long")),
        (("hunter2", {"set": True}), ("", None)),
    ),
    "json": Example(
        "",
        same({"a": [1, 2.5, None, {"b": "c"}]}, [], 0, False),
        (
            ({"a": "x\x00"}, "bad_characters"),
            ([[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]], "too_deep"),
        ),
        (('{"a": 1}', {"a": 1}), ("", None)),
    ),
}
