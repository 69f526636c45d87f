from dataclasses import replace
from datetime import date

import pytest

from tests.unit.forecast.timelines import FALLING_PLATELETS, NOW, ago, history_of, table, timeline
from twin.forecast.crossing import Driver, Probability
from twin.forecast.crossing_panel import Crossing
from twin.forecast.sentence import label, month, reason
from twin.forecast.signal_panel import Trend
from twin.snapshot import build

BY = Probability(months=12, p=0.6327, low=0.481, high=0.769)
HORIZON = date(2027, 3, 22)


@pytest.fixture(scope="module")
def fib4() -> Crossing:
    known = timeline((*table(FALLING_PLATELETS), *history_of("fatty_liver")))
    found = build(known, now=NOW).organs[0].crossings[0]
    trend = Trend(at_from=ago(50), at_to=ago(1), value_from=1.6, value_to=2.3, verdict="changed")
    drivers = (
        Driver(key="platelets", share=0.7, direction="falling"),
        Driver(key="age", share=0.3, direction="rising"),
    )
    return replace(found, newest=2.3, trend=trend, drivers=drivers, already_past=False, past_since=None)


def test_reason_says_what_how_sure_by_when_and_why(fib4: Crossing) -> None:
    text = reason(fib4, BY, HORIZON)
    assert text.en == (
        "FIB-4 has risen from 1.6 to 2.3 in 4 years (real change). "
        "63 % (48-77) likely past 2.67 by Mar 2027, driven by falling platelets (70 %)."
    )
    assert text.zh_CN == (
        "FIB-4 在4年内从 1.6 升至 2.3（真实变化）。"
        "到2027年3月超过 2.67 的可能性为 63 %（48-77），主要由血小板下降驱动（70 %）。"
    )


def test_passed_line_says_since_when(fib4: Crossing) -> None:
    past = replace(fib4, already_past=True, past_since=date(2026, 5, 4), newest=3.1)
    text = reason(past, BY, HORIZON)
    assert text.en == "FIB-4 is 3.1, past 2.67 since May 2026; it was 1.6 in Sep 2022 (real change)."
    assert text.zh_CN == "FIB-4 为 3.1，自2026年5月起超过 2.67；2022年9月为 1.6（真实变化）。"
    assert reason(replace(past, trend=None), BY, HORIZON).en == "FIB-4 is 3.1, past 2.67 since May 2026."


def test_names_and_units_are_written_as_a_clinic_writes_them(fib4: Crossing) -> None:
    egfr = replace(
        fib4, on={**fib4.on, "key": "ckdepi", "output": "cr_2021"}, unit="mL/min/{1.73_m2}", value=30.0,
        comparison="<", newest=33.2, trend=None, drivers=(),
    )  # fmt: skip
    assert reason(egfr, BY, HORIZON).en.startswith(
        "eGFR is 33.2 mL/min/1.73 m². 63 % (48-77) likely below 30 mL/min/1.73 m² by"
    )


def test_no_trend_and_no_driver_leave_no_gap(fib4: Crossing) -> None:
    text = reason(replace(fib4, trend=None, drivers=()), BY, HORIZON)
    assert text.en == "FIB-4 is 2.3. 63 % (48-77) likely past 2.67 by Mar 2027."
    assert text.zh_CN.startswith("FIB-4 为 2.3。")


@pytest.mark.parametrize(
    ("verdict", "value_to", "words"),
    [
        ("changed", 1.1, "has fallen from 1.6 to 1.1 in 4 years (real change)"),
        ("no_real_change", 1.7, "went from 1.6 to 1.7 in 4 years (no real change)"),
        ("cannot_tell", 1.7, "(can't tell whether real)"),
    ],
)
def test_change_is_called_by_its_verdict(fib4: Crossing, verdict: str, value_to: float, words: str) -> None:
    assert fib4.trend is not None
    trend = replace(fib4.trend, verdict=verdict, value_to=value_to)  # type: ignore[arg-type]
    assert words in reason(replace(fib4, trend=trend), BY, HORIZON).en


def test_single_value_past_the_line_is_told_from_the_course(fib4: Crossing) -> None:
    text = reason(replace(fib4, trend=None, newest=2.75), BY, HORIZON)
    assert "FIB-4 is 2.8. The newest value lies past the line, the course as a whole not yet. 63 %" in text.en
    assert "最新值已越线，但整体趋势尚未越线。到2027年3月" in text.zh_CN


def test_short_course_is_told_in_months(fib4: Crossing) -> None:
    assert fib4.trend is not None
    short = replace(fib4.trend, at_from=ago(10))
    assert "in 9 months" in reason(replace(fib4, trend=short), BY, HORIZON).en


def test_age_and_rising_inputs_drive_too(fib4: Crossing) -> None:
    by_age = (Driver(key="age", share=0.6, direction="rising"),)
    assert "driven by age (60 %)" in reason(replace(fib4, drivers=by_age), BY, HORIZON).en
    by_ast = (Driver(key="ast", share=0.6, direction="rising"),)
    text = reason(replace(fib4, drivers=by_ast), BY, HORIZON)
    assert "driven by rising AST (60 %)" in text.en
    assert "AST上升" in text.zh_CN.replace(" ", "")


def test_value_close_to_the_line_keeps_the_digits_that_tell_the_side(fib4: Crossing) -> None:
    assert "FIB-4 is 2.66." in reason(replace(fib4, trend=None, newest=2.66), BY, HORIZON).en
    assert "FIB-4 is 2.6." in reason(replace(fib4, trend=None, newest=2.62), BY, HORIZON).en
    almost = replace(fib4, trend=None, comparison=">=", value=6.5, newest=6.496)
    assert "FIB-4 is 6.496." in reason(almost, BY, HORIZON).en


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"unit": "mm[Hg]", "value": 140.0, "newest": 152.4}, "is 152 mmHg"),
        ({"unit": "mmol/L", "value": 1.4, "newest": 3.12}, "is 3.1 mmol/L"),
        ({"unit": "%", "value": 6.5, "newest": 6.34}, "is 6.3 %"),
        ({"unit": "1", "value": 0.03, "newest": 0.0214}, "is 2.1 %. 63 % (48-77) likely past 3 %"),
        ({"unit": "1", "value": 15.0, "newest": 12.0}, "is 12."),
        ({"comparison": "<", "newest": 3.0}, "likely below 2.67"),
        ({"comparison": ">=", "newest": 2.0}, "likely at or past 2.67"),
    ],
)
def test_numbers_are_written_as_the_clinic_writes_them(fib4: Crossing, changes: dict, words: str) -> None:
    assert words in reason(replace(fib4, trend=None, drivers=(), **changes), BY, HORIZON).en


def test_names_begin_a_sentence_with_a_capital(fib4: Crossing) -> None:
    pressure = replace(fib4, on={"kind": "signal", "key": "sbp", "output": ""}, trend=None, newest=150.0)
    text = reason(pressure, BY, HORIZON)
    assert text.en.startswith("Systolic pressure is 150")
    assert text.zh_CN.startswith("收缩压为 150")


def test_labels_of_inputs() -> None:
    assert label("age").zh_CN == "年龄"
    assert label("platelets").en == "platelets"
    assert label("height").en == "height"
    assert month(date(2026, 12, 1)).en == "Dec 2026"
