from dataclasses import replace
from datetime import date
from math import sqrt

import numpy as np
import pytest
from scipy.stats import norm

from tests.unit.forecast.single import linked
from tests.unit.forecast.timelines import NOW, ago, fact, table, timeline
from twin.forecast.crossing import MODEL_FACTORS, Passage, crossing_date, passage, probabilities
from twin.forecast.dynamics import GroupState, follow, observation, reading
from twin.forecast.following import courses, followed
from twin.forecast.futures import MONTHS, PATHS, Followed, Futures, Held, draws
from twin.forecast.group import alone
from twin.forecast.motion import Motion, motion
from twin.organs import organ
from twin.record.timeline import Timeline

FIB4 = next(item for item in organ("liver").thresholds if item.key == "fib4>2.67")


def _futures(known: Timeline) -> Futures:
    return Futures(start=NOW, age=50.0, followed=followed(courses(known)))


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
    moves = replace(motion("platelets"), slope_sd=1e-9)
    pure = _certain(moves, np.log(200.0))
    levels = Futures(start=NOW, age=None, followed={"platelets": pure}).levels("platelets")
    assert levels is not None
    reached = (np.minimum.accumulate(levels, axis=1) < 190.0).mean(axis=0)[36]
    expected = 2 * norm.cdf((np.log(190) - np.log(200)) / (moves.wander * sqrt(3)))
    assert expected - 0.09 < reached < expected + 0.02


def _certain(moves: Motion, level: float) -> Followed:
    """A signal that nothing is linked with, known to stand still at a level today."""
    state = GroupState(
        at=NOW, x=np.array([level, 0.0]), p=np.diag([1e-12, 1e-12]), trend=np.zeros(1), tally=np.zeros((1, 4))
    )
    return Held.until(NOW, alone(moves), (), state, "female").follow(0, NOW)


def test_draws_belong_to_the_signal() -> None:
    alt, ast = draws(("alt",)), draws(("ast",))
    assert alt.shape == (PATHS // 2, MONTHS + 1, 2)
    assert draws(("alt",)) is alt
    assert not np.array_equal(alt, ast)
    assert not np.array_equal(alt[:, :, 0], alt[:, :, 1])
    with pytest.raises(ValueError, match="read-only"):
        alt[0, 0, 0] = 1.0


def test_draws_of_linked_signals_are_those_of_each_levels_before_slopes() -> None:
    both = draws(("alt", "ast"))
    np.testing.assert_array_equal(both[:, :, [0, 2]], draws(("alt",)))
    np.testing.assert_array_equal(both[:, :, [1, 3]], draws(("ast",)))
    with pytest.raises(ValueError, match="read-only"):
        both[0, 0, 0] = 1.0


def test_futures_of_linked_signals_are_drawn_together_and_scaled_together() -> None:
    group = linked("alt", "ast", "sbp")
    seen = [observation(moves, ago(1), moves.typical) for moves in group.motions]
    entries = tuple(reading(item, place) for place, item in enumerate(seen) if item is not None)
    held = Held.until(NOW, group, entries, follow(group, entries, "female").last, "female")
    futures = Futures(
        start=NOW, age=50.0, followed={each.key: held.follow(n, ago(1)) for n, each in enumerate(group.motions)}
    )
    alt, ast, sbp = (futures.levels(key) for key in group.keys)
    assert alt is not None and ast is not None and sbp is not None
    assert np.corrcoef(np.log(alt[:, 36]), np.log(ast[:, 36]))[0, 1] > 0.4
    assert np.corrcoef(np.log(alt[:, 36]), sbp[:, 36])[0, 1] < -0.2
    scaled = futures.scaled(2.0, ("ast", "sbp"))
    assert set(scaled.followed) == {"ast", "sbp"}
    assert scaled.followed["ast"].held is scaled.followed["sbp"].held
    assert [scaled.followed[key].place for key in ("ast", "sbp")] == [1, 2]


def test_shorter_futures_are_the_first_months_of_longer_ones() -> None:
    whole = _futures(timeline([fact(1, "alt", ago(2), 40.0), fact(2, "ast", ago(1), 35.0)]))
    short = replace(whole, months=12, _levels={})
    for key in ("alt", "ast"):
        levels, longer = short.levels(key), whole.levels(key)
        assert levels is not None and longer is not None
        np.testing.assert_array_equal(levels, longer[:, :13])
    assert short.scaled(2.0, ("alt",)).months == 12
    assert short.ages() is not None and short.ages().shape == (1, 13)


def test_futures_of_a_signal_nobody_measured_are_none() -> None:
    assert Futures(start=NOW, age=50.0, followed={}).levels("alt") is None
    assert Futures(start=NOW, age=None, followed={}).ages() is None


@pytest.mark.parametrize("key", ["platelets", "sodium"])
def test_course_without_its_trend_stands_still_on_average(key: str) -> None:
    falling = table(f"months_ago 36 24 12 1\n{key} 146 143 139 134")
    futures = _futures(timeline(falling))
    still = futures.without_trend(key)
    assert np.median(still[:, 12]) == pytest.approx(np.median(still[:, 0]), rel=0.01)
    levels = futures.levels(key)
    assert levels is not None
    assert np.median(levels[:, 12]) < np.median(still[:, 12])
    assert futures.drift(key, 12) < 0


def test_a_share_without_its_falling_trend_stays_within_its_whole() -> None:
    futures = _futures(timeline(table("months_ago 36 24 12 1\nspo2 99 98 97 96")))
    assert futures.drift("spo2", 12) < 0
    assert futures.without_trend("spo2").max() <= 100


@pytest.mark.parametrize("factor", MODEL_FACTORS)
def test_scaled_futures_are_narrower_or_wider(factor: float) -> None:
    futures = _futures(timeline([fact(1, "alt", ago(2), 40.0)]))
    width = np.std(np.log(futures.levels("alt")[:, 36]))
    scaled = np.std(np.log(futures.scaled(factor, ("alt", "ast")).levels("alt")[:, 36]))
    assert bool(scaled > width) is (factor > 1)
