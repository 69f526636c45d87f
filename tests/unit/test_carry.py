"""When a twin is to be looked at though nothing is learnt, and what is kept of a state."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from tests.unit.forecast.timelines import NOW, ago, fact, timeline
from twin import carry
from twin.forecast.result import State
from twin.forecast.signal_panel import FOLLOWED_FOR, followed
from twin.record.timeline import Timeline

MONTH = timedelta(days=30)
YEAR = 365.25


def look(one: Timeline) -> datetime:
    return carry.look_at(one, followed(one), MONTH)


def test_after_the_longest_time_that_a_site_wants() -> None:
    assert look(timeline(born=None)) == NOW + MONTH


def test_on_the_day_of_another_year_of_age() -> None:
    born = (NOW + timedelta(days=9)).date().replace(year=1960)
    when = look(timeline(born=born))
    assert NOW < when < NOW + MONTH
    before, after = (timeline(born=born, as_of=when + by).age() for by in (timedelta(days=-1), timedelta(0)))
    assert isinstance(before, float) and isinstance(after, float)
    assert int(after) == int(before) + 1 == 66


def test_when_a_medicine_or_what_was_dated_ahead_begins_or_ends() -> None:
    ends = NOW + timedelta(days=5)
    taken = fact(1, "statin", ago(10), kind="medication", ended_at=ends)
    assert look(timeline([taken], born=None)) == ends
    ahead = fact(2, "hba1c", NOW + timedelta(days=3), 6.1)
    assert look(timeline([taken, ahead], born=None)) == NOW + timedelta(days=3)


def test_when_a_signal_is_too_old_to_be_followed() -> None:
    old = fact(1, "hba1c", NOW - FOLLOWED_FOR + timedelta(days=2), 6.1)
    assert look(timeline([old], born=None)) == NOW + timedelta(days=2)


def test_the_dead_are_looked_at_no_more() -> None:
    dead = fact(1, "death", ago(1), kind="death", signal=None)
    assert look(timeline([dead], born=date(1960, 5, 4))) == carry.FOR_EVER


@pytest.mark.parametrize("since", [None, datetime(2026, 3, 1, 8, 30, 0, 123_457, tzinfo=UTC)])
def test_a_state_is_kept_to_the_last_digit(since: datetime | None) -> None:
    numbers = np.random.default_rng(3).normal(size=5)
    level, slope, level_var, covariance, slope_var = numbers.tolist()
    state = State(
        at=NOW, level=level, slope=slope, level_var=level_var, covariance=covariance, slope_var=slope_var, seen=4,
        off=0 if since is None else -1, off_since=since,
    )  # fmt: skip
    assert carry.state_of(carry.state_to_json(state)) == state


def test_beyond_what_is_kept_a_line_has_no_decision() -> None:
    rows = np.zeros(2, carry.LINE)
    rows["as_of"], rows["evidence_at"], rows["is_on"] = NOW.timestamp(), NOW.timestamp(), 1
    rows["answered_at"] = np.nan
    rows["within"][0], rows["within"][1] = (0.1, 0.2, 0.3, 0.4), (0.9, 0.9, 0.9, 0.9)
    month = YEAR / 12 * 86_400

    def at(months: float) -> list[int]:
        return carry.decisions(rows, NOW.timestamp() + months * month, 0.25).tolist()

    assert at(0) == [carry.NONE, carry.RAISED]
    assert at(1.4) == [carry.NONE, carry.RAISED]
    assert at(1.6) == [carry.RAISED, carry.RAISED]
    assert at(3) == [carry.RAISED, carry.RAISED]
    assert at(3.01) == [255, 255]
