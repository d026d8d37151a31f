"""How values read and how they are typed, in the reader's locale."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from werkzeug.datastructures import MultiDict

from fieldstone_ui.presentation.entry import Reader, Refused, raw_parts, read_value, sent_fields
from fieldstone_ui.presentation.formats import Formats, locale_of
from fieldstone_ui.presentation.hues import initials
from fieldstone_ui.presentation.labels import text
from fieldstone_ui.presentation.looks import FieldLook

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def formats(locale: str = "en") -> Formats:
    return Formats(locale_of(locale), ZoneInfo("Europe/Copenhagen"), NOW)


def nobody(targets, typed):
    raise Refused(f"Nothing is called {typed}")


def read(widget: str, typed: str, locale: str = "en", kind: str = "decimal"):
    look = FieldLook("x", "X", widget, kind)
    return read_value(look, {"": [typed]}, Reader(formats(locale), nobody))


@pytest.mark.parametrize(
    ("locale", "shown"),
    [("en", "148,203.44"), ("da", "148.203,44"), ("fr", "148\u202f203,44"), ("unknown", "148,203.44")],
)
def test_amounts_are_grouped_as_the_reader_does(locale, shown):
    assert formats(locale).money("148203.44").amount == shown


def test_columns_leave_the_cents_of_large_amounts_out():
    assert formats().money("148203.50", whole=True).amount == "148,204"
    assert formats().money("12.50", whole=True).amount == "12.50"


def test_currencies_have_their_own_decimals_and_signs():
    assert formats().money("1200", "JPY").amount == "1,200"
    assert formats().money("1200", "SEK").symbol == "SEK"


@pytest.mark.parametrize(
    ("typed", "locale", "value"),
    [
        ("1,234.50", "en", "1234.50"),
        ("1.234,50", "da", "1234.50"),
        ("1234,5", "da", "1234.5"),
        ("-7", "en", "-7"),
    ],
)
def test_a_number_is_read_as_the_reader_writes_it(typed, locale, value):
    assert read("money", typed, locale) == value


@pytest.mark.parametrize(
    ("typed", "locale"), [("12x", "en"), ("1.234.5", "en"), ("1234.50", "da"), ("1,2,3", "en")]
)
def test_a_number_that_could_be_meant_otherwise_is_refused(typed, locale):
    with pytest.raises(Refused, match="is not a number"):
        read("money", typed, locale)


def test_a_whole_number_has_no_decimals():
    assert read("number", "1,234", kind="integer") == 1234
    with pytest.raises(Refused, match="whole number"):
        read("number", "1.5", kind="integer")


def test_an_empty_input_is_no_value():
    assert read("money", "  ") is None
    assert read("text", "", kind="text") is None


def test_an_instant_is_typed_in_the_readers_zone():
    look = FieldLook("at", "At", "datetime", "datetime")
    assert raw_parts(look, "2026-11-22T08:30:00Z", formats()) == {"": ["2026-11-22T09:30"]}
    assert read("datetime", "2026-11-22T09:30") == "2026-11-22T08:30:00Z"


def test_what_stands_in_an_input_is_read_back_as_the_same_value():
    look = FieldLook("x", "X", "money", "money")
    assert read("money", raw_parts(look, "1234.50", formats("da"))[""][0], "da") == "1234.50"


def test_broken_json_is_refused_with_the_place():
    with pytest.raises(Refused, match="line 1 column"):
        read("code", "{", kind="json")


def test_a_picked_record_stands_until_another_title_is_typed():
    look = FieldLook("x", "X", "reference", "reference", targets=("account",))
    token = "account:0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11"
    reader = Reader(formats(), nobody)
    assert read_value(look, {"": [token], "text": ["Acme"], "was": ["Acme"]}, reader)["entity"] == "account"
    assert read_value(look, {"": [token], "text": [""], "was": ["Acme"]}, reader) is None
    with pytest.raises(Refused, match="Nothing is called Beta"):
        read_value(look, {"": [token], "text": ["Beta"], "was": ["Acme"]}, reader)


@pytest.mark.parametrize("token", ["account", "account:none", "account:", ":"])
def test_a_forged_token_is_refused(token):
    look = FieldLook("x", "X", "reference", "reference", targets=("account",))
    with pytest.raises(Refused, match="Pick one"):
        read_value(look, {"": [token], "text": ["A"], "was": ["A"]}, Reader(formats(), nobody))


def test_a_form_tells_an_empty_list_from_a_field_that_was_not_on_it():
    form = MultiDict([("sent", "tags"), ("f.name", "Pump"), ("f.account.text", "Acme")])
    assert sent_fields(form) == {"tags": {}, "name": {"": ["Pump"]}, "account": {"text": ["Acme"]}}


@pytest.mark.parametrize(
    ("day", "shown"), [(date(2026, 11, 28), "28 Nov"), (date(2027, 1, 12), "12 Jan 2027")]
)
def test_a_date_in_a_list_names_the_year_when_it_is_another(day, shown):
    assert formats().short_date(day) == shown


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(2026, 11, 22, 9, 58, tzinfo=UTC), "2 min"),
        (datetime(2026, 11, 22, 7, 0, tzinfo=UTC), "3 h"),
        (datetime(2026, 11, 21, 7, 0, tzinfo=UTC), "Yesterday"),
        (datetime(2026, 11, 18, 7, 0, tzinfo=UTC), "4 d"),
        (datetime(2026, 9, 1, 7, 0, tzinfo=UTC), "1 Sept"),
    ],
)
def test_how_long_ago_is_short_in_a_column(at, shown):
    assert formats().ago(at, short=True) == shown


def test_days_of_a_timeline_are_named():
    assert formats().day(date(2026, 11, 22)) == "Today"
    assert formats().day(date(2026, 11, 16)) == "Monday, 16 November"
    assert formats().day(date(2025, 11, 16)) == "Sunday, 16 November 2025"


def test_percentages_are_of_a_hundred():
    assert formats().percent(Decimal("31.4")) == "31.4%"
    assert formats("da").percent("24.00") == "24\u00a0%"


def test_texts_fall_back_from_the_region_to_the_language_to_everybody():
    label = {"": "Account", "da": "Konto"}
    assert text(label, "da_DK") == "Konto"
    assert text(label, "fr") == "Account"


@pytest.mark.parametrize(
    ("name", "letters"), [("Ann Keller", "AK"), ("Prince", "P"), ("", "?"), ("Åse van Dyk", "ÅD")]
)
def test_people_have_initials(name, letters):
    assert initials(name) == letters
