from datetime import date
from math import sqrt

import numpy as np
import pytest
from scipy.stats import norm

from tests.unit.forecast.timelines import NOW, ago, fact, table, timeline
from twin.forecast.crossing import MODEL_FACTORS, Passage, crossing_date, passage, probabilities
from twin.forecast.futures import MONTHS, PATHS, Followed, Futures, draws
from twin.forecast.motion import motion
from twin.forecast.result import State
from twin.forecast.signal_panel import followed
from twin.organs import organ

FIB4 = next(item for item in organ("liver").thresholds if item.key == "fib4>2.67")


def _passage(*by_month: float) -> Passage:
    filled = [*by_month, *[by_month[-1]] * (MONTHS + 1 - len(by_month))]
    return Passage(start=NOW, by_month=np.array(filled))


def test_once_past_is_past_for_good() -> None:
    values = np.array([[2.0, 3.0, 2.0], [2.0, 2.0, 2.0], [2.0, 2.0, 2.7], [np.nan, 2.0, np.nan]])
    assert passage(FIB4, values, NOW).by_month.tolist() == [0.0, 0.25, 0.5]


def test_probability_between_two_months_is_interpolated() -> None:
    assert _passage(0.0, 0.2, 0.4).by(1.5) == pytest.approx(0.3)


def test_date_on_which_a_probability_is_reached() -> None:
    course = _passage(0.1, 0.2, 0.4)
    assert course.reached(0.1) == NOW.date()
    assert course.reached(0.3) == date(2027, 1, 7)  # a month and a half later
    assert course.reached(0.5) is None


def test_crossing_date_needs_half_of_the_futures() -> None:
    assert crossing_date(_passage(0.0, 0.3, 0.49)) is None
    found = crossing_date(_passage(0.0, 0.3, 0.6))
    assert found is not None
    assert found.low80 is not None
    assert found.low80 < found.median
    assert found.high80 is None


def test_probability_comes_with_the_span_over_halved_and_doubled_house_values() -> None:
    chances = probabilities(_passage(0.5), (_passage(0.4), _passage(0.7)), 12)
    error = 1.2815515655446004 * sqrt(0.25 / PATHS)
    assert [chance.months for chance in chances] == [3, 6, 12, 24, 36]
    assert chances[0].low == pytest.approx(0.4 - error)
    assert chances[0].high == pytest.approx(0.7 + error)


def test_recall_horizon_of_a_site_has_its_probability() -> None:
    assert [chance.months for chance in probabilities(_passage(0.5), (), 18)] == [3, 6, 12, 18, 24, 36]


def test_first_passage_agrees_with_the_reflection_principle() -> None:
    """Without drift, and looked at without end, P(passage by t) is twice P(past at t): monthly looks miss a little."""
    moves = motion("platelets").scaled(1.0)
    state = State(at=NOW, level=np.log(200.0), slope=0.0, level_var=1e-12, covariance=0.0, slope_var=1e-12)
    pure = Followed(motion=_without_drift(moves), last=state, state=state, observations=())
    levels = Futures(start=NOW, age=None, followed={"platelets": pure}).levels("platelets")
    assert levels is not None
    reached = (np.minimum.accumulate(levels, axis=1) < 190.0).mean(axis=0)[36]
    expected = 2 * norm.cdf((np.log(190) - np.log(200)) / (moves.wander * sqrt(3)))
    assert expected - 0.09 < reached < expected + 0.02


def _without_drift(moves: object) -> object:
    from dataclasses import replace

    return replace(moves, slope_sd=1e-9)  # type: ignore[type-var]


def test_draws_belong_to_the_signal_and_come_in_opposite_pairs() -> None:
    assert draws("alt") is draws("alt")
    assert not np.array_equal(draws("alt"), draws("ast"))
    np.testing.assert_array_equal(draws("alt")[: PATHS // 2], -draws("alt")[PATHS // 2 :])
    with pytest.raises(ValueError, match="read-only"):
        draws("alt")[0, 0, 0] = 1.0


def test_futures_of_a_signal_nobody_measured_are_none() -> None:
    assert Futures(start=NOW, age=50.0, followed={}).levels("alt") is None
    assert Futures(start=NOW, age=None, followed={}).ages() is None


@pytest.mark.parametrize("key", ["platelets", "sodium"])
def test_course_without_its_trend_stands_still_on_average(key: str) -> None:
    falling = table(f"months_ago 36 24 12 1\n{key} 146 143 139 134")
    futures = Futures(start=NOW, age=50.0, followed=followed(timeline(falling)))
    still = futures.without_trend(key)
    assert np.median(still[:, 12]) == pytest.approx(np.median(still[:, 0]), rel=0.01)
    levels = futures.levels(key)
    assert levels is not None
    assert np.median(levels[:, 12]) < np.median(still[:, 12])
    assert futures.drift(key, 12) < 0


@pytest.mark.parametrize("factor", MODEL_FACTORS)
def test_scaled_futures_are_narrower_or_wider(factor: float) -> None:
    futures = Futures(start=NOW, age=50.0, followed=followed(timeline([fact(1, "alt", ago(2), 40.0)])))
    width = np.std(np.log(futures.levels("alt")[:, 36]))
    scaled = np.std(np.log(futures.scaled(factor, ("alt", "ast")).levels("alt")[:, 36]))
    assert bool(scaled > width) is (factor > 1)
