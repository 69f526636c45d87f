"""What FHIR dates mean, and which are refused."""

from datetime import UTC, datetime

import pytest

from twin.importers.fhir.primitive import read_moment


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2013", datetime(2013, 1, 1, tzinfo=UTC), datetime(2013, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2013-02", datetime(2013, 2, 1, tzinfo=UTC), datetime(2013, 2, 28, 23, 59, 59, tzinfo=UTC)),
        ("2013-05-30", datetime(2013, 5, 30, tzinfo=UTC), datetime(2013, 5, 30, tzinfo=UTC)),
        (
            "2013-05-30T16:37:44+08:00",
            datetime(2013, 5, 30, 8, 37, 44, tzinfo=UTC),
            datetime(2013, 5, 30, 8, 37, 44, tzinfo=UTC),
        ),
    ],
)
def test_a_partial_date_means_its_whole_span(text: str, start: datetime, end: datetime) -> None:
    moment = read_moment(text)
    assert (moment.start, moment.end) == (start, end)


@pytest.mark.parametrize(
    "text", ["2013-02-30", "30.05.2013", "2013-13", "0000", "", "2013-5-3", "2013-05-30T25:00:00Z", 2013]
)
def test_an_impossible_date_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_moment(text)
