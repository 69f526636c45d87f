"""Tags as plain values: what is missing or impossible is None, or refused where it is needed."""

from datetime import date, datetime

import pytest

from imaging import header
from imaging.errors import BadHeader


def test_an_impossible_date_is_absent() -> None:
    assert header.day({"StudyDate": "20261345"}, "StudyDate") is None
    assert header.day({"StudyDate": "20261122"}, "StudyDate") == date(2026, 11, 22)
    assert header.day({}, "StudyDate") is None


def test_a_time_that_is_cut_short_or_missing_still_gives_the_day() -> None:
    assert header.moment({"D": "20261122", "T": "0930"}, "D", "T") == datetime(2026, 11, 22, 9, 30)
    assert header.moment({"D": "20261122", "T": "173519.296000"}, "D", "T") == datetime(2026, 11, 22, 17, 35, 19)
    assert header.moment({"D": "20261122", "T": "noon"}, "D", "T") == datetime(2026, 11, 22)
    assert header.moment({"T": "0930"}, "D", "T") is None


def test_several_values_are_joined_as_dicom_writes_them() -> None:
    assert header.text({"ConvolutionKernel": ["Br38f", "3"]}, "ConvolutionKernel") == "Br38f\\3"
    assert header.text({"PatientSex": " "}, "PatientSex") is None


@pytest.mark.parametrize("value", [None, [1, 2], ["a", 1, 2], [1, 2, float("nan")], [1, 2, 1e9], 7])
def test_a_position_that_is_no_position_is_refused(value: object) -> None:
    with pytest.raises(BadHeader, match="ImagePositionPatient"):
        header.numbers({"ImagePositionPatient": value}, "ImagePositionPatient", 3)


def test_a_number_that_is_none_is_absent() -> None:
    assert header.number({"KVP": ""}, "KVP") is None
    assert header.number({"KVP": "120"}, "KVP") == 120.0
