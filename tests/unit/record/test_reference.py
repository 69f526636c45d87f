"""Whom a reference range is for: by sex, of adults, at the time of the reading."""

from datetime import UTC, date, datetime

import pytest

from tests.unit.forecast.timelines import NOW, ago, fact, table, timeline
from twin.organs.applies import outside
from twin.organs.base import Need, Population, Text
from twin.record.reference import ADULTS_ONLY, Reference, reference
from twin.record.signal import signals
from twin.snapshot import build, to_json
from twin.web.dashboard.charts import ms, organ_charts
from twin.web.dashboard.panels import organ_page

TEN = date(2016, 11, 1)
LABS = table("months_ago 12 1\nalp 260 270\ncreatinine 38 40")
RAISED_ALT = Population(all_of=(Need(label=Text("ALT", "ALT"), signal="alt", comparison=">", value="reference_high"),))


def test_a_child_has_no_band_and_is_told_why() -> None:
    body = to_json(build(timeline(LABS, born=TEN), now=NOW))
    bands = {signal["key"]: signal["reference"] for organ in body["organs"] for signal in organ["signals"]}
    none = {"low": None, "high": None, "since": None, "absent": ADULTS_ONLY}
    assert bands["alp"] == bands["creatinine"] == none
    assert [key for key, band in bands.items() if band["low"] is not None or band["high"] is not None] == []
    panel = next(each for each in organ_page(body["organs"][0]).panels if each.key == "alp")
    assert (panel.reference, panel.no_reference) == ((None, None), ADULTS_ONLY)


def test_an_adult_has_the_band_of_the_sex() -> None:
    for sex in ("female", "male"):
        low, high = signals()["creatinine"].reference[sex]
        assert reference("creatinine", timeline(LABS, sex=sex)) == Reference(low=low, high=high)
    assert reference("creatinine", timeline(LABS, sex="unknown")) == Reference(low=None, high=None)
    assert reference("creatinine", timeline(LABS, born=None)).high is not None


@pytest.mark.parametrize(
    ("born", "absent"),
    [
        (date(2008, 11, 22), None),
        (date(2008, 11, 23), ADULTS_ONLY),
        (date(2008, 2, 29), None),
    ],
)
def test_one_is_an_adult_on_the_eighteenth_birthday(born: date, absent: str | None) -> None:
    assert reference("alp", timeline(born=born)).absent == absent


def test_of_a_leap_day_one_is_of_age_on_the_first_of_march() -> None:
    known = timeline(born=date(2008, 2, 29))
    assert reference("alp", known, datetime(2026, 2, 28, tzinfo=UTC)).absent == ADULTS_ONLY
    assert reference("alp", known, datetime(2026, 3, 1, tzinfo=UTC)).absent is None


def test_a_child_that_died_long_ago_stays_one() -> None:
    died = fact(900, "death", ago(240), kind="death", signal=None, quality="no_signal")
    assert reference("alp", timeline((died,), born=date(1996, 1, 1))).absent == ADULTS_ONLY


def test_of_somebody_just_grown_the_band_begins_at_eighteen() -> None:
    known = timeline(table("months_ago 60 1\nalp 200 90\nalt - 20"), born=date(2006, 6, 1))
    assert reference("alp", known).since == date(2024, 6, 1)
    assert reference("alt", known).since is None
    charts = organ_charts(to_json(build(known, now=NOW))["organs"][0], NOW, str, "en")["charts"]
    assert charts["signal-alp"]["reference"][2] == ms(date(2024, 6, 1))  # type: ignore[index]
    assert charts["signal-alt"]["reference"][2] is None  # type: ignore[index]


@pytest.mark.parametrize(("born", "is_met"), [(date(1980, 1, 1), True), (TEN, False)])
def test_the_limit_of_adults_puts_no_child_into_a_population(born: date, is_met: bool) -> None:
    known = timeline((fact(1, "alt", ago(1), 200.0),), born=born)
    assert (outside(RAISED_ALT, known, NOW) is None) is is_met
