"""What the pages make of a snapshot: numbers, dates, gaps, percent, sparklines. Pure functions, no database."""

import doctest
from datetime import date

import pytest

from tests.browser import simulated
from tests.browser.course import SIGNALS, Body, course, liver, signal_body
from twin.store.worklist import Course
from twin.web.dashboard import format as formats
from twin.web.dashboard.charts import organ_charts
from twin.web.dashboard.panels import all_values, crossing_of, organ_page
from twin.web.dashboard.shown import shown_organ, text_of
from twin.web.dashboard.spark import HEIGHT, WIDTH, spark
from twin.web.dashboard.words import why_absent


def plain(text: str) -> str:
    return text


@pytest.fixture
def organ() -> Body:
    (person,) = simulated.cast(1)
    signals = {}
    for key in SIGNALS:
        went = course(person, key, simulated.NOW)
        signals[key] = signal_body(key, went, range(1, 23), simulated.NOW)
    return liver(person, signals, simulated.NOW)


def test_examples_in_the_docs_of_formats_hold() -> None:
    assert doctest.testmod(formats) == (0, 3)


def test_a_date_says_its_year_only_where_it_is_another() -> None:
    today = date(2026, 11, 22)
    assert formats.short_day(date(2026, 12, 1), "en", today) == "1 Dec"
    assert formats.short_day(date(2027, 1, 12), "en", today) == "12 Jan 2027"
    assert formats.short_day("2026-12-01T08:00:00+00:00", "zh_CN", today) == "12月1日"
    assert formats.month("2027-03-05", "zh_CN") == "2027年3月"
    assert formats.day(None, "en") == "–"


@pytest.mark.parametrize(("born", "years"), [(date(1966, 11, 22), 60), (date(1966, 11, 23), 59), (None, None)])
def test_age_grows_on_the_birthday(born: date | None, years: int | None) -> None:
    assert formats.age(born, date(2026, 11, 22)) == years


def test_an_interval_that_says_no_more_is_left_out() -> None:
    assert formats.percent_interval(0.48, 0.77) == "48–77"
    assert formats.percent_interval(0.0, 0.004) == formats.percent_interval(None, 0.5) == ""


def test_what_has_no_data_is_a_gap_with_its_reason(organ: Body) -> None:
    page = organ_page(organ)
    assert [(gap.key, gap.reason) for gap in page.gaps] == [
        ("meld3", "missing_input: inr"),
        ("inr", "Never measured: a first result would start the curve."),
    ]
    assert why_absent("missing_input: inr", plain) == "an input is missing (INR)"
    assert why_absent(None, plain) == "–"


def test_a_panel_that_opens_recalls_comes_first(organ: Body) -> None:
    assert next(panel.key for panel in organ_page(organ).panels) == "fib4"


def test_the_short_table_is_cut_and_the_long_one_whole(organ: Body) -> None:
    alt = next(panel for panel in organ_page(organ).panels if panel.key == "alt")
    assert (len(alt.values), alt.total) == (12, 22)
    whole = all_values(organ, "signal-alt")
    assert whole is not None and len(whole.values) == 22
    assert all_values(organ, "signal-none") is None


def test_the_newest_used_value_is_the_latest(organ: Body) -> None:
    alt = next(signal for signal in organ["signals"] if signal["key"] == "alt")
    alt["points"][-1] |= {"used": False, "reason": "implausible"}
    panel = next(panel for panel in organ_page(organ).panels if panel.key == "alt")
    assert panel.latest is not None and panel.latest.at == alt["points"][-2]["observed_at"]
    assert not panel.values[0].used


def test_risks_are_fractions_in_the_store_and_percent_on_the_page(organ: Body) -> None:
    risk = organ["scores"][0] | {
        "key": "prevent",
        "output": "ascvd",
        "value": 0.12,
        "history": [{"at": "2026-01-01", "value": 0.1}],
    }
    line = organ["crossings"][0] | {"on": {"kind": "score", "key": "prevent", "output": "ascvd"}, "value": 0.2}
    shown = shown_organ(organ | {"scores": [risk], "crossings": [line]})
    assert shown["scores"][0]["value"] == pytest.approx(12) and shown["scores"][0]["unit"] == "%"
    assert shown["scores"][0]["history"][0]["value"] == pytest.approx(10)
    assert shown["crossings"][0]["value"] == pytest.approx(20)
    assert shown_organ(shown) == shown, "twice is once"


def test_a_threshold_that_is_not_for_the_patient_is_not_drawn(organ: Body) -> None:
    charts = organ_charts(organ, simulated.NOW, plain, "en")["charts"]
    assert len(charts["score-fib4-value"]["thresholds"]) == 1  # type: ignore[index]
    organ["crossings"][0]["status"] = "not_applicable"
    charts = organ_charts(organ, simulated.NOW, plain, "en")["charts"]
    assert charts["score-fib4-value"]["thresholds"] == []  # type: ignore[index]


@pytest.mark.parametrize("key", ["liver/fib4>2.67", "liver/none", "lung/fib4>2.67", "x"])
def test_a_recall_finds_its_threshold_by_its_key(organ: Body, key: str) -> None:
    found = crossing_of([organ], key)
    assert (found is not None) == (key == "liver/fib4>2.67")


def test_a_text_is_in_the_readers_language_or_english() -> None:
    assert text_of({"en": "low", "zh_CN": "低"}, "zh_CN") == "低"
    assert text_of({"en": "low"}, "zh_CN") == "low"
    assert text_of("elastography", "zh_CN") == "肝脏弹性成像", "words that an organ declares"


def test_a_sparkline_stays_in_its_box(organ: Body) -> None:
    fib4 = organ["scores"][0]
    drawn = spark(Course(threshold=2.67, comparison=">", unit="1", low=None, high=None, history=fib4["history"],
                         forecast=fib4["forecast"]))  # fmt: skip
    assert drawn is not None
    for shape in (drawn.line, drawn.outer, drawn.inner, drawn.median):
        for pair in shape.split():
            x, y = map(float, pair.split(","))
            assert 0 <= x <= WIDTH and -3 <= y <= HEIGHT + 3


def test_a_course_without_anything_draws_nothing() -> None:
    assert spark(Course(threshold=1, comparison=">", unit="1", low=None, high=None, history=(), forecast=())) is None
