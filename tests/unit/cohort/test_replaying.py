"""What an alert would add to those before it: the score of a visit, against its definition worked out the long way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.cohort.replaying import ahead, scores

HORIZON = 3.0


def rising(share_of_a_year: float) -> list[float]:
    """The risk within each of `ahead` where so much of a hazard acts each year."""
    return (1 - np.exp(-share_of_a_year * ahead(HORIZON))).tolist()


def of_one(times: list[float], hazards: list[float]) -> list[float]:
    return scores(
        np.zeros(len(times), dtype=np.int64), np.array(times), np.array([*map(rising, hazards)]), HORIZON
    ).tolist()


def test_a_first_visit_scores_its_risk() -> None:
    assert of_one([1.0], [0.2]) == pytest.approx([1 - np.exp(-0.6)])


def test_the_same_risk_a_year_later_scores_the_year_that_was_added() -> None:
    first, second = of_one([1.0, 2.0], [0.2, 0.2])
    assert second == pytest.approx(np.exp(-0.4) - np.exp(-0.6))
    assert second < first / 2


def test_a_risk_that_rose_beyond_all_that_was_told_scores_in_full() -> None:
    assert of_one([1.0, 2.0], [0.1, 1.0])[1] == pytest.approx(1 - np.exp(-3.0))


def test_after_the_horizon_nothing_is_told_any_more() -> None:
    first, again = of_one([1.0, 4.0], [0.2, 0.2])
    assert again == pytest.approx(first)


def test_visits_of_one_moment_and_of_other_patients_do_not_silence_each_other() -> None:
    assert of_one([1.0, 1.0], [0.2, 0.2]) == pytest.approx([1 - np.exp(-0.6)] * 2)
    two = scores(np.array([0, 1]), np.array([1.0, 2.0]), np.array([rising(0.2), rising(0.2)]), HORIZON)
    assert two == pytest.approx([1 - np.exp(-0.6)] * 2)


def test_the_order_of_the_rows_changes_no_digit() -> None:
    dice = np.random.default_rng(1)
    patient, time = dice.integers(0, 5, 60), np.round(dice.uniform(0, 9, 60), 2)
    risk = np.array([rising(each) for each in dice.uniform(0, 0.5, 60)])
    mixed = dice.permutation(60)
    assert (
        scores(patient[mixed], time[mixed], risk[mixed], HORIZON).tolist()
        == scores(patient, time, risk, HORIZON)[mixed].tolist()
    )


def test_no_visits_have_no_scores() -> None:
    assert len(scores(np.array([], dtype=np.int64), np.array([]), np.zeros((0, len(ahead(HORIZON)))), HORIZON)) == 0


@given(st.lists(st.tuples(st.floats(0.01, 4.0), st.floats(0.001, 2.0)), min_size=1, max_size=6))
def test_the_score_is_the_highest_threshold_under_which_an_alert_tells_of_that_much(
    steps: list[tuple[float, float]],
) -> None:
    times = np.cumsum([gap for gap, _ in steps])
    found = of_one(times.tolist(), [hazard for _, hazard in steps])
    for at, (now, (_, hazard)) in enumerate(zip(times, steps, strict=True)):
        curve = np.concatenate(([0.0], rising(hazard)))
        grid = np.concatenate(([0.0], ahead(HORIZON)))

        def left(
            threshold: float, at: int = at, now: float = now, grid: np.ndarray = grid, curve: np.ndarray = curve
        ) -> float:
            told = [times[n] + HORIZON for n in range(at) if times[n] < now and found[n] >= threshold]
            return float(curve[-1] - np.interp(max([0.0, *(end - now for end in told)]), grid, curve))

        assert left(found[at]) >= found[at] - 1e-12  # an alert there would tell of that much
        higher = [*np.linspace(found[at], 1.0, 40)[1:], *(each for each in found[:at] if each > found[at])]
        assert all(left(threshold) < threshold + 1e-12 for threshold in higher)  # and under no higher threshold
