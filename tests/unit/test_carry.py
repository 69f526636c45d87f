"""When a twin is to be looked at though nothing is learnt, and what is kept of a state."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from tests.unit.forecast.timelines import NOW, ago, fact, timeline
from twin import carry
from twin.forecast.dynamics import GroupState
from twin.forecast.following import FOLLOWED_FOR, courses, followed
from twin.forecast.kernels import LAST, SEEN, SIDE, SINCE
from twin.record.timeline import Timeline

MONTH = timedelta(days=30)
YEAR = 365.25


def look(one: Timeline) -> datetime:
    return carry.look_at(one, followed(courses(one)), MONTH)


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


def test_on_the_day_from_which_a_treatment_is_expected_to_act() -> None:
    pressure = fact(1, "sbp", ago(10), 150.0)
    started = fact(2, "thiazide", NOW - timedelta(hours=6), kind="medication")
    assert look(timeline([pressure, started], born=None)) == NOW + timedelta(hours=18)
    assert look(timeline([started], born=None)) == NOW + MONTH  # nothing that it moves is followed


def test_on_the_day_of_a_treatment_dated_ahead_and_on_the_next() -> None:
    pressure, starts = fact(1, "sbp", ago(10), 150.0), NOW + timedelta(days=3)
    ahead = fact(2, "thiazide", starts, kind="medication", known_at=ago(1))
    assert look(timeline([pressure, ahead], born=None)) == starts
    assert look(timeline([pressure, ahead], born=None, as_of=starts)) == starts + timedelta(days=1)
    assert look(timeline([pressure, ahead], born=None, as_of=starts + timedelta(days=1))) > starts + timedelta(days=2)


def test_when_a_signal_is_too_old_to_be_followed() -> None:
    old = fact(1, "hba1c", NOW - FOLLOWED_FOR + timedelta(days=2), 6.1)
    assert look(timeline([old], born=None)) == NOW + timedelta(days=2)


def test_the_dead_are_looked_at_no_more() -> None:
    dead = fact(1, "death", ago(1), kind="death", signal=None)
    assert look(timeline([dead], born=date(1960, 5, 4))) == carry.FOR_EVER


@pytest.mark.parametrize("size", [1, 3, 7])
@pytest.mark.parametrize("since", [None, datetime(2026, 3, 1, 8, 30, 0, 123_457, tzinfo=UTC)])
def test_a_state_is_kept_to_the_last_digit(since: datetime | None, size: int) -> None:
    rng = np.random.default_rng(3)
    root, tally = rng.normal(size=(2 * size, 2 * size)), np.zeros((size, 4))
    tally[:, SEEN], tally[:, LAST] = rng.integers(0, 9, size), rng.normal(20, 5, size)
    if since is not None:
        tally[0, SIDE], tally[0, SINCE] = -1, (since - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds() / YEAR / 86_400
    p = root @ root.T
    state = GroupState(
        at=NOW + timedelta(microseconds=1),
        x=rng.normal(size=2 * size),
        p=(p + p.T) / 2,
        trend=rng.normal(size=size),
        tally=tally,
    )
    kept = carry.state_of(json.loads(json.dumps(carry.state_to_json(state))))
    assert kept.at == state.at
    for name in ("x", "p", "trend", "tally"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(state, name))
        assert getattr(kept, name).dtype == np.float64
    assert kept.of(0) == state.of(0)
    assert (kept.of(0).off, kept.of(0).off_since is None) == ((0, True) if since is None else (-1, False))


def test_of_a_kept_covariance_there_is_one_half() -> None:
    p = np.array([[2.0, 0.5], [0.5, 1.0]])
    state = GroupState(at=NOW, x=np.zeros(2), p=p, trend=np.zeros(1), tally=np.zeros((1, 4)))
    assert carry.state_to_json(state)["p"] == [2.0, 0.5, 1.0]


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


def test_when_dialysis_stops_to_count() -> None:
    two = [fact(900 + days, "dialysis", NOW - timedelta(days=days), kind="procedure") for days in (2, 5)]
    assert look(timeline(two, born=None)) == NOW + timedelta(days=2)  # seven days after the first of two
    assert look(timeline(two[:1], born=None)) == NOW + MONTH  # one session: three months, and refreshed before
