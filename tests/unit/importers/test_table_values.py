"""What the text of a result or of a time means."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from twin.importers.table.moments import day_of, reader
from twin.importers.table.spec import ValuesSpec
from twin.importers.table.values import Reading
from twin.importers.table.values import reader as values

SHANGHAI = ZoneInfo("Asia/Shanghai")
FORMATS = ("iso", "chinese", "%d/%m/%Y %H:%M", "digits", "excel")
RULES = ValuesSpec(absent=("--",), comparators={"LESS THAN": "<", "大于": ">"}, flags=("↑", "H"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("72.50", Reading("number", "72.50")),
        (" -3 ", Reading("number", "-3")),
        ("1.20E+05", Reading("number", "1.20E+05")),
        ("<0.01", Reading("number", "0.01", "<")),
        ("≥ 100", Reading("number", "100", ">=")),
        ("＜５．６", Reading("number", "5.6", "<")),
        ("=7", Reading("number", "7")),
        ("less than 10", Reading("number", "10", "<")),
        ("大于 1000", Reading("number", "1000", ">")),
        ("5.6↑", Reading("number", "5.6")),
        ("5.6 H", Reading("number", "5.6")),
        ("HIGH", Reading("text", "HIGH")),
        ("H", Reading("text", "H")),
        ("0-2", Reading("text", "0-2")),
        ("1:320", Reading("text", "1:320")),
        ("1,234", Reading("text", "1,234")),
        ("阴性", Reading("text", "阴性")),
        ("NaN", Reading("text", "NaN")),
        ("inf", Reading("text", "inf")),
        ("--", Reading("none")),
        ("  ", Reading("none")),
        ("٣", Reading("text", "٣")),
    ],
)
def test_a_result_is_a_number_words_or_nothing(text: str, expected: Reading) -> None:
    assert values(RULES)(text) == expected


def test_a_decimal_comma_is_read_where_it_is_declared() -> None:
    assert values(ValuesSpec(decimal=","))("7,25") == Reading("number", "7.25")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-05", datetime(2024, 3, 5, tzinfo=UTC)),
        ("2024-03-05 00:00:00", datetime(2024, 3, 5, tzinfo=UTC)),
        ("2024-03-05 08:30", datetime(2024, 3, 5, 0, 30, tzinfo=UTC)),
        ("2024-03-05T08:30:00+01:00", datetime(2024, 3, 5, 7, 30, tzinfo=UTC)),
        ("2024-03-05T08:30:00Z", datetime(2024, 3, 5, 8, 30, tzinfo=UTC)),
        ("2024年3月5日", datetime(2024, 3, 5, tzinfo=UTC)),
        ("2024年03月05日 8时30分", datetime(2024, 3, 5, 0, 30, tzinfo=UTC)),
        ("2024年3月5日08:30:15", datetime(2024, 3, 5, 0, 30, 15, tzinfo=UTC)),
        ("05/03/2024 08:30", datetime(2024, 3, 5, 0, 30, tzinfo=UTC)),
        ("20240305083000", datetime(2024, 3, 5, 0, 30, tzinfo=UTC)),
        ("45356", datetime(2024, 3, 5, tzinfo=UTC)),
        ("45356.354166667", datetime(2024, 3, 5, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_by_the_formats_that_are_named(text: str, expected: datetime) -> None:
    moment = reader(FORMATS, SHANGHAI)(text)
    assert (moment.start, moment.is_exact) == (expected, True)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2024年2月", date(2024, 2, 1), date(2024, 2, 29)),
        ("202402", date(2024, 2, 1), date(2024, 2, 29)),
    ],
)
def test_a_year_or_month_means_all_of_it(text: str, first: date, last: date) -> None:
    moment = reader(FORMATS, SHANGHAI)(text)
    assert (moment.start.date(), moment.end.date()) == (first, last)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2024-13-01", "2024-02-30", "2024年2月30日", "12", "9999999", "5/3/24"]
)
def test_what_is_no_time_of_these_formats_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="of another form"):
        reader(FORMATS, SHANGHAI)(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1960-05-04", date(1960, 5, 4)),
        ("1960-05-04 23:30:00", date(1960, 5, 4)),
        ("1960-05-04T00:00:00+08:00", date(1960, 5, 4)),
        ("1960年5月4日", date(1960, 5, 4)),
        ("1960", None),
        ("unknown", None),
    ],
)
def test_a_day_of_birth_is_a_whole_day_in_no_zone(text: str, expected: date | None) -> None:
    assert day_of(text, FORMATS) == expected
